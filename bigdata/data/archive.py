"""Archives (zip, tar, compressed or not) of data files, unpacked to be read as the folder that they hold.

Members are unpacked into a temporary folder, plain files only: links, devices, and paths that lead out of the folder
are passed over, and said.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO

from bigdata.data.problem import EntryError
from bigdata.data.text import DAMAGED, head, opened

# An archive of some kilobytes may unpack to petabytes.
MAX_BYTES = 64 << 30
_MOST = f"the archive holds more than {MAX_BYTES >> 30} GiB. Unpack it, and give the folder"


def is_archive(path: Path) -> bool:
    """Whether a file begins as zip or tar archives do, compressed or not. Raises OSError."""
    start = head(path)
    return start.startswith(b"PK\x03\x04") or start[257:262] == b"ustar"


@contextmanager
def unpacked(path: Path, most: int | None = None) -> Iterator[tuple[Path, list[str]]]:
    """A temporary folder with what an archive holds, `most` of its members where that is given, and the names of those
    that were left out.

    Raises EntryError where it is damaged, has a password, or holds too much.
    """
    with tempfile.TemporaryDirectory(prefix="bigdata-archive-") as name:
        left_out: list[str] = []
        try:
            with _members(path) as members:
                _unpack(islice(members, most), Path(name), left_out)
        except (*DAMAGED, zipfile.BadZipFile, tarfile.TarError, NotImplementedError, RuntimeError) as e:
            # RuntimeError is what zipfile says of a member with a password.
            raise EntryError(f"the archive can't be unpacked: {e}") from e
        yield Path(name), left_out


Member = tuple[str, int, IO[bytes] | None]


@contextmanager
def _members(path: Path) -> Iterator[Iterator[Member]]:
    """(name, bytes, content or None for what is no plain file) of each member that is no folder."""
    if head(path).startswith(b"PK"):
        with zipfile.ZipFile(path) as archive:
            yield (
                (info.filename, info.file_size, _in_zip(archive, info))
                for info in archive.infolist()
                if not info.is_dir()
            )
    else:
        # By a stream: a compressed archive is read once, from its beginning to its end.
        with opened(path) as file, tarfile.open(fileobj=file, mode="r|") as archive:
            yield (
                (info.name, info.size, archive.extractfile(info) if info.isreg() else None)
                for info in archive
                if not info.isdir()
            )


def _in_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes] | None:
    # Where the archive is from Unix, the mode stands there; 0o12 is that of links.
    return None if info.external_attr >> 28 == 0o12 else archive.open(info)


def _unpack(members: Iterator[Member], folder: Path, left_out: list[str]) -> None:
    total = 0
    for name, size, content in members:
        inside = PurePosixPath(name.replace("\\", "/"))
        if content is None or inside.is_absolute() or ".." in inside.parts or ":" in name or "\0" in name:
            left_out.append(name)
            continue
        total += size
        if total > MAX_BYTES or size > shutil.disk_usage(folder).free:
            raise EntryError(_MOST)
        target = folder.joinpath(*inside.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        with content, target.open("wb") as file:
            # By the size that was announced: a damaged archive may say less than it holds.
            _copied(content, file, size)


def _copied(source: IO[bytes], to: IO[bytes], size: int) -> None:
    left = size
    while left and (piece := source.read(min(left, 1 << 20))):
        to.write(piece)
        left -= len(piece)
