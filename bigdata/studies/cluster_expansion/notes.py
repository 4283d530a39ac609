"""What a plan of a cluster expansion says beforehand: what the user should know."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bigdata.kind import size
from bigdata.lattices.clusters import ClusterSpace
from bigdata.models.monomials import Monomials, n_monomials
from bigdata.studies.cluster_expansion.folds import Folds
from bigdata.studies.cluster_expansion.model import ClusterExpansion
from bigdata.studies.cluster_expansion.oxidation import in_words, several_states
from bigdata.studies.materials.entries import Entries


def widest(model: ClusterExpansion, space: ClusterSpace, n: int) -> Monomials:
    """The features of the highest degree, of correlations that are as wide as they will be and take no room."""
    return Monomials(np.broadcast_to(0.0, (n, len(space))), max(model.features))


def notes(model: ClusterExpansion, space: ClusterSpace, entries: Entries, folds: Folds, sizes: int) -> Iterator[str]:
    yield from entries.notes
    yield from _said_of_states(entries)
    yield _said_of_clusters(model, space)
    features = widest(model, space, len(entries))
    if max(model.features) > 1 and model.selection.method == "orthogonal-matching-pursuit":
        all_of_them, held = size(8 * len(entries) * len(features)), size(features.held_bytes)
        yield f"of the {len(features):,} features, which would take {all_of_them}, at most {held} are held at a time"
    if len(space) > len(entries):
        yield f"{len(space):,} cluster functions are more than {len(entries):,} structures can tell: `keep` fewer"
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


def _said_of_states(entries: Entries) -> Iterator[str]:
    """Of which elements the structures have several oxidation states, that the expansion can't tell apart."""
    if states := several_states(text for text, _ in entries.dataset.remarks.notes):
        yield f"{in_words(states)} are one species to the expansion: rename one where they are to be told apart"


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
