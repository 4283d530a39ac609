"""Frames of extended XYZ: what their comment lines say, in all the ways that programs write them."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.data.materials.formats.extxyz_comment import pairs, value
from bigdata.data.problem import EntryError
from tests.data.materials.formats.reading import N_RANDOM, Read, sorted_out

CELL = "4.1 0 0 0 4.2 0 0 0 4.3"
PROPERTIES = "Properties=species:S:1:pos:R:3"
ATOMS = "Cs 0 0 0\nCl 2.05 2.1 2.15\n"


def frame(comment: str, atoms: str = ATOMS) -> str:
    return f"{len(atoms.splitlines())}\n{comment}\n{atoms}"


@pytest.mark.parametrize(
    "comment",
    [
        f'Lattice="{CELL}" {PROPERTIES} pbc="T T T"',
        f"Lattice='{CELL}' {PROPERTIES} pbc='T T T'",
        f"Lattice={{{CELL}}} {PROPERTIES} pbc={{T T T}}",
        f"Lattice=[{CELL.replace(' ', ', ')}] {PROPERTIES} pbc=[T, T, T]",
        f'Lattice="{CELL.replace(" ", ",")}" {PROPERTIES} pbc=[T,T,T]',
        f"Lattice=[[4.1, 0, 0], [0, 4.2, 0], [0, 0, 4.3]] {PROPERTIES} pbc=[true,true,true]",
        f'lattice="{CELL}" properties=species:S:1:pos:R:3 PBC="1 1 1"',
        f'LATTICE = "{CELL}" Properties = species:S:1:pos:R:3 pbc = "True True True"',
        f'Lattice= "{CELL}" {PROPERTIES} pbc =T',
        f'Lattice="{CELL}" pbc="t t t"',
    ],
)
def test_a_crystal_is_read_however_its_comment_line_is_written(read: Callable[..., Read], comment: str) -> None:
    (entry,), bad, remarks = read("a.extxyz", frame(comment + " e=-1.0"))
    assert (bad, remarks, entry.notes) == ([], [], ())
    assert entry.structure is not None
    assert np.diag(entry.structure.lattice).tolist() == [4.1, 4.2, 4.3]
    assert entry.structure.numbers.tolist() == [55, 17]
    assert entry.structure.positions[1] == pytest.approx([0.5] * 3)
    assert entry.properties == {"e": -1.0}


@pytest.mark.parametrize(
    ("pbc", "along"),
    [
        ('PBC="1 1 0"', "periodic along a and b only"),
        ("pbc=[T,T,F]", "periodic along a and b only"),
        ('pbc="F T F"', "periodic along b only"),
        ('Pbc="True False True"', "periodic along a and c only"),
        ("pbc=F", "not periodic: a molecule or cluster"),
        ('pbc="F F F"', "not periodic: a molecule or cluster"),
    ],
)
def test_a_frame_that_is_no_crystal_says_along_which_vectors_it_is_periodic(
    read: Callable[..., Read], pbc: str, along: str
) -> None:
    entries, (bad,), _ = read("a.xyz", frame(f'Lattice="{CELL}" id=x {pbc}'))
    assert entries == []
    assert (bad.name, bad.what) == ("x", f"the structure is {along}; a crystal is periodic in three directions")


@pytest.mark.parametrize(
    ("comment", "atoms", "sentence"),
    [
        (f'Lattice="{CELL}" pbc="T T"', ATOMS, "`pbc` is `T T`; it should be three flags"),
        (f'Lattice="{CELL}" pbc="yes yes no"', ATOMS, "`pbc` is `yes yes no`; it should be three flags"),
        (f'Lattice="{CELL}" pbc="T T T" PBC="T T F"', ATOMS, "`pbc` is given twice, as `T T T` and as `T T F`"),
        (f'Lattice="{CELL}" e=1 e=2', ATOMS, "`e` is given twice, as `1` and as `2`"),
        (f'Lattice="{CELL}" note="rock salt', ATOMS, "are quotes and brackets closed"),
        ("id=a", ATOMS, "has no `Lattice`"),
        ('Lattice="4.1 4.1 4.1"', ATOMS, "`Lattice` is `4.1 4.1 4.1`; it should be nine numbers"),
        (f'Lattice="{CELL}_1"', ATOMS, "it should be nine numbers"),
        ("Lattice=[[4, 1, 0], [0, 4, 0], [0, 0, 4]]", ATOMS, "whose rows are the vectors to some programs"),
        (f'Lattice="{CELL}" {PROPERTIES}:forces:R:3', ATOMS, "atom 1 has 4 columns, and `Properties` says 7"),
        (f'Lattice="{CELL}" {PROPERTIES}', "Cs 0 0 0\nCl 2 2 2 1\n", "atom 2 has 5 columns, and `Properties` says 4"),
        (f'Lattice="{CELL}" Properties=species:S:1:pos:R', ATOMS, "triples of name, type and number"),
        (f'Lattice="{CELL}" Properties=species:S:1:pos:R:2', "Cs 0 0\nCl 2 2\n", "no `pos` of three columns"),
        (f'Lattice="{CELL}" Properties=pos:R:3', "0 0 0\n2 2 2\n", "names no `species`"),
        (f'Lattice="{CELL}" {PROPERTIES}:Z:I:1', "Cs 0 0 0 55\nCl 2 2 2 11\n", "atom 2 is `Cl` and `11`"),
        (f'Lattice="{CELL}"', "Cs 0 0 0\nCl 2 1_1 2\n", "the position of atom 2 is `2 1_1 2`"),
        (f'Lattice="{CELL}" formula=KCl', ATOMS, "`formula` is KCl, and the structure has CsCl"),
    ],
)  # fmt: skip
def test_a_frame_that_says_no_or_two_things_is_refused(
    read: Callable[..., Read], comment: str, atoms: str, sentence: str
) -> None:
    entries, (bad,), _ = read("a.extxyz", frame(comment, atoms) + frame(f'Lattice="{CELL}" pbc="T T T" id=next'))
    assert [entry.name for entry in entries] == ["next"]
    assert sentence in bad.what
    assert bad.line == 1


def test_identifiers_are_texts_and_repeated_ones_are_configurations(read: Callable[..., Read]) -> None:
    names = ["007", "1_1", "11", "1e5", "True", "bulk", "bulk", "bulk/2", "bulk", "", ""]
    frames = "".join(frame(f'Lattice="{CELL}" pbc="T T T" config=1 {"Name=" + n if n else ""}') for n in names)
    entries, bad, remarks = read("a.xyz", frames)
    assert bad == []
    expected = ["007", "1_1", "11", "1e5", "True", "bulk", "bulk/2", "bulk/2/2", "bulk/3", "", ""]
    assert [entry.name for entry in entries] == expected
    assert [remark.what for remark in remarks] == [
        "3 frames have the name of one before, taken for another configuration of it: first `bulk/2` (line 25)"
    ]


def test_what_is_taken_for_granted_or_left_out_is_said(read: Callable[..., Read]) -> None:
    atoms = "Cs 0 0 0 1 1 1\nCl 2 2 2 1 1 1\n"
    text = frame(f'Lattice="{CELL}" e=inf g=nan', atoms) + frame(f'Lattice="{CELL}" {PROPERTIES}:forces:R:3', atoms)
    (first, second), bad, remarks = read("a.xyz", text)
    assert bad == []
    taken = "without `pbc`, a frame with a `Lattice` is taken for periodic in three directions"
    behind = "columns behind the positions, which no `Properties` names, are passed over"
    assert first.notes == (taken, behind, "`e` isn't finite, and left out: inf")
    assert first.properties["e"] is None
    assert second.notes == (taken,)
    assert [remark.columns for remark in remarks] == [("forces",)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1 b=-2.5e3 c", {"a": 1, "b": -2500.0, "c": True}),
        ("a=T b=false c = TRUE", {"a": True, "b": False, "c": True}),
        ("a=007 b=1_1 c=mp-1", {"a": "007", "b": "1_1", "c": "mp-1"}),
        (r'a="say \"no\"" b=\x', {"a": 'say "no"', "b": r"\x"}),
        ("a= b=2", {"a": "", "b": 2}),
        ("a=n/a b=<NA> c=nan d=inf", {"a": None, "b": None, "c": None, "d": None}),
        ("a=x=y b={1 2} c=[1, [2]]", {"a": "x=y", "b": "1 2", "c": "[1, [2]]"}),
        ('"a b"=1', {"a b": 1}),
        ('a="_JSON {\\"x\\": [1]}"', {"a": {"x": [1]}}),
    ],
)
def test_values_are_what_their_texts_say(text: str, expected: dict[str, Any]) -> None:
    found = {key: value(said) for key, said in pairs(text).items()}
    assert found == expected
    assert [type(v) for v in found.values()] == [type(v) for v in expected.values()]


@given(st.text(max_size=80))
def test_any_comment_line_is_read_or_refused(text: str) -> None:
    try:
        found = pairs(text)
    except EntryError:
        return
    assert all(isinstance(key, str) for key in found)
    for said in found.values():
        value(said)


def _info(rng: np.random.Generator) -> dict[str, Any]:
    """Properties of all kinds that ASE writes."""
    words = ["rock salt", 'a "b" c', "x=y", "C[1]O", "it's", "{x}", "mp-1", "a\\b", "Fe,O"]
    return {
        "e": float(rng.normal() * 10.0 ** rng.integers(-12, 12)),
        "n": int(rng.integers(-1000, 1000)),
        "ok": bool(rng.random() < 0.5),
        "word": words[rng.integers(len(words))],
        "gap_eV": math.nan if rng.random() < 0.2 else float(rng.random()),
        "more": {"depth": int(rng.integers(9)), "who": "me"},
    }


@pytest.mark.parametrize("seeds", N_RANDOM)
def test_what_ase_writes_is_the_same_again(tmp_path: Path, random_atoms: Callable[[int], Any], seeds: range) -> None:
    written = []
    for seed in seeds:
        atoms = random_atoms(seed)
        atoms.info = {"id": f"{seed:03d}", **_info(np.random.default_rng(seed))}
        atoms.set_array("weight", np.ones(len(atoms)))
        written.append(atoms)
    from ase.io import read as ase_read
    from ase.io import write as ase_write

    ase_write(tmp_path / "a.extxyz", written)
    entries, bad, (remark,) = sorted_out(tmp_path / "a.extxyz")
    assert remark.columns == ("weight",)
    found = {entry.name: entry for entry in entries} | {one.name: one for one in bad}
    for atoms, again in zip(written, ase_read(tmp_path / "a.extxyz", ":"), strict=True):
        one = found[atoms.info["id"]]
        if not all(atoms.pbc):
            along = [name for name, flag in zip("abc", atoms.pbc, strict=True) if flag]
            assert (" and ".join(along) + " only" if along else "molecule") in one.what  # type: ignore[union-attr]
            continue
        crystal = one.structure  # type: ignore[union-attr]
        assert crystal is not None
        assert crystal.numbers.tolist() == again.numbers.tolist() == atoms.numbers.tolist()
        assert crystal.lattice.tolist() == again.cell.array.tolist()
        assert crystal.positions @ crystal.lattice == pytest.approx(again.positions, abs=1e-12)
        expected = {**atoms.info, "gap_eV": None if math.isnan(atoms.info["gap_eV"]) else atoms.info["gap_eV"]}
        assert {"id": one.name, **one.properties} == expected  # type: ignore[union-attr]
