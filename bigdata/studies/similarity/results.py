"""The results of a similarity study in the words of its report: entries in order, settings by field,
similarities on demand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import StudyResults
from bigdata.studies.similarity import measures
from bigdata.studies.similarity.model import Similarity
from bigdata.studies.similarity.ordering import said
from bigdata.studies.similarity.settings import array_names

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

MEASURES = {"tanimoto": "Tanimoto", "dice": "Dice", "cosine": "cosine", "integrated-l1": "integrated-L1"}
# A figure of a matrix has about so many pixels. Up to here similarities are read from the store; of larger
# matrices a sample is computed anew, which is quicker.
READ_ENTRIES = 1000


class Results(StudyResults[Similarity]):
    """What the report of a similarity study speaks of."""

    @cached_property
    def names(self) -> list[str]:
        return [str(name) for name in self.view["entry"][...]]

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def order(self) -> Rows:
        """(n,) entry numbers in the order of the settings."""
        return np.asarray(self.view["order"][...], np.intp)

    @cached_property
    def _arrays(self) -> dict[str, str]:
        """The array of each setting."""
        names = self.view["setting"][...] if "setting" in self.view.coordinates else ()
        return array_names(str(name) for name in names)

    @cached_property
    def settings(self) -> dict[str, NDArray[Any]]:
        """Each setting's values (n,), text or numbers; in the order of `order_by`, then the others."""
        fields = list(self._arrays)
        first = [f for f in self.model.order_fields if f in fields]
        ordered = first + [f for f in fields if f not in first]
        return {f: self.view[self._arrays[f]][...] for f in ordered}

    def unit(self, field: str) -> str:
        """The unit of a setting, empty where it has none."""
        units = self.view[self._arrays[field]].units
        return "" if units == "1" else units

    @property
    def scale(self) -> str:
        """What states are counted for: `cell`, `atom`, or `formula-unit`."""
        return self.view["overflow"].units.removeprefix("states/")

    @property
    def step(self) -> int:
        """Of large matrices every so many-th entry is drawn: a figure has no more pixels."""
        return -(-len(self) // READ_ENTRIES)

    @property
    def measure(self) -> str:
        return MEASURES[self.model.similarity.measure]

    @property
    def within(self) -> list[str]:
        """The fields whose combinations have a most accurate entry each."""
        return self.model.convergence.within if self.model.convergence else []

    def is_number(self, field: str) -> bool:
        return bool(np.issubdtype(self.settings[field].dtype, np.number))

    @property
    def numeric(self) -> list[str]:
        """Settings of the order that are numbers and not the same everywhere."""
        return [f for f in self.model.order_fields if self.is_number(f) and len(np.unique(self.settings[f])) > 1]

    def combination(self, fields: Sequence[str], entry: int) -> str:
        """An entry's values of some settings, such as `LDA, n_kpts_full 32`."""
        values = ((f, self.settings[f][entry]) for f in fields)
        return ", ".join(said(f, plain(v), self.is_number(f)) for f, v in values)

    @cached_property
    def reference(self) -> Rows:
        """(n,) the most accurate entry of each entry's own kind."""
        return np.asarray(self.view["reference"][...], np.intp)

    @cached_property
    def reference_similarity(self) -> Floats:
        return self.view["reference_similarity"][...]

    @cached_property
    def references(self) -> list[int]:
        """The most accurate entries themselves, in order."""
        return list(dict.fromkeys(self.reference[self.order].tolist()))

    @property
    def has_blocks(self) -> bool:
        """Whether there are blocks of settings: asked for, and not too many."""
        return self.model.blocks is not None and "block" in self.view

    @cached_property
    def block(self) -> Rows:
        return np.asarray(self.view["block"][...], np.intp)

    @cached_property
    def block_labels(self) -> list[str]:
        return [str(label) for label in self.view["block_label"][...]]

    @cached_property
    def similarity(self) -> Floats:
        """(n, n) the whole matrix."""
        return self.view["similarity"][...]

    @cached_property
    def covered(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(n,) first column that each entry covers, and (n,) the one after the last."""
        return self.view["first_column"][...], self.view["last_column"][...]

    @property
    def coverage(self) -> Floats:
        """(n,) share of the columns that each entry covers."""
        begin, end = self.covered
        return np.asarray((end - begin) / self.view["height"].shape[1], float)

    @cached_property
    def empty(self) -> list[str]:
        """The names of the entries whose fingerprints have no bit set."""
        return [self.names[i] for i in np.flatnonzero(self.view["filling"][...] == 0)]

    @cached_property
    def height(self) -> NDArray[np.uint8]:
        """(n, n_columns) the fingerprints."""
        return self.view["height"][...]

    @cached_property
    def states(self) -> Floats:
        """(n, n_columns) states in each column; stored for integrated densities of states only."""
        return self.view["states"][...]

    def prepared(self, rows: Rows) -> measures.Prepared:
        """The fingerprints of some entries, ready to be compared."""
        first, last = (of[rows] for of in self.covered)
        if self.model.similarity.measure == "integrated-l1":
            return measures.integrate(self.states[rows], first, last, self.view["column_width"][...])
        return measures.prepare(self.height[rows], first, last)

    def similarities(self, rows: Rows, columns: Rows) -> Floats:
        """(len(rows), len(columns)) similarities: those stored where all are and they are few, else computed
        alike.
        """
        if self.model.similarity.keep == "matrix" and len(self) <= READ_ENTRIES:
            return self.similarity[np.ix_(rows, columns)]
        return measures.block(self.prepared(rows), self.prepared(columns), self.model.similarity.measure)


def letters(number: int) -> str:
    """0 → a, 25 → z, 26 → aa: the names of blocks."""
    return (letters(number // 26 - 1) if number >= 26 else "") + chr(ord("a") + number % 26)


def plain(value: Any) -> Any:
    """A stored value as Python has it: whole numbers without decimals, None where it is missing."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return None if np.isnan(value) else int(value) if value.is_integer() and abs(value) < 1e15 else value
    return value
