"""The settings of entries, gathered one entry at a time and kept as compact columns."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_LIST = 16
# Whole numbers below this are exact as float64.
_EXACT = 1 << 53


class Column:
    """A growing column: float64 numbers while all values are numbers, else codes of the distinct values."""

    def __init__(self, n_before: int) -> None:
        self.numbers: array[float] | None = array("d", [math.nan]) * n_before
        self.is_integer = True
        self.codes: array[int] = array("i")
        self.code_of: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.codes) if self.numbers is None else len(self.numbers)

    def pad(self, n: int) -> None:
        """Fill with absent values up to n."""
        missing = n - len(self)
        if self.numbers is None:
            self.codes.extend([-1] * missing)
        else:
            self.numbers.extend([math.nan] * missing)

    def append(self, value: Any) -> None:
        """Add a number, text, truth value or None."""
        if self.numbers is not None and not self._fits(value):
            self._to_codes()
        if self.numbers is None:
            self.codes.append(self._code(value))
            return
        self.is_integer = self.is_integer and not isinstance(value, float)
        self.numbers.append(math.nan if value is None else value)

    @staticmethod
    def _fits(value: Any) -> bool:
        if value is None or isinstance(value, float):
            return True
        # True is an int to Python, and would come back as 1.
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _EXACT

    def _code(self, value: Any) -> int:
        if value is None:
            return -1
        # As JSON: 1, 1.0 and True are one and the same key to a dictionary.
        return self.code_of.setdefault(json.dumps(value), len(self.code_of))

    def _to_codes(self) -> None:
        numbers, self.numbers = self.numbers or array("d"), None
        self.codes.extend(self._code(plain(x, self.is_integer)) for x in numbers)

    def stored(self) -> tuple[NDArray[Any], dict[str, Any]]:
        """The numbers, or the codes; and what it takes to read them."""
        if self.numbers is not None:
            return np.array(self.numbers), {"integer": self.is_integer}
        return np.array(self.codes, dtype=np.int32), {"values": [json.loads(value) for value in self.code_of]}


def plain(x: float, is_integer: bool) -> int | float | None:
    """A stored number as it was given; NaN stands for an absent value."""
    if math.isnan(x):
        return None
    return int(x) if is_integer else x


def flat(settings: Mapping[str, Any], ignored: set[str], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Settings as scalars: objects flattened with dots, short lists as text, long lists `ignored`."""
    for key, value in settings.items():
        name = prefix + key
        if isinstance(value, dict):
            yield from flat(value, ignored, name + ".")
        elif isinstance(value, list):
            if len(value) <= MAX_LIST and not any(isinstance(v, list | dict) for v in value):
                yield name, _text(value)
            else:
                ignored.add(name)
        elif isinstance(value, str):
            yield name, value if is_text(value) else plain_text(value)
        else:
            yield name, None if isinstance(value, float) and not math.isfinite(value) else value


def is_text(value: str) -> bool:
    """Whether a string can be written as UTF-8; JSON's `\\ud800` can't."""
    return value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value)


def plain_text(value: str) -> str:
    """The string with `?` for what UTF-8 can't hold."""
    return value.encode("utf-8", "replace").decode()


def _text(values: list[Any]) -> str:
    # `12x12x4`, as meshes of k-points are written.
    separator = ", " if any(isinstance(v, str) for v in values) else "x"
    return separator.join(map(str, values))


class Columns(Mapping[str, list[Any]]):
    """The stored columns, read when asked for: name → one value per entry, None where absent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._about = json.loads((folder / "columns.json").read_text(encoding="utf-8"))
        self._read: dict[str, list[Any]] = {}

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self._read:
            self._read[name] = self._load(name)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._about)

    def __len__(self) -> int:
        return len(self._about)

    def _load(self, name: str) -> list[Any]:
        about = self._about[name]
        with np.load(self._folder / "columns.npz") as arrays:
            stored = arrays[about["array"]].tolist()
        if "integer" in about:
            return [plain(x, about["integer"]) for x in stored]
        # The last place answers for code -1.
        values = [*about["values"], None]
        return [values[code] for code in stored]


class ColumnsWriter:
    """All columns of a growing import."""

    def __init__(self) -> None:
        self.columns: dict[str, Column] = {}
        self.ignored: set[str] = set()

    def add(self, settings: Mapping[str, Any], row: int) -> None:
        """The settings of entry `row`; columns that it lacks are filled when next met, or at the end."""
        for name, value in flat(settings, self.ignored):
            column = self.columns.get(name) or self.columns.setdefault(name, Column(row))
            # `{"a.b": 1, "a": {"b": 2}}` names one column twice: the first counts.
            if len(column) <= row:
                column.pad(row)
                column.append(value)

    def save(self, folder: Path, n: int) -> None:
        """Write `columns.npz` and `columns.json`, each column filled up to n entries."""
        arrays, about = {}, {}
        for i, (name, column) in enumerate(self.columns.items()):
            column.pad(n)
            arrays[f"c{i}"], how = column.stored()
            about[name] = {"array": f"c{i}", **how}
        np.savez(folder / "columns.npz", allow_pickle=False, **arrays)
        (folder / "columns.json").write_text(json.dumps(about), encoding="utf-8")
