"""Reading a run back: arrays on demand and verified, coordinates, and the study as it was understood."""

from __future__ import annotations

import itertools
import math
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from bigdata.errors import DamagedData, MissingData, SpecError
from bigdata.naming import named
from bigdata.spec import Study, study_from_resolved
from bigdata.spec.kinds import is_installed
from bigdata.spec.site import Prices
from bigdata.spec.study import Input, StudyModel
from bigdata.store import journal
from bigdata.store.arrays import CRC_BYTES, ITEM_BYTES, ArraySpec, ShardIndex
from bigdata.store.folder import RunFolder
from bigdata.store.opening import arrays_of, attributes_of, opened_array
from bigdata.store.packs import Packs
from bigdata.store.rows import Row, Rows
from bigdata.store.use import Use, prices, used

T = TypeVar("T")


class StoredArray:
    """An array of a run. Indexing reads only the chunks touched, and checks that they are there and undamaged."""

    def __init__(self, run: RunFolder, path: str) -> None:
        self.name, self._run, self._path = path.rpartition("/")[2], run, path
        # By its own metadata: those consolidated at the end of an earlier submission lack what was made since.
        self._array = opened_array(run.store / path)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def dtype(self) -> Any:
        return self._array.dtype

    @property
    def dims(self) -> tuple[str, ...]:
        return tuple(str(d) for d in self._array.metadata.dimension_names or ())  # type: ignore[union-attr]

    @property
    def units(self) -> str:
        return str(self._array.attrs.get("units", ""))

    @property
    def about(self) -> str:
        return str(self._array.attrs.get("long_name", ""))

    @property
    def _shard(self) -> tuple[int, ...]:
        return self._array.shards or self._array.chunks

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        axes = ", ".join(f"{d}: {n}" for d, n in zip(self.dims, self.shape, strict=True))
        return f"<{self.name}[{axes}] {self.dtype}, {self.units}>"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[...], dtype=dtype)

    def __getitem__(self, selection: Any) -> NDArray[Any]:
        """Read a selection (integers, slices, or one list of indices). DamagedData where stored data aren't whole."""
        touched = list(self._touched(selection))
        # Zarr takes a missing file for fill values: results that were lost would be read as NaN or 0.
        for shard in touched:
            self._check_file(shard)
        try:
            return np.asarray(self._array[selection])
        except (ValueError, OSError) as error:
            # Zarr's error is a plain ValueError: "Stored and computed checksum do not match".
            if "checksum" not in str(error):
                raise
            raise self._damaged(self._first_damaged(touched), "are damaged (their checksum disagrees)") from None

    def _damaged(self, shard: ShardIndex, what: str) -> DamagedData:
        """The error, noted for the next submission where the run's folder can be written."""
        self._run.note_damage(self._path, shard)
        return DamagedData(self._path, shard, what)

    def _touched(self, selection: Any) -> Iterator[ShardIndex]:
        """The shards that a selection meets."""
        parts = selection if isinstance(selection, tuple) else (selection,)
        if any(part is Ellipsis for part in parts):
            at = next(i for i, part in enumerate(parts) if part is Ellipsis)
            parts = (*parts[:at], *[slice(None)] * (len(self.shape) - len(parts) + 1), *parts[at + 1 :])
        parts = (*parts, *[slice(None)] * (len(self.shape) - len(parts)))
        return itertools.product(*(_shards_of(*axis) for axis in zip(parts, self.shape, self._shard, strict=True)))

    def _check_file(self, shard: ShardIndex) -> None:
        file = self._run.store.joinpath(self._path, "c", *map(str, shard))
        try:
            found = file.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise MissingData(self._path, shard, "are not there") from None
        n_bytes = found.st_size
        if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for
            raise self._damaged(shard, "are in no plain file")
        if self._file_bytes not in (None, n_bytes):
            raise self._damaged(shard, f"have {n_bytes:,} bytes instead of {self._file_bytes:,}")

    @cached_property
    def _file_bytes(self) -> int | None:
        """Exact size of each file; None where the values have no fixed size."""
        array = self._array
        if str(array.dtype) not in ITEM_BYTES:
            return None
        if array.shards is None:
            return int(np.prod(array.chunks)) * array.dtype.itemsize + CRC_BYTES
        return ArraySpec(
            name=self.name,
            shape=array.shape,
            dtype=str(array.dtype),
            dims=self.dims,
            shard=array.shards,
            chunk=array.chunks,
        ).shard_bytes

    def _first_damaged(self, shards: Iterable[ShardIndex]) -> ShardIndex:
        for shard in shards:
            try:
                self._array[tuple(slice(i * s, (i + 1) * s) for i, s in zip(shard, self._shard, strict=True))]
            except (ValueError, OSError):
                return shard
        raise AssertionError("a checksum failed once and not again: the file system gives changing answers")

    def verify(self) -> None:
        """Read every shard; DamagedData at the first that isn't whole."""
        for error in self.damages():
            raise error

    def damages(self) -> Iterator[DamagedData]:
        """Read every shard; what is wrong with each that isn't whole."""
        for shard in self._touched(...):
            try:
                _ = self[tuple(slice(i * s, (i + 1) * s) for i, s in zip(shard, self._shard, strict=True))]
            except DamagedData as error:
                yield error


