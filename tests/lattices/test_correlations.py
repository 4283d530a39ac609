"""Correlations: the mean over an orbit and all cells, whatever the cell, and whatever else is computed beside it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bigdata.lattices import correlations as module
from bigdata.lattices.basis import Basis, point_functions
from bigdata.lattices.clusters import ClusterSpace, cluster_space
from bigdata.lattices.correlations import correlations
from bigdata.lattices.mapped import Mapped
from bigdata.lattices.operations import operations
from bigdata.lattices.parent import Parent
from bigdata.lattices.supercell import hermite, supercell
from tests.examples import examples
from tests.lattices.decorated import FCC, PARENTS, decorated, mapped_of, matrices, moved, repeated, translated

KEPT = 60
SPACES = {name: cluster_space(parent, {2: 7.0, 3: 5.2, 4: 4.3}, KEPT) for name, parent in PARENTS.items()}

seeds = st.integers(0, 2**32 - 1)
names = st.sampled_from(sorted(PARENTS))


def by_loop(space: ClusterSpace, mapped: Mapped) -> NDArray[np.float64]:
    """The definition, one member after the other, for one structure."""
    cell = supercell(hermite(mapped.forms[0]))
    functions = [point_functions(space.basis, int(m)) for m in space.parent.n_species]
    total = np.zeros(len(space))
    for c, sites, chosen in zip(space.member_cluster, space.member_site, space.member_function, strict=True):
        product = np.ones(cell.n_cells)
        for (*offset, site), function in zip(sites[: space.order[c]].tolist(), chosen.tolist(), strict=False):
            species = mapped.occupation[cell.index(cell.cells + offset), site]
            product *= functions[site][species, function - 1]
        total[c] += product.sum()
    return total / (cell.n_cells * space.multiplicity)


def one(name: str, seed: int) -> tuple[Mapped, np.random.Generator]:
    rng = np.random.default_rng(seed)
    return decorated(PARENTS[name], matrices(1, rng), rng), rng


@pytest.mark.parametrize("name", PARENTS)
@pytest.mark.parametrize("basis", ["trigonometric", "indicator"])
def test_they_are_the_definitions(name: str, basis: Basis) -> None:
    space = cluster_space(PARENTS[name], {2: 7.0, 3: 5.2, 4: 4.3}, KEPT, basis)
    rng = np.random.default_rng(7)
    mapped = decorated(PARENTS[name], matrices(12, rng), rng)
    found = correlations(space, mapped)
    for i, row in enumerate(found):
        np.testing.assert_allclose(row, by_loop(space, mapped.between(i, i + 1)), rtol=0, atol=1e-12)


@settings(max_examples=examples(60), deadline=None)
@given(name=names, seed=seeds)
def test_no_symmetry_operation_changes_them(name: str, seed: int) -> None:
    mapped, rng = one(name, seed)
    symmetry = operations(PARENTS[name])
    other = moved(mapped, symmetry, int(rng.integers(len(symmetry))))
    same(name, mapped, other)


@settings(max_examples=examples(60), deadline=None)
@given(name=names, seed=seeds, by=st.tuples(*[st.integers(-9, 9)] * 3))
def test_no_translation_changes_them(name: str, seed: int, by: tuple[int, int, int]) -> None:
    mapped, _ = one(name, seed)
    same(name, mapped, translated(mapped, np.array(by)))


@settings(max_examples=examples(60), deadline=None)
@given(name=names, seed=seeds)
def test_no_larger_supercell_changes_them(name: str, seed: int) -> None:
    mapped, rng = one(name, seed)
    same(name, mapped, repeated(mapped, matrices(1, rng, largest=6)[0]))


def same(name: str, mapped: Mapped, other: Mapped) -> None:
    one, another = (correlations(SPACES[name], m) for m in (mapped, other))
    np.testing.assert_allclose(one, another, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", PARENTS)
@pytest.mark.parametrize("n_bytes", [64, 999, 8192])
def test_others_in_the_same_call_change_nothing(name: str, n_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    mapped = decorated(PARENTS[name], [*matrices(40, rng), np.diag([6, 7, 8])] * 2, rng)
    alone = [correlations(SPACES[name], mapped.between(i, i + 1)) for i in range(len(mapped))]
    monkeypatch.setattr(module, "_BYTES", n_bytes)
    np.testing.assert_allclose(correlations(SPACES[name], mapped), np.concatenate(alone), rtol=0, atol=1e-12)


def test_of_two_species_they_are_exact_fractions() -> None:
    mapped, _ = one("fcc of two species", 5)
    space = SPACES["fcc of two species"]
    counts = correlations(space, mapped)[0] * space.multiplicity * mapped.n_cells[0]
    np.testing.assert_allclose(counts, np.rint(counts), rtol=0, atol=1e-11)


def test_the_point_correlation_is_the_composition() -> None:
    mapped, _ = one("fcc of two species", 11)
    silver = mapped.occupation.mean()
    assert correlations(SPACES["fcc of two species"], mapped)[0, 0] == pytest.approx(2 * silver - 1, abs=1e-15)


def test_copper_gold_in_l1_0_has_the_pair_correlations_of_its_layers() -> None:
    # Layers along z: of 12 neighbours 4 lie in the layer and 8 in those beside it; all 6 second ones are alike.
    parent = Parent.of(4 * FCC, [[0, 0, 0]], [0], [["Cu", "Au"]])
    space = cluster_space(parent, {2: 4.1})
    matrix = np.rint(np.array([[2, 2, 0], [2, -2, 0], [0, 0, 4]]) @ np.linalg.inv(4 * FCC)).astype(np.int64)
    cell = supercell(hermite(matrix))
    height = np.rint(cell.cells @ (4 * FCC) @ [0, 0, 0.5]).astype(np.int64) % 2
    mapped = mapped_of(np.array([cell.form]), height[:, None], np.array([cell.n_cells]))
    np.testing.assert_allclose(correlations(space, mapped)[0], [0, -1 / 3, 1], atol=1e-15)


def test_sums_of_large_orbits_do_not_overflow() -> None:
    parent = Parent.of(4 * FCC, [[0, 0, 0]], [0], [["Ni", "Cu", "Pd"]])
    space = cluster_space(parent, {2: 7.0, 3: 6.5, 4: 5.0})
    assert space.multiplicity.max() * 16 > 127
    first = mapped_of(np.array([hermite(np.eye(3))]), np.zeros((1, 1), dtype=np.int64), np.array([1]))
    np.testing.assert_allclose(correlations(space, first), by_loop(space, first)[None], rtol=0, atol=1e-12)


def test_sums_of_large_orbits_of_two_species_do_not_overflow() -> None:
    corners = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
    cube = Parent.of(4.09 * np.eye(3), corners, [0] * 4, [["Pd", "Ag"]])
    space = cluster_space(cube, {2: 4.2, 3: 8.0, 4: 6.0})
    assert space.multiplicity.max() == 192
    for species, sign in ((0, -1), (1, 1)):
        pure = mapped_of(np.array([hermite(np.eye(3))]), np.full((1, 4), species), np.array([1]))
        np.testing.assert_array_equal(correlations(space, pure), sign ** space.order[None])


def test_structures_that_are_not_mapped_have_none() -> None:
    parent = PARENTS["fcc of two species"]
    rng = np.random.default_rng(1)
    mapped = decorated(parent, matrices(3, rng), rng)
    forms = np.insert(mapped.forms, [0, 2], 0, axis=0)
    offsets = np.insert(mapped.offsets, [0, 2], mapped.offsets[[0, 2]])
    nan = np.full(5, np.nan)
    holed = Mapped(forms, offsets, mapped.occupation, nan, nan, nan, nan, ("no", "", "", "no", ""), np.zeros(5, int))
    found = correlations(SPACES["fcc of two species"], holed)
    assert np.isnan(found[[0, 3]]).all()
    np.testing.assert_array_equal(found[[1, 2, 4]], correlations(SPACES["fcc of two species"], mapped))


def test_no_structures_have_no_rows() -> None:
    mapped, _ = one("fcc of two species", 1)
    assert correlations(SPACES["fcc of two species"], mapped.between(0, 0)).shape == (
        0,
        len(SPACES["fcc of two species"]),
    )


def test_structures_of_another_parent_are_refused() -> None:
    mapped, _ = one("hcp of two species", 1)
    with pytest.raises(ValueError, match="2 sites in a cell, the parent has 1"):
        correlations(SPACES["fcc of two species"], mapped)
