from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bigdata.data.materials.structures import Structure, Structures
from bigdata.lattices.mapped import Mapped
from bigdata.lattices.mapping import map_structures
from bigdata.lattices.parent import Parent
from bigdata.lattices.prototypes import PROTOTYPES
from bigdata.lattices.supercell import hermite, supercell
from tests.examples import examples

from .decorations import Decoration, disguised, is_same, random_decoration, recovered, structure_of

CATIONS = ["Al", "Ga", "In"]
# The last two have neither mirror planes nor inversion: one is orthorhombic with two classes, the other triclinic.
PARENTS = {
    "fcc-binary": PROTOTYPES["fcc"].parent({"a": 4.09}, [["Ag", "Pd"]]),
    "bcc-ternary": PROTOTYPES["bcc"].parent({"a": 2.95}, [["Fe", "Al", "Cr"]]),
    "hcp-binary": PROTOTYPES["hcp"].parent({"a": 3.2, "c": 5.2}, [["Mg", "Ti"]]),
    "rocksalt-two-sublattices": PROTOTYPES["rocksalt"].parent({"a": 4.2}, [["Li", "Mn"], ["O", "F"]]),
    "perovskite-vacancies": PROTOTYPES["perovskite"].parent({"a": 4.12}, [["Ba"], ["Sn"], ["O", "vacancy"]]),
    "zincblende": PROTOTYPES["zincblende"].parent({"a": 5.65}, [["Ga", "Al"], ["As", "P"]]),
    "corundum": PROTOTYPES["corundum"].parent({"a": 4.9, "c": 13.3}, [CATIONS, ["O"]]),
    "beta-gallia": PROTOTYPES["beta-gallia"].parent({"a": 12.23, "b": 3.04, "c": 5.8, "beta": 103.7}, [CATIONS, ["O"]]),
    "layered-rocksalt": PROTOTYPES["layered-rocksalt"].parent(
        {"a": 2.88, "c": 14.2}, [["Li", "vacancy"], ["Ni"], ["O"]]
    ),
    "orthorhombic-chiral": Parent.of(
        np.diag([4.0, 5.1, 6.3]),
        [[0.1, 0.2, 0.3], [0.4, 0.8, 0.7], [0.9, 0.7, 0.2], [0.6, 0.3, 0.8], [0.5, 0.5, 0.0]],
        [0, 0, 0, 0, 1],
        [["Si", "Ge"], ["Na", "K"]],
    ),
    "triclinic": Parent.of(
        [[4.0, 0.0, 0.0], [0.7, 4.9, 0.0], [-0.9, 1.1, 5.6]],
        [[0.0, 0.0, 0.0], [0.42, 0.55, 0.37]],
        [0, 1],
        [["Si", "Ge"], ["Na", "K"]],
    ),
}
SEEDS = st.integers(0, 2**32 - 1)


def mapped_one(parent: Parent, structure: Structure, **more: float) -> Mapped:
    return map_structures(parent, Structures.of([structure]), **more)


@pytest.mark.parametrize("name", PARENTS)
@given(seed=SEEDS)
@settings(max_examples=examples(15), deadline=None)
def test_a_structure_in_disguise_is_the_decoration_it_was(name: str, seed: int) -> None:
    parent, rng = PARENTS[name], np.random.default_rng(seed)
    decoration = random_decoration(parent, rng)
    mapped = mapped_one(parent, disguised(structure_of(parent, decoration), rng))
    assert mapped.reasons == ("",)
    assert is_same(parent, decoration, recovered(mapped))
    assert mapped.displacement[0] < 1e-6
    assert mapped.distortion[0] < 1e-6
    assert mapped.volumetric_strain[0] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", PARENTS)
@given(seed=SEEDS)
@settings(max_examples=examples(15), deadline=None)
def test_a_relaxed_structure_in_disguise_is_the_decoration_it_was(name: str, seed: int) -> None:
    parent, rng = PARENTS[name], np.random.default_rng(seed)
    decoration = random_decoration(parent, rng)
    strain, displacement, turned = rng.uniform(0, 0.08), rng.uniform(0, 0.3), bool(seed % 2)
    mapped = mapped_one(parent, disguised(structure_of(parent, decoration), rng, strain, displacement, turned))
    assert mapped.reasons == ("",)
    assert is_same(parent, decoration, recovered(mapped))
    assert mapped.displacement[0] <= 2 * displacement + 1e-6
    assert mapped.distortion[0] <= 1.1 * strain + 1e-6


