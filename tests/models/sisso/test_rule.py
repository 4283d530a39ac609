"""Linear rules for classes: the regression of scikit-learn on the values themselves, and what isn't defined."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from bigdata.models.sisso.rule import Rule

RNG = np.random.default_rng(2)
VALUES = RNG.normal(size=(2, 90)) * [[1.0], [300.0]] + [[0.0], [5e4]]


@pytest.mark.parametrize("ends", [[0.2], [-0.5, 0.6]])
def test_a_rule_is_the_regression_without_a_penalty(ends: list[float]) -> None:
    labels = 3 + np.digitize(VALUES[0] + (VALUES[1] - 5e4) / 300 + RNG.normal(size=90), ends)
    rule = Rule.of(VALUES, labels)
    plain = (VALUES - VALUES.mean(axis=1)[:, None]) / VALUES.std(axis=1)[:, None]
    other = LogisticRegression(C=np.inf, tol=1e-9, max_iter=1000).fit(plain.T, labels)
    assert (rule.predict(VALUES) == other.predict(plain.T)).mean() > 0.98
    score = other.decision_function(plain.T)
    expected = score[:, None] if len(ends) == 1 else score[:, 1:] - score[:, :1]
    np.testing.assert_allclose(rule.scores(VALUES), expected, atol=0.01)
    assert rule.coefficients.shape == (len(ends), 3)


def test_what_is_not_defined_has_no_class() -> None:
    rule = Rule.of(VALUES, (VALUES[0] > 0).astype(int))
    new = np.array([[1.0, np.nan, np.inf], [5e4, 5e4, 5e4]])
    np.testing.assert_array_equal(rule.predict(new), [1, np.nan, np.nan])


def test_without_values_it_is_the_most_frequent_class() -> None:
    labels = np.array([4, 7, 7, 9, 7])
    assert Rule.of(np.empty((0, 5)), labels).predict(np.empty((0, 2))).tolist() == [7, 7]
    assert Rule.of(VALUES[:, :5], np.full(5, 6)).predict(VALUES).tolist() == [6] * 90
