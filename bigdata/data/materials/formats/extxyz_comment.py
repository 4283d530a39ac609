"""The comment line of extended XYZ: its keys with their texts, and what of them makes a crystal."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from bigdata.data.cells import NO_VALUE, number_in
from bigdata.data.materials.formats.entry import refuse_unless_periodic
from bigdata.data.problem import EntryError
from bigdata.data.text import is_number

# Programs write values in either quotes, in braces, and in brackets within brackets; and blanks about the sign.
_PAIR = re.compile(
    r"""(?:"((?:[^"\\]|\\.)+)"|([^\s="]+))
    (?:(\s*=)\s*(?:
        "((?:[^"\\]|\\.)*)" | '([^']*)' | \{([^{}]*)\} | (\[(?:[^\[\]]|\[[^\[\]]*\])*\])
        | ((?<==)[^\s"'{\[]\S*|[^\s="'{\[][^\s=]*(?!\S|\s*=))
    )?)?""",
    re.VERBOSE,
)
_TRUTH = {
    "T": True,
    "True": True,
    "true": True,
    "TRUE": True,
    "F": False,
    "False": False,
    "false": False,
    "FALSE": False,
}
_FLAGS = {"t": True, "true": True, "1": True, "f": False, "false": False, "0": False}
# What makes a crystal is known whatever its capitals.
_CRYSTAL = ("lattice", "properties", "pbc")
_NO_PBC = "without `pbc`, a frame with a `Lattice` is taken for periodic in three directions"


def pairs(comment: str) -> dict[str, str | None]:
    """The texts by their keys, `lattice`, `properties` and `pbc` in small letters; None for a key alone, a flag.

    Raises EntryError where a key is given two values, or quotes or brackets aren't closed.
    """
    found: dict[str, str | None] = {}
    end = 0
    for match in _PAIR.finditer(comment):
        if comment[end : match.start()].strip():
            break
        end = match.end()
        key, value = _pair(match)
        if key in found and found[key] != value:
            raise EntryError(f"`{key}` is given twice, as `{found[key]}` and as `{value}`")
        found[key] = value
    if rest := comment[end:].strip():
        raise EntryError(f"the comment line can't be read from `{rest[:40]}` on: are quotes and brackets closed?")
    return found


def _pair(match: re.Match[str]) -> tuple[str, str | None]:
    quoted, plain, sign, *values = match.groups()
    key = plain if quoted is None else quoted.replace('\\"', '"')
    value = next((value for value in values if value is not None), "" if sign else None)
    if values[0] is not None:
        value = values[0].replace('\\"', '"')
    return key.lower() if key.lower() in _CRYSTAL else key, value


def value(text: str | None) -> Any:
    """What the text of a property stands for; None for no value (`n/a`, `<NA>`), and for a number that isn't finite."""
    if text is None:
        return True
    if text in NO_VALUE:
        return None
    if text in _TRUTH:
        return _TRUTH[text]
    if text.startswith("_JSON "):
        return _json(text)
    number = number_in(text)
    return text if number is None else number if math.isfinite(number) else None


def _json(text: str) -> Any:
    # ASE's form of what is neither number, truth value, text nor a row of numbers.
    try:
        return json.loads(text.removeprefix("_JSON "))
    except ValueError:
        return text


def lattice(said: Mapping[str, str | None]) -> list[list[float]]:
    """The three lattice vectors; raises EntryError where there aren't any, or it isn't told which numbers they are."""
    text = said.get("lattice")
    if text is None:
        raise EntryError("the comment line has no `Lattice`: a molecule or cluster is no crystal")
    words = re.findall(r"[^\s,\[\]{}]+", text)
    numbers = [float(word) for word in words if is_number(word)]
    if len(words) != 9 or len(numbers) != 9:
        raise EntryError(f"`Lattice` is `{text[:60]}`; it should be nine numbers, those of the first vector first")
    vectors = [numbers[i : i + 3] for i in (0, 3, 6)]
    if text.count("[") > 1 and vectors != [list(column) for column in zip(*vectors, strict=True)]:
        what = "`Lattice` is a matrix, whose rows are the vectors to some programs and its columns to others"
        raise EntryError(f"{what}: write its nine numbers without inner brackets, those of the first vector first")
    return vectors


def refuse_unless_crystal(said: Mapping[str, str | None]) -> tuple[str, ...]:
    """Raise EntryError unless the frame is periodic in three directions; a note where that is taken for granted."""
    if "pbc" not in said:
        return (_NO_PBC,)
    text = said["pbc"] or ""
    words = re.findall(r"[^\s,\[\](){}]+", text)
    flags = [_FLAGS.get(word.lower()) for word in words]
    if len(flags) not in (1, 3) or None in flags:
        raise EntryError(f"`pbc` is `{text[:40]}`; it should be three flags, such as `T T T`")
    refuse_unless_periodic(flags * (3 // len(flags)))
    return ()


class AtomColumns(NamedTuple):
    """Which columns of an atom's line hold what: `places` (first, number of columns) by name, and `n` in all; None
    where the comment line doesn't say how many."""

    places: Mapping[str, tuple[int, int]]
    n: int | None


def atom_columns(said: Mapping[str, str | None]) -> AtomColumns:
    """What `Properties` says of the columns; raises EntryError where it can't be read."""
    text = said.get("properties")
    return _columns_of(text) if text else AtomColumns({"species": (0, 1), "pos": (1, 3)}, None)


# All frames of a file have the same, mostly.
@lru_cache(maxsize=64)
def _columns_of(text: str) -> AtomColumns:
    parts, places, column = text.split(":"), dict[str, tuple[int, int]](), 0
    if len(parts) % 3:
        raise EntryError(f"`Properties` is `{text[:60]}`; it should be triples of name, type and number of columns")
    for name, _, n in zip(*[iter(parts)] * 3, strict=True):
        if not n.isdecimal():
            raise EntryError(f"`Properties` says that `{name}` has `{n}` columns")
        places[name.lower()] = (column, int(n))
        column += int(n)
    return AtomColumns(places, column)