def test_decorations_are_told_apart() -> None:
    parent = PARENTS["triclinic"]
    form = hermite([[1, 0, 0], [0, 1, 0], [0, 0, 3]])
    one = Decoration(form, np.array([[0, 0], [1, 0], [1, 1]]))
    moved = Decoration(form, np.roll(one.occupation, 1, axis=0))
    turned = Decoration(form, one.occupation[::-1])
    assert is_same(parent, one, moved)
    assert not is_same(parent, one, turned)


@given(seed=SEEDS)
@settings(max_examples=examples(15), deadline=None)
def test_a_mirror_image_is_the_mirrored_decoration_where_the_parent_has_a_mirror(seed: int) -> None:
    parent, rng = PARENTS["corundum"], np.random.default_rng(seed)
    decoration = random_decoration(parent, rng)
    mapped = mapped_one(parent, disguised(structure_of(parent, decoration), rng, mirrored=True))
    assert mapped.displacement[0] < 1e-6
    assert is_same(parent, decoration, recovered(mapped), proper=False)


def test_a_mirror_image_is_not_taken_for_a_structure_without_mirrors() -> None:
    parent = PARENTS["orthorhombic-chiral"]
    ideal = structure_of(parent, Decoration(hermite(np.eye(3)), np.array([[0, 1, 0, 1, 1]])))
    mirrored = disguised(ideal, np.random.default_rng(5), mirrored=True)
    assert mapped_one(parent, ideal, max_displacement=0.3).reasons == ("",)
    assert "from the nearest free site" in mapped_one(parent, mirrored, max_displacement=0.3).reasons[0]


def test_strain_is_what_the_cell_was_stretched_by() -> None:
    parent = PARENTS["fcc-binary"]
    ideal = structure_of(parent, Decoration(hermite(np.diag([1, 2, 2])), np.array([[0], [1], [1], [1]])))
    stretches = np.array([1.06, 1.03, 0.99])
    mapped = mapped_one(parent, ideal._replace(lattice=ideal.lattice @ np.diag(stretches)))
    assert mapped.volumetric_strain[0] == pytest.approx(stretches.prod() - 1)
    shape = stretches / stretches.prod() ** (1 / 3)
    assert mapped.distortion[0] == pytest.approx(np.linalg.norm(shape - 1))
    assert mapped.displacement[0] == pytest.approx(0, abs=1e-9)


def test_displacements_are_those_left_when_all_atoms_are_moved_to_fit_best() -> None:
    parent = PARENTS["fcc-binary"]
    ideal = structure_of(parent, Decoration(hermite(np.diag([2, 2, 2])), np.arange(8)[:, None] % 2))
    moved = ideal.positions @ ideal.lattice
    moved[3] += [0.0, 0.4, 0.0]
    stretched = Structure(1.02 * ideal.lattice, ideal.numbers, moved @ np.linalg.inv(ideal.lattice))
    mapped = mapped_one(parent, stretched)
    assert mapped.displacement[0] == pytest.approx(0.4 * 7 / 8)
    assert mapped.mean_displacement[0] == pytest.approx((0.4 * 7 / 8 + 7 * 0.4 / 8) / 8)


def test_two_atoms_that_want_the_same_site_are_put_where_both_fit_best() -> None:
    parent = PARENTS["fcc-binary"]
    decoration = Decoration(hermite(np.diag([3, 3, 3])), np.eye(27, dtype=np.int64)[:, [0]])
    ideal = structure_of(parent, decoration)
    points = ideal.positions @ ideal.lattice
    towards = parent.lattice[2] / np.linalg.norm(parent.lattice[2])
    points[0] += 1.6 * towards
    points[1] += 0.5 * towards
    crowded = ideal._replace(positions=points @ np.linalg.inv(ideal.lattice))
    mapped = mapped_one(parent, crowded, max_displacement=2.0)
    assert np.allclose(ideal.positions[1] @ ideal.lattice, parent.lattice[2])
    assert is_same(parent, decoration, recovered(mapped))
    assert mapped.displacement[0] == pytest.approx(1.6, abs=0.1)
    assert mapped_one(parent, crowded).reasons[0].startswith("atom 1 (Pd) lies 1.5")


