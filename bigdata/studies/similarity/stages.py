"""The stages of a similarity study: fingerprints by blocks of entries, then similarities by blocks of pairs.

              ┌─▶ similarity   (one task a block of the upper triangle, or a block of rows)
fingerprint ──┼─▶ convergence  (one task)
              ├─▶ blocks       (one task)
              └─▶ groups       (one task)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from bigdata.kind import (
    BUILT_IN,
    PROCESS_BYTES,
    ArraySpec,
    Coordinate,
    Finding,
    Findings,
    Input,
    Rate,
    Stage,
    Triangle,
    Workload,
    blocks,
    by_rows,
    covering,
    every,
    whole,
)
from bigdata.studies.similarity.entries import (
    Entries,
    covering_little,
    open_entries,
    short_of_columns,
    wider_than_grid,
)
from bigdata.studies.similarity.grid import Grid
from bigdata.studies.similarity.model import Above, Blocks, Convergence, Groups, Nearest, Similarity
from bigdata.studies.similarity.ordering import combinations, order, references, ties, unknown_values
from bigdata.studies.similarity.page_size import report_bytes
from bigdata.studies.similarity.saturation import at_the_top
from bigdata.studies.similarity.settings import array_names

TASKS = "bigdata.studies.similarity.tasks"
FINGERPRINT_ROWS = 4096
MATRIX_ROWS = 2048
NEIGHBOR_ROWS = 2048
MOST_BLOCKS = 200


def stages(model: Similarity, inputs: Mapping[str, Input]) -> Workload:
    """What one variant of the study computes and stores."""
    grid = Grid.from_id(model.fingerprint.grid)
    columns = kept_columns(model, grid)
    entries = open_entries(model, inputs["spectra"], grid, columns)
    n, n_columns = len(entries), columns.stop - columns.start
    ordered = order(entries.settings, len(entries), model.order)
    accurate: list[int] = []
    fingerprint = _fingerprint(model, entries, columns)
    made = [fingerprint, _similarity(model, n, fingerprint)]
    coordinates = [*_axes(entries, grid, columns), _order(ordered), *_settings(entries)]
    if model.convergence is not None:
        made.append(_convergence(model, model.convergence, n, fingerprint))
        accurate = references(entries.settings, model.convergence.within, ordered, model.order_fields)
        coordinates.append(_reference(accurate))
    if model.similarity.keep == "matrix":
        coordinates.append(Coordinate(name="entry_2", dim="entry_2", values=entries.names, about="the same as entry"))
    notes = [
        *wider_than_grid(model.spectrum.window, grid),
        *entries.notes,
        *unknown_values(entries.settings, entries.names, _fields(model)),
        *ties(entries.settings, entries.names, accurate, model),
        *short_of_columns(entries, accurate),
        *covering_little(entries, n_columns),
        *at_the_top(model, inputs["spectra"], entries, grid, columns),
    ]
    if model.blocks is not None:
        of, labels = combinations(entries.settings, model.blocks.by, ordered)
        if len(labels) > MOST_BLOCKS:
            notes.append(_too_many_blocks(model.blocks, len(labels)))
        else:
            made.append(_blocks(model, model.blocks, n, len(labels), fingerprint))
            coordinates += _block_coordinates(of, labels)
    if model.groups is not None:
        made.append(_groups(model, model.groups, n, fingerprint))
    return Workload(
        stages=tuple(made),
        coordinates=tuple(coordinates),
        notes=tuple(notes),
        report_bytes=report_bytes(model, entries, n_columns),
        sizes={"entries": n, "columns": n_columns},
    )


def _fields(model: Similarity) -> list[str]:
    """The fields by which the study orders or groups entries."""
    by, within = model.blocks.by if model.blocks else [], model.convergence.within if model.convergence else []
    return list(dict.fromkeys([*model.order_fields, *within, *by]))


def _too_many_blocks(by: Blocks, n: int) -> str:
    return (
        f"no statistics of blocks: {', '.join(by.by)} take {n:,} values together, and more than {MOST_BLOCKS} blocks "
        "tell nothing; name other fields under `blocks: {by: …}`"
    )


def kept_columns(model: Similarity, grid: Grid) -> slice:
    """The grid's columns inside `spectrum.window`; Findings where there are none."""
    if model.spectrum.window is None:
        return slice(0, grid.n_columns)
    try:
        return grid.window(*model.spectrum.window)
    except ValueError as error:
        raise Findings(Finding(("spectrum", "window"), str(error), "Widen the window, or the grid's cutoffs")) from None


