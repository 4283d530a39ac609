"""The study's question answered in words, from its numbers."""

from __future__ import annotations

import math

import numpy as np

from bigdata.studies.transferability.results import Cell, Results

# Of the error on another database to that of a model trained on that database itself.
HOLDS, FAILS = 1.25, 2.0
# What references or a mean take away is worth a sentence from this share of the error on.
WORTH_SAYING = 0.1


def of_transfer(results: Results, cell: Cell) -> str:
    """Does a model of one dataset hold on another, and where does the loss come from?"""
    there, home = results.error("mae", cell), results.error("mae", Cell(cell.model, cell.model))
    native = results.error("mae", Cell(cell.dataset, cell.dataset))
    verdict = "holds" if there <= HOLDS * native else "holds in part" if there <= FAILS * native else "doesn't hold"
    low, high = (results.error(f"mae_{end}", cell) for end in ("low", "high"))
    interval = f" (95 %: {low:.3g} to {high:.3g})" if math.isfinite(low) else ""
    said = (
        f"A model trained on {cell.model} {verdict} on {cell.dataset}: its mean absolute error there is "
        f"{results.said(there)}{interval}, {there / home:.2g} times the {home:.3g} at home; a model trained on "
        f"{cell.dataset} itself has {native:.3g}."
    )
    return f"{said} {_causes(results, cell, there)}".strip() if verdict != "holds" else said


def _causes(results: Results, cell: Cell, there: float) -> str:
    """What is left when one cause after the other is taken away, and the floor that the labels are."""
    left = {
        "its mean error taken away": results.error("mae_offset", cell),
        "references of the elements refitted": results.error("mae_refit", cell),
        "fine-tuning": results.error("mae_fine_tuned", cell),
    }
    helped = [f"with {how} {value:.3g}" for how, value in left.items() if value < (1 - WORTH_SAYING) * there]
    causes = f"Of it {', '.join(helped)} remain." if helped else "Neither its mean error nor references explain it."
    return f"{causes} {_floor(results, cell)}".strip()


def _floor(results: Results, cell: Cell) -> str:
    raw, refit = (results.label_difference(*cell, refit=refit) for refit in (False, True))
    if not math.isfinite(raw):
        return "The two share no group, so nobody can say how their labels differ."
    n = results.n_shared(*cell)
    after = f" ({refit:.3g} with references refitted)" if math.isfinite(refit) else ""
    return f"The labels themselves differ by {results.said(raw)}{after} on the {n:,} groups that both have."


def of_home(results: Results, name: str) -> str:
    """Of a study of one dataset."""
    error = results.said(results.error("mae", Cell(name, name)))
    return f"A model trained on {name} has a mean absolute error of {error}."


def of_combined(results: Results, name: str) -> str:
    """Is a model of several datasets as good as theirs?"""
    members = results.model.members[name]
    parts = [
        f"{results.error('mae', Cell(name, d)):.3g} on {d} ({results.error('mae', Cell(d, d)):.3g} by its own)"
        for d in members.of
    ]
    brought = {
        "none": "",
        "offset": ", their labels shifted by one number each",
        "elements": ", their labels brought together by references of the elements",
    }
    others = [
        f"{results.error('mae', Cell(name, d)):.3g} on {d}, which it doesn't know"
        for d in results.datasets
        if d not in members.of
    ]
    return (
        f"Trained on {' and '.join(members.of)} together{brought[members.references]}, the model `{name}` has "
        f"{' and '.join([*parts, *others])} ({results.small_unit})."
    )


def of_own_errors(results: Results) -> str:
    """Whether more data at home help elsewhere; nothing where the study has no ladder to tell."""
    if not results.model.ladder or not results.foreign:
        return ""
    mae = results.view["ladder_mae"][...]
    said = [_of_rungs(results, mae, cell) for cell in results.foreign]
    return " ".join(filter(None, said))


def _of_rungs(results: Results, mae: np.ndarray, cell: Cell) -> str:
    model, here, there = (
        results.models.index(cell.model),
        results.datasets.index(cell.model),
        results.datasets.index(cell.dataset),
    )
    first, last = mae[0, model] * results.scale, mae[-1, model] * results.scale
    gains = [1 - last[j] / first[j] for j in (here, there)]
    hardly = gains[0] > 0.1 and gains[1] < gains[0] / 2
    n = results.view["ladder_n"][...][:, model]
    return (
        f"{'Better errors at home hardly help elsewhere' if hardly else 'What helps at home helps elsewhere'}: from "
        f"{n[0]:,} to {n[-1]:,} training entries of {cell.model} its error falls from {first[here]:.3g} to "
        f"{last[here]:.3g} at home, and on {cell.dataset} "
        f"{'falls' if gains[1] > 0 else 'rises'} from {first[there]:.3g} to {last[there]:.3g} ({results.small_unit})."
    )


def of_outside(results: Results, name: str) -> str:
    """What another program's model does on the same test parts."""
    counts = results.view["n_tested"][...][results.all_models.index(name)]
    parts = [
        f"{results.error('mae', Cell(name, d)):.3g} on {int(n):,} entries of {d}"
        for d, n in zip(results.datasets, counts, strict=True)
        if n
    ]
    found = ", ".join(parts) or "no predictions"
    return (
        f"The outside model {name}, which may have been trained on these entries, has {found} ({results.small_unit})."
    )


def of_split(results: Results) -> str:
    """What keeps the test honest."""
    by = " and ".join(word.replace("_", " ") for word in results.model.identity.by)
    n = sum(len(results.test(name)) for name in results.datasets)
    return (
        f"Entries that agree in {by} make a group. One split of the groups holds for all datasets: none of the {n:,} "
        "test entries has its group in any training or validation part."
    )
