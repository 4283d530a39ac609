"""Clusters: all of them, each once, merged by symmetry alone, in an order that depends on nothing else."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from bigdata.data.problem import DataProblem
from bigdata.lattices import clusters
from bigdata.lattices.clusters import ClusterSpace, cluster_space
from bigdata.lattices.operations import operations
from bigdata.lattices.parent import Parent
from bigdata.lattices.prototypes import prototype
from tests.lattices.decorated import FCC, PARENTS, PEROVSKITE

CUTOFFS = {2: 6.3, 3: 5.2, 4: 4.3}
BARIUM_STANNATE = Parent.of(4.12 * np.eye(3), PEROVSKITE, [0, 1, 2, 2, 2], [["Ba"], ["Sn"], ["O", "vacancy"]])

Member = frozenset[tuple[int, int, int, int, int]]
Sites = frozenset[tuple[int, int, int, int]]


@pytest.fixture(scope="module")
def spaces() -> dict[str, ClusterSpace]:
    return {name: cluster_space(parent, CUTOFFS) for name, parent in PARENTS.items()}


def members(space: ClusterSpace, c: int) -> list[Member]:
    """Decorated points (x, y, z, site, function) of each member."""
    chosen = space.member_cluster == c
    k = space.order[c]
    rows = np.concatenate([space.member_site, space.member_function[:, :, None]], axis=2)[chosen][:, :k].tolist()
    return [at_home(frozenset(tuple(point) for point in row)) for row in rows]


def at_home(member: frozenset[tuple[int, ...]]) -> Member:
    """The cluster translated so that its lowest point lies in cell 0."""
    x, y, z, *_ = min(member)
    return frozenset((p[0] - x, p[1] - y, p[2] - z, *p[3:]) for p in member)


def by_images(parent: Parent, order: int, cutoff: float) -> Counter[Sites]:
    """How often each cluster is met when each active site in turn is its first point: once for each of its points."""
    sites = np.flatnonzero(parent.active)
    box = np.stack(np.meshgrid(*[np.arange(-4, 5)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    points = [(*cell, site) for cell in box.tolist() for site in sites.tolist()]
    places = {p: (np.array(p[:3]) + parent.positions[p[3]]) @ parent.lattice for p in points}
    found: Counter[Sites] = Counter()
    for site in sites.tolist():
        home = (0, 0, 0, site)
        near = [p for p in points if p != home and np.linalg.norm(places[p] - places[home]) <= cutoff]
        for others in combinations(near, order - 1):
            if all(np.linalg.norm(places[a] - places[b]) <= cutoff for a, b in combinations(others, 2)):
                found[at_home(frozenset((home, *others)))] += 1
    return found


@pytest.mark.parametrize("name", ["fcc of two species", "hcp of two species", "perovskite with vacancies"])
@pytest.mark.parametrize(("order", "cutoff"), [(2, 6.0), (3, 4.6), (4, 4.13)])
def test_no_cluster_is_missing_or_there_twice(name: str, order: int, cutoff: float) -> None:
    parent = PARENTS[name]
    space = cluster_space(parent, {order: cutoff})
    found = Counter(at_home(frozenset(p[:4] for p in m)) for c in range(len(space)) for m in members(space, c))
    right = by_images(parent, order, cutoff)
    assert set(right.values()) == {order}
    assert {sites: n for sites, n in found.items() if len(sites) == order} == dict.fromkeys(right, 1)


@pytest.mark.parametrize("name", PARENTS)
def test_a_clusters_members_are_the_images_of_one(name: str, spaces: dict[str, ClusterSpace]) -> None:
    space, symmetry = spaces[name], operations(PARENTS[name])
    for c in range(0, len(space), 1 + len(space) // 40):
        own = members(space, c)
        images = set()
        for g in range(len(symmetry)):
            image = set()
            for *cell, site, function in own[0]:
                place = symmetry.rotations[g] @ cell + symmetry.shifts[g, site]
                image.add((*place.tolist(), int(symmetry.images[g, site]), function))
            images.add(at_home(frozenset(image)))
        assert set(own) == images
        assert len(own) == len(images) == space.multiplicity[c]


@pytest.mark.parametrize("name", PARENTS)
def test_diameters_are_the_largest_distances_and_keep_the_order(name: str, spaces: dict[str, ClusterSpace]) -> None:
    space, parent = spaces[name], PARENTS[name]
    for row, c in enumerate(space.member_cluster):
        points = space.member_site[row, : space.order[c]]
        places = (points[:, :3] + parent.positions[points[:, 3]]) @ parent.lattice
        lengths = np.linalg.norm(places[:, None] - places, axis=-1)
        assert lengths.max() == pytest.approx(space.diameter[c], abs=1e-5)
        assert lengths.max() <= CUTOFFS.get(len(points), 0) + 1e-6
    assert np.all(np.diff(space.diameter) >= 0)
    assert np.all(np.diff(space.order)[np.diff(space.diameter) == 0] >= 0)


@pytest.mark.parametrize("name", PARENTS)
def test_functions_are_those_that_the_species_of_a_site_give(name: str, spaces: dict[str, ClusterSpace]) -> None:
    space, n_species = spaces[name], PARENTS[name].n_species
    is_point = np.arange(space.order.max()) < space.order[space.member_cluster][:, None]
    assert np.all(space.member_function[~is_point] == -1)
    assert np.all(space.member_site[~is_point] == -1)
    assert np.all(space.member_function[is_point] >= 1)
    assert np.all(space.member_function[is_point] < n_species[space.member_site[is_point][:, 3]])


# Points (h, k, l)·a/2 with h + k + l even at a √(n/2): 12 (110), 6 (200), 24 (211), 12 (220), 24 (310), 8 (222),
# 48 (321), 6 (400); each pair has two ends.
def test_pairs_of_fcc_are_its_shells() -> None:
    space = cluster_space(PARENTS["fcc of two species"], {2: 4.09 * 2.01})
    assert space.multiplicity[1:].tolist() == [6, 3, 12, 6, 12, 4, 24, 3]
    np.testing.assert_allclose(space.diameter[1:], 4.09 * np.sqrt(np.arange(1, 9) / 2), atol=1e-9)


def test_the_nearest_neighbour_triangle_and_tetrahedron_of_fcc() -> None:
    space = cluster_space(PARENTS["fcc of two species"], dict.fromkeys((2, 3, 4, 5), 2.9))
    assert space.order.tolist() == [1, 2, 3, 4]
    assert space.multiplicity.tolist() == [1, 6, 8, 2]


def test_decorations_of_a_pair_of_equivalent_sites_are_unordered() -> None:
    space = cluster_space(PARENTS["fcc of three species"], {2: 2.6})
    assert space.names == (
        "point (1)",
        "point (2)",
        "pair 2.55 Å (1,1)",
        "pair 2.55 Å (1,2)",
        "pair 2.55 Å (2,2)",
    )
    assert space.multiplicity.tolist() == [1, 1, 6, 12, 6]
    assert space.orbit.tolist() == [0, 0, 1, 1, 1]


def test_decorations_of_a_pair_of_two_sublattices_are_ordered() -> None:
    space = cluster_space(PARENTS["zincblende of two and four species"], {2: 2.5})
    assert space.names[4:] == tuple(f"pair 2.42 Å (1,{f})" for f in (1, 2, 3))
    assert space.multiplicity.tolist() == [1] * 4 + [4] * 3


@pytest.mark.parametrize("name", PARENTS)
def test_names_differ(name: str, spaces: dict[str, ClusterSpace]) -> None:
    assert len(set(spaces[name].names)) == len(spaces[name]) == spaces[name].n_possible


@pytest.mark.parametrize("name", PARENTS)
def test_a_rotated_parent_with_rounded_numbers_has_the_same_clusters(
    name: str, spaces: dict[str, ClusterSpace]
) -> None:
    parent = PARENTS[name]
    lattice = np.round(parent.lattice @ Rotation.from_euler("xyz", (0.3, -1.1, 2.0)).as_matrix(), 7)
    other = cluster_space(Parent(lattice, np.round(parent.positions, 7), parent.site_class, parent.species), CUTOFFS)
    expected = spaces[name].arrays()
    for key, array in other.arrays().items():
        np.testing.assert_allclose(array, expected[key], atol=1e-6 if key == "diameter" else 0)


@pytest.mark.parametrize("name", PARENTS)
@pytest.mark.parametrize("keep", [5, 9, 30])
@pytest.mark.parametrize("at_once", [0, 10**6])
def test_what_is_kept_is_the_beginning_in_whole_orbits(
    name: str, keep: int, at_once: int, spaces: dict[str, ClusterSpace], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = spaces[name]
    monkeypatch.setattr(clusters, "_AT_ONCE", at_once)
    space = cluster_space(PARENTS[name], CUTOFFS, keep)
    n = len(space)
    assert n <= keep
    assert n == len(full) or np.count_nonzero(full.orbit <= full.orbit[n]) > keep
    assert np.all(full.orbit[n:] != space.orbit[-1])
    expected = full.arrays()
    rows = slice(0, len(space.member_cluster))
    k = space.order.max()
    np.testing.assert_array_equal(space.member_site, expected["member_site"][rows, :k])
    np.testing.assert_array_equal(space.member_function, expected["member_function"][rows, :k])
    np.testing.assert_allclose(space.diameter, full.diameter[:n], atol=1e-9)


def test_of_two_species_exactly_as_many_are_kept_as_asked_for() -> None:
    for keep in (1, 7, 50, 176):
        assert len(cluster_space(BARIUM_STANNATE, {2: 9.0, 3: 8.0, 4: 8.0}, keep)) == keep


def test_long_cutoffs_cost_nothing_where_few_clusters_are_kept() -> None:
    space = cluster_space(BARIUM_STANNATE, {2: 30.0, 3: 30.0, 4: 30.0}, 27)
    assert len(space) == 27
    assert space.n_possible is None
    assert space.diameter[-1] < 6


def test_the_cell_may_be_large_where_few_clusters_are_kept() -> None:
    positions = np.random.default_rng(0).random((120, 3))
    parent = Parent.of(14.0 * np.eye(3), positions, [0] * 120, [["Fe", "Co"]])
    space = cluster_space(parent, dict.fromkeys((2, 3, 4), 14.0), 200)
    assert len(space) == 200
    assert space.order[:120].tolist() == [1] * 120


@pytest.mark.parametrize("digits", [2, 3, 4, 5])
def test_rounded_positions_have_fewer_operations_or_the_same_clusters(digits: int) -> None:
    parent = PARENTS["hcp of two species"]
    rounded = Parent(parent.lattice, np.round(parent.positions, digits), parent.site_class, parent.species)
    symmetric, found = (len(cluster_space(p, {2: 5.0, 3: 5.0})) for p in (parent, rounded))
    assert found == symmetric or (found > symmetric and len(operations(rounded)) < len(operations(parent)))


def test_how_many_the_cutoffs_give_is_said_beside_what_is_kept() -> None:
    space = cluster_space(PARENTS["fcc of three species"], CUTOFFS, 10)
    assert space.n_possible == len(cluster_space(PARENTS["fcc of three species"], CUTOFFS))


def test_sites_without_a_choice_are_in_no_cluster() -> None:
    space = cluster_space(BARIUM_STANNATE, CUTOFFS)
    assert set(np.unique(space.member_site[:, :, 3])) == {-1, 2, 3, 4}


def test_without_cutoffs_there_are_points() -> None:
    space = cluster_space(PARENTS["one class of three orbits"], {})
    assert space.names == tuple(f"point ({f}){more}" for more in ("", " no. 2", " no. 3") for f in (1, 2))
    assert space.multiplicity.tolist() == [1, 1, 1, 1, 2, 2]


def test_a_cutoff_too_short_for_any_cluster_adds_none() -> None:
    assert len(cluster_space(PARENTS["fcc of two species"], {2: 1.0, 3: 1.0, 4: 0.5})) == 1


@pytest.mark.parametrize("name", PARENTS)
def test_arrays_bring_a_space_back(name: str, spaces: dict[str, ClusterSpace]) -> None:
    space = spaces[name]
    again = ClusterSpace.from_arrays(space.parent, space.basis, space.arrays())
    assert again.digest == space.digest
    assert (again.names, again.n_possible) == (space.names, space.n_possible)


def test_arrays_say_that_not_all_clusters_were_looked_at() -> None:
    partial = cluster_space(BARIUM_STANNATE, dict.fromkeys((2, 3, 4), 30.0), 5)
    assert ClusterSpace.from_arrays(partial.parent, "trigonometric", partial.arrays()).n_possible is None


def test_cutoffs_with_too_many_clusters_are_refused() -> None:
    for cutoffs in ({2: 500.0}, {2: 5.0, 6: 14.0}, {5: 7.0}):
        with pytest.raises(DataProblem, match="more than 5,000,000 decorated clusters") as raised:
            cluster_space(PARENTS["fcc of five species"], cutoffs)
        assert raised.value.findings[0].path == ("cutoffs",)


def test_a_parent_without_a_choice_is_refused() -> None:
    with pytest.raises(DataProblem, match="no site of the parent can hold two species"):
        cluster_space(Parent.of(4 * FCC, [[0, 0, 0]], [0], [["Cu"]]), CUTOFFS)


def test_fewer_than_the_first_orbit_are_refused() -> None:
    with pytest.raises(DataProblem, match="the first orbit of sites alone has 4 clusters"):
        cluster_space(PARENTS["fcc of five species"], CUTOFFS, 3)


def test_a_cutoff_for_points_is_refused() -> None:
    with pytest.raises(ValueError, match="2 points or more, not 1"):
        cluster_space(PARENTS["fcc of two species"], {1: 2.0})


def test_of_clusters_with_one_diameter_those_with_shorter_distances_come_first() -> None:
    """So that which of them are kept doesn't depend on the choice of the primitive cell."""
    corundum = prototype("corundum").parent({"a": 5.0, "c": 13.6}, [["Al", "Ga"], ["O"]])
    space = cluster_space(corundum, {2: 6.0, 3: 4.0})
    points = space.member_site[space.first_member]
    places = (points[..., :3] + corundum.positions[points[..., 3]]) @ corundum.lattice
    lengths: dict[tuple[float, int], list[float]] = {}
    for c in range(len(space)):
        own = places[c, : space.order[c]]
        total = sum(float(np.linalg.norm(a - b)) for i, a in enumerate(own) for b in own[:i])
        lengths.setdefault((round(float(space.diameter[c]), 4), int(space.order[c])), []).append(round(total, 3))
    assert any(len(set(found)) > 1 for found in lengths.values())
    assert all(found == sorted(found) for found in lengths.values())
