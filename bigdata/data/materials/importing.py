"""Reading materials into a Zarr store, each entry checked, no more than a batch of them held at a time.

Arrays of the store: `offset` (entry + 1), where each structure's atoms begin; `lattice` (entry, 3, 3) angstrom;
`number` (atom) and `position` (atom, 3), atomic numbers and fractions of the lattice vectors; `line` and `file`, where
an entry stood; `id` and `formula`; the properties by name, with units; and `bad`, the entries that can't be used, as
JSON. An entry without structure has no atoms.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bigdata.data.columns import ColumnsWriter, is_text, plain_text
from bigdata.data.materials.checks import faults
from bigdata.data.materials.formats.entry import MaterialEntry
from bigdata.data.materials.formula import full, parse
from bigdata.data.materials.properties import Texts, UnitOf, write_properties
from bigdata.data.materials.structures import Structure, Structures
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.remarks import Remarks
from bigdata.store.flat import FlatWriter

# Counts up where the same file gives another import: it is part of the digest.
READER_VERSION = 2
Read = MaterialEntry | BadEntry | Remark
_BATCH = 512
_ARRAYS: tuple[tuple[str, str, tuple[str, ...], tuple[int, ...], str, str], ...] = (
    ("offset", "int64", ("entry_and_one",), (), "1", "first atom of each entry, and behind the last"),
    ("lattice", "float64", ("entry", "vector", "axis"), (3, 3), "angstrom", "lattice vectors"),
    ("number", "uint8", ("atom",), (), "1", "atomic number"),
    ("position", "float64", ("atom", "vector"), (3,), "1", "position in fractions of the lattice vectors"),
)


def write_import(
    entries: Iterable[Read],
    folder: Path,
    about: Mapping[str, Any],
    unit_of: UnitOf = lambda name: ("", ""),
) -> None:
    """Read all entries into a store in `folder`; `about` goes into its attributes, `unit_of(name)` says units and what
    says them."""
    writer = _Writer(FlatWriter(folder))
    try:
        for batch in _batches(iter(entries)):
            writer.take(batch)
        writer.finish(about, unit_of)
    except BaseException:
        writer.store.abandon()
        raise


def _batches(stream: Iterator[Read]) -> Iterator[list[Read]]:
    while batch := list(islice(stream, _BATCH)):
        yield batch


class _Writer:
    def __init__(self, store: FlatWriter) -> None:
        self.store = store
        self.columns = ColumnsWriter()
        self.rows: dict[str, int] = {}
        self.formulas: dict[str, int] = {}
        self.files: dict[str, int] = {}
        self.bad: list[str] = []
        self.remarks = Remarks()
        # Four or eight bytes an entry, where a list of Python numbers takes about 36: databases have millions.
        self.formula_of, self.file_of, self.line_of = array("i"), array("i"), array("q")
        self.n_all = self.n_atoms = self.n_structures = 0
        for name, dtype, dims, row, units, meaning in _ARRAYS:
            store.start(name, dtype, dims, row, units, meaning)
        store.append("offset", np.zeros(1, np.int64))

    def take(self, batch: list[Read]) -> None:
        """Check the entries together, and keep those that can be used."""
        read = [entry for entry in batch if isinstance(entry, MaterialEntry)]
        reasons = iter(_faults(read))
        kept = []
        for entry in batch:
            if isinstance(entry, Remark):
                self.remarks.add(entry)
                continue
            self.n_all += 1
            if isinstance(entry, BadEntry):
                self._note(entry, entry.what)
                continue
            # The place in the dataset stands in for an identifier; it doesn't change when other entries turn bad.
            entry.name = entry.name or str(self.n_all)
            if reason := (next(reasons) or self._name_fault(entry)):
                self._note(entry, reason)
            else:
                self._keep(entry)
                kept.append(entry)
        self._append_structures([entry.structure or _NO_STRUCTURE for entry in kept])

    def _name_fault(self, entry: MaterialEntry) -> str:
        if not (is_text(entry.name) and is_text(entry.formula)):
            return "the identifier or the formula holds half a surrogate pair, which no text file can hold"
        row = self.rows.get(entry.name)
        return "" if row is None else f"the identifier is taken: {self._place(row, entry.file)} has it already"

    def _place(self, row: int, file: str) -> str:
        own, line = list(self.files)[self.file_of[row]], self.line_of[row]
        if own == file:
            return f"line {line}" if line else f"entry {row + 1}"
        return f"{own}:{line}" if line else own

    def _note(self, entry: MaterialEntry | BadEntry, what: str) -> None:
        self.bad.append(json.dumps([plain_text(entry.name), entry.file, entry.line, plain_text(what)]))

    def _keep(self, entry: MaterialEntry) -> None:
        row = len(self.rows)
        self.rows[entry.name] = row
        self.file_of.append(self.files.setdefault(entry.file, len(self.files)))
        self.line_of.append(entry.line)
        self.remarks.of_entry(row, entry.notes)
        formula = entry.formula or (full(entry.structure.numbers) if entry.structure else "")
        self.formula_of.append(self.formulas.setdefault(formula, len(self.formulas)))
        self.columns.add({name: None if value == "" else value for name, value in entry.properties.items()}, row)

    def _append_structures(self, batch: list[Structure]) -> None:
        if not batch:
            return
        structures = Structures.of(batch)
        self.n_structures += int((structures.n_atoms > 0).sum())
        self.store.append("offset", structures.offsets[1:] + self.n_atoms)
        self.store.append("lattice", structures.lattices)
        self.store.append("number", structures.numbers)
        self.store.append("position", structures.positions)
        self.n_atoms += len(structures.numbers)

    def finish(self, about: Mapping[str, Any], unit_of: UnitOf) -> None:
        """Write what was gathered, and close the store."""
        n, store, documented = len(self.rows), self.store, self.remarks.units

        def unit(name: str) -> tuple[str, str]:
            said, by = unit_of(name)
            return (documented[name], "format") if by != "dataset" and documented.get(name) else (said, by)

        store.write("line", np.array(self.line_of), ("entry",), about="line of the source file, from 1")
        store.write("file", np.array(self.file_of), ("entry",), about="place of the file in the attribute `files`")
        store.texts("id", list(self.rows), "entry", "identifier in the database")
        store.texts(
            "formula", Texts(np.array(self.formula_of), list(self.formulas)), "entry", "as the database writes it"
        )
        store.texts("bad", self.bad, "bad", "entries that can't be used: identifier, file, line, why, as JSON")
        counted = {
            "n": n,
            "n_bad": len(self.bad),
            "n_structures": self.n_structures,
            "n_atoms": self.n_atoms,
            "ignored": sorted({*self.columns.ignored, *self.remarks.columns}),
            **self.remarks.stored(),
            "files": list(self.files),
            "properties": write_properties(store, self.columns, n, unit),
        }
        store.close({**about, **counted})


def _faults(entries: list[MaterialEntry]) -> list[str]:
    """What is wrong with each entry's structure, or formula where that is all it has; "" for nothing."""
    with_structure = [entry.structure for entry in entries if entry.structure is not None]
    reasons = iter(faults(with_structure))
    return [
        next(reasons) if entry.structure is not None else "" if entry.is_row else _formula_fault(entry.formula)
        for entry in entries
    ]


def _formula_fault(formula: str) -> str:
    if not formula:
        return "it has neither a structure nor a formula"
    try:
        parse(formula)
    except EntryError as e:
        return str(e)
    return ""


_NO_STRUCTURE = Structure(np.zeros((3, 3)), np.empty(0, np.uint8), np.empty((0, 3)))
