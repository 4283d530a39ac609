"""Ridge and polynomials: normal equations, scikit-learn's own, and what is left out."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from bigdata.errors import SpecError
from bigdata.models.tabular import linear
from bigdata.models.tabular.fitted import Effort
from tests.models.tabular.tables import of, point, table


@pytest.mark.parametrize("alpha", [1e-6, 0.3, 100.0])
def test_ridge_is_scikit_learns_with_a_penalty_for_the_sum_of_squares(alpha: float) -> None:
    samples, new = table(), table(30, seed=1)
    scaler = StandardScaler().fit(samples.features)
    other = Ridge(alpha=alpha * len(samples)).fit(scaler.transform(samples.features), samples.target)
    ours = linear.fit(point("ridge", alpha=alpha), samples, Effort())
    np.testing.assert_allclose(
        ours.predict(new.features, new.tasks), other.predict(scaler.transform(new.features)), rtol=1e-10
    )
    sizes = np.abs(other.coef_)
    np.testing.assert_allclose(ours.importance(), sizes / sizes.sum(), rtol=1e-9)


def test_a_polynomial_is_ridge_on_all_products_of_standardised_columns() -> None:
    samples, new = table(40, 3), table(30, 3, seed=1)
    z, new_z = (
        (part.features - samples.features.mean(axis=0)) / samples.features.std(axis=0) for part in (samples, new)
    )
    factors = [f for d in (1, 2, 3) for f in combinations_with_replacement(range(3), d)]
    terms, new_terms = (np.array([part[:, f].prod(axis=1) for f in factors]).T for part in (z, new_z))
    means, deviations = terms.mean(axis=0), terms.std(axis=0)
    x, new_x = ((part - means) / deviations for part in (terms, new_terms))
    y = samples.target - samples.target.mean()
    b = np.linalg.solve(x.T @ x / len(y) + 0.02 * np.eye(len(factors)), x.T @ y / len(y))
    ours = linear.fit(point("polynomial", alpha=0.02), samples, Effort())
    np.testing.assert_allclose(
        ours.predict(new.features, new.tasks), samples.target.mean() + new_x @ b, rtol=1e-9, atol=1e-9
    )
    assert ours.size.linear == len(factors) == 19
    assert ours.size.additive == 1
    assert ours.size.nonlinear == 0
    assert ours.importance() is None


def test_constant_columns_and_constant_products_have_no_coefficient() -> None:
    rng = np.random.default_rng(0)
    # The square of a column of two equally frequent values is constant.
    two = np.repeat([-1.0, 1.0], 30)
    samples = of(np.column_stack([two, np.full(60, 4.2), rng.normal(size=60)]), rng.normal(size=60))
    assert linear.fit(point("ridge"), samples, Effort()).size.linear == 2
    assert linear.fit(point("polynomial", degree=(2,)), samples, Effort()).size.linear == 4
    importance = linear.fit(point("ridge"), samples, Effort()).importance()
    assert importance is not None
    assert importance[1] == 0


def test_the_smallest_penalty_of_dependent_columns_is_still_a_solution() -> None:
    z = np.tile(table(20, 1).features, 2)
    solution = linear.ridge((z - z.mean()) / z.std(), np.linspace(-1, 1, 20), 1e-300)
    assert solution[0] == pytest.approx(solution[1])
    assert np.isfinite(solution).all()


def test_rows_are_predicted_by_parts_to_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = table()
    ours = linear.fit(point("polynomial"), samples, Effort())
    whole = ours.predict(samples.features, samples.tasks)
    monkeypatch.setattr(linear, "AT_ONCE", 7 * len(ours.kept))
    np.testing.assert_allclose(ours.predict(samples.features, samples.tasks), whole, rtol=1e-13)


def test_monomials_that_do_not_fit_are_refused_with_their_number() -> None:
    with pytest.raises(SpecError, match="23,738,714 monomials up to degree 4 of 152 columns need"):
        linear.fit(point("polynomial", degree=(4,)), table(200, 152), Effort())
