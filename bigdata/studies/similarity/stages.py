"""The stages of a similarity study: fingerprints by blocks of entries, then similarities by blocks of pairs.

              ┌─▶ similarity   (one task a block of the upper triangle, or a block of rows)
fingerprint ──┼─▶ convergence  (one task)
              ├─▶ blocks       (one task)
              └─▶ groups       (one task)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from math import isqrt
from typing import Any

from bigdata.kind.stage import Rate, Stage, TaskId, Workload
from bigdata.spec.study import Finding, Findings, Input
from bigdata.store.arrays import ArraySpec, Coordinate, ShardIndex, blocks
from bigdata.studies.similarity.entries import (
    Entries,
    combinations,
    open_entries,
    order,
    references,
    short_of_columns,
    wider_than_grid,
)
from bigdata.studies.similarity.grid import Grid
from bigdata.studies.similarity.model import Above, Blocks, Convergence, Groups, Nearest, Similarity
from bigdata.studies.similarity.page_size import report_bytes

TASKS = "bigdata.studies.similarity.tasks"
FINGERPRINT_ROWS = 4096
MATRIX_ROWS = 2048
NEIGHBOR_ROWS = 2048
MOST_BLOCKS = 200
PROCESS_BYTES = 350_000_000
BUILT_IN = "measured on two x86-64 cores in November 2026"


def stages(model: Similarity, inputs: Mapping[str, Input]) -> Workload:
    """What one variant of the study computes and stores."""
    grid = Grid.from_id(model.fingerprint.grid)
    columns = kept_columns(model, grid)
    entries = open_entries(model, inputs["spectra"], grid, columns)
    ordered = order(entries, model.order_by)
    accurate: list[int] = []
    made = [_fingerprint(model, entries, columns), _similarity(model, len(entries))]
    coordinates = [*_axes(entries, grid, columns), _order(ordered), *_settings(entries)]
    if model.convergence is not None:
        made.append(_convergence(model, model.convergence, len(entries)))
        accurate = references(entries, model.convergence.within, ordered)
        coordinates.append(_reference(accurate))
    if model.similarity.keep == "matrix":
        coordinates.append(Coordinate(name="entry_2", dim="entry_2", values=entries.names, about="the same as entry"))
    notes = [*wider_than_grid(model.spectrum.window, grid), *entries.notes, *short_of_columns(entries, accurate)]
    if model.blocks is not None:
        of, labels = combinations(entries, model.blocks.by, ordered)
        if len(labels) > MOST_BLOCKS:
            notes.append(
                f"no statistics of blocks: {', '.join(model.blocks.by)} take {len(labels):,} values together, and more "
                f"than {MOST_BLOCKS} blocks tell nothing; name other fields under `blocks: {{by: …}}`"
            )
        else:
            made.append(_blocks(model, model.blocks, len(entries), len(labels)))
            coordinates += _block_coordinates(of, labels)
    if model.groups is not None:
        made.append(_groups(model, model.groups, len(entries)))
    n_columns = columns.stop - columns.start
    return Workload(
        stages=tuple(made),
        coordinates=tuple(coordinates),
        notes=tuple(notes),
        report_bytes=report_bytes(model, entries, n_columns),
        sizes={"entries": len(entries), "columns": n_columns},
    )


def kept_columns(model: Similarity, grid: Grid) -> slice:
    """The grid's columns inside `spectrum.window`; Findings where there are none."""
    if model.spectrum.window is None:
        return slice(0, grid.n_columns)
    try:
        return grid.window(*model.spectrum.window)
    except ValueError as error:
        raise Findings(Finding(("spectrum", "window"), str(error), "Widen the window, or the grid's cutoffs")) from None


def triangle(index: int) -> tuple[int, int]:
    """The block row and column, row ≤ column, of a task of the upper triangle counted column by column: 0 → (0, 0),
    1 → (0, 1), 2 → (1, 1), 3 → (0, 2) …
    """
    column = (isqrt(8 * index + 1) - 1) // 2
    return index - column * (column + 1) // 2, column


