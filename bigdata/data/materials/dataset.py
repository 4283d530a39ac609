"""Materials with their properties: opened from a dataset of a spec, or by a worker from the cache.

The structures stay on disk, memory-mapped, one chunk of memory for all processes of a machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

from bigdata.data.cache import whole_import
from bigdata.data.materials.importing import READER_VERSION
from bigdata.data.materials.imports import Source, imported
from bigdata.data.materials.origin import (
    AflowDataset,
    MaterialsFile,
    MaterialsOrigin,
    MaterialsProjectDataset,
    OptimadeDataset,
)
from bigdata.data.materials.properties import Properties
from bigdata.data.materials.structures import Structures
from bigdata.data.model import Condition, NamedDataset
from bigdata.data.problem import BadEntries, BadEntry, DataProblem, none_usable, refuse_older, unreadable
from bigdata.data.progress import logged
from bigdata.data.registry import Field, names, registered
from bigdata.data.remarks import Said
from bigdata.data.remote.query import AflowQuery, MaterialsProjectQuery, OptimadeQuery
from bigdata.data.selection import Selection, select
from bigdata.display import size
from bigdata.spec.whereabouts import located
from bigdata.store.flat import FlatStore, is_whole

Policy = Literal["refuse", "skip"]


class MaterialsDataset:
    """An import in the cache.

    `digest` is the sha256 of the source files' content and the reader's version, `content` that of the former alone, ""
    in old imports; `reader` the version of the reader that made it; `folder` the import; `n` the entries that can be
    used; `n_all` with the bad ones; `n_structures` those with a structure; `ignored` the keys that hold no property
    (long lists); `remarks` what the reader said beside; `columns` the properties by name, one value an entry, None
    where absent.
    """

    def __init__(self, folder: Path, label: str = "", on_bad_entry: Policy = "refuse") -> None:
        self._store = FlatStore(folder)
        about = self._store.attributes
        self.folder, self.on_bad_entry = folder, on_bad_entry
        self.label: str = label or about["label"]
        self.digest: str = about["digest"]
        self.content: str = about.get("content", "")
        self.format: str = about["format"]
        self.reader: int = about["reader"]
        self.n: int = about["n"]
        self.n_all: int = about["n"] + about["n_bad"]
        self.n_structures: int = about["n_structures"]
        self.ignored: list[str] = about["ignored"]
        self.remarks = Said(about)
        self.columns = Properties(self._store)
        self._files: list[str] = about["files"]
        self._known = registered(self.label).fields if self.label in names() else {}

    @property
    def has_structures(self) -> bool:
        """Whether any entry has a structure; those without have no atoms in `structures`."""
        return self.n_structures > 0

    @cached_property
    def ids(self) -> list[str]:
        """The entries' identifiers, unique."""
        return self._store.texts("id")

    @cached_property
    def formulas(self) -> list[str]:
        """The entries' formulas as the database writes them; made of the structure where it gives none."""
        return self._store.texts("formula")

    @cached_property
    def n_without_formula(self) -> int:
        """Rows of a table of numbers, which are of no material."""
        # Only that format has such rows, and formulas of many entries take time to read.
        return self.formulas.count("") if self.format.endswith("table") else 0

    @cached_property
    def structures(self) -> Structures:
        """All structures, memory-mapped."""
        stored = self._store.mapped
        return Structures(stored("offset"), stored("lattice"), stored("number"), stored("position"))

    @cached_property
    def bad(self) -> list[BadEntry]:
        """The entries that can't be used, in file order."""
        stored = (json.loads(text) for text in self._store.texts("bad"))
        return [BadEntry(name, self._shown(file), line, what) for name, file, line, what in stored]

    @cached_property
    def fields(self) -> dict[str, Field]:
        """The properties with unit and meaning; an unregistered unit is the one that the format or the name says."""
        return {name: self._known.get(name) or Field(name=name, unit=self.columns.unit(name)) for name in self.columns}

    @property
    def units(self) -> dict[str, str]:
        """Each property's unit; "" for none."""
        return {name: field.unit for name, field in self.fields.items()}

    def select(self, where: Mapping[str, Condition]) -> Selection:
        """The rows that meet all conditions, and how many each condition dropped.

        Raises DataProblem for a field that no entry has, a value that no entry has, and where nothing is left.
        """
        return select(self.ids, self.columns, where, self.n, self.units)

    def line(self, row: int) -> int:
        """The line that a row was read from; 0 where the whole file is the entry."""
        return int(self._place["line"][row])

    def bad_entry(self, row: int, what: str) -> BadEntry:
        """What is wrong with a row, with the place that it was read from."""
        file = self._shown(self._files[int(self._place["file"][row])])
        return BadEntry(self.ids[row], file, self.line(row), what)

    def n_bytes(self) -> int:
        """What the import takes on disk, its metadata aside."""
        return self._store.n_bytes()

    @cached_property
    def _place(self) -> dict[str, Any]:
        return {name: self._store.mapped(name) for name in ("file", "line")}

    def _shown(self, file: str) -> str:
        """A file of the dataset as the user would name it."""
        if not file:
            return self.label
        is_above = self.format.startswith("folder") or self.label in names()
        return str((Path(self.label) if is_above else Path(self.label).parent) / file)