def _fingerprint(model: Similarity, entries: Entries, columns: slice) -> Stage:
    n, k = len(entries), columns.stop - columns.start
    rows, _ = blocks(n, FINGERPRINT_ROWS)
    keeps_states = model.similarity.measure == "integrated-l1"
    return Stage(
        name="fingerprint",
        function=f"{TASKS}:fingerprint",
        fields={**_spectrum_fields(model), "rows": rows, "states": keeps_states},
        rate=Rate("spectrum", 4e-5, BUILT_IN),
        work=lambda i: min(rows, n - i * rows),
        memory=PROCESS_BYTES + rows * entries.n_points * 8 * 2,
        arrays=tuple(_fingerprint_arrays(rows, n, k, keeps_states, f"states/{entries.scale}")),
        inputs=("spectra",),
    )


def _fingerprint_arrays(rows: int, n: int, k: int, keeps_states: bool, units: str) -> Iterator[ArraySpec]:
    array, one, table = partial(by_rows, rows), {"entry": n}, {"entry": n, "column": k}
    yield array("height", "uint8", table, about="bits set in a column of the fingerprint, counted from below")
    yield array("first_column", "int32", one, about="first column that the spectrum covers")
    yield array("last_column", "int32", one, about="column after the last one covered")
    yield array("overflow", "float64", one, units, "states above the top of their columns")
    yield array("undersampling", "float64", one, about="share of the states that lies between two bits")
    yield array("filling", "float64", one, about="share of bits set in the covered columns")
    if keeps_states:
        yield array("states", "float64", table, units, "states in a column of the fingerprint")


def _spectrum_fields(model: Similarity) -> dict[str, Any]:
    return {
        "grid": model.fingerprint.grid,
        "spectrum": model.spectrum.model_dump(mode="json"),
        "where": model.model_dump(mode="json")["dataset"].get("where", {}),
        "on_bad_entry": model.dataset.on_bad_entry,
    }


def _similarity(model: Similarity, n: int, fingerprint: Stage) -> Stage:
    return (_matrix if model.similarity.keep == "matrix" else _neighbors)(model, n, fingerprint)


