"""Which structures are left out together, in turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import Finding, Findings, SpecError
from bigdata.models.validation import folds
from bigdata.studies.cluster_expansion.model import ClusterExpansion
from bigdata.studies.cluster_expansion.registered import too_many_folds
from bigdata.studies.materials.entries import Entries

MOST_MODELS = 5_000
FEWEST_TO_LEARN = 2


@dataclass(frozen=True)
class Folds:
    """`n` folds; `of` (structures,) int64, the number of each structure's, from 0 to n - 1, or -1 where it isn't known
    yet, or in none; `largest` as many structures as a fold may have; `note`, what the user should know."""

    n: int
    of: NDArray[np.int64]
    largest: int
    note: str = ""

    @property
    def n_seen(self) -> int:
        """The structures that a model without the largest fold learns from; about so many where that isn't known."""
        return len(self.of) - (self.largest if (self.of >= 0).all() else -(-len(self.of) // self.n))

    def members(self, fold: int) -> NDArray[np.int64]:
        """The structures of a fold, in order."""
        return np.flatnonzero(self.of == fold)


def folds_of(model: ClusterExpansion, entries: Entries) -> Folds:
    """The folds of a study's structures. Raises Findings where there are more folds than can be filled.

    By correlations, structures are dealt to them once they are mapped: see `dealt`.
    """
    asked = model.validation
    groups = compositions(entries) if asked.by == "composition" else None
    n_groups = len(entries) if groups is None else int(groups.max()) + 1
    what = "structures" if groups is None else "compositions"
    k = n_groups if asked.folds == "leave-one-out" else asked.folds
    if k > n_groups or k < 2:
        raise Findings(too_many_folds(k, n_groups, what))
    if k > MOST_MODELS:
        right = "Take `folds: 10`, whose errors differ little where there are so many"
        raise Findings(Finding(("validation", "folds"), f"leaving out each of {k:,} {what} makes {k:,} paths", right))
    note = f"{n_groups:,} compositions, each left out as a whole" if groups is not None else ""
    if asked.by == "correlations":
        return Folds(
            k, np.full(len(entries), -1), len(entries), "structures of equal correlations are left out together"
        )
    of = folds(len(entries), k, asked.seed, groups)
    largest = int(np.bincount(of).max())
    if (n_seen := len(entries) - largest) < FEWEST_TO_LEARN:
        left = f"{n_seen} structure" if n_seen else "no structure"
        what = f"the largest of {k} folds has {largest} of {len(entries)} structures, and leaves {left} to learn from"
        raise Findings(Finding(("validation", "folds"), what, "Ask for more folds, or give more structures"))
    return Folds(k, of, largest, note)


def dealt(model: ClusterExpansion, correlation: NDArray[np.float64]) -> NDArray[np.int64]:
    """(n,) the fold of each structure, by its correlations (n, p); -1 where these are NaN. Raises SpecError where too
    few differ."""
    is_known = np.isfinite(correlation).all(axis=1)
    groups, k = equal_rows(correlation[is_known]), model.validation.folds
    n_groups = int(groups.max(initial=-1)) + 1
    if not isinstance(k, int) or k > n_groups:
        raise SpecError(
            f"{k} folds were asked for, and the structures have {n_groups} different sets of correlations. "
            "Ask for fewer `folds:` under `validation:`, or for more clusters, which tell more of them apart."
        )
    of = np.full(len(correlation), -1, dtype=np.int64)
    of[is_known] = folds(len(groups), k, model.validation.seed, groups)
    return of


def equal_rows(correlation: NDArray[np.float64]) -> NDArray[np.int64]:
    """(n,) a number for each row of correlations (n, p), the same for rows that differ by rounding errors only."""
    # Correlations are fractions, many of which lie where rounding to digits goes either way; moved a little, none does.
    rounded = (correlation + 2**0.5 * 1e-9).round(8)
    return np.asarray(np.unique(rounded, axis=0, return_inverse=True)[1].ravel(), dtype=np.int64)


def compositions(entries: Entries) -> NDArray[np.int64]:
    """(n,) a number for each structure's composition, the same for all cells of one."""
    structures = entries.dataset.structures
    offsets, numbers = np.asarray(structures.offsets), np.asarray(structures.numbers)
    counts = np.zeros((len(entries), 256), dtype=np.int64)
    for i, row in enumerate(entries.rows):
        counts[i] = np.bincount(numbers[offsets[row] : offsets[row + 1]], minlength=256)
    reduced = counts // np.gcd.reduce(counts, axis=1)[:, None]
    return np.asarray(np.unique(reduced, axis=0, return_inverse=True)[1].ravel(), dtype=np.int64)
