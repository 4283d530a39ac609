"""The records of tasks that are done, read from the journal when somebody asks: in memory are their keys and places.

Those of 270,000 calculations with fifteen numbers each would take more than a gigabyte as Python's objects.
"""

from __future__ import annotations

import re
from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from bigdata.files import open_plain
from bigdata.store.record import Record, is_address, record_of

Task = tuple[str, int]
# How a record of a task that is done begins, as the controller writes it; others are parsed to their end.
_DONE = re.compile(
    rb'\{"time":([0-9.]+),"event":"done","stage":"([^"\\]+)","index":([0-9]{1,18}),"key":"([0-9a-f]{16,128})"[,}]'
)


def heads(path: Path, begin: int = 0) -> Iterator[tuple[int, int, Record]]:
    """Whole records of a journal from a place on, each with where it begins and ends; none where there is no journal.

    Of tasks that are done it is but the time, the event, the stage, the index and the key. ValueError for what is no
    record of ours.
    """
    with suppress(FileNotFoundError), open_plain(path) as file:
        at = file.seek(begin)
        for line in file:
            if not line.endswith(b"\n"):  # a kill or a full disk left it half written
                return
            if line != b"\n":
                yield at, at + len(line), _head(line)
            at += len(line)


def _head(line: bytes) -> Record:
    found = _DONE.match(line)
    if found is None:
        return record_of(line)
    time, stage, index, key = found.groups()
    # Names of stages repeat: one object for each.
    return {"time": float(time), "event": "done", "stage": _text(stage), "index": int(index), "key": key.decode()}


def head_at(file: BinaryIO, at: int) -> Record:
    """The same of one record of an open journal; empty where none begins there."""
    file.seek(at)
    with suppress(ValueError):
        return _head(file.readline())
    return {}


_TEXTS: dict[bytes, str] = {}


def _text(data: bytes) -> str:
    """A stage's address. ValueError where it can't be one."""
    if data not in _TEXTS:
        text = data.decode()
        if not is_address(text):
            raise ValueError("names no task")
        _TEXTS[data] = text
    return _TEXTS[data]


class DoneTasks(Mapping[Task, Record]):
    """The records of tasks that are done, by stage and index, in the journal `path`; they can't be changed there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, dict[int, int]] = {}
        self._keys: dict[str, dict[int, str]] = {}

    def add(self, task: Task, key: str, at: int) -> None:
        """A task's record with its key begins at that byte."""
        stage, index = task
        # Anew at the end: the order is that of the journal.
        self.forget(task)
        self._places.setdefault(stage, {})[index] = at
        self._keys.setdefault(stage, {})[index] = key

    def forget(self, task: Task) -> None:
        """A task isn't done any more, or nobody knew it."""
        stage, index = task
        if stage in self._places and self._places[stage].pop(index, None) is not None:
            del self._keys[stage][index]

    def key(self, task: Task) -> str:
        return self._keys[task[0]][task[1]]

    def place(self, task: Task) -> int:
        """The byte at which a task's record begins."""
        return self._places[task[0]][task[1]]

    def of(self, stage: str, indices: Iterable[int]) -> Iterator[tuple[int, Record]]:
        """Those of these tasks of a stage that are done, and their records."""
        places = self._places.get(stage)
        if not places:
            return
        with open_plain(self._path) as file:
            for index in indices:
                if index in places:
                    yield index, _read(file, places[index])

    def indices(self, stage: str) -> list[int]:
        """The tasks of a stage that are done, as the journal names them."""
        return list(self._places.get(stage, ()))

    def stage(self, stage: str) -> Iterator[tuple[int, Record]]:
        """Those of a stage, and their records."""
        return self.of(stage, self.indices(stage))

    def by_key(self) -> dict[str, Task]:
        """The tasks by their keys; of those with one key, the last."""
        return {key: (stage, index) for stage, keys in self._keys.items() for index, key in keys.items()}

    def __getitem__(self, task: Task) -> Record:
        return record_at(self._path, self.place(task))

    def __contains__(self, task: object) -> bool:
        return isinstance(task, tuple) and task[1] in self._places.get(task[0], ())

    def __iter__(self) -> Iterator[Task]:
        return ((stage, index) for stage, places in self._places.items() for index in places)

    def __len__(self) -> int:
        return sum(map(len, self._places.values()))

    def items(self) -> ItemsView[Task, Record]:
        return _Items(self)

    def values(self) -> ValuesView[Record]:
        return _Values(self)

    def stream(self) -> Iterator[tuple[Task, Record]]:
        """All of them; the journal is opened once."""
        for stage in list(self._places):
            for index, record in self.stage(stage):
                yield (stage, index), record


class _Items(ItemsView[Task, Record]):
    _mapping: DoneTasks

    def __iter__(self) -> Iterator[tuple[Task, Record]]:
        return self._mapping.stream()


class _Values(ValuesView[Record]):
    _mapping: DoneTasks

    def __iter__(self) -> Iterator[Record]:
        return (record for _, record in self._mapping.stream())


def record_at(path: Path, at: int) -> Record:
    """The whole record that begins at a byte of a journal."""
    with open_plain(path) as file:
        return _read(file, at)


def _read(file: BinaryIO, at: int) -> Record:
    file.seek(at)
    return record_of(file.readline())
