"""Spacegroups, primitive cells and orbits of known crystals, of odd ones, and of the same one written otherwise."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import moyopy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bigdata.data.materials.structures import Structure, Structures
from bigdata.store.flat import FlatWriter
from bigdata.studies.materials.spacegroups import by_moyopy, by_spglib
from bigdata.studies.materials.symmetry import ARRAYS, MOYOPY, SPGLIB, Symmetry, join, symmetry, version
from tests.examples import examples

CUBE = np.eye(3)
FCC = np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
HEXAGON = np.array([[1, 0, 0], [-0.5, np.sqrt(0.75), 0], [0, 0, 1]])


def crystal(lattice: np.ndarray, numbers: list[int], positions: list[list[float]]) -> Structure:
    return Structure(np.asarray(lattice, float), np.array(numbers, np.uint8), np.array(positions, float).reshape(-1, 3))


def rutile(a: float = 4.6, c: float = 2.96, u: float = 0.305) -> Structure:
    oxygen = [[u, u, 0], [-u, -u, 0], [0.5 + u, 0.5 - u, 0.5], [0.5 - u, 0.5 + u, 0.5]]
    return crystal(np.diag([a, a, c]), [22, 22, 8, 8, 8, 8], [[0, 0, 0], [0.5, 0.5, 0.5], *oxygen])


def rock_salt_cube() -> Structure:
    fcc = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    return crystal(5.64 * CUBE, [11] * 4 + [17] * 4, np.concatenate([fcc, fcc + 0.5]).tolist())


def supercell(structure: Structure, matrix: np.ndarray) -> Structure:
    """The same crystal in the cell `matrix` @ lattice; an integer matrix."""
    reach = int(np.abs(matrix).sum()) + 1
    shifts = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 3, indexing="ij"), -1).reshape(-1, 3)
    all_positions = (structure.positions[:, None] + shifts[None]).reshape(-1, 3) @ np.linalg.inv(matrix)
    inside = np.all((all_positions > -1e-7) & (all_positions < 1 - 1e-7), axis=1)
    numbers = np.repeat(structure.numbers, len(shifts))[inside]
    return Structure(matrix @ structure.lattice, numbers, all_positions[inside])


KNOWN = [
    ("rutile", rutile(), 136, 6),
    ("rock salt in its cubic cell", rock_salt_cube(), 225, 2),
    ("rock salt in its primitive cell", crystal(5.64 * FCC, [11, 17], [[0, 0, 0], [0.5, 0.5, 0.5]]), 225, 2),
    ("diamond", crystal(3.57 * FCC, [6, 6], [[0, 0, 0], [0.25, 0.25, 0.25]]), 227, 2),
    ("zinc blende", crystal(5.41 * FCC, [30, 16], [[0, 0, 0], [0.25, 0.25, 0.25]]), 216, 2),
    (
        "wurtzite",
        crystal(
            HEXAGON * [[3.8], [3.8], [6.2]],
            [30, 30, 16, 16],
            [[1 / 3, 2 / 3, 0], [2 / 3, 1 / 3, 0.5], [1 / 3, 2 / 3, 0.375], [2 / 3, 1 / 3, 0.875]],
        ),
        186,
        4,
    ),
    (
        "perovskite",
        crystal(3.9 * CUBE, [38, 22, 8, 8, 8], [[0] * 3, [0.5] * 3, [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]),
        221,
        5,
    ),
    ("bcc in its cubic cell", crystal(2.87 * CUBE, [26, 26], [[0, 0, 0], [0.5, 0.5, 0.5]]), 229, 1),
    ("one atom", crystal(3 * CUBE, [84], [[0.3, 0.2, 0.7]]), 221, 1),
    ("a left-handed lattice", crystal(-3 * CUBE, [84], [[0, 0, 0]]), 221, 1),
    ("positions far outside the cell", crystal(3 * CUBE, [84], [[1e6 + 0.5, -4e5, 0]]), 221, 1),
    (
        "a skewed cell",
        crystal(np.array([[1, 0, 0], [37, 1, 0], [-91, 55, 1]]) @ (3 * CUBE), [84], [[0.5, 0, 0]]),
        221,
        1,
    ),
    (
        "a triclinic crystal",
        crystal(
            [[5, 0, 0], [1.1, 6, 0], [-0.7, 1.3, 7]], [3, 8, 9], [[0.1, 0.2, 0.3], [0.5, 0.61, 0.1], [0.8, 0.3, 0.7]]
        ),
        1,
        3,
    ),
    (
        "a triclinic crystal with inversion",
        crystal([[5, 0, 0], [1.1, 6, 0], [-0.7, 1.3, 7]], [3, 8, 8], [[0, 0, 0], [0.2, 0.3, 0.4], [0.8, 0.7, 0.6]]),
        2,
        3,
    ),
]


@pytest.mark.parametrize(("structure", "number", "n_primitive"), [k[1:] for k in KNOWN], ids=[k[0] for k in KNOWN])
def test_spacegroup_and_primitive_cell_of(structure: Structure, number: int, n_primitive: int) -> None:
    found = symmetry(Structures.of([structure]), 0.01)
    assert (found.spacegroup[0], found.n_primitive[0], dict(found.failed)) == (number, n_primitive, {})
    assert found.spacegroup.dtype == found.n_primitive.dtype == np.int32
    assert found.wyckoff.dtype == np.int64
    assert found.used[0] == 0.01


def test_the_tolerance_is_a_length_in_angstrom() -> None:
    """Both oxygens of a chain moved by 0.03 Å: seen at 0.01 Å, not at 0.1 Å, whatever the size of the cell."""
    for a in (4.0, 20.0):
        moved = crystal(a * CUBE, [84, 84], [[0, 0, 0], [0.5, 0.5, 0.5 + 0.03 / a]])
        found = [symmetry(Structures.of([moved]), symprec) for symprec in (0.1, 0.01)]
        assert found[0].spacegroup[0] == 229
        assert found[1].spacegroup[0] != 229


@pytest.mark.parametrize("symprec", [0.0, -0.1, float("nan"), float("inf")])
def test_a_tolerance_that_is_no_length_is_refused(symprec: float) -> None:
    with pytest.raises(ValueError, match="symprec is a length in angstrom"):
        symmetry(Structures.of([rutile()]), symprec)


@pytest.mark.parametrize(
    ("structure", "reason"),
    [
        pytest.param(crystal(3 * CUBE, [], []), "it has no structure", id="no atoms"),
        pytest.param(
            crystal(3 * CUBE, [1, 1], [[0, 0, 0]] * 2), "moyopy: nothing found within 0.1", id="atoms at one place"
        ),
        pytest.param(
            crystal(3 * CUBE, [1], [[np.nan, 0, 0]]), "moyopy: nothing found within 0.1", id="a position is NaN"
        ),
        pytest.param(
            crystal(0 * CUBE, [1], [[0, 0, 0]]), "moyopy: nothing found within 0.1", id="a cell without volume"
        ),
        pytest.param(
            crystal([[3, 0, 0], [3e6, 3, 0], [3e6, 3e12, 3]], [1], [[0, 0, 0]]),
            "moyopy: nothing found within 0.1",
            id="a cell skewed beyond 32-bit integers",
        ),
    ],
)
def test_a_structure_that_cannot_be_judged_is_named_and_the_others_go_on(structure: Structure, reason: str) -> None:
    found = symmetry(Structures.of([rutile(), structure, rutile()]), 0.1)
    assert found.spacegroup.tolist() == [136, 0, 136]
    assert found.n_primitive.tolist() == [6, len(structure.numbers), 6]
    assert found.wyckoff[1] == 0
    assert np.isnan(found.used[1])
    assert list(found.failed) == [1]
    assert found.failed[1].startswith(reason)


def test_where_moyopy_would_never_come_back_spglib_is_asked() -> None:
    """One atom in a triclinic cell; at 0.3 Å, moyopy 0.21 searches without end."""
    lattice = [
        [-1.5565772570020653, -2.003045468064264, -1.083910896599846],
        [-1.6645753837101165, -0.6940597425843646, 1.9209721572395086],
        [1.2207881775161122, -2.2015533308176143, -2.75958206109132],
    ]
    one = Structures.of([crystal(lattice, [1], [[0, 0, 0]])])
    fine, coarse = symmetry(one, 0.05), symmetry(one, 0.3)
    assert (fine.spacegroup[0], fine.program[0]) == (2, MOYOPY)
    assert (coarse.spacegroup[0], coarse.program[0], coarse.used[0]) == (12, SPGLIB, 0.3)


def test_a_panic_of_the_compiled_code_is_a_reason_not_a_crash() -> None:
    assert "nothing found" in str(by_moyopy(crystal(3 * CUBE, [], []), 0.1))


def test_a_slab_with_long_vacuum_is_judged() -> None:
    """Graphene with 35 Å between the layers: too long for moyopy at 0.1 Å."""
    lattice = [[2.46, 0, 0], [-1.23, 1.23 * 3**0.5, 0], [0, 0, 35]]
    found = symmetry(Structures.of([crystal(lattice, [6, 6], [[1 / 3, 2 / 3, 0.5], [2 / 3, 1 / 3, 0.5]])]), 0.1)
    assert (found.spacegroup[0], found.n_primitive[0], found.program[0]) == (191, 2, SPGLIB)


def test_both_programs_give_one_structure_one_hash_of_its_orbits() -> None:
    found = by_moyopy(rutile(), 0.01), by_spglib(rutile(), 0.01)
    assert found[0] == found[1]


def test_no_structures_give_empty_arrays() -> None:
    found = symmetry(Structures.of([]), 0.1)
    assert len(found) == 0
    assert found.wyckoff.dtype == np.int64


def test_supercells_are_judged_without_chatter(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """A 1 × 3 × 1 cell can't have all the rotations of a cube, of which moyopy would warn for each structure."""
    triple = Structures.of([supercell(crystal(3 * CUBE, [84], [[0, 0, 0]]), np.diag([1, 3, 1]))])
    assert symmetry(triple, 0.1).spacegroup[0] == 221
    assert caplog.records == []
    assert "Omitted" not in capfd.readouterr().err
    one = triple[0]
    cell = moyopy.Cell(basis=one.lattice.tolist(), positions=one.positions.tolist(), numbers=one.numbers.tolist())
    moyopy.MoyoDataset(cell, symprec=0.1)
    assert [record.name for record in caplog.records] == ["moyo"], "others' use of moyopy stays as it was"


