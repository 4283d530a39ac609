"""Orthogonal matching pursuit: the features that a model needs, one after the other, each size in one pass.

Y. C. Pati, R. Rezaiifar and P. S. Krishnaprasad, doi:10.1109/ACSSC.1993.342465; used for nonlinear cluster expansions
in Speckhard et al. 2024, section 4.
"""

from __future__ import annotations

import numpy as np

from bigdata.models.monomials import Floats, Ints, Monomials
from bigdata.models.nested import NestedFit, why_ended
from bigdata.models.path import Path

# Scores this near the best, relatively, are made again from the columns themselves.
NEAR = 1e-9
# What is then still this near counts as equal.
TIED = 1e-12
# The cosine of an angle between column and residual that is rounding.
UNCORRELATED = 1e-10

NO_CORRELATION = "no feature that is left correlates with what is left of the target"


def matching_pursuit(features: Monomials, y: Floats, max_features: int) -> Path:
    """Choose features by orthogonal matching pursuit, up to `max_features` of them, for the target `y` (n,) float64.

    With columns centred and scaled to unit norm, z_j, and the residual r of the least-squares fit so far, the next
    feature is argmax_j |z_j^T r|; of equals (relative 1e-12) the first. Constant columns are never chosen. The path
    ends early, and says why, where the fit is exact, where the best column depends on those chosen, or where none
    correlates with the residual. Holds `features.held_bytes`, and max_features rows of length n.
    """
    fit = NestedFit(y, max_features)
    if fit.is_constant:
        return fit.path([], why_ended(fit, max_features))
    # The norms of all features take a pass over the data, which a constant target has no use for.
    search = _Search(features)
    selected: list[int] = []
    while fit.size < fit.max_size and not fit.is_exact:
        at = search.best(fit.residual)
        if at is None:
            return fit.path(selected, NO_CORRELATION if (search.weights > 0).any() else why_ended(fit, max_features))
        if not fit.add(features.column(at)):
            break
        # Its score is rounding from now on, and so may the residual be: it must not be chosen twice.
        search.weights[at] = 0
        selected.append(at)
    return fit.path(selected, why_ended(fit, max_features))


class _Search:
    """Scores of all features; `weights` (n_features,) are the inverse norms, 0 for what can't be chosen."""

    def __init__(self, features: Monomials) -> None:
        self.features = features
        self.weights = np.divide(1.0, features.norms, out=np.zeros(len(features)), where=features.varies)
        self._scores = np.empty(len(features))

    def best(self, r: Floats) -> int | None:
        """The feature whose column is nearest in direction to r (n,), None where all are perpendicular."""
        scores = self.features.scores(r, out=self._scores)
        scores *= self.weights
        np.abs(scores, out=scores)
        greatest = scores.max()
        if greatest <= UNCORRELATED * np.sqrt(r @ r):
            return None
        # Symmetry makes equal columns common; matrix products round them differently by block size and library.
        (near,) = (scores >= (1 - NEAR) * greatest).nonzero()
        return int(near[0] if len(near) == 1 else self._first_of(near, r))

    def _first_of(self, near: Ints, r: Floats) -> int:
        """The first of those features whose scores, made from the columns themselves, equal the greatest."""
        at_once = max(1, self.features.budget_bytes // (8 * 4 * len(r)))
        blocks = [near[i : i + at_once] for i in range(0, len(near), at_once)]
        scores = np.concatenate([self._exact(block, r) for block in blocks])
        return int(near[np.argmax(scores >= (1 - TIED) * scores.max())])

    def _exact(self, indices: Ints, r: Floats) -> Floats:
        columns = self.features.columns(indices).T
        centred = columns - columns.mean(axis=1, keepdims=True)
        return np.asarray(np.abs(centred @ r) / np.linalg.norm(centred, axis=1))