def _matrix(model: Similarity, n: int, fingerprint: Stage) -> Stage:
    """Every task has a block of the upper triangle, and writes it and its mirror image below the diagonal."""
    rows, _ = blocks(n, MATRIX_ROWS)
    # Chunks of 512² numbers, 2 MiB: what has to be read, and unpacked, for one of them.
    parts = 1 if rows <= 512 else 4
    rows = -(-rows // parts) * parts
    triangle = Triangle(n, rows)
    array = ArraySpec(
        name="similarity",
        shape=(n, n),
        dtype="float64",
        dims=("entry", "entry_2"),
        shard=(rows, rows),
        chunk=(rows // parts, rows // parts),
        about=f"{model.similarity.measure} similarity of two fingerprints",
    )
    return Stage(
        name="similarity",
        function=f"{TASKS}:matrix",
        n_tasks=triangle.n_tasks,
        fields={"measure": model.similarity.measure, "rows": rows},
        rate=Rate("pair", 2.5e-8, BUILT_IN),
        work=triangle.work,
        memory=PROCESS_BYTES + 5 * rows * rows * 8,
        arrays=(array,),
        shards=triangle.shards("similarity"),
        needs=covering(fingerprint, triangle.spans),
    )


def _neighbors(model: Similarity, n: int, fingerprint: Stage) -> Stage:
    """Every task has a block of entries and compares them with all others, keeping the most similar."""
    rows, _ = blocks(n, NEIGHBOR_ROWS)
    k, minimum = neighbors_kept(model, n)
    return Stage(
        name="similarity",
        function=f"{TASKS}:neighbors",
        fields={"measure": model.similarity.measure, "k": k, "minimum": minimum, "rows": rows},
        rate=Rate("pair", 5e-9, BUILT_IN),
        work=lambda i: min(rows, n - i * rows) * n,
        memory=PROCESS_BYTES + 40 * rows * k + n * 300,
        arrays=tuple(_neighbor_arrays(model, rows, n, k)),
        needs=every(fingerprint),
    )


def _neighbor_arrays(model: Similarity, rows: int, n: int, k: int) -> Iterator[ArraySpec]:
    array, ranked = partial(by_rows, rows), {"entry": n, "rank": k}
    about = "entry number of the neighbour, the most similar first; -1 where there are no more"
    yield array("neighbor", "int32", ranked, about=about)
    about = f"{model.similarity.measure} similarity to the neighbour"
    yield array("neighbor_similarity", "float64", ranked, about=about)
    if isinstance(model.similarity.keep, Above):
        about = "entries at least as similar as asked for, also those beyond the ranks kept"
        yield array("n_above", "int64", {"entry": n}, about=about)


def neighbors_kept(model: Similarity, n: int) -> tuple[int, float]:
    """How many neighbours of an entry are kept, and how similar they are at least."""
    keep = model.similarity.keep
    assert keep != "matrix"
    most, minimum = (keep.nearest, 0.0) if isinstance(keep, Nearest) else (keep.at_most, keep.above)
    return min(most, max(1, n - 1)), minimum


def _convergence(model: Similarity, convergence: Convergence, n: int, fingerprint: Stage) -> Stage:
    about = "similarity to the most accurate entry of the same kind"
    return Stage(
        name="convergence",
        function=f"{TASKS}:convergence",
        fields={"measure": model.similarity.measure, "order_by": _order_by(model), "within": convergence.within},
        rate=Rate("spectrum", 5e-7, BUILT_IN),
        work=lambda _: n,
        memory=PROCESS_BYTES + n * 400,
        arrays=(whole("reference_similarity", "float64", {"entry": n}, about=about),),
        needs=every(fingerprint),
    )


def _blocks(model: Similarity, by: Blocks, n: int, n_blocks: int, fingerprint: Stage) -> Stage:
    along = {"block_row": n_blocks, "block_column": n_blocks}
    about = "similarity of the pairs of two blocks of settings, an entry's with itself left out"
    words = ("mean", "min", "max")
    return Stage(
        name="blocks",
        function=f"{TASKS}:block_statistics",
        fields={"measure": model.similarity.measure, "by": by.by, "order_by": _order_by(model)},
        rate=Rate("pair", 6e-9, BUILT_IN),
        work=lambda _: n * n / 2,
        memory=PROCESS_BYTES + n * 2**16,
        arrays=tuple(whole(f"block_{word}", "float64", along, about=f"{word} {about}") for word in words),
        needs=every(fingerprint),
    )


def _order_by(model: Similarity) -> Any:
    return model.model_dump(mode="json")["order_by"]


def _groups(model: Similarity, groups: Groups, n: int, fingerprint: Stage) -> Stage:
    has_matrix = model.similarity.keep == "matrix"
    arrays = tuple(_group_arrays(n, has_tree=has_matrix and n > 1))
    return Stage(
        name="groups",
        function=f"{TASKS}:groups",
        fields={
            "measure": model.similarity.measure,
            **groups.model_dump(mode="json"),
            "tree": len(arrays) > 1,
        },
        rate=Rate("pair", 7e-8, BUILT_IN),
        work=lambda _: n * n / 2,
        memory=PROCESS_BYTES + (n * n * 8 if has_matrix else n * 2**14),
        arrays=arrays,
        needs=every(fingerprint),
    )


def _group_arrays(n: int, *, has_tree: bool) -> Iterator[ArraySpec]:
    yield whole("group", "int32", {"entry": n}, about="group of entries that are alike, the largest group first")
    if has_tree:
        about = "scipy's linkage matrix of the distances 1 - similarity: first, second, distance, entries"
        yield whole("linkage", "float64", {"merge": n - 1, "linkage_column": 4}, about=about)


def _axes(entries: Entries, grid: Grid, columns: slice) -> list[Coordinate]:
    edges = (grid.edges + grid.e_ref).tolist()[columns.start : columns.stop + 1]
    # Edges are decimal numbers of few digits; their differences would be so but for rounding.
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


def _settings(entries: Entries) -> list[Coordinate]:
    """One coordinate a setting, and one that lists their names; missing numbers are NaN, missing text is empty."""
    arrays = array_names(entries.settings)
    about = "names of the settings, in the order of their arrays along `entry`"
    made = [Coordinate(name="setting", dim="setting", values=list(arrays), about=about)] if arrays else []
    for name, values in entries.settings.items():
        text = any(isinstance(v, str) for v in values)
        filled = [("" if v is None else str(v)) if text else (float("nan") if v is None else v) for v in values]
        units = entries.units.get(name) or "1"
        made.append(Coordinate(name=arrays[name], dim="entry", values=filled, units=units, about=f"setting {name!r}"))
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