def test_empty_sites_are_vacancies() -> None:
    parent = PARENTS["layered-rocksalt"]
    form = hermite(np.diag([1, 1, 3]))
    occupation = np.zeros((3, 4), dtype=np.int64)
    occupation[[0, 2], 0] = 1
    mapped = mapped_one(parent, structure_of(parent, Decoration(form, occupation)))
    assert mapped.occupation.dtype == np.int8
    assert np.sort(mapped.occupation[:, 0]).tolist() == [0, 1, 1]
    assert not mapped.occupation[:, 1:].any()


def test_the_volume_tells_the_number_of_cells_where_all_sites_may_be_empty() -> None:
    parent = PROTOTYPES["rocksalt"].parent({"a": 4.2}, [["Li", "vacancy"], ["O", "vacancy"]])
    occupation = np.array([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0], [1, 0]])
    decoration = Decoration(hermite(np.diag([1, 2, 3])), occupation)
    mapped = mapped_one(parent, disguised(structure_of(parent, decoration), np.random.default_rng(1), 0.02, 0.1))
    assert mapped.n_cells.tolist() == [6]
    assert is_same(parent, decoration, recovered(mapped))


HOLED = {
    "fcc": PROTOTYPES["fcc"].parent({"a": 3.85}, [["Cu", "Au", "vacancy"]]),
    "rocksalt": PROTOTYPES["rocksalt"].parent({"a": 4.2}, [["Li", "vacancy"], ["O", "vacancy"]]),
}


def holed(parent: Parent, rng: np.random.Generator, share: float) -> Decoration:
    """A random decoration with that share of its sites empty, one site at least being full."""
    decoration = random_decoration(parent, rng, 8)
    vacancy = np.array([parent.species[c].index(0) for c in parent.site_class])
    codes = rng.integers(0, parent.n_species - 1, size=decoration.occupation.shape)
    is_empty = rng.random(codes.shape) < share
    is_empty[0, 0] = False
    return Decoration(decoration.form, np.where(is_empty, vacancy, codes))


@pytest.mark.parametrize("name", HOLED)
@given(seed=SEEDS)
@settings(max_examples=examples(15), deadline=None)
def test_the_number_of_cells_is_right_where_all_sites_may_be_empty_and_the_volume_is_off(name: str, seed: int) -> None:
    parent, rng = HOLED[name], np.random.default_rng(seed)
    decoration = holed(parent, rng, 0.25)
    made = disguised(structure_of(parent, decoration), rng, 0.02, 0.05)
    mapped = mapped_one(parent, made._replace(lattice=made.lattice * (1 + rng.uniform(-0.06, 0.06)) ** (1 / 3)))
    assert mapped.reasons == ("",)
    # A lone atom and its images fit other numbers of cells as well, which is said.
    assert mapped.n_cells[0] == len(decoration.occupation) or mapped.rival_cells[0] == len(decoration.occupation)


@pytest.mark.parametrize("seed", [2, 30, 165, 293])
def test_the_best_of_all_numbers_of_cells_is_taken_not_the_first_that_fits(seed: int) -> None:
    """3 or 4 atoms in the volume of 6.4 cells: near the sites of 7, and 0.8 Å from those of 6, the nearer number."""
    parent, rng = HOLED["fcc"], np.random.default_rng(seed)
    decoration = random_decoration(parent, rng, 8)
    assert len(decoration.occupation) == 7
    made = disguised(structure_of(parent, decoration), rng, 0.02, 0.05)
    lattice = made.lattice * 0.92 ** (1 / 3)
    mapped = mapped_one(parent, made._replace(lattice=lattice))
    assert mapped.n_cells.tolist() == [7]
    assert mapped.displacement[0] < 0.1
    assert mapped.volumetric_strain[0] == pytest.approx(abs(np.linalg.det(lattice)) / (7 * 3.85**3 / 4) - 1)
    assert is_same(parent, decoration, recovered(mapped))
    assert mapped.doubts == ("",)


