"""What the tasks of a similarity study do: read fingerprints, compute with pure functions, write shards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bigdata.data.spectra.dataset import open_import
from bigdata.kind import Triangle
from bigdata.studies.similarity import blocks, measures
from bigdata.studies.similarity.fingerprint import Fingerprints, heights
from bigdata.studies.similarity.grid import Grid
from bigdata.studies.similarity.grouping import components, cut, distances, tree
from bigdata.studies.similarity.model import Above, Similarity
from bigdata.studies.similarity.stages import kept_columns, neighbors_kept

if TYPE_CHECKING:
    from bigdata.kind import Context

# Entries compared with at a time where all are: their fingerprints and one block of similarities stay in the cache.
BLOCK_ROWS = 2048


def fingerprint(ctx: Context[Similarity]) -> None:
    """Fingerprints of one block of entries."""
    grid = Grid.from_id(ctx.model.fingerprint.grid)
    columns = kept_columns(ctx.model, grid)
    own = ctx.own("height")
    rows, shift = ctx.read("source_row", own), ctx.read("energy_shift", own)
    keep_states = any(a.name == "states" for a in ctx.stage.arrays)
    found: dict[str, NDArray[np.generic]] = {}
    for block in open_import(ctx.inputs["spectra"].folder).block(rows):
        dos = np.maximum(block.dos, 0) if ctx.model.spectrum.negative == "clip" else block.dos
        part = heights(block.energies, dos, shift[block.positions], grid, columns, keep_states)
        for name, values in _arrays(part, keep_states).items():
            found.setdefault(name, np.empty((len(rows), *values.shape[1:]), values.dtype))[block.positions] = values
    for name, values in found.items():
        ctx.write(name, values)


def _arrays(part: Fingerprints, keep_states: bool) -> dict[str, NDArray[np.generic]]:
    arrays: dict[str, NDArray[np.generic]] = {
        "height": part.height,
        "first_column": part.first,
        "last_column": part.last,
        "overflow": part.overflow,
        "undersampling": part.undersampling,
        "filling": part.filling,
    }
    if keep_states and part.states is not None:
        arrays["states"] = part.states
    return arrays


def matrix(ctx: Context[Similarity]) -> None:
    """Similarities of one block of the upper triangle, and the mirror image of it."""
    row, column = Triangle.block(ctx.index)
    array = ctx.stage.arrays[0]
    a, b = (_prepared(ctx, array.region((i, i))[0]) for i in (row, column))
    block = measures.block(a, b, ctx.model.similarity.measure)
    ctx.write("similarity", block, (row, column))
    if row != column:
        ctx.write("similarity", np.ascontiguousarray(block.T), (column, row))


def neighbors(ctx: Context[Similarity]) -> None:
    """The most similar entries of each entry of one block."""
    own, measure = ctx.own("neighbor"), ctx.model.similarity.measure
    n = ctx.stage.arrays[0].shape[0]
    k, minimum = neighbors_kept(ctx.model, n)
    a, found = _prepared(ctx, own), None
    for span in _spans(n):
        found = measures.nearest(a, _prepared(ctx, span), k, minimum, measure, own.start, span.start, found)
    assert found is not None
    ctx.write("neighbor", found.index.astype(np.int32))
    ctx.write("neighbor_similarity", found.similarity)
    if isinstance(ctx.model.similarity.keep, Above):
        ctx.write("n_above", found.n_above)


def convergence(ctx: Context[Similarity]) -> None:
    """Each entry's similarity to its reference."""
    reference = ctx.read("reference")
    result = np.empty(len(reference))
    for number in np.unique(reference):
        members = np.flatnonzero(reference == number)
        one = _prepared(ctx, slice(number, number + 1))
        result[members] = measures.block(_prepared(ctx, members), one, ctx.model.similarity.measure)[:, 0]
    ctx.write("reference_similarity", result)


def block_statistics(ctx: Context[Similarity]) -> None:
    """Mean, least and greatest similarity of the pairs of every two blocks of settings."""
    block = ctx.read("block")
    statistics = blocks.Statistics(int(block.max()) + 1)
    for rows, columns, similarities in _triangle(ctx, len(block)):
        statistics.add(similarities, block[rows], block[columns], same=rows == columns)
    for name, values in statistics.result().items():
        ctx.write(f"block_{name}", values)


def groups(ctx: Context[Similarity]) -> None:
    """Groups of entries that are alike, by linkage of the distances 1 - similarity."""
    wanted = ctx.model.groups
    assert wanted is not None
    n = ctx.stage.arrays[0].shape[0]
    pairs = _triangle(ctx, n)
    if ctx.model.similarity.keep == "matrix":
        linkage = tree(distances(n, pairs), wanted.linkage)
        ctx.write("group", cut(linkage, n, wanted.min_similarity))
        if n > 1:
            ctx.write("linkage", linkage)
    else:
        ctx.write("group", components(n, pairs, wanted.linkage, wanted.min_similarity))


def _triangle(ctx: Context[Similarity], n: int) -> Iterator[tuple[slice, slice, NDArray[np.float64]]]:
    """All similarities of the upper triangle in blocks, computed: that is faster than reading them."""
    spans, measure = list(_spans(n)), ctx.model.similarity.measure
    # One buffer for all blocks: touching new memory takes longer than the comparison itself.
    buffer = np.empty((BLOCK_ROWS, BLOCK_ROWS))
    for j, columns in enumerate(spans):
        b = _prepared(ctx, columns)
        for rows in spans[: j + 1]:
            a = b if rows == columns else _prepared(ctx, rows)
            whole = len(a) == len(b) == BLOCK_ROWS
            yield rows, columns, measures.block(a, b, measure, out=buffer if whole else None)


def _spans(n: int) -> Iterator[slice]:
    return (slice(i, min(n, i + BLOCK_ROWS)) for i in range(0, n, BLOCK_ROWS))


def _prepared(ctx: Context[Similarity], rows: slice | NDArray[np.intp]) -> measures.Bits | measures.Integrals:
    """The fingerprints of some entries, ready to be compared."""
    first, last = ctx.read("first_column", rows), ctx.read("last_column", rows)
    if ctx.model.similarity.measure == "integrated-l1":
        return measures.integrate(ctx.read("states", rows), first, last, ctx.read("column_width"))
    return measures.prepare(ctx.read("height", rows), first, last)
