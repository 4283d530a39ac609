"""What a transferability study shows: section 2 of doi 10.1039/d4fd00102h, Fig. 1 and 2, on one's datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from bigdata.kind import Headline, ReportParts, Table, View
from bigdata.models.networks.sources import SOURCE_OF
from bigdata.studies.materials.labels import labels_of
from bigdata.studies.materials.twins import said_of_matches, said_of_twins
from bigdata.studies.transferability import judgement
from bigdata.studies.transferability.kinds_of_material import by_kind
from bigdata.studies.transferability.results import Cell, Results
from bigdata.studies.transferability.trainings import trainings

GONE = (
    "The datasets aren't in the cache any more: the tables that look at single entries are left out. Submitting the "
    "study again brings them back."
)
MOST_LEFT_OUT = 200
# Pairs of datasets that have a sentence; the tables have all.
MOST_PAIRS = 6
SOURCES = (
    "D. Speckhard et al., How big is big data?, Faraday Discuss. 2024, doi 10.1039/d4fd00102h: section 2, Fig. 1, 2.",
    "P. W. Battaglia et al., Relational inductive biases, deep learning, and graph networks, arXiv 1806.01261.",
)


def report(view: View) -> ReportParts:
    """Summary, tables and what tells variants apart."""
    results = view.once(Results)
    return ReportParts(
        summary=_sentences(results),
        tables=_tables(results),
        sources=(*SOURCES, SOURCE_OF[results.model.model.kind]),
        headline=[partial(_headline, results)],
    )


def _headline(results: Results) -> Headline:
    found: dict[str, float | int | str] = {
        f"MAE at home ({results.small_unit})": _worst(results, [Cell(d, d) for d in results.datasets])
    }
    if results.foreign:
        found[f"MAE elsewhere ({results.small_unit})"] = _worst(results, results.foreign)
    return found


def _worst(results: Results, cells: list[Cell]) -> float:
    """Of those that are known; NaN where none is."""
    return max((results.error("mae", cell) for cell in cells if results.is_known(cell)), default=np.nan)


def _sentences(results: Results) -> Iterator[Callable[[], str]]:
    yield lambda: judgement.of_failed(results)
    if results.foreign:
        yield lambda: judgement.of_all(results)
    yield lambda: judgement.of_weak(results)
    for cell in results.foreign[:MOST_PAIRS]:
        yield partial(judgement.of_transfer, results, cell)
    for name in results.datasets if not results.foreign else ():
        yield partial(judgement.of_home, results, name)
    for name in results.model.combined:
        yield partial(judgement.of_combined, results, name)
    yield lambda: judgement.of_own_errors(results)
    for name in results.model.outside:
        yield partial(judgement.of_outside, results, name)
    yield lambda: judgement.of_split(results)
    study = results.model
    if study.identity.needs_matches:
        yield lambda: said_of_matches(results.view)
    if study.identity.cross_check:
        yield lambda: said_of_twins(results.view, study.split, study.identity, results.datasets)
    if not results.has_imports:
        yield lambda: GONE


def _tables(results: Results) -> Iterator[Callable[[], Table]]:
    yield lambda: _matrix(results)
    yield lambda: _errors(results)
    if results.foreign:
        yield lambda: _loss(results)
        yield lambda: _differences(results)
    yield lambda: _labels(results)
    if results.model.ladder:
        yield lambda: _ladder(results)
    if results.has_imports:
        yield lambda: _kinds(results)
    yield lambda: _elements(results)
    yield lambda: _trainings(results)
    yield lambda: _parts(results)
    if results.has_imports and any(e.left_out for e in results.entries.values()):
        yield lambda: _left_out(results)


def _matrix(results: Results) -> Table:
    """Fig. 1 in numbers."""
    rows = [(m, *(results.error("mae", Cell(m, d)) for d in results.test_sets)) for m in results.all_models]
    columns = ("trained on", *(f"tested on {d}" for d in results.test_sets))
    caption = (
        "Of the test part of each dataset, and of combined datasets together. No material of it was trained on, in any "
        "of the datasets."
    )
    if results.model.outside:
        caption += f" {', '.join(results.model.outside)}: other programs, which may have been trained on these entries."
    return Table("Mean absolute error", columns, rows, dict.fromkeys(columns[1:], results.small_unit), caption)


def _errors(results: Results) -> Table:
    names = ("mae", "mae_low", "mae_high", "rmse", "r2", "bias")
    counts = results.view["n_tested"][...].ravel()
    rows = [(*c, *(results.error(n, c) for n in names), int(k)) for c, k in zip(results.cells, counts, strict=True)]
    columns = ("trained on", "tested on", "MAE", "from", "to", "RMSE", "R²", "mean error", "entries")
    unit = results.small_unit
    units = dict.fromkeys(("MAE", "from", "to", "RMSE", "mean error"), unit)
    draws = f"From, to: 95 % interval of the MAE, by {results.model.bootstrap} draws of groups."
    caption = f"{draws} Mean error: of prediction minus target."
    return Table("Errors on the test parts", columns, rows, units, caption)


def _loss(results: Results) -> Table:
    """Each column takes one cause away."""
    names = ("mae", "mae_offset", "mae_refit", "mae_fine_tuned")
    tested = dict(zip(results.cells, results.view["n_tested"][...].ravel(), strict=True))
    # Another program's model may have no prediction for a dataset.
    elsewhere = [c for c in tested if not results.knows(c) and c.tested in results.datasets]
    foreign = [c for c in elsewhere if tested[c] or c.model in results.models]
    rows = [(*c, *(results.error(n, c) for n in names)) for c in foreign]
    columns = ("trained on", "tested on", "MAE", "without mean error", "references refitted", "fine-tuned")
    tuning = results.model.fine_tuning
    caption = (
        "References refitted: one number for each element, from predictions of the tested dataset's training part"
        + (f" ({100 * results.model.refit:.0f} % of its groups)" if results.model.refit < 1 else "")
        + ". "
        + (f"Fine-tuned: {tuning.max_steps:,} steps on {tuning.rows:,} of its training entries. " if tuning else "")
        + "What references take away is how the databases count energies, not what they know of materials."
    )
    return Table("Where the loss comes from", columns, rows, dict.fromkeys(columns[2:], results.small_unit), caption)


def _labels(results: Results) -> Table:
    labels = labels_of(results.model.datasets)
    rows = [
        (name, results.model.datasets[name].target, *(text or "not said" for text in label.model_dump().values()))
        for name, label in labels.items()
    ]
    caption = "What the values are, as the study or the registered dataset says: errors hold what differs here."
    return Table("Labels", ("dataset", "target", "functional", "corrections", "program"), rows, caption=caption)


def _differences(results: Results) -> Table:
    pairs = [(a, b) for i, a in enumerate(results.datasets) for b in results.datasets[i + 1 :]]
    rows = [
        (a, b, results.n_shared(a, b), results.label_difference(a, b), results.label_difference(a, b, refit=True))
        for a, b in pairs
    ]
    columns = ("dataset", "and", "groups in both", "mean absolute difference", "references refitted")
    caption = (
        "Of the mean targets of groups that both have: a model learns the labels of one and is tested on those of the "
        "other, so it can't be expected to do better. Refitted by five parts of the groups, each left out once."
    )
    return Table("How the labels differ", columns, rows, dict.fromkeys(columns[3:], results.small_unit), caption)


def _ladder(results: Results) -> Table:
    view, rows = results.view, []
    n, mae, power = view["ladder_n"][...], view["ladder_mae"][...] * results.scale, view["ladder_power"][...]
    for i, model in enumerate(results.models):
        for j, dataset in enumerate(results.test_sets):
            entries = " → ".join(f"{k:,}" if k else "–" for k in n[:, i].tolist())
            errors = " → ".join("–" if np.isnan(e) else f"{e:.3g}" for e in mae[:, i, j].tolist())
            rows.append((model, dataset, entries, errors, *power[i, j, :3].tolist()))
    columns = ("trained on", "tested on", "training entries", "MAE", "exponent", "from", "to")
    caption = "MAE falls as n to the power of minus the exponent; from, to: its 95 % interval (at least three rungs)."
    return Table("What more data bring", columns, rows, {"MAE": results.small_unit}, caption)


def _kinds(results: Results) -> Table:
    rows = [
        (*cell, row.label, row.n, row.mae * results.scale)
        for cell in results.cells
        if cell.model in results.models and cell.tested in results.datasets and results.is_known(cell)
        for row in by_kind(results, cell)
        if row.n
    ]
    columns = ("trained on", "tested on", "test entries", "number", "MAE")
    return Table("Errors by kind of material", columns, rows, {"MAE": results.small_unit})


def _elements(results: Results) -> Table:
    """The worst of each cell."""
    mae, n, symbols = (results.view[name][...] for name in ("element_mae", "element_n", "element"))
    rows = []
    for cell in results.cells:
        i, j = results.all_models.index(cell.model), results.test_sets.index(cell.tested)
        enough = np.flatnonzero((n[j] >= 5) & np.isfinite(mae[i, j]))
        worst = enough[np.argsort(-mae[i, j, enough], kind="stable")][:5].tolist()
        rows += [(*cell, str(symbols[e]), int(n[j, e]), float(mae[i, j, e]) * results.scale) for e in worst]
    columns = ("trained on", "tested on", "element", "test entries", "MAE")
    caption = "The five elements with the largest error in each, of those in at least five test entries."
    return Table("The hardest elements", columns, rows, {"MAE": results.small_unit}, caption)


def _trainings(results: Results) -> Table:
    names = ("n_train", "n_steps", "best_step")
    found = results.trained
    rows = [
        (
            one.label,
            *(int(n) if (n := found[name][i]) >= 0 else None for name in names),
            float(found["validation_mae"][i]) * results.scale,
            float(found["seconds_batch"][i]) * 1000,
            float(found["seconds_step"][i]) * 1000,
        )
        for i, one in enumerate(trainings(results.model))
    ]
    columns = ("training", "entries", "steps", "best at", "validation MAE", "batch", "gradient step")
    units = {"validation MAE": results.small_unit, "batch": "ms", "gradient step": "ms"}
    weights = int(results.view["n_parameters"][0])
    network = f"{results.model.model.kind} with {weights:,} weights."
    caption = f"{network} Batch, gradient step: mean time of each step's two parts."
    return Table("Trainings", columns, rows, units, caption)


def _parts(results: Results) -> Table:
    rows = []
    for name in results.datasets:
        part, group = results.view[f"split_{name}"][...], results.view[f"group_{name}"][...]
        for i, label in enumerate(("train", "validation", "test")):
            rows.append((name, label, int((part == i).sum()), len(np.unique(group[part == i]))))
    return Table("Split", ("dataset", "part", "entries", "groups"), rows)


def _left_out(results: Results) -> Table:
    left_out = [(name, bad) for name, e in results.entries.items() for bad in e.left_out]
    rows = [(name, bad.name, bad.where, bad.what) for name, bad in left_out[:MOST_LEFT_OUT]]
    caption = f"The first {MOST_LEFT_OUT} of {len(left_out):,}." if len(left_out) > MOST_LEFT_OUT else ""
    return Table("Entries left out", ("dataset", "entry", "where", "why"), rows, caption=caption)
