"""All folders of a tree, each with its entries one by one, however many there are: nothing is held but the way down.

A folder is read once for all that is in it and, where that includes folders, again for these, so that a folder of a
million folders takes no more memory than one of two. Links are never followed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bigdata.errors import SiteError, SpecError

Entry = os.DirEntry[str]
# Takes a path that can't be read, and why.
Unread = Callable[[str, OSError], None]


@dataclass
class Folder:
    """A folder by its path, and how deep it is; the tree's own has depth 0. `unread` hears of what can't be read."""

    path: str
    depth: int
    unread: Unread
    _has_folders: bool = field(default=False, init=False)

    def entries(self) -> Iterator[tuple[Entry, bool]]:
        """What it holds, each with whether it is a folder; it ends early where the folder can't be read on."""
        try:
            with os.scandir(self.path) as found:
                for entry in found:
                    is_folder = entry.is_dir(follow_symlinks=False)
                    self._has_folders |= is_folder
                    yield entry, is_folder
        except OSError as error:
            self.unread(self.path, error)

    def folders(self) -> Iterator[Folder]:
        """The folders in it, as far as `entries` has met some."""
        if self._has_folders:
            for entry, is_folder in self.entries():
                if is_folder:
                    yield Folder(entry.path, self.depth + 1, self.unread)


def tree(root: Path, unread: Unread) -> Iterator[Folder]:
    """Every folder below `root`, itself first and each before those in it; those whose `entries` were gone through.

    Raises SpecError where `root` is no folder, SiteError where it can't be read at all.
    """
    way = [iter((_start(root, unread),))]
    while way:
        folder = next(way[-1], None)
        if folder is None:
            way.pop()
            continue
        yield folder
        way.append(folder.folders())


def _start(root: Path, unread: Unread) -> Folder:
    if not root.is_dir():
        what = "is no folder" if root.exists() else "isn't there"
        raise SpecError(f"{root} {what}. Name the folder whose files are to be counted.")
    try:
        os.scandir(str(root)).close()
    except OSError as error:
        raise SiteError(f"{root} can't be read: {error.strerror}. Ask its owner for the right to list it.") from error
    return Folder(str(root), 0, unread)
