"""The study's question answered in words, from its numbers."""

from __future__ import annotations

import math
from typing import NamedTuple

from bigdata.studies.materials.error_units import three_digits
from bigdata.studies.transferability.results import Cell, Results

HOLDS, FAILS = "holds", "doesn't hold"
# Of the error on another database to that of a model trained on that database itself, for a model that holds there.
MOST_LOSS = 1.5
# Of the variance of the targets, a model at home explains this share at least, or it learned hardly anything.
LEAST_R2 = 0.2
# Failed trainings that are named.
MOST_NAMED = 5


def of_all(results: Results) -> str:
    """The answer, over all pairs of datasets of which both models are there; nothing where there is no such pair."""
    pairs = [cell for cell in results.foreign if all(map(results.is_known, (cell, _native(cell))))]
    if not pairs:
        return ""
    verdicts = [_verdict(results, cell) for cell in pairs]
    there, home = (sorted(results.error("mae", cell) for cell in cells) for cells in (pairs, _own(results)))
    n = f"{verdicts.count(HOLDS)} of {len(verdicts)} pairs"
    answer = {
        HOLDS: "Models trained on one database hold on the others",
        FAILS: "Models trained on one database don't hold on the others",
    }.get(verdicts[0] if len(set(verdicts)) == 1 else "", f"Models trained on one database hold on another in {n} only")
    return f"{answer}: they err by {_span(there)} {results.small_unit} there, and by {_span(home)} at home."


def of_weak(results: Results) -> str:
    """Models that learned next to nothing at home say nothing of transfer; "" where all learned something."""
    r2 = {cell.model: results.error("r2", cell) for cell in _own(results)}
    weak = {name: value for name, value in r2.items() if value < LEAST_R2}
    if not weak:
        return ""
    of = " and ".join(f"{name} (R² {value:.2f})" for name, value in weak.items())
    return f"Trained on {of}, networks are hardly better at home than the mean: train longer before trusting the rest."


def of_failed(results: Results) -> str:
    """Which trainings failed, and what that costs."""
    if not (failed := results.failed):
        return ""
    more = f" and {len(failed) - MOST_NAMED} more" if len(failed) > MOST_NAMED else ""
    n = f"{len(failed)} of {len(results.trained['n_steps'])} trainings"
    named = "; ".join(failed[:MOST_NAMED])
    return f"{n} failed ({named}{more}): what needs their networks is missing, all else holds."


def of_transfer(results: Results, cell: Cell) -> str:
    """How a model of one dataset does on another, and where the loss comes from; nothing where it wasn't tested."""
    if not results.is_known(cell):
        return ""
    there, native = results.error("mae", cell), results.error("mae", _native(cell))
    low, high = (results.error(f"mae_{end}", cell) for end in ("low", "high"))
    interval = f" (95 %: {three_digits(low)} to {three_digits(high)})" if math.isfinite(low) else ""
    beside = (
        f"where a model of {cell.tested} itself has {three_digits(native)}"
        if math.isfinite(native)
        else f"with no model of {cell.tested} itself to compare with"
    )
    said = f"Trained on {cell.model}, tested on {cell.tested}: {results.said(there)}{interval}, {beside}."
    parts = [said, _causes(results, cell, there, native), _floor(results, cell)]
    return " ".join(filter(None, parts))


def _verdict(results: Results, cell: Cell) -> str:
    """Beside a model of the tested dataset itself: nothing else tells how hard that dataset is."""
    native = results.error("mae", _native(cell))
    return HOLDS if results.error("mae", cell) <= MOST_LOSS * native else FAILS


def _native(cell: Cell) -> Cell:
    """A model of the tested dataset itself."""
    return Cell(cell.tested, cell.tested)


def _own(results: Results) -> list[Cell]:
    return [cell for name in results.datasets if results.is_known(cell := Cell(name, name))]


def _span(values: list[float]) -> str:
    low, high = three_digits(values[0]), three_digits(values[-1])
    return low if low == high else f"{low} to {high}"


def _causes(results: Results, cell: Cell, there: float, native: float) -> str:
    """Of what is lost against a model of the tested dataset: what references bring back, what a few of its entries do
    beyond that, and what is left."""
    refit, tuned = results.error("mae_refit", cell), results.error("mae_fine_tuned", cell)
    lost = there - native
    if not (lost > 0 and math.isfinite(refit)):
        return ""
    left = min(refit, there)
    back = f"{_share(there - left, lost)} (to {three_digits(refit)})" if refit < there else "nothing"
    parts = [f"references of the elements bring back {back}"]
    if math.isfinite(tuned):
        more = max(0.0, left - tuned)
        parts.append(f"fine-tuning {_share(more, lost)} more" if more else "fine-tuning brings nothing more")
        left -= more
    rest = max(0.0, left - native)
    parts.append(f"{_share(rest, lost)} is what it doesn't know of such materials")
    return f"Of the {three_digits(lost)} that are lost, {', '.join(parts[:-1])}; {parts[-1]}."


