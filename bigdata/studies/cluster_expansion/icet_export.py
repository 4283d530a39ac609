"""A standard expansion as a ClusterExpansion of icet (M. Ångqvist et al., Adv. Theory Simul. 2, 1900015 (2019), doi
10.1002/adts.201900015), where icet is installed.

icet orders species by atomic number, so that its functions of a cluster are combinations of ours. Both are linear in
the same space, so its parameters follow from requiring equal values on random structures; others then check them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import SpecError
from bigdata.lattices.clusters import ClusterSpace
from bigdata.lattices.correlations import correlations
from bigdata.lattices.mapped import Mapped
from bigdata.lattices.parent import Parent
from bigdata.lattices.species import symbol
from bigdata.lattices.supercell import hermite, supercell
from bigdata.studies.cluster_expansion.results import Expansion

Floats = NDArray[np.float64]
# Random structures for each parameter, and those that check the result.
PER_PARAMETER = 2
N_CHECKS = 20
SMALLEST_CELL, LARGEST_CELL = 20, 40
EXACT = 1e-8
# icet leaves out clusters that are exactly as long as a cutoff.
BEYOND = 1e-3


def as_icet(space: ClusterSpace, cutoffs: Mapping[int, float], expansion: Expansion) -> Any:
    """The icet ClusterExpansion with equal values. Raises SpecError for nonlinear models and where icet is missing."""
    if (expansion.factors[:, 1:] >= 0).any():
        what = f"icet's expansions are linear, and this one has features of degree {expansion.degree}"
        raise SpecError(f"{what}. Export the standard expansion with --model 1, if the run has it, or take JSON.")
    try:
        import icet
    except ImportError:
        raise SpecError("icet isn't installed here: `pip install icet`, or export JSON.") from None
    theirs = _icet_space(icet, space.parent, cutoffs)
    rng = np.random.default_rng(0)
    n = PER_PARAMETER * len(theirs) + N_CHECKS
    decorated = [_random(space.parent, rng) for _ in range(n)]
    vectors = np.array([theirs.get_cluster_vector(_atoms(space.parent, d)) for d in decorated])
    values = np.concatenate([expansion.predict(correlations(space, d)) for d in decorated])
    parameters = np.linalg.lstsq(vectors[N_CHECKS:], values[N_CHECKS:], rcond=None)[0]
    off = float(np.abs(vectors[:N_CHECKS] @ parameters - values[:N_CHECKS]).max())
    if off > EXACT * max(1.0, float(np.abs(values).max())):
        raise SpecError(f"icet's clusters don't reproduce this expansion: values differ by up to {off:.2g}.")
    # Clusters that the expansion does without: what least squares leave there is rounding.
    parameters[np.abs(parameters) < 1e-12 * np.abs(parameters).max()] = 0.0
    return icet.ClusterExpansion(theirs, parameters)


def _icet_space(icet: Any, parent: Parent, cutoffs: Mapping[int, float]) -> Any:
    from ase import Atoms

    symbols = [[_icet_symbol(z) for z in parent.species[c]] for c in parent.site_class]
    atoms = Atoms([s[0] for s in symbols], cell=parent.lattice, scaled_positions=parent.positions, pbc=True)
    orders = range(2, max(cutoffs, default=1) + 1)
    # icet wants a cutoff for each order from pairs on, without gaps.
    return icet.ClusterSpace(atoms, [cutoffs.get(k, 0.0) + BEYOND for k in orders], symbols)


def _icet_symbol(number: int) -> str:
    return "X" if number == 0 else symbol(number)


def _random(parent: Parent, rng: np.random.Generator) -> Mapped:
    """A random decoration of a random supercell."""
    n = int(rng.integers(SMALLEST_CELL, LARGEST_CELL + 1))
    first = rng.choice([d for d in range(1, n + 1) if n % d == 0])
    second = rng.choice([d for d in range(1, n // first + 1) if n // first % d == 0])
    diagonal = (int(first), int(second), n // int(first) // int(second))
    form = np.diag(diagonal)
    form[1, 0], form[2, 0], form[2, 1] = rng.integers(diagonal[0]), rng.integers(diagonal[0]), rng.integers(diagonal[1])
    # Every composition, so that correlations of single sites vary as widely as they can.
    occupation = np.stack([_column(int(m), n, rng) for m in parent.n_species], axis=1).astype(np.int8)
    zero = np.zeros(1)
    return Mapped(form[None], np.array([0, n]), occupation, zero, zero, zero, zero, ("",), np.array([0]))


def _column(n_species: int, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return np.asarray(rng.choice(n_species, size=n, p=rng.dirichlet(np.ones(n_species))))


def _atoms(parent: Parent, mapped: Mapped) -> Any:
    """The ideal structure; vacancies are atoms X, as icet wants them."""
    from ase import Atoms

    cell = supercell(hermite(mapped.forms[0]))
    positions = (cell.cells[:, None] + parent.positions[None]).reshape(-1, 3) @ parent.lattice
    species: Iterator[str] = (
        _icet_symbol(parent.species[c][code])
        for row in mapped.occupation
        for c, code in zip(parent.site_class, row, strict=True)
    )
    return Atoms(list(species), positions=positions, cell=cell.matrix @ parent.lattice, pbc=True)
