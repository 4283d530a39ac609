"""The properties of materials: gathered entry by entry, kept as arrays of a store, and read back by name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from bigdata.data.columns import Column, ColumnsWriter, plain
from bigdata.store.flat import FlatStore, FlatWriter

RESERVED = frozenset({"offset", "lattice", "number", "position", "line", "file", "id", "formula", "bad"})
# A property's unit and what says it: "dataset", "format" or "name"; both "" where nothing does.
UnitOf = Callable[[str], tuple[str, str]]
_PLAIN_NAME = re.compile(r"\w[\w.+-]*")
_ABSENT = 255


class Texts(Sequence[str]):
    """Texts by code, made one by one when asked for; the code -1 stands for an empty text."""

    def __init__(self, codes: Sequence[int] | NDArray[np.int32], values: list[str]) -> None:
        self._codes, self._values = codes, [*values, ""]

    def __len__(self) -> int:
        return len(self._codes)

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[str]: ...
    def __getitem__(self, i: int | slice) -> str | Sequence[str]:
        return Texts(self._codes[i], self._values[:-1]) if isinstance(i, slice) else self._values[self._codes[i]]


def write_properties(writer: FlatWriter, columns: ColumnsWriter, n: int, unit_of: UnitOf) -> dict[str, Any]:
    """Write each column as an array of `n` entries; what it takes to read them, by the property's name.

    Numbers become float64, NaN where there is none; truth values uint8, 255 where there is none; texts stay texts,
    empty where there is none; a column of several kinds becomes JSON texts.
    """
    taken, about = set(RESERVED), {}
    for place, (name, column) in enumerate(columns.columns.items()):
        column.pad(n)
        # Arrays are folders, and some file systems take `Egap` and `egap` for one.
        array = name if _PLAIN_NAME.fullmatch(name) and name.lower() not in taken else f"property-{place}"
        taken.add(array.lower())
        unit, said_by = unit_of(name)
        about[name] = {"array": array, "kind": _write(writer, array, column, unit, name), "unit_from": said_by}
        # What was gathered isn't needed twice: of a million rows, a column takes megabytes.
        columns.columns[name] = Column(0)
    return about


def _write(writer: FlatWriter, array: str, column: Column, unit: str, name: str) -> str:
    if column.numbers is not None:
        writer.write(array, np.array(column.numbers), ("entry",), unit or "1", name)
        return "integer" if column.is_integer else "number"
    values = [json.loads(value) for value in column.code_of]
    if all(isinstance(value, bool) for value in values):
        # The last place answers for code -1.
        truth = np.array([*values, _ABSENT], dtype=np.uint8)[np.array(column.codes, dtype=np.int64)]
        writer.write(array, truth, ("entry",), "1", name)
        return "truth"
    is_text = all(isinstance(value, str) for value in values)
    writer.texts(array, Texts(np.array(column.codes, np.int32), values if is_text else list(column.code_of)), "entry")
    return "text" if is_text else "mixed"


class Properties(Mapping[str, list[Any]]):
    """The properties of a store, read when asked for: name → one value an entry, None where absent."""

    def __init__(self, store: FlatStore) -> None:
        self._store = store
        self._about: dict[str, dict[str, Any]] = store.attributes["properties"]
        self._read: dict[str, list[Any]] = {}

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self._read:
            self._read[name] = self._load(self._about[name])
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._about)

    def __len__(self) -> int:
        return len(self._about)

    def is_number(self, name: str) -> bool:
        """Whether all values of a property are numbers."""
        return self._about[name]["kind"] in ("number", "integer")

    def numbers(self, name: str) -> NDArray[np.float64]:
        """(n,) float64, memory-mapped; NaN where absent. For properties that are numbers."""
        return self._store.mapped(self._about[name]["array"])

    def unit(self, name: str) -> str:
        """The unit that a property was stored with; "" for none."""
        kind, array = self._about[name]["kind"], self._about[name]["array"]
        unit = self._store.units(array) if kind in ("number", "integer") else ""
        return "" if unit == "1" else unit

    def unit_from(self, name: str) -> str:
        """What says the unit: "dataset", "format" or "name"; "" for none."""
        said_by: str = self._about[name].get("unit_from", "") if self.unit(name) else ""
        return said_by

    def _load(self, about: dict[str, Any]) -> list[Any]:
        array, kind = about["array"], about["kind"]
        if kind in ("number", "integer"):
            return [plain(x, kind == "integer") for x in self._store.mapped(array).tolist()]
        if kind == "truth":
            return [None if x == _ABSENT else bool(x) for x in self._store.mapped(array).tolist()]
        if kind == "mixed":
            return [json.loads(text) if text else None for text in self._store.texts(array)]
        return [text or None for text in self._store.texts(array)]