def _share(part: float, whole: float) -> str:
    return f"{100 * min(1.0, part / whole):.0f} %"


def _floor(results: Results, cell: Cell) -> str:
    raw, refit = (results.label_difference(*cell, refit=refit) for refit in (False, True))
    if not math.isfinite(raw):
        return "The two share no group, so nobody can say how their labels differ."
    after = f", {three_digits(refit)} with references refitted," if math.isfinite(refit) else ""
    return (
        f"Their labels differ by {three_digits(raw)}{after} on the {results.n_shared(*cell):,} groups that both have."
    )


def of_home(results: Results, name: str) -> str:
    """Of a study of one dataset."""
    if not results.is_known(Cell(name, name)):
        return ""
    error = results.said(results.error("mae", Cell(name, name)))
    return f"A model trained on {name} has a mean absolute error of {error}."


def of_combined(results: Results, name: str) -> str:
    """Is a model of several datasets as good as theirs? Nothing where it wasn't tested."""
    members = results.model.members[name]
    tested = [d for d in results.datasets if results.is_known(Cell(name, d))]
    if not tested:
        return ""
    parts = [_beside_its_own(results, Cell(name, d)) for d in members.of if d in tested]
    brought = {
        "none": "",
        "offset": ", their labels shifted by one number each",
        "elements": ", their labels brought together by references of the elements",
    }
    others = [
        f"{three_digits(results.error('mae', Cell(name, d)))} on {d}, which it doesn't know"
        for d in tested
        if d not in members.of
    ]
    return (
        f"Trained on {' and '.join(members.of)} together{brought[members.references]}, the model `{name}` has "
        f"{' and '.join([*parts, *others])} ({results.small_unit})."
    )


def _beside_its_own(results: Results, cell: Cell) -> str:
    """`12.3 on mp (14.1 by its own)`."""
    own = results.error("mae", _native(cell))
    return f"{three_digits(results.error('mae', cell))} on {cell.tested}" + (
        f" ({three_digits(own)} by its own)" if math.isfinite(own) else ""
    )


def of_own_errors(results: Results) -> str:
    """Whether more data at home help elsewhere; nothing where the study has no ladder to tell."""
    if not results.model.ladder:
        return ""
    both = {cell: _rungs(results, cell) for cell in results.foreign}
    # Rungs that failed have no error, so no gain.
    rungs = {cell: of for cell, of in both.items() if all(math.isfinite(one.gain) for one in of)}
    if not rungs:
        return ""
    hardly = [cell for cell, (home, there) in rungs.items() if home.gain > 0.1 and there.gain < home.gain / 2]
    cell = min(hardly or rungs, key=lambda one: rungs[one][1].gain)
    home, there = rungs[cell]
    how = f"hardly help elsewhere in {len(hardly)} of {len(rungs)} pairs" if hardly else "help elsewhere too"
    return (
        f"Better errors at home {how}: with {home.n} training entries of {cell.model} the error goes from {home.said} "
        f"at home, and from {there.said} on {cell.tested} ({results.small_unit})."
    )


class _Rungs(NamedTuple):
    """Of a model on one test part, from the ladder's first rung to its last: entries, errors, and by what share errors
    fall."""

    n: str
    said: str
    gain: float


def _rungs(results: Results, cell: Cell) -> tuple[_Rungs, _Rungs]:
    """At home and elsewhere."""
    model = results.models.index(cell.model)
    n, mae = results.view["ladder_n"][[0, -1]][:, model], results.view["ladder_mae"][[0, -1]][:, model] * results.scale
    entries = " instead of ".join(f"{k:,}" for k in n[::-1].tolist())
    places = (results.datasets.index(name) for name in cell)
    home, there = (
        _Rungs(entries, f"{three_digits(first)} to {three_digits(last)}", float(1 - last / first))
        for first, last in (mae[:, place] for place in places)
    )
    return home, there


def of_outside(results: Results, name: str) -> str:
    """What another program's model does on the same test parts."""
    counts = results.view["n_tested"][...][results.all_models.index(name)]
    parts = [
        f"{three_digits(results.error('mae', Cell(name, d)))} on {int(n):,} entries of {d}"
        for d, n in zip(results.datasets, counts, strict=False)
        if n
    ]
    found = ", ".join(parts) or "no predictions"
    return (
        f"The outside model {name}, which may have been trained on these entries, has {found} ({results.small_unit})."
    )


def of_split(results: Results) -> str:
    """What keeps the test honest."""
    n = sum(len(results.test(name)) for name in results.datasets)
    return (
        f"Entries that agree in {results.model.identity.said} make a group. One split of the groups holds for all "
        f"datasets: none of the {n:,} test entries has its group in any training or validation part."
    )
