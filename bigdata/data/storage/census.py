"""How many files and bytes a tree holds: in all, by what they are for, and by the runs of codes that they belong to.

A folder that holds a file by which a code is known is a run; so are folders in it that hold none, such as Quantum
ESPRESSO's `x.save`, a part of it. Memory grows by 16 bytes a run, and by some 200 for each file with several names
of which not all have been met.
"""

from __future__ import annotations

import os
import stat
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bigdata.data.storage.names import Kind, kind_of, kinds
from bigdata.data.storage.tree import Entry, Folder, tree

LINK = Kind("links", "", "links")
SPECIAL = Kind("pipes, sockets, devices", "", "special")
MANY = Kind("further endings", "", "other")
# Endings of names made by chance would otherwise be kinds without end.
MOST_KINDS = 1000
MOST_NAMED = 20
# The unit of `st_blocks` by POSIX, whatever the file system's own blocks are.
BLOCK_BYTES = 512


@dataclass(slots=True)
class Amount:
    """Files, their lengths in bytes, and the bytes that they take on disk: fewer where a file has holes."""

    n_files: int = 0
    n_bytes: int = 0
    on_disk: int = 0

    def add(self, n_bytes: int, on_disk: int, n_files: int = 1) -> None:
        self.n_files += n_files
        self.n_bytes += n_bytes
        self.on_disk += on_disk


@dataclass
class Runs:
    """Files and bytes of each run, in the order in which they ended; how many there are of each code.

    A file with several names counts in full in each run that has one, as it would in each one's archive.
    """

    n_files: array[int] = field(default_factory=lambda: array("q"))
    n_bytes: array[int] = field(default_factory=lambda: array("q"))
    codes: Counter[str] = field(default_factory=Counter)
    n_folders: int = 0

    def __len__(self) -> int:
        return len(self.n_files)

    def close(self, run: Amount) -> None:
        self.n_files.append(run.n_files)
        self.n_bytes.append(run.n_bytes)


@dataclass
class Census:
    """What a tree holds. `all` and `kinds` count the bytes of a file with several names once, and each name as a file.

    `n_folders` leaves out the tree's own. `outside` are the files of no run, each name in full. `unread` names the
    first folders and files that couldn't be read, each with the reason; there are `n_unread` of them, and what is in
    them isn't counted.
    """

    all: Amount = field(default_factory=Amount)
    kinds: dict[Kind, Amount] = field(default_factory=dict)
    runs: Runs = field(default_factory=Runs)
    outside: Amount = field(default_factory=Amount)
    n_folders: int = 0
    n_further_names: int = 0
    n_unread: int = 0
    unread: list[tuple[str, str]] = field(default_factory=list)

    @property
    def n_inodes(self) -> int:
        """What quotas count: files once, however many names they have, links, and folders with the tree's own."""
        return self.all.n_files - self.n_further_names + self.n_folders + 1

    def not_read(self, path: str, error: OSError) -> None:
        """Takes what couldn't be read; what has gone since its name was read is none of the tree's any more."""
        if isinstance(error, FileNotFoundError):
            return
        self.n_unread += 1
        if len(self.unread) < MOST_NAMED:
            self.unread.append((path, error.strerror or str(error)))


def census(root: Path, heard: Callable[[int], None] = lambda n: None) -> Census:
    """Go through a tree; `heard` is told the number of files after each folder.

    Raises SpecError where `root` is no folder, SiteError where it can't be read at all.
    """
    found = Census()
    count = _Count(found)
    for folder in tree(root, found.not_read):
        count.folder(folder)
        heard(found.all.n_files)
    count.leave(depth=0)
    return found


class _Count:
    """The way through a tree: which runs it is in, and which files with several names it has met."""

    def __init__(self, found: Census) -> None:
        self._found = found
        self._open: list[tuple[int, Amount]] = []
        self._names_left: dict[tuple[int, int], int] = {}

    def folder(self, folder: Folder) -> None:
        self.leave(folder.depth)
        own, marks = Amount(), set[str]()
        for entry, is_folder in folder.entries():
            kind = kind_of(f"{entry.name}/") if is_folder else self._file(entry, own)
            if is_folder:
                self._found.n_folders += 1
            if kind is not None and kind.marks:
                marks.add(kind.code)
        if marks:
            self._found.runs.codes[min(marks, key=_place)] += 1
            self._open.append((folder.depth, Amount()))
        self._found.runs.n_folders += bool(self._open) and folder.depth > 0
        held_by = self._open[-1][1] if self._open else self._found.outside
        held_by.add(own.n_bytes, own.on_disk, own.n_files)

    def leave(self, depth: int) -> None:
        """Close the runs of folders that are as deep as this, or deeper."""
        while self._open and self._open[-1][0] >= depth:
            self._found.runs.close(self._open.pop()[1])

    def _file(self, entry: Entry, own: Amount) -> Kind | None:
        try:
            about = entry.stat(follow_symlinks=False)
        except OSError as error:
            self._found.not_read(entry.path, error)
            return None
        n_bytes, on_disk = about.st_size, about.st_blocks * BLOCK_BYTES
        own.add(n_bytes, on_disk)
        if about.st_nlink > 1 and self._is_known(about):
            n_bytes = on_disk = 0
        kind = kind_of(entry.name) if stat.S_ISREG(about.st_mode) else _of_mode(about.st_mode)
        self._found.all.add(n_bytes, on_disk)
        self._of(kind).add(n_bytes, on_disk)
        return kind

    def _of(self, kind: Kind) -> Amount:
        amounts = self._found.kinds
        known = amounts.get(kind)
        if known is not None:
            return known
        return amounts.setdefault(kind if len(amounts) < MOST_KINDS else MANY, Amount())

    def _is_known(self, about: os.stat_result) -> bool:
        """Whether a file was met under another name; it is forgotten when all of its names have been met."""
        file = about.st_dev, about.st_ino
        left = self._names_left.pop(file, None)
        if (others := (left or about.st_nlink) - 1) > 0:
            self._names_left[file] = others
        self._found.n_further_names += left is not None
        return left is not None


def _of_mode(mode: int) -> Kind:
    return LINK if stat.S_ISLNK(mode) else SPECIAL


def _place(code: str) -> int:
    """Codes that share names stand below those that these may be of."""
    return next(i for i, kind in enumerate(kinds()) if kind.code == code)