def test_a_second_number_of_cells_that_fits_as_well_is_named() -> None:
    """A lone atom in a cubic cell of √12 times the volume of three, and of four, cells."""
    parent = Parent.of(np.diag([2.0, 2.0, 2.0]), [[0, 0, 0]], [0], [["Po", "vacancy"]])
    cell = Structure(np.diag([2.0, 2.0, 2.0 * 12**0.5]), np.array([84], np.uint8), np.zeros((1, 3)))
    mapped = mapped_one(parent, cell)
    assert sorted([mapped.n_cells[0], mapped.rival_cells[0]]) == [3, 4]
    said = f"it lies on {mapped.n_cells[0]} cells, and on {mapped.rival_cells[0]} nearly as well"
    assert mapped.doubts[0].startswith(said)
    assert "nearly as well" in Mapped.of([mapped, mapped]).take([1]).between(0, 1).doubts[0]


@pytest.mark.parametrize(("c_over_a", "said"), [(1.0, ""), (0.9, ""), (0.79, "its cell is distorted by 0.19: another")])
def test_cells_on_the_way_to_another_lattice_are_doubtful(c_over_a: float, said: str) -> None:
    """The Bain path takes fcc, c/a = 1, to bcc, c/a = 1/√2."""
    parent = PARENTS["fcc-binary"]
    a = 4.09 * c_over_a ** (-1 / 3)
    sites = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    cell = Structure(np.diag([a, a, a * c_over_a]), np.array([47, 47, 46, 46], np.uint8), sites)
    mapped = mapped_one(parent, cell)
    shape = np.array([c_over_a ** (-1 / 3), c_over_a ** (-1 / 3), c_over_a ** (2 / 3)])
    assert mapped.distortion[0] == pytest.approx(np.linalg.norm(shape - 1))
    assert mapped.doubts[0].startswith(said)
    assert bool(mapped.doubts[0]) == bool(said)


def test_atoms_far_from_their_sites_are_doubtful() -> None:
    parent = PARENTS["fcc-binary"]
    ideal = structure_of(parent, Decoration(hermite(np.diag([2, 2, 2])), np.arange(8)[:, None] % 2))
    moved = ideal.positions @ ideal.lattice
    moved[3] += [0.0, 0.9, 0.0]
    mapped = mapped_one(parent, ideal._replace(positions=moved @ np.linalg.inv(ideal.lattice)))
    assert mapped.displacement[0] == pytest.approx(0.9 * 7 / 8)
    assert mapped.doubts[0].startswith("an atom lies 0.79 Å from its site: another site")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (1, "it has 6 atoms, enough for 6 cells of the parent, and its cell is that of 5 cells, 5 sites"),
        (-1, "it has 4 atoms, enough for 4 cells of the parent, and its cell is that of 5 cells, 5 sites"),
    ],
)
def test_an_atom_too_many_or_too_few_is_told_by_the_cell(change: int, reason: str) -> None:
    parent, rng = PARENTS["fcc-binary"], np.random.default_rng(4)
    full = structure_of(parent, Decoration(hermite([[1, 0, 0], [0, 1, 0], [0, 2, 5]]), np.arange(5)[:, None] % 2))
    full = disguised(full, rng, 0.03, 0.05)
    between = np.append(full.positions, [*full.positions[:1], [0.11, 0.23, 0.31]], axis=0)
    extra = Structure(full.lattice, np.append(full.numbers, full.numbers[:1]), between)
    assert mapped_one(parent, extra if change > 0 else without(full, 0)).reasons == (reason,)