def entry_array(
    name: str, n: int, rows: int, dtype: str = "float64", units: str = "1", about: str = "", **more: Any
) -> ArraySpec:
    """One value an entry; `rows` entries a shard."""
    return ArraySpec(
        name=name,
        shape=(n,),
        dtype=dtype,
        dims=("entry",),
        shard=(rows,),
        chunk=(rows,),
        units=units,
        about=about,
        **more,
    )


def _fingerprint(model: Similarity, entries: Entries, columns: slice) -> Stage:
    n, k = len(entries), columns.stop - columns.start
    rows, n_tasks = blocks(n, FINGERPRINT_ROWS)
    table = partial(ArraySpec, shape=(n, k), dims=("entry", "column"), shard=(rows, k), chunk=(rows, k))
    arrays = [
        table(name="height", dtype="uint8", about="bits set in a column of the fingerprint, counted from below"),
        entry_array("first_column", n, rows, "int32", about="first column that the spectrum covers"),
        entry_array("last_column", n, rows, "int32", about="column after the last one covered"),
        entry_array("overflow", n, rows, units="states/cell", about="states above the top of their columns"),
        entry_array("undersampling", n, rows, about="share of the states that lies between two bits"),
        entry_array("filling", n, rows, about="share of bits set in the covered columns"),
    ]
    if model.similarity.measure == "integrated-l1":
        arrays.append(
            table(name="states", dtype="float64", units="states/cell", about="states in a column of the fingerprint")
        )
    return Stage(
        name="fingerprint",
        version=1,
        function=f"{TASKS}:fingerprint",
        n_tasks=n_tasks,
        fields={**_spectrum_fields(model), "rows": rows, "states": len(arrays) == 7},
        rate=Rate("spectrum", 4e-5, BUILT_IN),
        work=lambda i: min(rows, n - i * rows),
        memory=PROCESS_BYTES + rows * entries.n_points * 8 * 2,
        arrays=tuple(arrays),
        shards=lambda i: [(a.name, (i,) + (0,) * (len(a.shape) - 1)) for a in arrays],
        inputs=("spectra",),
    )


def _spectrum_fields(model: Similarity) -> dict[str, Any]:
    return {
        "grid": model.fingerprint.grid,
        "spectrum": model.spectrum.model_dump(mode="json"),
        "where": model.model_dump(mode="json")["dataset"].get("where", {}),
        "on_bad_entry": model.dataset.on_bad_entry,
    }


def _similarity(model: Similarity, n: int) -> Stage:
    return _matrix(model, n) if model.similarity.keep == "matrix" else _neighbors(model, n)


