"""Formulas as models of tables: what they say of themselves is what they compute, and odd tables don't break them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bigdata.errors import Paused, SpecError
from bigdata.models.tabular import formulas
from bigdata.models.tabular.fitted import Effort, Samples
from bigdata.models.tabular.formulas import Formula
from bigdata.models.tabular.setting import Point, Sisso

NAMES = ("band gap", "class", "b", "f_1")
UNITS = ("eV", "angstrom", "angstrom", "1")


def samples(n: int = 120, n_tasks: int = 1, **more: Any) -> Samples:
    """2 gap / (class + b) + 0.5 f - 1, with other coefficients for each task."""
    rng = np.random.default_rng(3)
    x, tasks = rng.uniform(0.5, 5.0, (n, 4)), rng.integers(0, n_tasks, n)
    y = (2 + tasks) * x[:, 0] / (x[:, 1] + x[:, 2]) + (0.5 - tasks) * x[:, 3] - 1 + tasks
    given = {"features": x, "target": y, "names": NAMES, "units": UNITS, "groups": np.arange(n), "tasks": tasks}
    return Samples(**(given | {"unit": "eV"} | more))


def points(rung: int = 2, dimension: int = 2, **more: Any) -> list[Point]:
    whole = Sisso(rung=(rung,), dimension=(dimension,), **more).points
    return [point for point in whole if point.place["rung"] == rung]


def fit(given: Samples, said: list[str] | None = None, **more: Any) -> list[Formula]:
    log = (said if said is not None else []).append
    return formulas.fit(points(**more), given, Effort(log=log))


def test_each_dimension_has_its_formula() -> None:
    one, two = fit(samples())
    assert (one.size.n_parameters, two.size.n_parameters) == (2, 3)
    assert two.size.components == {"rung": 2, "dimension": 2, "biases": 1, "operations": 2}
    assert set(two.descriptors) == {"f_1", "[band gap] / (class + b)"}
    assert two.text() == "-1 eV + 0.5 eV * f_1 + 2 angstrom * [band gap] / (class + b)"
    assert two.latex() == (
        r"-1\,\mathrm{eV} + 0.5\,\mathrm{eV} \; \mathrm{f\_1} + 2\,\mathrm{angstrom} \; "
        r"\frac{\mathrm{band\ gap}}{\mathrm{class} + \mathrm{b}}"
    )


@pytest.mark.parametrize("n_tasks", [1, 3])
def test_python_text_computes_what_the_formula_predicts(n_tasks: int) -> None:
    given = samples(n_tasks=n_tasks)
    found, scope = fit(given)[-1], dict[str, Any]()
    exec(found.python("gap"), scope)
    x = given.features
    arguments = {"band_gap": x[:, 0], "class_": x[:, 1], "b": x[:, 2], "f_1": x[:, 3]}
    values = scope["gap"](**arguments, **({"task": given.tasks} if n_tasks > 1 else {}))
    np.testing.assert_allclose(values, found.predict(x, given.tasks), rtol=1e-12)
    np.testing.assert_allclose(values, given.target, atol=1e-9)


def test_tasks_have_coefficients_of_their_own() -> None:
    two = fit(samples(n_tasks=2))[-1]
    assert (two.size.additive, two.size.linear, two.size.nonlinear) == (2, 4, 0)
    assert two.text(0) == "-1 eV + 0.5 eV * f_1 + 2 angstrom * [band gap] / (class + b)"
    order = [0, 1 + two.descriptors.index("f_1"), 1 + two.descriptors.index("[band gap] / (class + b)")]
    np.testing.assert_allclose(two.found.coefficients[:, order], [[-1, 0.5, 2], [0, -0.5, 3]], atol=1e-12)


def test_tasks_without_samples_have_no_coefficients_and_no_predictions() -> None:
    given = samples(n_tasks=3)
    two = fit(given.only(given.tasks != 1))[-1]
    assert two.size.n_parameters == 6
    predicted = two.predict(given.features[:4], np.array([0, 1, 2, 3]))
    np.testing.assert_array_equal(np.isnan(predicted), [False, True, False, True])


def test_a_formula_is_the_same_after_it_was_stored() -> None:
    given = samples(n_tasks=2)
    for formula in fit(given):
        again = formulas.restored(formula.arrays(), NAMES, UNITS)
        assert (again.text(1), again.size, again.descriptors) == (formula.text(1), formula.size, formula.descriptors)
        np.testing.assert_array_equal(
            again.predict(given.features, given.tasks), formula.predict(given.features, given.tasks)
        )
        assert [one[0] for one in again.near] == [one[0] for one in formula.near]


def test_the_simplest_formula_within_a_tolerance_is_named() -> None:
    given = samples(target=samples().target + 0.01 * np.random.default_rng(1).standard_normal(120))
    found = [one for rung in (0, 1, 2) for one in fit(given, rung=rung, dimension=3)]
    left = [given.target - one.predict(given.features, given.tasks) for one in found]
    errors = [float(np.sqrt(np.mean(part**2))) for part in left]
    named = found[formulas.simplest(found, errors)]
    assert set(named.descriptors) == {"f_1", "[band gap] / (class + b)"}
    assert formulas.simplest(found, [np.nan] * 3 + errors[3:], tolerance=1e9) == 3


def test_those_that_fit_nearly_as_well_are_listed_by_their_errors() -> None:
    given = samples()
    one = fit(given, near=7)[0]
    errors = [rmse for *_, rmse in one.near]
    assert len(errors) == 7
    assert errors == sorted(errors)
    assert one.near[0][0] == one.descriptors
    left = given.target - one.predict(given.features, given.tasks)
    assert errors[0] == pytest.approx(np.sqrt(np.mean(left**2)))


def test_without_units_columns_are_pure_numbers() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(0.5, 5.0, (80, 4))
    given = samples(features=x, target=3 * (x[:, 0] + x[:, 1]), n=80)
    assert fit(given, rung=1, dimension=1, use_units=False)[0].text().endswith("eV + 3 eV * ([band gap] + class)")
    assert "[band gap] + class" not in fit(given, rung=1, dimension=1)[0].descriptors


def test_where_a_formula_is_not_defined_it_predicts_nan() -> None:
    given = samples()
    two = fit(given)[-1]
    x = np.array([[1.0, 1.0, -1.0, 1.0], [1.0, 1.0, 1.0, 1.0]])
    np.testing.assert_array_equal(np.isnan(two.predict(x, np.zeros(2, int))), [True, False])


def odd(**more: Any) -> Samples:
    return samples(n=40, **more)


TARGET = samples(n=40).target
RNG = np.random.default_rng(0)
ODD = {
    "a constant target": (odd(target=np.full(40, 3.0)), 0),
    "a column equal to the target": (
        odd(features=np.column_stack((samples(n=40).features[:, :3], TARGET))),
        1,
    ),
    "constant columns": (odd(features=np.ones((40, 4))), 0),
    "two equal columns": (odd(features=np.repeat(RNG.uniform(1, 2, (40, 2)), 2, axis=1)), 3),
    "columns of zeros and ones": (odd(features=RNG.integers(0, 2, (40, 4)).astype(float)), 3),
    "huge and tiny columns": (odd(features=RNG.uniform(1, 2, (40, 4)) * [1e12, 1e-12, 1e150, 1]), 3),
    "columns far from zero": (odd(features=1e6 + RNG.uniform(0, 1, (40, 4))), 3),
}


@pytest.mark.parametrize(("given", "n_terms"), ODD.values(), ids=ODD)
def test_odd_tables_have_formulas_too(given: Samples, n_terms: int) -> None:
    said: list[str] = []
    found = fit(given, said, dimension=3)
    assert found[-1].size.components["dimension"] == n_terms
    assert np.isfinite(found[-1].predict(given.features, given.tasks)).all()
    assert (n_terms == 3) != any("terms, since" in line for line in said)


@pytest.mark.parametrize(("n", "n_terms"), [(1, 0), (2, 1), (3, 2), (30, 3)])
def test_fewer_samples_than_coefficients_give_fewer_terms(n: int, n_terms: int) -> None:
    rng = np.random.default_rng(0)
    given = samples(n=n, target=rng.standard_normal(n))
    said: list[str] = []
    assert fit(given, said, dimension=3)[-1].size.components["dimension"] <= n_terms
    assert n == 30 or said[-1].startswith("rung 2, dimension 3: ")


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(SpecError, match="Two columns are named `b`"):
        fit(samples(names=("a", "b", "b", "c")))


def test_a_search_stops_when_it_is_told_to() -> None:
    with pytest.raises(Paused):
        formulas.fit(points(), samples(), Effort(should_stop=lambda: True))


@pytest.mark.parametrize("names", [("x", "x y", "x_y", "2"), ("np", "c", "lambda", "task"), ('"', "é", "a-b", "abs")])
def test_any_names_make_a_function(names: Sequence[str]) -> None:
    given = samples(names=names, n_tasks=2)
    found, scope = fit(given)[-1], dict[str, Any]()
    exec(found.python("f"), scope)
    columns: list[NDArray[np.float64]] = list(given.features.T)
    np.testing.assert_allclose(scope["f"](*columns, given.tasks), given.target, atol=1e-9)
