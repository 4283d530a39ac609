"""The results of an overlap study in the words of its report: groups, their counts and mean targets, names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import SiteError, View
from bigdata.studies.materials.entries import Entries
from bigdata.studies.overlap.entries import open_entries
from bigdata.studies.overlap.groups import labelled
from bigdata.studies.overlap.model import Overlap


class Results:
    """Reads a view's arrays when asked for. Raises DamagedData where they aren't there or aren't whole."""

    def __init__(self, view: View) -> None:
        assert isinstance(view.model, Overlap)
        self.view, self.model = view, view.model
        self.names = list(view.model.datasets)

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

    @property
    def has_targets(self) -> bool:
        return "histogram" in self.view

    @cached_property
    def entries(self) -> dict[str, Entries]:
        """The entries, opened anew from the import."""
        return open_entries(self.model, self.view.inputs)

    @cached_property
    def means(self) -> dict[str, NDArray[np.float64]]:
        """(G,) the mean target of each group in each dataset that has a target; NaN where it has no such group."""
        found = {}
        for name in self.names:
            if f"target_{name}" in self.view:
                n = self.counts[:, self.names.index(name)]
                sums = np.bincount(self.groups[name], self.view[f"target_{name}"][...], minlength=len(n))
                found[name] = np.divide(sums, n, out=np.full(len(n), np.nan), where=n > 0)
        return found

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
        return [self._label(group) for group in groups]

    def _label(self, group: int) -> str:
        name = next(n for n in self.names if (self.groups[n] == group).any())
        entry = int(np.argmax(self.groups[name] == group))
        return labelled(self.model, self.entries[name].only([entry])).labels[0]
