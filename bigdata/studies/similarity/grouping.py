"""Homogeneous groups: entries merged by linkage as long as they are at least so similar (section 3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

Floats = NDArray[np.float64]
Pieces = Iterable[tuple[slice, slice, Floats]]
Linkage = Literal["complete", "average", "single"]


def distances(n: int, pieces: Pieces) -> Floats:
    """1 - similarity of all pairs i < j, as scipy's condensed vector (n(n-1)/2,), from pieces of the upper triangle."""
    condensed = np.empty(n * (n - 1) // 2)
    for rows, columns, similarity in pieces:
        for i in range(rows.start, rows.stop):
            first = max(i + 1, columns.start)
            if first < columns.stop:
                # Where row i begins in the vector, less the i + 1 columns that it doesn't have.
                at = i * (2 * n - i - 1) // 2 - i - 1
                condensed[at + first : at + columns.stop] = 1.0 - similarity[i - rows.start, first - columns.start :]
    return condensed


def tree(condensed: Floats, method: Linkage) -> Floats:
    """Scipy's linkage matrix (n-1, 4); (0, 4) for a single entry."""
    return np.asarray(linkage(condensed, method)) if condensed.size else np.empty((0, 4))


def cut(merges: Floats, n: int, min_similarity: float) -> NDArray[np.int32]:
    """Groups (n,) int32, 0 the largest, after all merges at distances up to 1 - min_similarity."""
    if not len(merges):
        return np.zeros(n, np.int32)
    # The distance was made by the same subtraction, so that a similarity equal to the limit still belongs.
    return by_size(fcluster(merges, 1.0 - min_similarity, "distance"))


def by_size(label: NDArray[np.int32]) -> NDArray[np.int32]:
    """Number groups from the largest to the smallest; of equal ones, the one with the earliest entry comes first."""
    _, first, inverse, count = np.unique(label, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(count), np.int32)
    rank[np.lexsort((first, -count))] = np.arange(len(count), dtype=np.int32)
    return rank[inverse]


def components(n: int, pieces: Pieces, method: Linkage, min_similarity: float) -> NDArray[np.int32]:
    """The same groups as `cut` of the whole tree, without all pairs in memory, for complete and single linkage.

    Groups never reach over the connected components of the pairs that are similar enough: with single linkage they are
    these components; with complete linkage each component is cut by itself, a pair that isn't similar enough standing
    at distance 1, which no cut reaches.
    """
    found = [_edges(rows, columns, similarity, min_similarity) for rows, columns, similarity in pieces]
    i, j, s = (np.concatenate(part) for part in zip(*found, strict=True))
    graph = csr_matrix((s, (i, j)), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    return by_size(label if method == "single" else _refined(graph, label, method, min_similarity))


def _edges(
    rows: slice, columns: slice, similarity: Floats, least: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    i, j = np.nonzero(similarity >= least)
    upper = i + rows.start < j + columns.start
    i, j = i[upper], j[upper]
    return i + rows.start, j + columns.start, similarity[i, j]


def _refined(graph: Any, label: NDArray[np.int32], method: Linkage, min_similarity: float) -> NDArray[np.int32]:
    refined, n_groups = np.empty_like(label), 0
    for members in np.split(np.argsort(label, kind="stable"), np.cumsum(np.bincount(label))[:-1]):
        similarity: Floats = graph[members][:, members].toarray()
        upper = similarity[np.triu_indices(len(members), 1)] + similarity.T[np.triu_indices(len(members), 1)]
        group = cut(tree(1.0 - upper, method), len(members), min_similarity)
        refined[members] = group + n_groups
        n_groups += int(group.max()) + 1
    return refined