def test_the_scale_does_not_matter() -> None:
    parent = PARENTS["bcc-ternary"]
    decoration = random_decoration(parent, np.random.default_rng(3))
    ideal = structure_of(parent, decoration)
    mapped = mapped_one(parent, ideal._replace(lattice=1.15 * ideal.lattice), max_strain=0.01)
    assert mapped.volumetric_strain[0] == pytest.approx(1.15**3 - 1)
    assert mapped.distortion[0] == pytest.approx(0, abs=1e-7)


def bcc_cell(numbers: list[int], a: float = 3.0) -> Structure:
    vectors = a * np.eye(3)
    return Structure(vectors, np.array(numbers, dtype=np.uint8), np.array([[0, 0, 0], [0.5, 0.5, 0.5]])[: len(numbers)])


PEROVSKITE = structure_of(
    PARENTS["perovskite-vacancies"], Decoration(hermite(np.diag([1, 1, 2])), np.zeros((2, 5), int))
)


def without(structure: Structure, *atoms: int) -> Structure:
    return Structure(structure.lattice, *(np.delete(a, atoms, axis=0) for a in structure[1:]))


@pytest.mark.parametrize(
    ("name", "structure", "reason"),
    [
        ("fcc-binary", Structure(np.eye(3), np.empty(0, np.uint8), np.empty((0, 3))), "it has no structure"),
        ("fcc-binary", bcc_cell([47, 47], a=0.0), "its cell has no volume"),
        ("fcc-binary", bcc_cell([47, 47], a=np.nan), "it holds numbers that aren't finite"),
        ("fcc-binary", bcc_cell([47, 28], a=3.2), "Ni is on no sublattice"),
        ("fcc-binary", bcc_cell([47, 46], a=4.2), "its cell is 117 % larger than 2 cells of the parent"),
        ("fcc-binary", bcc_cell([47], a=1.5), "its cell is 80 % smaller than 1 cell of the parent"),
        (
            "fcc-binary",
            bcc_cell([47, 46], a=3.2),
            "its cell isn't a supercell of the parent: of 2 cells, the nearest one is strained by 0.27",
        ),
        (
            "fcc-binary",
            Structure(np.diag([2.0, 2.0, 9.0]), np.array([47, 46], np.uint8), np.array([[0, 0, 0], [0, 0, 0.5]])),
            "its cell isn't a supercell of the parent: of 2 cells, none is near",
        ),
        (
            "zincblende",
            bcc_cell([31, 33], a=3.5),
            "its cell isn't a supercell of the parent: of 1 cell, none is near",
        ),
        (
            "perovskite-vacancies",
            without(PEROVSKITE, 0),
            "its 1 Ba make 1 cell of the parent, its 2 Sn make 2",
        ),
        (
            "corundum",
            bcc_cell([13, 31], a=4.0),
            "its 2 Al, Ga, In don't fill whole cells of the parent, 4 in each",
        ),
        (
            "perovskite-vacancies",
            PEROVSKITE._replace(numbers=np.array([56, 50, 8, 8, 8, 56, 50, 8, 8, 8], np.uint8)),
            "",
        ),
    ],
)
def test_what_cannot_be_mapped_is_named(name: str, structure: Structure, reason: str) -> None:
    mapped = mapped_one(PARENTS[name], structure)
    assert mapped.reasons == (reason,)
    assert mapped.mapped.tolist() == [not reason]
    assert (mapped.n_cells[0] > 0) == (not reason)
    assert np.isnan(mapped.displacement[0]) == bool(reason)


def test_too_many_atoms_of_a_species_are_counted() -> None:
    lithium = structure_of(PARENTS["layered-rocksalt"], Decoration(hermite(np.eye(3)), np.zeros((1, 4), int)))
    twice = Structure(lithium.lattice, *(np.concatenate([a, a[:1]]) for a in lithium[1:]))
    assert mapped_one(PARENTS["layered-rocksalt"], twice).reasons == ("2 Li for 1 site",)


def test_sites_that_must_be_full_and_are_not_are_named() -> None:
    species = [["Al"], ["Al", "vacancy"], ["O"]]
    parent = PROTOTYPES["spinel"].parent({"a": 8.0}, species)
    full = structure_of(parent, Decoration(hermite(np.eye(3)), np.zeros((1, 14), int)))
    assert mapped_one(parent, without(full, 3)).reasons == ("",)
    lacking = mapped_one(parent, without(full, 2, 3, 4, 5, 0))
    assert lacking.reasons == ("a site of Al is empty and can't be",)


