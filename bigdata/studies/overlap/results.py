"""The results of an overlap study in the words of its report: groups, their counts and names, mean targets, split."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import SiteError, StudyResults
from bigdata.studies.materials.entries import Entries
from bigdata.studies.materials.groups import Labelled, labelled, numbers_in
from bigdata.studies.materials.overlap import Overlap as Shared
from bigdata.studies.materials.parts import split_of
from bigdata.studies.materials.split import Split
from bigdata.studies.overlap.model import Overlap
from bigdata.studies.overlap.stages import open_entries


class Results(StudyResults[Overlap]):
    """What the report of an overlap study speaks of."""

    @property
    def names(self) -> list[str]:
        """The datasets."""
        return list(self.model.datasets)

    @cached_property
    def common(self) -> NDArray[np.int64]:
        """(D, D) groups that two datasets have in common."""
        return self.view["overlap"][...]

    @cached_property
    def n_groups(self) -> NDArray[np.int64]:
        """(D,) groups of each dataset."""
        return self.view["n_groups"][...]

    @cached_property
    def groups(self) -> dict[str, NDArray[np.int64]]:
        """Each entry's group, by dataset."""
        return {name: self.view[f"group_{name}"][...] for name in self.names}

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """(G, D) entries of each group in each dataset."""
        n = 1 + max(int(g.max()) for g in self.groups.values())
        return np.stack([np.bincount(self.groups[name], minlength=n) for name in self.names], axis=1)

    @cached_property
    def parts(self) -> dict[str, NDArray[np.int32]]:
        """The number of the split's part that each entry is in, by dataset."""
        return {name: self.view[f"split_{name}"][...] for name in self.names}

    @property
    def part_sizes(self) -> list[tuple[str, str, int, float, int]]:
        """Of each dataset and part of the split: its entries, their share of the dataset's, its groups."""
        names = self.model.split.parts if self.model.split else ()
        return [
            (name, part, int((of == i).sum()), float((of == i).mean()), len(np.unique(self.groups[name][of == i])))
            for name, of in self.parts.items()
            for i, part in enumerate(names)
        ]

    @property
    def has_targets(self) -> bool:
        return "histogram" in self.view

    @cached_property
    def entries(self) -> dict[str, Entries]:
        """The entries, opened anew from the import."""
        return self.view.opened(open_entries)

    @cached_property
    def means(self) -> dict[str, NDArray[np.float64]]:
        """(G,) the mean target of each group in each dataset that has a target; NaN where it has no such group."""
        return {name: self._means(name) for name in self.names if f"target_{name}" in self.view}

    def _means(self, name: str) -> NDArray[np.float64]:
        values = self.view[f"target_{name}"][...]
        known = np.isfinite(values)
        groups, n_groups = self.groups[name][known], len(self.counts)
        sums, n = np.bincount(groups, values[known], n_groups), np.bincount(groups, minlength=n_groups)
        means: NDArray[np.float64] = np.divide(sums, n, out=np.full(n_groups, np.nan), where=n > 0)
        return means

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The pairs of datasets that have targets and groups in common."""
        both = combinations(self.means, 2)
        return [(a, b) for a, b in both if np.isfinite(self.means[a] - self.means[b]).any()]

    @property
    def quantity(self) -> str:
        """The target's name and unit, for axes."""
        unit = self.view["bin"].units
        return (self.model.target.quantity or "target") + ("" if unit == "1" else f" ({unit})")

    @cached_property
    def has_imports(self) -> bool:
        """Whether the datasets are still in the cache, which groups and entries take their names from."""
        try:
            return bool(self.entries)
        except SiteError:
            return False

    def labels(self, groups: Sequence[int]) -> list[str]:
        """The groups' names, each from its first entry."""
        # Of the first entries only: labels of half a million formulas take 20 s.
        firsts = [self._first(group) for group in groups]
        named: dict[tuple[str, int], str] = {}
        for name in dict.fromkeys(name for name, _ in firsts):
            places = [place for of, place in firsts if of == name]
            numbers = self.numbers[name][places] if name in self.numbers else None
            found = labelled(self.model.identity, self.entries[name].only(places), numbers=numbers).labels
            named |= {(name, place): label for place, label in zip(places, found, strict=True)}
        return [named[first] for first in firsts]

    def _first(self, group: int) -> tuple[str, int]:
        """The dataset and place of a group's first entry."""
        name = next(n for n in self.names if (self.groups[n] == group).any())
        return name, int(np.argmax(self.groups[name] == group))

    @cached_property
    def labelled(self) -> dict[str, Labelled]:
        """The names of all entries' groups, and their symmetry, by dataset."""
        identity, entries = self.model.identity, self.entries
        return {name: labelled(identity, e, numbers=self.numbers.get(name)) for name, e in entries.items()}

    @cached_property
    def numbers(self) -> dict[str, NDArray[np.int64]]:
        """The number of each entry's class among those of its formula, by dataset; empty where nothing is matched."""
        return numbers_in(self.view, self.model.identity, self.names)

    @cached_property
    def shared(self) -> Shared:
        """The groups with their names, and what the datasets share of them."""
        named = np.empty(len(self.counts), dtype=object)
        for name, one in self.labelled.items():
            named[self.groups[name]] = one.labels
        return Shared(tuple(self.names), tuple(named.tolist()), self.groups, self.counts)

    @cached_property
    def split(self) -> Split:
        """The split of the groups, for a file; ValueError where the study makes none."""
        if self.model.split is None:
            raise ValueError("the study makes no split")
        labels = {name: one.labels for name, one in self.labelled.items()}
        return split_of(self.model.split, self.model.identity, labels, self.entries, self.view.inputs)
