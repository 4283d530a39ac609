"""POSCAR: what pymatgen and ASE write is the same again; VASP 4, scaling and words that contradict are understood."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.materials.formats.reading import N_RANDOM, Read, sorted_out

FILE = "{comment}\n{scale}\n 4.0 0 0\n 0 4.0 0\n 0 0 5.0\n{symbols}1 1\n{mode}\n 0 0 0{a}\n 0.5 0.5 0.5{b}\n"
PLAIN = {"comment": "mine", "scale": "1.0", "symbols": "Cs Cl\n", "mode": "Direct", "a": "", "b": ""}


def poscar(**parts: str) -> str:
    return FILE.format(**PLAIN | parts)


@pytest.mark.parametrize("seeds", N_RANDOM)
def test_what_pymatgen_and_ase_write_is_the_same_again(
    tmp_path: Path, random_atoms: Callable[[int], Any], seeds: range
) -> None:
    ase_io = pytest.importorskip("ase.io", reason="ase isn't installed")
    from pymatgen.io.ase import AseAtomsAdaptor
    from pymatgen.io.vasp import Poscar

    for seed in seeds:
        atoms = random_atoms(seed)
        # POSCAR has no flags: whatever it holds is periodic.
        atoms.pbc = True
        ase_io.write(tmp_path / f"{seed}.vasp", atoms, direct=seed % 2 == 0, vasp5=True)
        structure = AseAtomsAdaptor.get_structure(atoms)
        Poscar(structure).write_file(tmp_path / f"POSCAR_{seed}", significant_figures=16)
        for name in (f"{seed}.vasp", f"POSCAR_{seed}"):
            (entry,), bad, _ = sorted_out(tmp_path / name)
            assert not bad
            assert entry.name == name.removesuffix(".vasp")
            found: Any = entry.structure
            assert found.numbers.tolist() == atoms.numbers.tolist()
            np.testing.assert_allclose(found.lattice, atoms.cell.array, atol=1e-9)
            np.testing.assert_allclose(found.positions @ found.lattice, atoms.positions, atol=1e-7)


@pytest.mark.parametrize(
    ("parts", "diagonal", "second"),
    [
        ({"scale": "2.0"}, [8, 8, 10], [4, 4, 5]),
        ({"scale": "-640"}, [8, 8, 10], [4, 4, 5]),
        ({"scale": "1 2 3"}, [4, 8, 15], [2, 4, 7.5]),
        ({"scale": "2.0", "mode": "Cartesian"}, [8, 8, 10], [1, 1, 1]),
        ({"mode": "Selective dynamics\nDirect", "a": " T T F", "b": " F F F"}, [4, 4, 5], [2, 2, 2.5]),
    ],
    ids=["a factor", "a volume", "three factors", "Cartesian positions are scaled", "selective dynamics"],
)
def test_the_second_line_scales(read: Callable[..., Read], parts: Any, diagonal: Any, second: Any) -> None:
    (entry,), _, _ = read("POSCAR", poscar(**parts))
    found: Any = entry.structure
    np.testing.assert_allclose(np.diag(found.lattice), diagonal, rtol=1e-12)
    np.testing.assert_allclose((found.positions @ found.lattice)[1], second, rtol=1e-12)


@pytest.mark.parametrize(
    ("parts", "note"),
    [
        ({"symbols": "", "a": " Cs", "b": " Cl"}, "the elements are taken from the words behind the positions"),
        ({"symbols": "", "a": " # Cs1", "b": " #Cl1"}, "the elements are taken from the words behind the positions"),
        ({"symbols": "", "comment": "Cs Cl"}, "the elements are taken from the first line"),
        (
            {"comment": "Na1 Cl1"},
            "the first line says another formula: `comment` is Na1Cl1, and the structure has CsCl",
        ),
    ],
)
def test_what_is_taken_from_elsewhere_is_said(read: Callable[..., Read], parts: Any, note: str) -> None:
    (entry,), _, _ = read("CONTCAR", poscar(**parts))
    assert entry.structure is not None
    assert entry.structure.numbers.tolist() == [55, 17]
    assert entry.notes == (note,)


def test_potentials_behind_symbols_are_no_elements(read: Callable[..., Read]) -> None:
    (entry,), _, _ = read("x.poscar", poscar(symbols="Cs_sv Cl/a1b2\n"))
    assert entry.structure is not None
    assert entry.structure.numbers.tolist() == [55, 17]


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        (
            poscar(symbols=""),
            6,
            "the file names no elements (VASP 4): write their symbols into a line above the counts",
        ),
        (poscar(a=" Cl"), 6, "atom 1 is Cs by the counts, and `Cl` behind its position"),
        (poscar(symbols="Cs\n"), 7, "line 6 names 1 elements, this one counts 2"),
        (poscar(scale="0"), 2, "`0` stands where the scaling factor should be"),
        (poscar(mode="Nohow"), 8, "`Nohow` stands where `Direct` or `Cartesian` should be"),
        (poscar(symbols="Cs Xx\n"), 0, "atom 2 is `Xx`, which is no element"),
        (poscar().rsplit("\n", 2)[0], 10, "the file ends where the position of atom 2 of 2 should stand"),
        ("mine\n1.0\n", 3, "the file ends where a lattice vector should stand"),
        ("", 1, "the file ends where a comment should stand"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_line(
    read: Callable[..., Read], content: str, line: int, why: str
) -> None:
    _, (bad,), _ = read("POSCAR", content)
    assert (bad.line, bad.what[: len(why)]) == (line, why)


@pytest.mark.parametrize("scale", ["1.0D0", "1.0 ! no scaling"])
def test_the_second_line_may_be_written_as_fortran_does(read: Callable[..., Read], scale: str) -> None:
    (entry,), _, _ = read("POSCAR", poscar(scale=scale))
    assert entry.structure is not None
    assert entry.structure.lattice[2, 2] == 5.0


def test_numbers_with_underscores_are_none(read: Callable[..., Read]) -> None:
    _, (bad,), _ = read("POSCAR", poscar(mode="Direct", b=" x").replace(" 0.5 0.5 0.5", " 0.5 0_5 0.5"))
    assert bad.what == "the position of atom 2 should stand here"


def test_elements_that_are_named_in_two_ways_have_to_agree(read: Callable[..., Read]) -> None:
    _, (bad,), _ = read("POSCAR", poscar(symbols="", comment="Cl Cs", a=" Cs", b=" Cl"))
    assert bad.what == "the first line names the elements Cl Cs, the words behind the positions Cs Cl"


@pytest.mark.parametrize("name", ["POSCAR.cif", "POSCAR.json", "CONTCAR.png", "POTCAR", "mp-1.vasp.json"])
def test_what_has_the_name_of_a_poscar_in_another_form_is_none(name: str) -> None:
    from bigdata.data.materials.formats import poscar as module

    assert not module.recognises(name, b"")


@pytest.mark.parametrize("symbols", ["Cs Cl\n", ""])
def test_a_list_of_elements_in_the_first_line_is_no_formula(read: Callable[..., Read], symbols: str) -> None:
    content = poscar(comment="Cs Cl", symbols=symbols).replace("1 1\n", "1 2\n") + " 0.5 0.5 0\n"
    (entry,), _, _ = read("POSCAR", content)
    assert entry.structure is not None
    assert entry.structure.numbers.tolist() == [55, 17, 17]
    assert not any("formula" in note for note in entry.notes)
