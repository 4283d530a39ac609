"""How many files a tree would have left with its runs in archives, and whether that is within a limit."""

from __future__ import annotations

from dataclasses import dataclass

from bigdata.data.storage.census import Census


@dataclass(frozen=True)
class Limit:
    """Files and bytes that there may be at most; None: any number."""

    n_files: int | None = None
    n_bytes: int | None = None


@dataclass(frozen=True)
class Way:
    """A way to keep a tree: `runs_each` runs in each archive, 0 where all stays as it is.

    `n_files` counts each name of a file, as the limits of sites do; `n_folders` leaves out the tree's own. `n_bytes`
    are those on disk, and of archives the lengths of all files in them before compression, without their lists.
    """

    runs_each: int
    n_files: int
    n_folders: int
    n_bytes: int

    def exceeds(self, limit: Limit) -> list[str]:
        """What of it is more than the limit."""
        return [
            what
            for what, n, most in (("files", self.n_files, limit.n_files), ("bytes", self.n_bytes, limit.n_bytes))
            if most is not None and n > most
        ]


def as_it_is(found: Census) -> Way:
    return Way(0, found.all.n_files, found.n_folders, found.all.on_disk)


def packed(found: Census, runs_each: int) -> Way:
    """One archive for so many runs; what belongs to no run stays as it is."""
    n_archives = -(-len(found.runs) // runs_each)
    n_bytes = sum(found.runs.n_bytes) + found.outside.on_disk
    return Way(runs_each, n_archives + found.outside.n_files, found.n_folders - found.runs.n_folders, n_bytes)


def fewest_each(found: Census, limit: Limit) -> int | None:
    """With how many runs in each archive, at least, the files are within the limit; None where no number will do."""
    if limit.n_files is None or not len(found.runs):
        return None
    n_archives = limit.n_files - found.outside.n_files
    return -(-len(found.runs) // n_archives) if n_archives > 0 else None
