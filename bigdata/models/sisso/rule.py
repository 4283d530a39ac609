"""A linear rule that tells classes apart by the values of a few expressions: multinomial logistic regression."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigdata.models.scores import codes_of
from bigdata.models.sisso.operators import Floats

# Hardly a penalty on the squares of coefficients: where nothing overlaps, none would let them grow without end.
WEIGHT_OF_SAMPLES = 1e6
MOST_STEPS = 1000


@dataclass(frozen=True, eq=False)
class Rule:
    """Scores of classes: for the classes `codes` (k,) but the first, c₀ + Σ c_j f_j relative to the first one's, with
    `coefficients` (k - 1, 1 + d), the intercept first. Only differences of scores matter to softmax."""

    codes: NDArray[np.int64]
    coefficients: Floats

    @classmethod
    def of(cls, values: Floats, labels: NDArray[np.int64]) -> Rule:
        """For values (d, n) and classes (n,). It is fitted to values of mean 0 and variance 1, and its coefficients are
        turned into those of the values themselves; without values it is the most frequent class."""
        codes, counts = np.unique(labels, return_counts=True)
        if len(codes) == 1 or not len(values):
            intercepts = np.log(counts[1:] / counts[0])
            return cls(codes, np.column_stack((intercepts, np.zeros((len(intercepts), len(values))))))
        means, spreads = values.mean(axis=1), values.std(axis=1)
        scaled = _logistic((values - means[:, None]) / spreads[:, None], labels)
        factors = scaled[:, 1:] / spreads
        return cls(codes, np.column_stack((scaled[:, 0] - factors @ means, factors)))

    def scores(self, values: Floats) -> Floats:
        """(n, k - 1) for values (d, n); NaN where one isn't a finite number."""
        with np.errstate(all="ignore"):
            found = self.coefficients[:, 0] + values.T @ self.coefficients[:, 1:].T
        defined: NDArray[np.bool_] = np.asarray(np.isfinite(values).all(axis=0))
        return np.where(defined[:, None] & np.isfinite(found), found, np.nan)

    def predict(self, values: Floats) -> Floats:
        """(n,) codes for values (d, n); NaN where one isn't a finite number."""
        found = codes_of(self.scores(values), self.codes)
        return np.where(np.isfinite(values).all(axis=0), found, np.nan)


def _logistic(values: Floats, labels: NDArray[np.int64]) -> Floats:
    """(k - 1, 1 + d) of standardised values (d, n), relative to the first class."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        # Coefficients that still grow after MOST_STEPS tell the classes apart as well.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = LogisticRegression(C=WEIGHT_OF_SAMPLES, max_iter=MOST_STEPS).fit(values.T, labels)
    found = np.column_stack((fitted.intercept_, fitted.coef_))
    # Of two classes there is one function already.
    return np.asarray(found[1:] - found[0] if len(found) > 1 else found)