def test_atoms_that_cannot_be_shared_out_are_told_from_displaced_ones() -> None:
    species = [["Al", "Ga", "In"], ["In"], ["In", "Tl"]]
    parent = Parent.of(np.eye(3) * 3, [[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0.5]], [0, 1, 2], species)
    both_on_the_first = Structure(parent.lattice, np.array([13, 31, 49], np.uint8), parent.positions)
    assert mapped_one(parent, both_on_the_first).reasons == ("its atoms can't be shared out among the sublattices",)


def test_limits_are_kept() -> None:
    parent, rng = PARENTS["fcc-binary"], np.random.default_rng(2)
    ideal = structure_of(parent, Decoration(hermite(np.diag([2, 2, 2])), np.arange(8)[:, None] % 2))
    relaxed = disguised(ideal, rng, 0.05, 0.3)
    mapped = mapped_one(parent, relaxed)
    displacement, distortion = mapped.displacement[0], mapped.distortion[0]
    assert mapped_one(parent, relaxed, max_displacement=1.01 * displacement).reasons == ("",)
    (reason,) = mapped_one(parent, relaxed, max_displacement=0.99 * displacement).reasons
    assert f"lies {displacement:.2f} Å from the nearest free site" in reason
    assert mapped_one(parent, relaxed, max_strain=1.01 * distortion).reasons == ("",)
    (reason,) = mapped_one(parent, relaxed, max_strain=0.99 * distortion).reasons
    assert reason.endswith(f"of 8 cells, the nearest one is strained by {distortion:.2f}")
    for wrong in ({"max_displacement": 0.0}, {"max_strain": 0.0}, {"max_strain": 1.0}):
        with pytest.raises(ValueError, match="max_displacement is a length"):
            mapped_one(parent, relaxed, **wrong)


