"""ASE's databases: what ASE writes is the same again, and what isn't read is named."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigdata.data.materials.formats import FORMATS
from tests.data.materials.formats.reading import N_RANDOM, Read, sorted_out

Write = Callable[..., Path]


@pytest.fixture
def database(tmp_path: Path, random_atoms: Callable[[int], Any]) -> Write:
    """A database of so many crystals, with SQL done to it."""

    def make(n: int, *statements: str) -> Path:
        from ase.db import connect

        path = tmp_path / "a.db"
        with connect(path) as rows:
            for seed in range(n):
                atoms = random_atoms(seed)
                atoms.pbc = True
                rows.write(atoms, gap=float(seed))
        with sqlite3.connect(path) as plain:
            for statement in statements:
                plain.execute(statement)
        plain.close()
        return path

    return make


@pytest.mark.parametrize("seeds", N_RANDOM)
def test_what_ase_writes_is_the_same_again(tmp_path: Path, random_atoms: Callable[[int], Any], seeds: range) -> None:
    written = [random_atoms(seed) for seed in seeds]
    from ase.constraints import FixAtoms
    from ase.db import connect

    with connect(tmp_path / "a.db") as rows:
        for seed, atoms in zip(seeds, written, strict=True):
            atoms.set_constraint(FixAtoms([0]))
            atoms.set_initial_charges(np.ones(len(atoms)))
            rows.write(atoms, gap=seed / 7, tag=f"t-{seed}", ok=seed % 2 == 0, data={"who": "me", "map": np.eye(3)})
    entries, bad, (remark,) = sorted_out(tmp_path / "a.db")
    assert remark.columns == ("data.map",)
    found = {entry.name: entry for entry in entries} | {one.name: one for one in bad}
    for place, (seed, atoms) in enumerate(zip(seeds, written, strict=True), 1):
        one: Any = found[str(place)]
        if not all(atoms.pbc):
            along = [name for name, flag in zip("abc", atoms.pbc, strict=True) if flag]
            assert (f"periodic along {' and '.join(along)} only" if along else "not periodic") in one.what
            continue
        assert one.structure.numbers.tolist() == atoms.numbers.tolist()
        assert one.structure.lattice.tolist() == atoms.cell.array.tolist()
        assert one.structure.positions @ one.structure.lattice == pytest.approx(atoms.positions, abs=1e-12)
        expected = {"gap": seed / 7, "tag": f"t-{seed}", "ok": int(seed % 2 == 0), "data": {"who": "me"}}
        assert one.properties == expected


def test_tables_that_are_not_ase_s_own_are_named(database: Write) -> None:
    path = database(2, "CREATE TABLE props (key TEXT, value REAL, id INTEGER)")
    entries, bad, (remark,) = sorted_out(path)
    assert ([entry.name for entry in entries], bad) == (["1", "2"], [])
    assert remark.columns == ("table props",)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("natoms = natoms + 1", "`natoms` is "),
        ("pbc = NULL", "`pbc` is empty"),
        ("numbers = NULL", "the row can't be decoded"),
        ("positions = x'00'", "the row can't be decoded"),
        ("key_value_pairs = '{'", "the row can't be decoded"),
        ("key_value_pairs = CAST(x'7bff' AS TEXT)", "the row can't be decoded"),
    ],
)
def test_a_row_that_can_not_be_right_is_named(database: Write, change: str, sentence: str) -> None:
    entries, (bad,), _ = sorted_out(database(2, f"UPDATE systems SET {change} WHERE id = 1"))
    assert [entry.name for entry in entries] == ["2"]
    assert (bad.name, sentence in bad.what) == ("1", True)


def test_what_else_ase_writes_is_named(tmp_path: Path, random_atoms: Callable[[int], Any], database: Write) -> None:
    from ase.io import write

    write(tmp_path / "a.traj", random_atoms(0))
    (tmp_path / "a.aselmdb").write_bytes(b"\0" * 16 + b"\xde\xc0\xef\xbe" + b"\0" * 4000)
    (tmp_path / "b.db").write_bytes(gzip.compress(database(1).read_bytes()))
    for name, sentence in {
        "a.traj": "this is one of ASE's trajectories",
        "a.aselmdb": "this is an LMDB database",
        "b.db": "the database is compressed: unpack it first",
    }.items():
        entries, (bad,), _ = sorted_out(tmp_path / name)
        assert (entries, sentence in bad.what) == ([], True)


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path, read: Callable[..., Read]) -> None:
    (tmp_path / "a.txt").write_text("words")
    (bad,) = FORMATS.entries(tmp_path / "a.txt", "ase")
    assert "this is no SQLite database" in bad.what  # type: ignore[union-attr]
