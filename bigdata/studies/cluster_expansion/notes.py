"""What a plan of a cluster expansion says beforehand: what can't work, and what the user should know."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bigdata.kind import Finding, Findings, size
from bigdata.lattices.clusters import ClusterSpace
from bigdata.lattices.species import symbol
from bigdata.models.monomials import Monomials, n_monomials
from bigdata.studies.cluster_expansion.folds import Folds
from bigdata.studies.cluster_expansion.model import ClusterExpansion
from bigdata.studies.materials.entries import Entries

MATRIX_BYTES = 2 * 1024**3
# A correlation with the number of atoms that no intensive property has.
EXTENSIVE = 0.95
HOLDING_ALL = ("lasso", "elastic-net", "ard")


def refuse_strange_species(model: ClusterExpansion, space: ClusterSpace, entries: Entries) -> None:
    """Raises Findings for species that no site can hold: the commonest mistake, seen before anything runs."""
    held = {number for numbers in space.parent.species for number in numbers}
    structures = entries.dataset.structures
    strange = sorted({int(z) for z in np.unique(structures.numbers)} - held)
    if not strange:
        return
    numbers, offsets = np.asarray(structures.numbers), np.asarray(structures.offsets)
    strange_atom = np.concatenate([[0], np.cumsum(np.isin(numbers, strange))])
    has = (strange_atom[offsets[1:]] > strange_atom[offsets[:-1]])[entries.rows]
    if not has.any() or model.parent.on_unmapped == "skip":
        return
    first = entries.ids[int(np.flatnonzero(has)[0])]
    names = ", ".join(symbol(z) for z in strange)
    what = (
        f"{int(has.sum()):,} of {len(entries):,} structures, such as {first}, hold {names}, which is on no sublattice"
    )
    raise Findings(
        Finding(("parent", "sublattices"), what, "Add it to a sublattice, or say `on_unmapped: skip` under `parent:`")
    )


def refuse_large_matrix(model: ClusterExpansion, space: ClusterSpace, n: int) -> None:
    """Raises Findings where a method needs a matrix of features larger than it may hold."""
    n_features = n_monomials(len(space), max(model.features))
    # Relevance determination has the covariance of all coefficients.
    rows = max(n, n_features) if model.selection.method == "ard" else n
    n_bytes = 8 * rows * n_features
    if model.selection.method in HOLDING_ALL and n_bytes > MATRIX_BYTES:
        what = f"{model.selection.method} holds all {n_features:,} features of {n:,} structures, {size(n_bytes)}"
        right = f"Only up to {size(MATRIX_BYTES)} can be: take orthogonal-matching-pursuit, which doesn't"
        raise Findings(Finding(("selection", "method"), what, right))


def widest(model: ClusterExpansion, space: ClusterSpace, n: int) -> Monomials:
    """The features of the highest degree, of correlations that are as wide as they will be and take no room."""
    return Monomials(np.broadcast_to(0.0, (n, len(space))), max(model.features))


def notes(model: ClusterExpansion, space: ClusterSpace, entries: Entries, folds: Folds, sizes: int) -> Iterator[str]:
    yield from entries.notes
    yield _said_of_clusters(model, space)
    features = widest(model, space, len(entries))
    if max(model.features) > 1 and model.selection.method == "orthogonal-matching-pursuit":
        all_of_them, held = size(8 * len(entries) * len(features)), size(features.held_bytes)
        yield f"of the {len(features):,} features, which would take {all_of_them}, at most {held} are held at a time"
    if len(space) > len(entries):
        yield f"{len(space):,} cluster functions are more than {len(entries):,} structures can tell: `keep` fewer"
    if model.target.per is None and _grows(entries):
        yield (
            f"{model.target.field} grows with the cell: `target: {{per: primitive-cell}}` divides it, and so does a "
            "unit such as eV/atom"
        )
    n_train = folds.n_seen
    if sizes >= n_train:
        yield (
            f"with {n_train:,} structures to learn from, a path can't reach {sizes:,} features: it ends where the fit "
            "is exact"
        )
    if folds.note:
        yield folds.note
    if model.target.bound is None and entries.values.size:
        at_zero = int((entries.values == 0).sum())
        if entries.values.min() >= 0 and at_zero >= max(3, 0.01 * len(entries)):
            yield f"{at_zero:,} values are 0: `target: {{bound: 0}}` gives their errors apart"


def refuse_divided(model: ClusterExpansion, entries: Entries) -> None:
    """Raises Findings for values that are divided already."""
    if model.target.divisor is not None and "/" in entries.unit:
        what = f"{model.target.field} is in {entries.unit}, and would be divided a second time"
        raise Findings(Finding(("target", "per"), what, "Leave `per` out, or take values of whole cells"))


def _grows(entries: Entries) -> bool:
    """Whether values follow the number of atoms, as energies of whole cells do."""
    offsets = np.asarray(entries.dataset.structures.offsets)
    atoms = (offsets[entries.rows + 1] - offsets[entries.rows]).astype(float)
    if len(atoms) < 3 or np.ptp(atoms) == 0 or np.ptp(entries.values) == 0:
        return False
    return bool(abs(np.corrcoef(atoms, entries.values)[0, 1]) > EXTENSIVE)


def _said_of_clusters(model: ClusterExpansion, space: ClusterSpace) -> str:
    features = ", ".join(f"{n_monomials(len(space), degree):,} of degree {degree}" for degree in model.features)
    is_cut = space.n_possible is None or space.n_possible > len(space)
    kept = f"the cutoffs give {len(space):,} cluster functions"
    if is_cut:
        possible = f" of {space.n_possible:,}" if space.n_possible is not None else ""
        kept = f"{len(space):,}{possible} cluster functions are kept, the shortest"
    keep = model.clusters.keep
    if is_cut and keep is not None and len(space) < keep:
        kept += f" ({keep} would divide an orbit)"
    elif keep is not None and len(space) < keep:
        kept += f", fewer than the {keep} to keep: widen them for more"
    return f"{kept}; features up to each degree: {features}"