def open_materials(dataset: MaterialsOrigin, folder: Path) -> MaterialsDataset:
    """The materials of a spec's `dataset:`, its paths relative to `folder`; read into the cache on first use.

    Raises DataProblem where they can't be had, SpecError with every bad entry where those are to be refused, SiteError
    where a database can't be reached or the cache can't be written.
    """
    if isinstance(dataset, NamedDataset):
        materials, key = import_named(dataset), "name"
    elif isinstance(dataset, MaterialsFile):
        materials, key = import_file(dataset, folder), dataset.KEY
    else:
        materials, key = import_answers(dataset)
    if materials.bad and dataset.on_bad_entry == "refuse":
        raise BadEntries(materials.bad, materials.label, materials.n_all)
    return usable(materials, key)


def usable(materials: MaterialsDataset, key: str) -> MaterialsDataset:
    """The same materials; raises DataProblem, with the first reason, where there is none that can be used."""
    if not materials.n:
        raise none_usable(materials.bad, materials.label, key, "material")
    return materials


@lru_cache(maxsize=8)
def open_import(folder: Path | str) -> MaterialsDataset:
    """An import by its folder in the cache, for workers; the source isn't needed. It stays open."""
    return MaterialsDataset(whole_import(Path(folder), is_whole))


def import_named(dataset: NamedDataset) -> MaterialsDataset:
    """A registered dataset in the cache, whatever its bad entries; fetched where it isn't on this machine."""
    from bigdata.data.fetch import located

    entry = registered(dataset.name)
    sources = [Source(*file) for file in located(entry, logged(entry.name, size))]
    units = {name: field.unit for name, field in entry.fields.items() if field.unit}
    return MaterialsDataset(imported(sources, entry.name, units), entry.name, dataset.on_bad_entry)


def import_file(dataset: MaterialsFile, folder: Path) -> MaterialsDataset:
    """A file or folder in the cache, whatever its bad entries; raises DataProblem."""
    path, label = located(folder, dataset.file), str(folder / Path(dataset.file).expanduser())
    try:
        # A run that is repeated may have nothing left of its data but their import.
        stored = path if is_whole(path) else imported([Source(path, dataset.format or "")], label)
        found = MaterialsDataset(stored, label, dataset.on_bad_entry)
        refuse_older(found.reader, READER_VERSION, label)
        return found
    except OSError as e:
        raise DataProblem(unreadable(path, e)).of_key(dataset.KEY) from e
    except DataProblem as problem:
        raise problem.of_key(dataset.KEY) from None


def import_answers(
    dataset: OptimadeDataset | AflowDataset | MaterialsProjectDataset,
) -> tuple[MaterialsDataset, str]:
    """A database's answers in the cache, whatever their bad entries, fetched where they aren't there; and the key of
    the spec that asks for them."""
    from bigdata.data.remote.queries import answers_of

    query: OptimadeQuery | AflowQuery | MaterialsProjectQuery
    match dataset:
        case OptimadeDataset(optimade=query):
            key, label = "optimade", f"OPTIMADE {dataset.optimade.provider or dataset.optimade.url}"
        case AflowDataset(aflow=query):
            key, label = "aflow", "AFLOW"
        case MaterialsProjectDataset(materials_project=query):
            key, label = "materials-project", "Materials Project"
    stored = imported([Source(answers_of(query, logged(label)), "aflux" if key == "aflow" else key)], label)
    return MaterialsDataset(stored, label, dataset.on_bad_entry), key
