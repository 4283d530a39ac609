"""Opening text, compressed or not, a bounded piece at a time."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import json
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from bigdata.data.problem import EntryError
from bigdata.files import open_users

# gzip packs a line of one letter to a thousandth: a small file may hold one that fills the memory.
MAX_LINE = 64 << 20
MAX_DOCUMENT = 1 << 30
HEAD = 1 << 16
DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError)
"""What reading compressed data raises where they are damaged or cut off."""

_SUFFIXES = (".gz", ".bz2", ".xz")
_OPENERS: dict[bytes, Callable[[Path], Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}


def plain_name(name: str) -> str:
    """A file's name without the ending that tells how it is compressed: `a.csv` for `a.csv.gz`."""
    return next((name[: -len(suffix)] for suffix in _SUFFIXES if name.lower().endswith(suffix)), name)


def opened(path: Path) -> IO[bytes]:
    """The file's bytes, decompressed where gzip, bzip2 or xz packed them (told by the first bytes, not by the name)."""
    with open_users(path) as file:
        start = file.read(6)
    opener = next((opener for magic, opener in _OPENERS.items() if start.startswith(magic)), None)
    return cast(IO[bytes], opener(path)) if opener else open_users(path)


def head(path: Path) -> bytes:
    """The first 64 KiB; what can be had of them where the compressed data are damaged.

    Raises OSError where the file can't be read.
    """
    read = b""
    with opened(path) as file:
        try:
            while len(read) < HEAD and (piece := cast(io.BufferedReader, file).read1(HEAD - len(read))):
                read += piece
        except DAMAGED as e:
            # Only what the system says has a number.
            if isinstance(e, OSError) and e.errno is not None:
                raise
    return read


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """(number from 1, line) of the lines that aren't blank; raises EntryError at damaged data.

    Lines end with a line feed, with a carriage return before it or not, or (as on old Macs) with the latter alone.
    """
    number = 0
    with opened(path) as file:
        try:
            while line := file.readline(MAX_LINE):
                if len(line) == MAX_LINE:
                    raise EntryError(f"the line is longer than {MAX_LINE >> 20} MiB", number + 1)
                for part in (line,) if b"\r" not in line else line.splitlines():
                    number += 1
                    if part and not part.isspace():
                        yield number, part
        except DAMAGED as e:
            raise EntryError(f"the compressed data are damaged or cut off here ({e})", number + 1) from e


def whole(path: Path) -> bytes:
    """A document that has to be held as a whole; raises EntryError beyond 1 GiB."""
    with opened(path) as file:
        try:
            text = file.read(MAX_DOCUMENT + 1)
        except DAMAGED as e:
            raise EntryError(f"the compressed data are damaged or cut off ({e})") from e
    if len(text) > MAX_DOCUMENT:
        raise EntryError("the document is larger than 1 GiB. Split it into several files, in one folder")
    return text


def parsed(text: bytes) -> Any:
    """The JSON document in `text`; raises EntryError with the place of the error."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as e:
        raise EntryError(f"this isn't JSON: {_lower(e.msg)} at column {e.colno}", e.lineno) from None
    except UnicodeDecodeError as e:
        raise EntryError(f"this isn't UTF-8: byte {e.start + 1} of it") from None
    except (RecursionError, ValueError) as e:
        raise EntryError(f"this can't be read as JSON: {e}") from None


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


_NAMED_OBJECT = re.compile(rb'\s*\{\s*"([^"\\]*)"\s*:\s*\{')


def holds_named_objects(head: bytes, *keys: str) -> bool:
    """Whether a JSON document begins as an object of objects, whose keys are names: those of several materials, say.

    `keys` are those that may begin a single one.
    """
    begun = _NAMED_OBJECT.match(head)
    return begun is not None and begun[1].decode(errors="replace") not in keys


_ARRAY_OF_OBJECTS = re.compile(rb'\s*\{\s*"[^"\\]*"\s*:\s*\[\s*\{')


def holds_array_of_objects(head: bytes) -> bool:
    """Whether a JSON document begins as an object with an array of objects, as servers answer: `{"data": [{…`."""
    return _ARRAY_OF_OBJECTS.match(head) is not None


def array_of(numbered: list[tuple[int, bytes]]) -> NDArray[np.float64]:
    """Numbered lines of numbers as a 2-D array; raises EntryError at the first line that doesn't fit."""
    if not numbered:
        raise EntryError("there are no numbers in this file")
    # Fortran writes exponents of double precision with a D.
    rows = [line.replace(b"D", b"E").split() for _, line in numbered]
    widths = [len(row) for row in rows]
    if widths.count(widths[0]) < len(widths):
        at = next(i for i, width in enumerate(widths) if width != widths[0])
        raise EntryError(f"this line has {widths[at]} columns, those before have {widths[0]}", numbered[at][0])
    # NumPy, as Python, takes `1_1` for 11.
    if not any(b"_" in line for _, line in numbered):
        with contextlib.suppress(ValueError):
            return np.array(rows, dtype=np.float64)
    at = next(i for i, row in enumerate(rows) if not all(map(is_number, row)))
    shown = numbered[at][1].decode(errors="replace").strip()[:60]
    raise EntryError(f"these aren't numbers: `{shown}`", numbered[at][0])


def is_number(text: str | bytes) -> bool:
    """Whether a text stands for a number, as `float` reads it, but for `1_1`, which Python takes for 11."""
    try:
        float(text)
    except ValueError:
        return False
    return (b"_" if isinstance(text, bytes) else "_") not in text  # type: ignore[operator]


def opened_text(path: Path) -> IO[str]:
    """The file as UTF-8 text, newlines as `csv` wants them; other bytes are shown as such, not refused."""
    # utf-8-sig: spreadsheets begin their files with a mark that would be part of the first column's name.
    return io.TextIOWrapper(opened(path), "utf-8-sig", errors="replace", newline="")
