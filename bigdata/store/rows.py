"""Rows: the few numbers that a task returns. The controller writes them, one array along the stage for each name.

A task's own folder or group would cost files: 2,000 trials of ten numbers are 20 files here, 34,000 there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bigdata.store.arrays import CRC_BYTES, ITEM_BYTES

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What the tasks of a stage return stays in the controller's memory and in the journal.
MOST_BYTES = 4_000
# The longest float64 is written in 24 characters: -1.7976931348623157e+308.
NUMBER_BYTES = 24
TEXT_BYTES = 400

PLAIN = {"float64": float, "float32": float, "int64": int, "int32": int, "bool": bool, "string": str}
MISSING: Mapping[str, Any] = {
    "float64": math.nan,
    "float32": math.nan,
    "int64": -1,
    "int32": -1,
    "bool": False,
    "string": "",
}
"""What stands in the array for a task that returned nothing: it failed, or wasn't run. Whole numbers have no NaN."""
Encoded = Mapping[str, Any]
"""What one task returned, as the journal has it."""
# JSON has no words for these numbers.
_INFINITE = {"inf": math.inf, "-inf": -math.inf}


@dataclass(frozen=True)
class Row:
    """One small result of each task: a number or a text, or with `length` at most so many of them (a short curve).

    A curve's second dimension is called `dim`. Longer ones belong in an array that the task writes.
    """

    dtype: str = "float64"
    units: str = "1"
    about: str = ""
    length: int | None = None
    dim: str = "step"

    def __post_init__(self) -> None:
        if self.dtype not in PLAIN:
            raise ValueError(f"a row is one of {', '.join(PLAIN)}, not {self.dtype}")
        if self.n_bytes > MOST_BYTES:
            raise ValueError(f"a row of {self.length} × {self.dtype} is too long; what is large belongs in an array")

    @property
    def n_bytes(self) -> int:
        """About its bytes in the journal, at most."""
        return (self.length or 1) * (TEXT_BYTES if self.dtype == "string" else NUMBER_BYTES)

    def n_array_bytes(self, n_tasks: int) -> int:
        """Exact bytes of the array of so many tasks; 0 of texts, whose length nobody knows."""
        if self.dtype == "string":
            return 0
        return n_tasks * (1 if self.length is None else self.length) * ITEM_BYTES[self.dtype] + CRC_BYTES


def encoded(rows: Mapping[str, Row], returned: Any) -> dict[str, Any]:
    """What a task returned, as JSON data. TypeError or ValueError where it isn't what its stage says.

    NumPy's scalars and arrays are taken; NaN becomes null, infinities become texts.
    """
    if not isinstance(returned, Mapping):
        raise TypeError(f"the task has to return {_named(rows)}, and returned {type(returned).__name__}")
    if wrong := set(rows) ^ set(returned):
        raise ValueError(f"the task has to return {_named(rows)}; missing or unknown: {', '.join(sorted(wrong))}")
    found = {name: _values(name, row, returned[name]) for name, row in rows.items()}
    if (n := len(json.dumps(found, ensure_ascii=False).encode(errors="replace"))) > MOST_BYTES:
        raise ValueError(f"the task returned {n:,} bytes, of {MOST_BYTES:,} at most; what is large belongs in an array")
    return found


def decoded(row: Row, value: Any) -> Any:
    """A value of `encoded`, as numbers and texts; what stands for a missing one where `value` is None."""
    if row.length is not None:
        values = [_number(row, v) for v in value or ()]
        return values + [MISSING[row.dtype]] * (row.length - len(values))
    return _number(row, value)


class Rows(Mapping[str, "NDArray[Any]"]):
    """What the tasks of a stage returned: an array for each name along `numbers`, the numbers of the tasks."""

    def __init__(self, specs: Mapping[str, Row], rows: Mapping[int, Encoded]) -> None:
        self.numbers = sorted(rows)
        self._specs, self._rows = specs, rows

    def __getitem__(self, name: str) -> NDArray[Any]:
        import numpy as np

        row = self._specs[name]
        values = [decoded(row, self._rows[i].get(name)) for i in self.numbers]
        shape = (len(values),) if row.length is None else (len(values), row.length)
        return np.array(values, dtype=object if row.dtype == "string" else row.dtype).reshape(shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)


def _number(row: Row, value: Any) -> Any:
    if value is None:
        return MISSING[row.dtype]
    return _INFINITE[value] if isinstance(value, str) and row.dtype != "string" else value


def _values(name: str, row: Row, value: Any) -> Any:
    plain = value.tolist() if hasattr(value, "tolist") else value
    if row.length is None:
        return _checked(name, row, plain)
    if not isinstance(plain, Sequence) or isinstance(plain, str) or len(plain) > row.length:
        raise ValueError(f"`{name}` takes a list of {row.length} at most, not {plain!r}")
    return [_checked(name, row, v) for v in plain]


def _checked(name: str, row: Row, value: Any) -> Any:
    wanted = PLAIN[row.dtype]
    # In Python True is a whole number, and a whole number is no float.
    fits = isinstance(value, (int, float) if wanted is float else wanted)
    if not fits or isinstance(value, bool) != (wanted is bool):
        raise TypeError(f"`{name}` takes a {row.dtype}, not {value!r}")
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def _named(rows: Mapping[str, Row]) -> str:
    return f"{{{', '.join(rows)}}}" if rows else "nothing, since its stage names no rows"