def many(n: int, seed: int = 0) -> tuple[Parent, Structures]:
    parent, rng = PARENTS["rocksalt-two-sublattices"], np.random.default_rng(seed)
    made = [disguised(structure_of(parent, random_decoration(parent, rng)), rng, 0.02, 0.2) for _ in range(n)]
    made[n // 2] = made[n // 2]._replace(numbers=made[n // 2].numbers + 1)
    return parent, Structures.of(made)


def arrays(mapped: Mapped) -> list[bytes]:
    return [np.asarray(value).tobytes() for value in vars(mapped).values()]


def test_structures_are_mapped_each_by_itself() -> None:
    parent, structures = many(9)
    together = map_structures(parent, structures)
    parts = [map_structures(parent, structures.between(i, i + 1)) for i in range(9)]
    assert together.mapped.tolist() == [i != 4 for i in range(9)]
    assert together.n_cells[4] == 0
    assert not together.forms[4].any()
    assert arrays(Mapped.of(parts)) == arrays(together)
    assert arrays(together.between(2, 7)) == arrays(Mapped.of(parts[2:7]))
    rows = [5, 4, 5, 0]
    assert arrays(together.take(rows)) == arrays(Mapped.of([parts[i] for i in rows]))
    assert len(together.take(np.arange(9)[together.mapped])) == 8


def test_nothing_may_be_mapped_and_put_together() -> None:
    parent, structures = many(3)
    nothing = map_structures(parent, structures.between(0, 0))
    assert (len(nothing), nothing.occupation.shape, nothing.forms.shape) == (0, (0, 2), (0, 3, 3))
    with pytest.raises(ValueError, match="nothing to put together"):
        Mapped.of([])


def test_cells_are_those_of_the_supercell() -> None:
    parent, structures = many(20)
    mapped = map_structures(parent, structures)
    for form, n_cells in zip(mapped.forms[mapped.mapped], mapped.n_cells[mapped.mapped], strict=True):
        assert hermite(form.tolist()) == tuple(map(tuple, form.tolist()))
        assert supercell(hermite(form.tolist())).n_cells == n_cells


@pytest.fixture(scope="module")
def materials(tmp_path_factory: pytest.TempPathFactory):
    """Open a dataset of the mirror."""
    from bigdata.data.materials.dataset import import_named
    from bigdata.data.materials.origin import NamedMaterials

    if not os.environ.get("BIGDATA_MIRROR"):
        pytest.skip("BIGDATA_MIRROR isn't set: the mirrored datasets aren't on this machine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIGDATA_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield lambda name: import_named(NamedMaterials(name=name))


def test_all_silver_palladium_alloys_are_ideal_fcc(materials) -> None:
    mapped = map_structures(PARENTS["fcc-binary"], materials("icet-agpd").structures)
    assert mapped.mapped.all()
    assert mapped.displacement.max() < 1e-6
    assert mapped.distortion.max() < 1e-6


SESQUIOXIDES = {
    12: ("beta-gallia", {"a": 12.23, "b": 3.04, "c": 5.8, "beta": 103.7}, [CATIONS, ["O"]], 0.1),
    33: ("kappa-alumina", {"a": 5.12, "b": 8.8, "c": 9.416}, [CATIONS, ["O"]], 0.1),
    167: ("corundum", {"a": 5.0, "c": 13.5}, [CATIONS, ["O"]], 0.1),
    194: ("hexagonal-yalo3", {"a": 3.31, "c": 12.04}, [CATIONS, ["O"]], 0.6),
    206: ("bixbyite", {"a": 9.6}, [CATIONS, ["O"]], 0.1),
    227: ("spinel", {"a": 8.2}, [[*CATIONS, "vacancy"], [*CATIONS, "vacancy"], ["O"]], 0.2),
}


def test_all_alloyed_sesquioxides_are_decorations_of_their_six_lattices(materials) -> None:
    dataset = materials("nomad2018-algainO")
    spacegroups = np.array(dataset.columns["spacegroup"])
    large = []
    for number, (name, parameters, species, most) in SESQUIOXIDES.items():
        rows = np.flatnonzero(spacegroups == number)
        mapped = map_structures(PROTOTYPES[name].parent(parameters, species), dataset.structures.take(rows))
        assert set(mapped.reasons) == {""}
        assert mapped.displacement.max() < most
        large += [dataset.ids[rows[i]] for i in np.flatnonzero(mapped.displacement > 0.3)]
    # In both the source gives y in units of a, not of b: 0.577 where the other 441 of this lattice have 2/3.
    assert large == ["train-2091", "train-2372"]


def test_lithium_nickel_oxides_that_kept_their_layers_are_mapped(materials) -> None:
    dataset = materials("smol-lno")
    mapped = map_structures(PARENTS["layered-rocksalt"], dataset.structures)
    lithium = [int((s.numbers == 3).sum()) for s in dataset.structures]
    assert mapped.mapped.sum() == 29
    for i in np.flatnonzero(mapped.mapped):
        first, last = mapped.offsets[i : i + 2]
        assert (mapped.occupation[first:last, 0] == 0).sum() == lithium[i]
    reasons = [reason for reason in mapped.reasons if reason]
    assert [reason.split(":")[0].split(" lies")[0] for reason in reasons] == [
        "its cell isn't a supercell of the parent",
        "atom 8 (Ni)",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", PARENTS)
def test_pymatgen_finds_the_decoration_alike_the_structure(name: str) -> None:
    from pymatgen.analysis.structure_matcher import StructureMatcher
    from pymatgen.core import Structure as Crystal

    def crystal(structure: Structure) -> Crystal:
        return Crystal(structure.lattice, [int(z) for z in structure.numbers], structure.positions)

    matcher = StructureMatcher(primitive_cell=False, scale=True)
    for seed in range(8):
        parent, rng = PARENTS[name], np.random.default_rng(seed)
        structure = disguised(structure_of(parent, random_decoration(parent, rng, 4)), rng, 0.02, 0.1)
        mapped = mapped_one(parent, structure)
        assert matcher.fit(crystal(structure), crystal(structure_of(parent, recovered(mapped))))
