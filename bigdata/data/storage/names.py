"""What a file is for, told from its name: names that codes give in names.csv beside this module, else the ending.

In the table a name may have fnmatch's signs, and the first row that fits holds. A row of which `mark` is yes has names
by which a folder is known to be a run of that code; a name with a slash in the end is a folder's.
"""

from __future__ import annotations

import csv
import fnmatch
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
OTHER = "other"
# Trees hold the same names over and over; where each is another, they aren't all kept.
_REMEMBERED = 2**14
_LONGEST_ENDING = 12


class Kind(NamedTuple):
    """Files of one sort: the name or pattern that they share, the code that writes them ("" where not known), what they
    are for, and whether a folder that holds one is a run of that code."""

    pattern: str
    code: str
    purpose: str
    marks: bool = False


@lru_cache(_REMEMBERED)
def kind_of(name: str) -> Kind:
    """What a file of this name is; a folder's name ends with a slash. A compressed file is what it was before."""
    found = _known(name)
    if found is None and name.endswith(COMPRESSED):
        found = _known(name.rpartition(".")[0])
    return found or Kind(_ending(name), "", OTHER)


@lru_cache
def kinds() -> tuple[Kind, ...]:
    """All kinds of the table, in its order."""
    return tuple(_rows())


def _rows() -> Iterator[Kind]:
    table = (files("bigdata.data") / "storage" / "names.csv").read_text()
    for row in csv.DictReader(table.splitlines()):
        for pattern in row["names"].split():
            yield Kind(pattern, row["code"], row["for"], row["mark"] == "yes")


def _known(name: str) -> Kind | None:
    match = _patterns(name.endswith("/")).fullmatch(name)
    return kinds()[int(str(match.lastgroup)[1:])] if match else None


@cache
def _patterns(of_folders: bool) -> re.Pattern[str]:
    """All patterns of folders, or of files, in one expression, each in a group named by its place in the table."""
    of_one = [(i, kind.pattern) for i, kind in enumerate(kinds()) if kind.pattern.endswith("/") == of_folders]
    return re.compile("|".join(f"(?P<k{i}>{fnmatch.translate(pattern)})" for i, pattern in of_one))


def _ending(name: str) -> str:
    """`run3.dat` → `*.dat`. Digits that count files up, and what is too long to be an ending, tell nothing."""
    stem, _, ending = name.rpartition(".")
    if f".{ending}" in COMPRESSED and "." in stem:
        ending = f"{stem.rpartition('.')[2]}.{ending}"
    plain = re.sub(r"\d+", "#", ending)
    if not stem or len(plain) > _LONGEST_ENDING or not re.fullmatch(r"[\w.#+~-]+", plain):
        return "without an ending"
    return f"*.{plain}"
