"""The same clusters and correlations as icet finds (A. Ångqvist et al., Adv. Theory Simul. 2, 1900015 (2019))."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from bigdata.lattices.clusters import cluster_space
from bigdata.lattices.correlations import correlations
from bigdata.lattices.mapped import Mapped
from bigdata.lattices.parent import Parent
from tests.lattices.decorated import PARENTS, decorated, ideal_atoms, matched, matrices, symbols

icet = pytest.importorskip("icet")
Atoms = pytest.importorskip("ase").Atoms

N_STRUCTURES = 200
# icet numbers the species of a site by atomic number, a vacancy being 0; so do these parents.
CASES = {
    "fcc of two species": {2: 8.2, 3: 6.0, 4: 5.0},
    "fcc of three species": {2: 6.5, 3: 4.5, 4: 3.7},
    "hcp of two species": {2: 7.0, 3: 5.5, 4: 4.6},
    "perovskite with vacancies": {2: 8.0, 3: 6.0, 4: 5.0},
    "rocksalt of three and two species": {2: 5.2, 3: 4.3, 4: 3.0},
    "zincblende of two and four species": {2: 6.0, 3: 4.0},
    "one class of three orbits": {2: 5.0, 3: 4.3},
}


def icet_space(parent: Parent, cutoffs: Mapping[int, float]) -> object:
    primitive = Atoms(
        [names[0] for names in symbols(parent)],
        cell=parent.lattice,
        scaled_positions=parent.positions,
        pbc=True,
    )
    return icet.ClusterSpace(primitive, [cutoffs.get(k, 0.0) for k in range(2, max(cutoffs) + 1)], symbols(parent))


def atoms(parent: Parent, mapped: Mapped, i: int) -> object:
    """Structure i as icet takes it."""
    names, cell, places = ideal_atoms(parent, mapped, i)
    return Atoms(names, cell=cell, positions=places, pbc=True)


@pytest.mark.parametrize("name", CASES)
def test_correlations_are_those_of_icet(name: str) -> None:
    parent = PARENTS[name]
    rng = np.random.default_rng(2024)
    mapped = decorated(parent, matrices(N_STRUCTURES, rng, largest=8), rng)
    theirs = icet_space(parent, CASES[name])
    vectors = np.array([theirs.get_cluster_vector(atoms(parent, mapped, i)) for i in range(len(mapped))])  # type: ignore[attr-defined]
    space = cluster_space(parent, CASES[name])
    assert len(space) == vectors.shape[1] - 1
    np.testing.assert_array_equal(vectors[:, 0], 1)
    column = matched(correlations(space, mapped), vectors[:, 1:])
    listed = theirs.as_list[1:]  # type: ignore[attr-defined]
    assert [listed[j]["order"] for j in column] == space.order.tolist()
    assert [listed[j]["multiplicity"] for j in column] == space.multiplicity.tolist()