def _matrix(model: Similarity, n: int) -> Stage:
    """Every task has a block of the upper triangle, and writes it and its mirror image below the diagonal."""
    rows, n_blocks = blocks(n, MATRIX_ROWS)
    parts = 1 if rows <= 512 else 4
    rows = -(-rows // parts) * parts
    array = ArraySpec(
        name="similarity",
        shape=(n, n),
        dtype="float64",
        dims=("entry", "entry_2"),
        shard=(rows, rows),
        chunk=(rows // parts, rows // parts),
        about=f"{model.similarity.measure} similarity of two fingerprints",
    )

    def size(block: int) -> int:
        return min(rows, n - block * rows)

    def shards(i: int) -> list[tuple[str, ShardIndex]]:
        row, column = triangle(i)
        return [("similarity", s) for s in dict.fromkeys([(row, column), (column, row)])]

    def work(i: int) -> float:
        row, column = triangle(i)
        return size(row) * size(column)

    def needs(i: int) -> list[TaskId]:
        return _fingerprints(n, *(range(b * rows, b * rows + size(b)) for b in triangle(i)))

    return Stage(
        name="similarity",
        version=1,
        function=f"{TASKS}:matrix",
        n_tasks=n_blocks * (n_blocks + 1) // 2,
        fields={"measure": model.similarity.measure, "rows": rows},
        rate=Rate("pair", 2.5e-8, BUILT_IN),
        work=work,
        memory=PROCESS_BYTES + 5 * rows * rows * 8,
        arrays=(array,),
        shards=shards,
        needs=needs,
    )


def _neighbors(model: Similarity, n: int) -> Stage:
    """Every task has a block of entries and compares them with all others, keeping the most similar."""
    rows, n_tasks = blocks(n, NEIGHBOR_ROWS)
    k, minimum = neighbors_kept(model, n)
    table = partial(ArraySpec, shape=(n, k), dims=("entry", "rank"), shard=(rows, k), chunk=(rows, k))
    arrays = [
        table(
            name="neighbor",
            dtype="int32",
            about="entry number of the neighbour, the most similar first; -1 where there are no more",
        ),
        table(
            name="neighbor_similarity", dtype="float64", about=f"{model.similarity.measure} similarity to the neighbour"
        ),
    ]
    if isinstance(model.similarity.keep, Above):
        about = "entries at least as similar as asked for, also those beyond the ranks kept"
        arrays.append(entry_array("n_above", n, rows, "int64", about=about))
    return Stage(
        name="similarity",
        version=1,
        function=f"{TASKS}:neighbors",
        n_tasks=n_tasks,
        fields={"measure": model.similarity.measure, "k": k, "minimum": minimum, "rows": rows},
        rate=Rate("pair", 5e-9, BUILT_IN),
        work=lambda i: min(rows, n - i * rows) * n,
        memory=PROCESS_BYTES + 40 * rows * k + n * 300,
        arrays=tuple(arrays),
        shards=lambda i: [(a.name, (i,) + (0,) * (len(a.shape) - 1)) for a in arrays],
        needs=lambda _: _fingerprints(n, range(n)),
    )


def neighbors_kept(model: Similarity, n: int) -> tuple[int, float]:
    """How many neighbours of an entry are kept, and how similar they are at least."""
    keep = model.similarity.keep
    assert keep != "matrix"
    most, minimum = (keep.nearest, 0.0) if isinstance(keep, Nearest) else (keep.at_most, keep.above)
    return min(most, max(1, n - 1)), minimum


def _convergence(model: Similarity, convergence: Convergence, n: int) -> Stage:
    array = entry_array("reference_similarity", n, n, about="similarity to the most accurate entry of the same kind")
    fields = {"measure": model.similarity.measure, "order_by": model.order_by, "within": convergence.within}
    return _single(
        "convergence", "convergence", fields, (array,), Rate("spectrum", 5e-7, BUILT_IN), n, n, PROCESS_BYTES + n * 400
    )


def _blocks(model: Similarity, by: Blocks, n: int, n_blocks: int) -> Stage:
    table = partial(
        ArraySpec,
        shape=(n_blocks, n_blocks),
        dims=("block_row", "block_column"),
        shard=(n_blocks, n_blocks),
        chunk=(n_blocks, n_blocks),
        dtype="float64",
    )
    arrays = tuple(
        table(
            name=f"block_{word}",
            about=f"{word} similarity of the pairs of two blocks of settings, an entry's with itself left out",
        )
        for word in ("mean", "min", "max")
    )
    fields = {"measure": model.similarity.measure, "by": by.by, "order_by": model.order_by}
    return _single(
        "blocks",
        "block_statistics",
        fields,
        arrays,
        Rate("pair", 6e-9, BUILT_IN),
        n * n / 2,
        n,
        PROCESS_BYTES + n * 2**16,
    )


def _groups(model: Similarity, groups: Groups, n: int) -> Stage:
    whole = model.similarity.keep == "matrix"
    arrays = [entry_array("group", n, n, "int32", about="group of entries that are alike, the largest group first")]
    if whole and n > 1:
        arrays.append(
            ArraySpec(
                name="linkage",
                shape=(n - 1, 4),
                dtype="float64",
                dims=("merge", "linkage_column"),
                shard=(n - 1, 4),
                chunk=(n - 1, 4),
                about="scipy's linkage matrix of the distances 1 - similarity: first, second, distance, entries",
            )
        )
    fields = {"measure": model.similarity.measure, **groups.model_dump(mode="json"), "tree": len(arrays) > 1}
    memory = PROCESS_BYTES + (n * n * 8 if whole else n * 2**14)
    return _single("groups", "groups", fields, tuple(arrays), Rate("pair", 7e-8, BUILT_IN), n * n / 2, n, memory)


def _single(
    name: str,
    function: str,
    fields: dict[str, Any],
    arrays: tuple[ArraySpec, ...],
    rate: Rate,
    work: float,
    n: int,
    memory: int,
) -> Stage:
    """A stage of one task, which needs all fingerprints and writes whole arrays."""
    return Stage(
        name=name,
        version=1,
        function=f"{TASKS}:{function}",
        n_tasks=1,
        fields=fields,
        rate=rate,
        work=lambda _: work,
        memory=memory,
        arrays=arrays,
        shards=lambda _: [(a.name, (0,) * len(a.shape)) for a in arrays],
        needs=lambda _: _fingerprints(n, range(n)),
    )


def _fingerprints(n: int, *spans: range) -> list[TaskId]:
    """The fingerprint tasks that make the entries of these spans."""
    rows, _ = blocks(n, FINGERPRINT_ROWS)
    return [("fingerprint", i) for i in sorted({i for s in spans if s for i in range(s[0] // rows, s[-1] // rows + 1)})]


def _axes(entries: Entries, grid: Grid, columns: slice) -> list[Coordinate]:
    edges = (grid.edges + grid.e_ref).tolist()[columns.start : columns.stop + 1]
    widths = [round(b - a, 10) for a, b in pairwise(edges)]
    return [
        Coordinate(name="entry", dim="entry", values=entries.names, about="the entry's name in the dataset"),
        Coordinate(name="source_row", dim="entry", values=list(entries.rows), about="row of the imported dataset"),
        Coordinate(
            name="energy_shift", dim="entry", values=entries.shift.tolist(), units="eV", about="taken off the energies"
        ),
        Coordinate(
            name="column", dim="column", values=edges[:-1], units="eV", about="lower edge of the fingerprint's column"
        ),
        Coordinate(name="column_width", dim="column", values=widths, units="eV"),
    ]


def _order(ordered: Sequence[int]) -> Coordinate:
    return Coordinate(
        name="order", dim="entry", values=list(ordered), about="entry numbers sorted by the settings named in order_by"
    )


RESERVED = {
    *("entry", "entry_2", "source_row", "energy_shift", "column", "column_width"),
    *("order", "reference", "block", "block_label"),
    *("height", "similarity", "neighbor", "group", "rank", "filling", "overflow", "undersampling", "states", "linkage"),
    *("first_column", "last_column", "neighbor_similarity", "n_above", "reference_similarity"),
    *("block_row", "block_column", "block_mean", "block_min", "block_max", "merge", "linkage_column"),
}


def _settings(entries: Entries) -> list[Coordinate]:
    """One coordinate a setting; missing numbers are NaN, missing text is empty."""
    made = []
    for name, values in entries.settings.items():
        text = any(isinstance(v, str) for v in values)
        filled = [("" if v is None else str(v)) if text else (float("nan") if v is None else v) for v in values]
        safe = f"setting_{name}" if name in RESERVED else name
        made.append(Coordinate(name=safe, dim="entry", values=filled, units=entries.units.get(name) or "1"))
    return made


def _reference(references_: list[int]) -> Coordinate:
    return Coordinate(
        name="reference", dim="entry", values=references_, about="number of the most accurate entry of the same kind"
    )


def _block_coordinates(of: list[int], labels: list[str]) -> list[Coordinate]:
    return [
        Coordinate(name="block", dim="entry", values=of, about="block of settings that the entry is in"),
        Coordinate(
            name="block_label", dim="block_row", values=labels, about="the settings that a block's entries share"
        ),
    ]
