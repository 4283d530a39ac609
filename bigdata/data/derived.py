"""Data that follow from a dataset and a setting, such as spacegroups and graphs: made in blocks, kept in the cache.

Blocks can be made by any number of processes, each leaving a part in the cache; whoever opens the whole makes what is
still missing and puts the parts together. So a part is never made twice, a kill loses no more than the block under
way, and a cache that was emptied fills itself again.

    <cache>/symmetry/<digest>/           the whole, a Zarr store
    <cache>/symmetry/<digest>.parts/     its parts, until it is there
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from bigdata.data.all_cores import Progress, on_all_cores
from bigdata.data.cache import cached
from bigdata.places import cache_folder, on_disk
from bigdata.store.flat import FlatWriter, is_whole

Part = Mapping[str, NDArray[Any]]


class Maker(Protocol):
    """What a module has that knows how to make a kind of data.

    `KIND` names the kind, and its folder in the cache; `BLOCK_ROWS` entries make a part; `version()` changes with
    whatever the numbers depend on besides data and setting; `part(source, rows, setting)` makes the part of some rows
    of the import in folder `source`; `join(parts, writer)` writes the whole from the parts in order;
    `size(n, n_atoms, setting)` is about how many files and bytes the whole takes. One that a study has a stage for (see
    `bigdata.kind.derived`) has that stage's `task(ctx)`, too.
    """

    KIND: str
    BLOCK_ROWS: int

    def version(self) -> str: ...

    def part(self, source: Path, rows: range, setting: Mapping[str, Any]) -> Part: ...

    def join(self, parts: Callable[[], Iterator[Part]], writer: FlatWriter) -> None: ...

    def size(self, n: int, n_atoms: int, setting: Mapping[str, Any]) -> tuple[int, int]: ...


@dataclass(frozen=True)
class Derivation:
    """What is derived: by which module (its address), from which import (its folder), with which setting.

    These are words that another process can be told.
    """

    by: str
    source: str
    setting: tuple[tuple[str, Any], ...]

    @classmethod
    def of(cls, by: str, source: Path | str, setting: Mapping[str, Any]) -> Derivation:
        """What the module at the address `by` derives from the import in folder `source`."""
        return cls(by, str(source), tuple(sorted(setting.items())))

    @property
    def maker(self) -> Maker:
        return cast(Maker, importlib.import_module(self.by))

    @property
    def kind(self) -> str:
        return self.maker.KIND

    @cached_property
    def _about(self) -> dict[str, Any]:
        about: dict[str, Any] = json.loads((Path(self.source) / "zarr.json").read_text(encoding="utf-8"))["attributes"]
        return about

    @cached_property
    def digest(self) -> str:
        """Content hash of the import's digest, the setting and the maker's version."""
        words = [self.kind, self.maker.version(), self._about["digest"], dict(self.setting)]
        return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()

    @property
    def folder(self) -> Path:
        """Where the whole is, or will be."""
        return cache_folder() / self.kind / self.digest

    @property
    def is_made(self) -> bool:
        return is_whole(self.folder)

    @property
    def blocks(self) -> list[range]:
        """The rows of each part."""
        n, step = int(self._about["n"]), self.maker.BLOCK_ROWS
        return [range(start, min(n, start + step)) for start in range(0, n, step)]

    def size(self) -> tuple[int, int]:
        """Files and bytes of the whole, about those that it will have where it isn't made."""
        if self.is_made:
            return on_disk(self.folder)
        # The shape stands in the array's metadata: a plan opens no data for it.
        n_atoms = json.loads((Path(self.source) / "number" / "zarr.json").read_text(encoding="utf-8"))["shape"][0]
        return self.maker.size(int(self._about["n"]), int(n_atoms), dict(self.setting))

    def missing(self) -> list[int]:
        """The blocks that have yet to be made."""
        if self.is_made:
            return []
        return [i for i in range(len(self.blocks)) if not self._part(i).exists()]

    def make(self, block: int) -> None:
        """Make one part, where it isn't there yet."""
        path = self._part(block)
        if self.is_made or path.exists():
            return
        part = self.maker.part(Path(self.source), self.blocks[block], dict(self.setting))
        path.parent.mkdir(parents=True, exist_ok=True)
        # Two processes may make one block: each writes a file of its own, and the last one put in place is as good.
        beside = path.with_name(f"{path.name}.{os.getpid()}.partial")
        # An open file, since savez would put `.npz` behind any other name.
        with beside.open("wb") as file:
            np.savez(file, allow_pickle=False, **part)
        beside.replace(path)

    def made(self) -> Path:
        """The whole's folder; what is missing of it is made here, block after block."""
        for block in self.missing():
            self.make(block)
        folder = cached(self.kind, self.digest, is_whole, self._join)
        shutil.rmtree(self._parts, ignore_errors=True)
        return folder

    def _join(self, folder: Path) -> None:
        writer = FlatWriter(folder)
        try:
            self.maker.join(self._read_parts, writer)
        except BaseException:
            writer.abandon()
            raise
        writer.close({"kind": self.kind, "digest": self.digest, "setting": dict(self.setting), "n": self._about["n"]})

    def _read_parts(self) -> Iterator[Part]:
        for i in range(len(self.blocks)):
            with np.load(self._part(i)) as arrays:
                yield dict(arrays)

    @property
    def _parts(self) -> Path:
        return self.folder.with_name(f"{self.digest}.parts")

    def _part(self, block: int) -> Path:
        return self._parts / f"{block}.npz"


def made(derivations: Iterable[Derivation], progress: Progress = lambda _done, _n: None) -> list[Path]:
    """The folders of several derivations; where several blocks are missing, they are made on all cores.

    `progress(n_done, n)` is called after each. Raises Cancelled on Ctrl-C, SiteError where a process is killed.
    """
    wanted = list(derivations)
    todo = [partial(d.make, block) for d in wanted for block in d.missing()]
    if len(todo) > 1:
        on_all_cores(todo, progress)
    return [d.made() for d in wanted]
