"""Which materials datasets share: groups common to them, entries in those groups, and a target's distribution there.

The question of section 2 of the paper, and its figure 2: histograms of a target over all groups and over shared ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class SharedGroup(NamedTuple):
    """A group that all the datasets have, and how many entries each has in it."""

    label: str
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Overlap:
    """D datasets and the G groups that they have together.

    `names` (D,) datasets; `groups` (G,) labels, sorted; `codes` for each dataset (n,) int64, the group of each entry;
    `counts` (G, D) int64, entries of each dataset in each group.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    codes: Mapping[str, Ints]
    counts: Ints

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """(G, D) whether the dataset has entries in the group."""
        return self.counts > 0

    @property
    def weights(self) -> dict[str, int]:
        """Entries of all datasets together, by group; splits are balanced by it."""
        return dict(zip(self.groups, self.counts.sum(axis=1).tolist(), strict=True))

    @cached_property
    def matrix(self) -> Ints:
        """(D, D) groups that two datasets have in common; on the diagonal, the groups of one."""
        present = self.present.astype(np.int64)
        return present.T @ present

    @cached_property
    def entries(self) -> Ints:
        """(D, D) entries of dataset i whose group dataset j has too."""
        return self.counts.T @ self.present.astype(np.int64)

    @cached_property
    def fractions(self) -> Floats:
        """(D, D) part of the groups of dataset i that dataset j has too."""
        n_groups = np.diag(self.matrix)[:, None]
        return np.divide(self.matrix, n_groups, out=np.zeros(self.matrix.shape), where=n_groups > 0)

    def shared(self, names: Sequence[str] | None = None) -> NDArray[np.bool_]:
        """(G,) groups that all of these datasets have; all datasets where none are named."""
        columns = [self.names.index(name) for name in (self.names if names is None else names)]
        return np.asarray(self.present[:, columns].all(axis=1))

    def table(self, names: Sequence[str] | None = None) -> list[SharedGroup]:
        """The groups that all of these datasets have: the most lopsided first, then the largest, then by label."""
        columns = [self.names.index(name) for name in (self.names if names is None else names)]
        rows = np.flatnonzero(self.shared(names))
        found = [SharedGroup(self.groups[row], tuple(self.counts[row, columns].tolist())) for row in rows]
        return sorted(
            found, key=lambda group: (-max(group.counts) / min(group.counts), -sum(group.counts), group.label)
        )


def overlap(labels: Mapping[str, Sequence[str]]) -> Overlap:
    """What datasets share; `labels` gives the group of each entry, by dataset."""
    groups = tuple(sorted(set().union(*labels.values())))
    code_of = {label: code for code, label in enumerate(groups)}
    codes = {
        name: np.fromiter((code_of[label] for label in given), dtype=np.int64, count=len(given))
        for name, given in labels.items()
    }
    counts = [np.bincount(code, minlength=len(groups)) for code in codes.values()]
    return Overlap(tuple(labels), groups, codes, np.array(counts, dtype=np.int64).reshape(len(labels), len(groups)).T)


@dataclass(frozen=True)
class Histograms:
    """A target of D datasets in bins common to all, as in figure 2 of the paper.

    `edges` (B + 1,) in the target's unit; `all` and `shared` (D, B) int64, entries in each bin: of all groups, and of
    those that every dataset has; `outside` and `without` (D,) int64, entries beyond the edges, and without the target.
    """

    names: tuple[str, ...]
    edges: Floats
    all: Ints
    shared: Ints
    outside: Ints
    without: Ints


def histograms(
    found: Overlap, values: Mapping[str, NDArray[np.float64]], bins: int | Sequence[float] | Floats = 40
) -> Histograms:
    """Distribution of a target over all and over the shared groups; one value an entry, NaN where it has none.

    `bins` are edges, or the number of equal bins from the least to the greatest of all values.
    """
    for name in found.names:
        if len(values[name]) != len(found.codes[name]):
            raise ValueError(f"{name}: {len(values[name])} values for {len(found.codes[name])} entries")
    known = {name: np.isfinite(values[name]) for name in found.names}
    finite = [values[name][known[name]] for name in found.names]
    edges = _edges(np.concatenate([*finite, np.empty(0)]), bins)
    is_shared = found.shared()
    in_shared = [values[name][known[name] & is_shared[found.codes[name]]] for name in found.names]
    everywhere = _binned(finite, edges)
    return Histograms(
        found.names,
        edges,
        everywhere,
        _binned(in_shared, edges),
        np.array([len(given) for given in finite], dtype=np.int64) - everywhere.sum(axis=1),
        np.array([np.count_nonzero(~known[name]) for name in found.names], dtype=np.int64),
    )


def _edges(values: Floats, bins: int | Sequence[float] | Floats) -> Floats:
    if not isinstance(bins, int):
        return np.asarray(bins, dtype=np.float64)
    return np.histogram_bin_edges(values, bins).astype(np.float64)


def _binned(values: Sequence[Floats], edges: Floats) -> Ints:
    counts = [np.histogram(given, edges)[0] for given in values]
    return np.array(counts, dtype=np.int64).reshape(len(values), len(edges) - 1)