def test_other_threads_hear_moyopy_while_we_do_not(caplog: pytest.LogCaptureFixture) -> None:
    speaking = threading.Thread(target=lambda: logging.getLogger("moyo").warning("heard"))

    class Waiting(Structures):
        def __iter__(self) -> Iterator[Structure]:
            logging.getLogger("moyo").warning("dropped")
            speaking.start()
            speaking.join()
            return super().__iter__()

    all_ = Structures.of([rutile()])
    symmetry(Waiting(all_.offsets, all_.lattices, all_.numbers, all_.positions), 0.1)
    assert caplog.messages == ["heard"]


def rotation(angles: tuple[float, float, float]) -> np.ndarray:
    turned = np.eye(3)
    for axis, angle in enumerate(angles):
        i, j = (axis + 1) % 3, (axis + 2) % 3
        one = np.eye(3)
        one[i, i] = one[j, j] = np.cos(angle)
        one[i, j], one[j, i] = np.sin(angle), -np.sin(angle)
        turned = turned @ one
    return turned


ORTHORHOMBIC = crystal(
    np.diag([3.1, 4.7, 6.2]),
    [57, 28, 8, 8],
    [[0, 0, 0.1], [0.5, 0.5, 0.4], [0.5, 0, 0.73], [0, 0.5, 0.81]],
)


