"""What can't be expanded: what is wrong with a study's structures, values, parent and folds, all told at planning."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bigdata.data.problem import first
from bigdata.kind import Finding, Findings, size
from bigdata.lattices.clusters import ClusterSpace
from bigdata.lattices.species import VACANCY, symbol
from bigdata.models.monomials import n_monomials
from bigdata.studies.cluster_expansion.model import ClusterExpansion
from bigdata.studies.cluster_expansion.registered import FEWEST, divided_twice, too_few, unheld, unplaced
from bigdata.studies.materials.entries import Entries

MATRIX_BYTES = 2 * 1024**3
HOLDING_ALL = ("lasso", "elastic-net", "ard")
# Values of whole cells follow the number of atoms so closely, and divided by it vary by less than this part of what
# they vary by as they are. Of fewer structures than these, chance does so too.
EXTENSIVE, CALMER, FEWEST_TO_TELL = 0.95, 0.3, 5
# Beyond the rounding of values that are written with all their digits.
CONSTANT = 1e-9


def refuse(model: ClusterExpansion, space: ClusterSpace, entries: Entries) -> None:
    """Raises Findings with all that makes an expansion impossible or meaningless."""
    found = [
        *_species(model, space, entries),
        *_few(entries),
        *_constant(model, space, entries),
        *_whole_cells(model, entries),
        *divided_twice(model.target, entries.unit),
        *_large_matrix(model, space, len(entries)),
    ]
    if found:
        raise Findings(*found)


def _species(model: ClusterExpansion, space: ClusterSpace, entries: Entries) -> Iterator[Finding]:
    """Species that no site can hold, the commonest mistake, and those that no structure has."""
    held = {number for numbers in space.parent.species for number in numbers}
    has = {z: where for z, where in _with_species(entries).items() if where.any()}
    strange = sorted(set(has) - held)
    if strange and model.parent.on_unmapped == "refuse":
        them = np.any([has[z] for z in strange], axis=0)
        example, names = entries.ids[int(np.flatnonzero(them)[0])], first(map(symbol, strange))
        yield unplaced(f"{int(them.sum()):,} of {len(entries):,} structures, such as {example}, hold {names}")
    for i, names_of in enumerate(model.parent.sublattices):
        for j, name in enumerate(names_of):
            if name != symbol(VACANCY) and name not in {symbol(z) for z in has}:
                yield unheld(i, j, name, first(map(symbol, sorted(has))))


def _with_species(entries: Entries) -> dict[int, NDArray[np.bool_]]:
    """For each species of the dataset, which of the entries (n,) hold it."""
    structures = entries.dataset.structures
    numbers, offsets = np.asarray(structures.numbers), np.asarray(structures.offsets)
    found = {}
    for z in np.unique(numbers).tolist():
        n_before = np.concatenate([[0], np.cumsum(numbers == z)])
        found[z] = (n_before[offsets[1:]] > n_before[offsets[:-1]])[entries.rows]
    return found


def _few(entries: Entries) -> Iterator[Finding]:
    if len(entries) < FEWEST:
        yield too_few(len(entries), ("dataset",))


def _constant(model: ClusterExpansion, space: ClusterSpace, entries: Entries) -> Iterator[Finding]:
    values = entries.values
    if model.target.divisor is not None and not any(VACANCY in numbers for numbers in space.parent.species):
        # All sites are full, so that atoms count them.
        values = values / n_atoms(entries)
    if len(values) > 1 and is_constant(values):
        per = " for each atom" if values is not entries.values else ""
        what = f"all {len(values):,} values of {model.target.field} are {values[0]:g}{per}: there is nothing to learn"
        yield Finding(("target", "field"), what, "Name a field that differs between structures")


def is_constant(values: NDArray[np.float64]) -> bool:
    """Whether values are one, but for rounding."""
    return bool(np.ptp(values) <= CONSTANT * np.abs(values).max())


def _whole_cells(model: ClusterExpansion, entries: Entries) -> Iterator[Finding]:
    """Values that follow the number of atoms, as energies of whole cells do, and that nothing says to divide."""
    if model.target.per is not None or "/" in entries.unit or len(entries) < FEWEST_TO_TELL:
        return
    atoms, values = n_atoms(entries), entries.values
    if np.ptp(atoms) == 0 or np.ptp(values) == 0:
        return
    follows = float(np.corrcoef(atoms, values)[0, 1])
    spread, by_atom = _spread(values), _spread(values / atoms)
    if abs(follows) <= EXTENSIVE or by_atom > CALMER * spread:
        return
    field, unit = model.target.field, f", in {entries.unit}," if entries.unit else ", which has no unit,"
    what = (
        f"{field}{unit} grows with the cell: its correlation with the number of atoms is {follows:.3f}, and its spread "
        f"is {spread:.2g} of its mean, {by_atom:.2g} where it is divided by the atoms"
    )
    right = (
        "Say `target: {per: atom}`, or `per: primitive-cell` where sites may be empty, to divide it; if it is divided "
        f"already, give its unit under `dataset:`, as in `units: {{{field}: eV/atom}}`"
    )
    yield Finding(("target", "field"), what, right)


def _spread(values: NDArray[np.float64]) -> float:
    """Standard deviation as a part of the mean."""
    return float(values.std() / max(abs(values.mean()), 1e-300))


def n_atoms(entries: Entries) -> NDArray[np.float64]:
    """(n,) atoms of each structure's cell."""
    return entries.dataset.structures.n_atoms[entries.rows].astype(np.float64)


def _large_matrix(model: ClusterExpansion, space: ClusterSpace, n: int) -> Iterator[Finding]:
    """That a method needs a matrix of features larger than it may hold."""
    n_features = n_monomials(len(space), max(model.features))
    # Relevance determination has the covariance of all coefficients.
    rows = max(n, n_features) if model.selection.method == "ard" else n
    n_bytes = 8 * rows * n_features
    if model.selection.method in HOLDING_ALL and n_bytes > MATRIX_BYTES:
        what = f"{model.selection.method} holds all {n_features:,} features of {n:,} structures, {size(n_bytes)}"
        right = f"Only up to {size(MATRIX_BYTES)} can be: take orthogonal-matching-pursuit, which doesn't"
        yield Finding(("selection", "method"), what, right)