def _shards_of(part: Any, n: int, shard: int) -> Sequence[int]:
    """The shards, `shard` long each, that a selection from an axis of length n meets."""
    if isinstance(part, slice) and part.step in (None, 1):
        wanted = range(n)[part]
        return range(wanted[0] // shard, wanted[-1] // shard + 1) if wanted else ()
    touched: list[int] = np.unique(np.atleast_1d(np.arange(n)[part]) // shard).tolist()
    return touched


class View(Mapping[str, StoredArray]):
    """The arrays of one variant of a study, by name; `coordinates` are the known ones along their dimensions."""

    def __init__(self, run: Run, group: str, label: str, model: StudyModel, inputs: Mapping[str, Input]) -> None:
        self.run, self.group, self.label, self.model, self.inputs = run, group, label, model, inputs
        self._opened: dict[str, StoredArray] = {}
        self._made: dict[Any, Any] = {}

    @property
    def _group(self) -> Path:
        return self.run.folder.store / self.group

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(arrays_of(self._group))

    def __getitem__(self, name: str) -> StoredArray:
        if name not in self._names:
            raise SpecError(f"{self.run.folder.path} holds no array `{name}`; it has {', '.join(self._names)}.")
        if name not in self._opened:
            self._opened[name] = StoredArray(self.run.folder, f"{self.group}/{name}".lstrip("/"))
        return self._opened[name]

    def rows(self, stage: str) -> Rows:
        """What the tasks of a stage have returned so far, from the journal: also while the run goes on.

        `view.rows("trial")["rmse"]` is along `view.rows("trial").numbers`. SpecError for a stage that returns nothing.
        """
        past, path = self.run.history, f"{self.group}/{stage}".lstrip("/")
        made_of = past.submits[-1]["stages"].get(path, {}) if past.submits else {}
        if not made_of.get("rows"):
            raise SpecError(f"{self.run.folder.path} has no stage `{stage}` whose tasks return anything.")
        specs = {name: Row(dtype, length=length) for name, (dtype, length) in made_of["rows"].items()}
        return Rows(specs, {i: r["rows"] for i, r in past.done.stage(path) if "rows" in r})

    def used(self, *stages: str) -> Use:
        """What the tasks of these stages have used up so far, from the journal: also while the run goes on."""
        return used(self.run.history, tuple(f"{self.group}/{stage}".lstrip("/") for stage in stages))

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @property
    def coordinates(self) -> dict[str, StoredArray]:
        """The settings and axes: arrays whose values were known before the run."""
        return {name: self[name] for name in str(attributes_of(self._group).get("coordinates", "")).split()}

    @property
    def packs(self) -> Packs:
        """The raw files that tasks left, by stage and task: `run.packs["dft"][17].read("INFO.OUT")`."""
        rows = self.run.resolved["variants"]
        stages: list[str] = next((row.get("packs", []) for row in rows if row["group"] == self.group), [])
        return Packs(self.run.folder, self.group, stages)

    @cached_property
    def tables(self) -> dict[str, Any]:
        """The tables of the kind's report, by title.

        In a run with tasks that aren't done, tables whose data aren't there are left out; in a finished one that is
        damage, and raises DamagedData.
        """
        report_at = self.model.report_at
        makers = named(report_at)(self).tables if report_at else ()
        return {table.title: table for table in makeable(self.run, makers)}

    def opened(self, open_: Callable[[Any, Mapping[str, Input]], T], inputs: Mapping[str, Input] | None = None) -> T:
        """What a kind's function opens of the study's data, `open_(model, inputs)`, kept from the first call on.

        Of the `inputs` some can be given, else it has all.
        """
        given = self.inputs if inputs is None else inputs
        return self._kept((open_, frozenset(given)), lambda: open_(self.model, given))

    def once(self, make: Callable[[View], T]) -> T:
        """What `make` makes of this view, kept from the first call on: what the parts of a report share."""
        return self._kept(make, lambda: make(self))

    def _kept(self, key: Any, make: Callable[[], T]) -> T:
        if key not in self._made:
            self._made[key] = make()
        made: T = self._made[key]
        return made


class Run(View):
    """A run's folder, open for reading: `run["prediction"][0, :10]`, `run.coordinates`, `run.tables`.

    A sweep has several variants, each a View of its own; the run itself is the first.
    """

    def __init__(self, path: str | Path) -> None:
        self.folder = RunFolder(Path(path))
        resolved = self.folder.read_resolved()
        if not is_installed(kind := resolved["study"]["study"]):
            raise SpecError(f"{path} is the run of a study of the kind `{kind}`, which isn't installed here.")
        self.study = self._study(resolved)
        self.resolved = resolved
        for row, variant in zip(resolved["variants"], self.study.variants, strict=True):
            inputs = {name: Input(**i) for name, i in row["inputs"].items()}
            if row is resolved["variants"][0]:
                super().__init__(self, row["group"], variant.label, variant.model, inputs)
                self.variants: list[View] = [self]
            else:
                self.variants.append(View(self, row["group"], variant.label, variant.model, inputs))

    def _study(self, resolved: Mapping[str, Any]) -> Study:
        """The study as it was understood. SpecError where this version doesn't understand it, or it is none."""
        try:
            study = study_from_resolved(resolved["study"])
        except (ValidationError, KeyError, TypeError):
            study = None
        if study is None or len(study.variants) != len(resolved["variants"]):
            raise SpecError(
                f"the study of {self.folder.path} isn't understood here: another version of bigdata may have run it. "
                f"Submit {self.folder.study} again."
            )
        return study

    @property
    def store(self) -> Path:
        """The Zarr store's folder: `xarray.open_zarr(run.store)`."""
        return self.folder.store

    @property
    def attributes(self) -> dict[str, Any]:
        """The provenance: study, data digests, versions, machine, time and memory."""
        return attributes_of(self.store)

    @property
    def history(self) -> journal.History:
        return journal.read_history(self.folder.journal)

    @property
    def prices(self) -> Prices:
        """What the site of the last submission costs, as far as it has prices."""
        return prices(self.history)

    @property
    def is_finished(self) -> bool:
        """Whether all tasks of the last submission are done."""
        history = self.history
        return history.state == "done" and not history.failed and not history.stale

    def __repr__(self) -> str:
        return f"<run {self.folder.path}: {self.study.kind}, {len(self)} arrays>"


def makeable(run: Run, makers: Iterable[Callable[[], T]]) -> Iterator[T]:
    """What can be made of a run's data. MissingData of tasks that aren't done leave their part out; all else raises."""
    for make in makers:
        try:
            yield make()
        except MissingData:
            if run.is_finished:
                raise
