"""Which structures are left out together, in turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import Finding, Findings
from bigdata.models.validation import folds
from bigdata.studies.cluster_expansion.model import ClusterExpansion
from bigdata.studies.materials.entries import Entries

MOST_MODELS = 5_000


@dataclass(frozen=True)
class Folds:
    """`of` (n,) int64: the number of each structure's fold, from 0 to n - 1; `note`, what the user should know."""

    of: NDArray[np.int64]
    note: str = ""

    @property
    def n(self) -> int:
        return int(self.of.max()) + 1

    @property
    def largest(self) -> int:
        """Structures of the largest fold."""
        return int(np.bincount(self.of).max())

    def members(self, fold: int) -> NDArray[np.int64]:
        """The structures of a fold, in order."""
        return np.flatnonzero(self.of == fold)


def folds_of(model: ClusterExpansion, entries: Entries) -> Folds:
    """The folds of a study's structures. Raises Findings where there are more folds than can be filled."""
    asked = model.validation
    groups = compositions(entries) if asked.by == "composition" else None
    n_groups = len(entries) if groups is None else int(groups.max()) + 1
    what = "structures" if groups is None else "compositions"
    k = n_groups if asked.folds == "leave-one-out" else asked.folds
    if k > n_groups or k < 2:
        raise Findings(Finding(("validation", "folds"), f"there are {n_groups} {what}", "Ask for fewer folds"))
    if k > MOST_MODELS:
        right = "Take `folds: 10`, whose errors differ little where there are so many"
        raise Findings(Finding(("validation", "folds"), f"leaving out each of {k:,} {what} makes {k:,} paths", right))
    note = f"{n_groups:,} compositions, each left out as a whole" if groups is not None else ""
    return Folds(folds(len(entries), k, asked.seed, groups), note)


def compositions(entries: Entries) -> NDArray[np.int64]:
    """(n,) a number for each structure's composition, the same for all cells of one."""
    structures = entries.dataset.structures
    offsets, numbers = np.asarray(structures.offsets), np.asarray(structures.numbers)
    counts = np.zeros((len(entries), 256), dtype=np.int64)
    for i, row in enumerate(entries.rows):
        counts[i] = np.bincount(numbers[offsets[row] : offsets[row + 1]], minlength=256)
    reduced = counts // np.gcd.reduce(counts, axis=1)[:, None]
    return np.asarray(np.unique(reduced, axis=0, return_inverse=True)[1].ravel(), dtype=np.int64)
