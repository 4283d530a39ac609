"""Which tasks' files go into which upload: in the order of the tasks, each task whole in one upload."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bigdata.archives.limits import LARGEST_UPLOAD
from bigdata.archives.zipped import Folder, folder_of
from bigdata.errors import PlanRefused
from bigdata.store.packs import TaskPack
from bigdata.store.reading import Run

# For nomad.json, the zip's end, and their headers.
_RESERVED = 10**6


@dataclass(frozen=True)
class Part:
    """What goes into one upload; `digest` tells its files from those of any other, whenever they are sent."""

    tasks: tuple[tuple[str, TaskPack], ...]
    n_files: int
    n_bytes: int
    digest: str

    def folders(self) -> list[Folder]:
        """The tasks' files, their lists read anew: those of a whole run would not fit into memory."""
        return [folder_of(name, pack) for name, pack in self.tasks]


def packs_of(run: Run) -> Iterator[tuple[str, TaskPack]]:
    """The packs of the tasks that are done, each with the folder that it is archived in."""
    done = run.history.done
    for view in run.variants:
        for stage, packs in view.packs.items():
            path = view.packs.path(stage)
            yield from ((f"{path}/{index}", packs[index]) for index in packs if (path, index) in done)


def parts_of(packs: Iterable[tuple[str, TaskPack]], largest: int = LARGEST_UPLOAD) -> list[Part]:
    """The uploads, none above `largest` bytes. Raises PlanRefused for a task that is, and DamagedData."""
    parts, room = [], largest - _RESERVED
    tasks: list[tuple[str, TaskPack]] = []
    n_files, n_bytes, digest = 0, 0, hashlib.sha256()
    for name, pack in packs:
        folder = folder_of(name, pack)
        if folder.n_bytes > room:
            raise PlanRefused(
                f"the files of {name} are {folder.n_bytes:,} bytes, and an upload takes {largest:,} at most; a "
                "calculation can't be divided among uploads. Leave out its largest files."
            )
        if n_bytes + folder.n_bytes > room:
            parts.append(Part(tuple(tasks), n_files, n_bytes, digest.hexdigest()))
            tasks, n_files, n_bytes, digest = [], 0, 0, hashlib.sha256()
        tasks.append((name, pack))
        n_files, n_bytes = n_files + len(folder.members), n_bytes + folder.n_bytes
        for member in folder.members:
            digest.update(f"{member.name}\0{member.size} {member.crc}\n".encode())
    return [*parts, Part(tuple(tasks), n_files, n_bytes, digest.hexdigest())] if tasks else parts
