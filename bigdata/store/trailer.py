"""The end of a pack: where its list of files begins, and the checksums of that list and of the whole.

Zip has a checksum for each file, and none for the list of them. These stand in the archive's own comment, as text, so
that any `unzip` reads a pack; and since they come last, a file that has them was written to its end.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_FORM = "bigdata pack: list at {:016x}, its crc32c {:08x}, of all this {:08x}"
_PATTERN = re.compile(rb"bigdata pack: list at ([0-9a-f]{16}), its crc32c ([0-9a-f]{8}), of all this ([0-9a-f]{8})")
DIGITS = 8
LENGTH = len(_FORM.format(0, 0, 0))


@dataclass(frozen=True)
class Trailer:
    """The list of files begins at byte `start` and ends where the comment begins; `whole` covers all before itself."""

    start: int
    list_crc: int
    whole_crc: int

    def __bytes__(self) -> bytes:
        return _FORM.format(self.start, self.list_crc, self.whole_crc).encode()


def read_trailer(file: BinaryIO) -> Trailer | None:
    """That of an open file; None where it doesn't end so, and so isn't a whole pack."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - LENGTH))
    match = _PATTERN.fullmatch(file.read())
    return Trailer(*(int(group, 16) for group in match.groups())) if match else None


def is_whole(path: Path) -> bool:
    """Whether a pack is there and was written to its end; its checksums aren't compared."""
    try:
        with path.open("rb") as file:
            return read_trailer(file) is not None
    except OSError:
        return False
