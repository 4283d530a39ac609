"""References of elements: against scikit-learn, plain least squares, and databases made with known ones."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from sklearn import linear_model

from bigdata.data.materials.formula import parse
from bigdata.studies.transferability.outside import read_outside
from bigdata.studies.transferability.references import Ridge, drawn, fractions, offset_removed, references, refitted
from tests.studies.transferability import mirrored

Floats = np.ndarray


def compounds(n: int, seed: int, elements: range = range(1, 20)) -> Floats:
    """Fractions of n random binary and ternary compounds."""
    rng = np.random.default_rng(seed)
    made = np.zeros((n, 118))
    for row in made:
        chosen = rng.choice(np.arange(elements.start, elements.stop) - 1, rng.integers(2, 4), replace=False)
        row[chosen] = rng.integers(1, 4, len(chosen))
    return made / made.sum(axis=1, keepdims=True)


def test_fractions_are_those_of_formulas() -> None:
    formulas = ["Mg2F4", "NaCl", "CaSO4H4O2"]
    numbers, weights, offsets = [], [], [0]
    for formula in formulas:
        amounts = parse(formula)
        numbers += amounts.keys()
        weights += amounts.values()
        offsets.append(len(numbers))
    found = fractions(np.array(numbers, np.uint8), np.array(weights), np.array(offsets))
    for row, formula in zip(found, formulas, strict=True):
        amounts = parse(formula)
        expected = {z - 1: n / sum(amounts.values()) for z, n in amounts.items()}
        assert {int(i): row[i] for i in np.flatnonzero(row)} == pytest.approx(expected)


def test_merged_nodes_count_as_their_atoms() -> None:
    atoms = fractions(np.array([8, 8, 22, 8], np.uint8), np.ones(4), np.array([0, 4]))
    nodes = fractions(np.array([22, 8], np.uint8), np.array([1, 3], np.int32), np.array([0, 2]))
    np.testing.assert_array_equal(atoms, nodes)


@pytest.mark.parametrize(
    ("numbers", "offsets", "message"),
    [([1, 2], [0, 2, 2], "entry 1 has no atoms"), ([0, 2], [0, 2], "not 0 to 2"), ([1, 119], [0, 2], "not 1 to 119")],
)
def test_entries_without_composition_are_refused(numbers: list[int], offsets: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fractions(np.array(numbers, np.uint8), np.ones(2), np.array(offsets))


def test_the_fit_is_that_of_scikit_learn() -> None:
    x, y = compounds(300, 1), np.random.default_rng(2).normal(3, 1, 300)
    found = Ridge.fit(x, y)
    expected = linear_model.Ridge(alpha=0.3, fit_intercept=False).fit(x, y - y.mean())
    np.testing.assert_allclose(found.apply(x), expected.predict(x) + y.mean(), rtol=1e-10)


def test_an_element_that_was_never_met_has_the_mean() -> None:
    found = Ridge.fit(compounds(50, 1), np.full(50, 2.5))
    np.testing.assert_allclose(found.values, 2.5)
    assert np.isnan(Ridge.fit(np.empty((0, 118)), np.empty(0)).values).all()


def test_an_offset_is_the_mean_signed_error() -> None:
    prediction, target = np.array([1.0, 2.0, np.nan, 4.0]), np.array([0.5, 1.0, 0.0, 4.3])
    found = offset_removed(prediction, target)
    assert np.nanmean(found - target) == pytest.approx(0)
    np.testing.assert_allclose(found, prediction - 0.4)
    np.testing.assert_array_equal(offset_removed(np.full(2, np.nan), np.zeros(2)), np.full(2, np.nan))


def case(n: int = 400) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
    """Predictions that are wrong by references of the elements and by a little noise."""
    rng = np.random.default_rng(4)
    x = compounds(n, 5)
    target = rng.normal(-1, 1, n)
    prediction = target + x @ rng.normal(0, 0.5, 118) + 0.01 * rng.normal(size=n)
    groups = np.arange(n) // 2
    rows = np.arange(n)
    return prediction, target, x, rows[: n // 2], rows[n // 2 :], groups


def test_refitted_predictions_are_those_of_a_plain_ridge_and_nearly_right() -> None:
    prediction, target, x, training, tested, groups = case()
    found = refitted(prediction, target, x, training, tested, groups)
    error = (prediction - target)[training]
    # A ridge is least squares with a row √penalty for each coefficient.
    rows = np.vstack([x[training], np.sqrt(0.3) * np.eye(118)])
    fitted = np.linalg.lstsq(rows, np.append(error - error.mean(), np.zeros(118)), rcond=None)[0]
    np.testing.assert_allclose(found, prediction[tested] - error.mean() - x[tested] @ fitted, atol=1e-10)
    assert np.abs(found - target[tested]).mean() < 0.03 < np.abs(prediction - target)[tested].mean()


def test_what_the_tested_rows_are_doesn_t_touch_the_references() -> None:
    prediction, target, x, training, tested, groups = case()
    other = target.copy()
    other[tested] += 100
    prediction[training[:7]] = np.nan
    one, two = (refitted(prediction, t, x, training, tested, groups) for t in (target, other))
    np.testing.assert_array_equal(one, two)
    assert np.isfinite(one).all()


def test_training_on_tested_groups_is_refused() -> None:
    prediction, target, x, training, tested, groups = case()
    groups[training[3]] = groups[tested[0]]
    with pytest.raises(ValueError, match="1 groups are among both the training and the tested rows"):
        refitted(prediction, target, x, training, tested, groups)


def test_without_rows_to_fit_there_is_nothing() -> None:
    prediction, target, x, training, tested, groups = case()
    prediction[training] = np.nan
    assert np.isnan(refitted(prediction, target, x, training, tested, groups)).all()


def test_shares_are_whole_groups_and_nested() -> None:
    groups = np.random.default_rng(1).integers(0, 50, 300)
    rows = np.arange(10, 250)
    found = [drawn(rows, groups, share, seed=2) for share in (0.001, 0.1, 0.5, 1.0)]
    for smaller, greater in pairwise(found):
        assert set(smaller) <= set(greater)
    n_groups = len(np.unique(groups[rows]))
    assert [len(np.unique(groups[f])) for f in found] == [1, round(0.1 * n_groups), round(0.5 * n_groups), n_groups]
    assert all(np.isin(rows[np.isin(groups[rows], groups[f])], f).all() for f in found)
    np.testing.assert_array_equal(found[-1], rows)
    assert not np.array_equal(found[1], drawn(rows, groups, 0.1, seed=3))


def two_databases() -> tuple[Floats, Floats, Floats, Floats]:
    """Labels of two databases with other references, of other compounds; elements 1-15 here and 5-20 there."""
    rng = np.random.default_rng(6)
    x = np.vstack([compounds(900, 7, range(1, 16)), compounds(600, 8, range(5, 21))])
    database = np.repeat([0, 1], [900, 600])
    own = rng.normal(0, 0.3, (2, 118))
    energies = rng.normal(-1, 1, 118)
    return x @ energies + np.einsum("ie,ie->i", x, own[database]), x, database, own


def test_references_none_are_zero() -> None:
    values, x, database, _ = two_databases()
    assert references("none", values, x, database).tolist() == np.zeros((2, 118)).tolist()


def test_an_offset_is_found_whatever_compounds_a_database_has() -> None:
    """Database 1 has the compounds of low energy, which a mean residual about a ridge of all takes for an offset."""
    rng = np.random.default_rng(1)
    x, energies = compounds(2000, 2), rng.normal(-1, 1, 118)
    values = x @ energies
    database = (values + 0.3 * rng.normal(size=2000) < np.median(values)).astype(np.int64)
    found = references("offset", values + np.array([0.0, 0.25])[database], x, database)
    assert (found == found[:, :1]).all()
    assert found[1, 0] - found[0, 0] == pytest.approx(0.25, abs=0.01)
    assert found[:, 0] @ np.bincount(database) == pytest.approx(0, abs=1e-9)


def test_offsets_are_those_of_least_squares_with_a_column_for_each_database() -> None:
    values, x, database, _ = two_databases()
    columns = np.hstack([x, np.eye(2)[database]])
    penalty = np.hstack([np.sqrt(0.3) * np.eye(118), np.zeros((118, 2))])
    solved = np.linalg.lstsq(np.vstack([columns, penalty]), np.append(values, np.zeros(118)), rcond=None)[0][118:]
    found = references("offset", values, x, database)[:, 0]
    np.testing.assert_allclose(found, solved - solved @ np.bincount(database) / len(database), atol=1e-10)


def test_references_of_elements_are_found_where_both_databases_have_them() -> None:
    values, x, database, own = two_databases()
    found = references("elements", values, x, database)
    shared = np.arange(4, 15)
    np.testing.assert_allclose((found[0] - found[1])[shared], (own[0] - own[1])[shared], atol=0.05)
    compounds_of_both = x[:, shared].sum(axis=1) > 0.999
    labels = values - np.einsum("ie,ie->i", x, found[database])
    rows = np.flatnonzero(compounds_of_both)
    common = np.linalg.lstsq(x[np.ix_(rows, shared)], labels[rows], rcond=None)[0]
    residual = labels[rows] - x[np.ix_(rows, shared)] @ common
    before = (
        values[rows] - x[np.ix_(rows, shared)] @ np.linalg.lstsq(x[np.ix_(rows, shared)], values[rows], rcond=None)[0]
    )
    assert np.abs(residual).mean() < 0.1 * np.abs(before).mean()


def test_an_element_of_one_database_alone_has_its_offset() -> None:
    values, x, database, _ = two_databases()
    offset, elements = (references(kind, values, x, database) for kind in ("offset", "elements"))
    alone = [*range(4), *range(15, 118)]
    np.testing.assert_allclose(elements[:, alone], offset[:, alone])


def test_one_database_alone_has_no_references() -> None:
    values, x, _, _ = two_databases()
    for kind in ("offset", "elements"):
        np.testing.assert_allclose(references(kind, values, x, np.zeros(len(x), np.int64)), 0, atol=1e-12)


def test_a_database_without_rows_is_refused() -> None:
    values, x, database, _ = two_databases()
    with pytest.raises(ValueError, match="database 1 has no entries"):
        references("offset", values, x, 2 * database)


def test_a_published_model_is_off_by_140_mev_on_aflow_and_by_80_after_the_refit(mirror: Path) -> None:
    """MEGNet, trained on another database: 140 and 80 meV/atom with five folds of other rows."""
    read = mirrored.read(mirror / "aflow_structures_thermal", "formation_energy_composition")
    table = read_outside(mirror / "outside_megnet_mp2018" / "aflow_structures_thermal.csv.gz", "eV/atom")
    prediction = table.for_dataset("aflow", read.ids)
    groups = np.unique(list(map(str, read.materials)), return_inverse=True)[1]
    training, tested = (np.flatnonzero((groups % 5 > 0) == of) for of in (True, False))
    found = refitted(prediction, read.target, read.fractions, training, tested, groups)
    assert np.nanmean(np.abs(prediction - read.target)) == pytest.approx(0.140, abs=0.005)
    assert np.nanmean(np.abs(found - read.target[tested])) == pytest.approx(0.080, abs=0.008)