@settings(max_examples=examples(60), deadline=None)
@given(
    which=st.sampled_from(
        [*(k[1] for k in KNOWN if k[0] not in ("a skewed cell", "positions far outside the cell")), ORTHORHOMBIC]
    ),
    angles=st.tuples(*[st.floats(0, 6.28)] * 3),
    shift=st.tuples(*[st.floats(0, 1)] * 3),
    repeats=st.tuples(*[st.integers(1, 2)] * 3),
    shear=st.integers(-1, 1),
    axes=st.permutations(range(3)),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_same_crystal_written_otherwise_is_the_same(
    which: Structure,
    angles: tuple[float, float, float],
    shift: tuple[float, float, float],
    repeats: tuple[int, int, int],
    shear: int,
    axes: list[int],
    seed: int,
) -> None:
    """Rotated, shifted, repeated, sheared, with axes and atoms in another order."""
    matrix = np.diag(repeats) @ np.array([[1, shear, 0], [0, 1, 0], [0, 0, 1]])
    lattice, numbers, positions = supercell(which, matrix)
    order = np.random.default_rng(seed).permutation(len(numbers))
    otherwise = Structure(
        (lattice @ rotation(angles))[axes], numbers[order], (positions[order] + np.array(shift))[:, axes]
    )
    found = symmetry(Structures.of([which, otherwise]), 0.01)
    for values in (found.spacegroup, found.n_primitive, found.wyckoff):
        assert values[0] == values[1]


def test_the_fingerprint_tells_structure_types_of_one_formula_and_spacegroup_apart() -> None:
    """Sites of one multiplicity filled with other elements, and with the same ones elsewhere."""
    plain = symmetry(Structures.of([KNOWN[2][1], KNOWN[3][1], KNOWN[4][1]]), 0.01).wyckoff
    assert len(set(plain.tolist())) == 3
    sites = [[0, 0, 0], [0.5, 0.5, 0.5], [0.25, 0.25, 0.25], [0.75, 0.75, 0.75]]
    normal = crystal(6 * FCC, [29, 25, 13, 13], sites)
    inverse = crystal(6 * FCC, [13, 25, 29, 13], sites)
    found = symmetry(Structures.of([normal, inverse]), 0.01)
    assert found.wyckoff[0] != found.wyckoff[1]


def test_the_fingerprint_is_the_same_on_every_machine() -> None:
    assert symmetry(Structures.of([rutile()]), 0.01).wyckoff.tolist() == [12040335660803]


def test_rows_can_be_taken() -> None:
    found = symmetry(Structures.of([rutile(), crystal(3 * CUBE, [], []), KNOWN[3][1]]), 0.01).take([2, 1, 1])
    assert found.spacegroup.tolist() == [227, 0, 0]
    assert found.failed == {1: "it has no structure", 2: "it has no structure"}


def test_parts_are_joined_and_read_back(tmp_path: Path) -> None:
    whole = symmetry(Structures.of([rutile(), crystal(3 * CUBE, [], []), KNOWN[3][1]]), 0.01)

    def parts() -> Iterator[dict[str, np.ndarray]]:
        for rows in (range(2), range(2, 3)):
            some = whole.take(list(rows))
            yield {
                **{name: getattr(some, name) for name in ARRAYS},
                "failed": np.array([rows.start + row for row in some.failed], dtype=np.int64),
                "reason": np.array(list(some.failed.values()), dtype=np.str_),
            }

    writer = FlatWriter(tmp_path / "store")
    join(parts, writer)
    writer.close({"setting": {"symprec": 0.01}})
    read = Symmetry.read(tmp_path / "store")
    assert read.symprec == 0.01
    assert read.failed == whole.failed
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(read, name), getattr(whole, name))


def test_the_version_names_the_program_that_judged() -> None:
    assert f"moyopy {moyopy.__version__}" in version()
