"""What a long task saves of its progress, so that it can pause and go on in another job.

saved = ctx.checkpoint.load()
first = int(saved["epoch"]) if saved else 0
for epoch in range(first, n_epochs):
    if ctx.should_stop():
        ctx.checkpoint.save(epoch=epoch, weights=weights)
        raise Paused
    weights = train(weights)
"""

from __future__ import annotations

import os
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import google_crc32c
import numpy as np
from numpy.typing import ArrayLike, NDArray

from bigdata.store.arrays import CRC_BYTES
from bigdata.store.folder import PARTIAL

BLOCK_BYTES = 2**20
# At the end of the file, as the npz's comment: the seconds that the task ran until then, and the checksum.
SECONDS = struct.Struct("<d")


class Checkpoint:
    """The arrays that one task saved last, in one file: an npz with a crc32c of all of it in the end.

    Zip's own checksums don't cover its table of contents: an array could be lost from it and not be missed.
    `earlier_seconds` is how long the task ran in other jobs, up to the checkpoint that it loaded. `before` is the
    checkpoint of the task that this one trains on after.
    """

    def __init__(self, path: Path, log: Callable[[str], None], before: Path | None = None) -> None:
        self.path, self.before = path, before
        self.has_saved = False
        self.earlier_seconds = 0.0
        self._log, self._began = log, time.perf_counter()

    def load(self) -> dict[str, NDArray[Any]] | None:
        """What was saved last, here or elsewhere, by name; else what the task that this one trains on after saved last.

        None where nothing was saved, or where it is damaged. FileNotFoundError where that other task's is gone.
        """
        if (own := self._load(self.path)) is not None or self.before is None:
            return own
        found = self._load(self.before)
        if found is None:
            raise FileNotFoundError(f"the checkpoint {self.before} is gone, or damaged")
        self.earlier_seconds = 0.0  # those are the other task's
        return found

    def _load(self, path: Path) -> dict[str, NDArray[Any]] | None:
        try:
            with path.open("rb") as file:
                if _checksum(file) != file.read():
                    self._log(f"begins anew: its checkpoint {path.name} is damaged")
                    return None
                when = time.localtime(os.fstat(file.fileno()).st_mtime)
                file.seek(0)
                with np.load(file, allow_pickle=False) as stored:
                    arrays = dict(stored)  # all of them now: an npz reads an array when it is asked for
                file.seek(-SECONDS.size - CRC_BYTES, os.SEEK_END)
                (self.earlier_seconds,) = SECONDS.unpack(file.read(SECONDS.size))
        except FileNotFoundError:
            return None
        whose = "its checkpoint" if path == self.path else "the checkpoint of the task before it,"
        self._log(f"continues from {whose} of {time.strftime('%Y-%m-%d %H:%M:%S', when)}")
        return arrays

    def save(self, /, **arrays: ArrayLike) -> None:
        """Put these arrays, of any shape and plain type, in place of what was saved before; one may be called `self`.

        The file is written beside and moved into place: a kill leaves the one before. TypeError where an array holds
        Python objects: they would be pickled, and nobody should have to run what a file says.
        """
        values = {name: np.asarray(array) for name, array in arrays.items()}
        for name, value in values.items():
            if value.dtype.hasobject:
                raise TypeError(f"`{name}` holds Python objects; a checkpoint takes arrays of numbers, bools and texts")
        self.path.parent.mkdir(exist_ok=True)
        beside = self.path.with_name(f"{self.path.name}.{os.getpid()}{PARTIAL}")
        with beside.open("w+b") as file:
            _write(file, values, self.earlier_seconds + time.perf_counter() - self._began)
            checksum = _checksum(file)
            file.seek(-CRC_BYTES, os.SEEK_END)
            file.write(checksum)
            # Or a machine that loses its power may have moved the file and not have written it.
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
        self.has_saved = True


def _write(file: BinaryIO, values: dict[str, NDArray[Any]], seconds: float) -> None:
    """As `np.savez` does, which can't take arrays named `file` or `allow_pickle`."""
    with zipfile.ZipFile(file, "w") as npz:
        npz.comment = SECONDS.pack(seconds) + bytes(CRC_BYTES)
        for name, value in values.items():
            # An array is written piece by piece, and only zip's 64-bit sizes take more than 2 GiB so.
            with npz.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, value, allow_pickle=False)


def _checksum(file: BinaryIO) -> bytes:
    """The crc32c of all but the last four bytes, and the file stands before these."""
    left, crc = file.seek(0, os.SEEK_END) - CRC_BYTES, 0
    file.seek(0)
    while left > 0:
        block = file.read(min(left, BLOCK_BYTES))
        crc = google_crc32c.extend(crc, block)
        left -= len(block)
    return crc.to_bytes(CRC_BYTES, "little")
