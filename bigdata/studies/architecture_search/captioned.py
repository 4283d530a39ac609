"""The figures of a search's report: what each shows of a run, under its caption."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure as Drawing
from scipy import stats

from bigdata.kind import Figure, SpecError, View
from bigdata.studies.architecture_search import figures
from bigdata.studies.architecture_search.results import METRIC, Results, name_of
from bigdata.studies.architecture_search.search import runs_through
from bigdata.studies.architecture_search.tables import shown
from bigdata.studies.architecture_search.trials import Floats

# Fields with more values, and continuous ones, are cut into so many equal parts.
MOST_CELLS, N_PARTS = 8, 6
MOST_FIELDS, MOST_TICKS = 8, 5
MINUTE, HOUR = 60.0, 3600.0


def _results(view: View) -> Results:
    """Raises SpecError where there is nothing to draw."""
    results = view.once(Results)
    if results.best is None:
        raise SpecError("no trial has a network, so there is nothing to draw")
    return results


def surface(view: View) -> Figure:
    results = _results(view)
    first, second = map(name_of, results.by_importance[:2])
    which = "the two parameters that matter most" if results.tells_importance else "the first two parameters"
    is_cut = any(_is_cut(results, path) for path in results.by_importance[:2])
    parts = f" Ranges are cut into {N_PARTS} parts." if is_cut else ""
    short = " *: of a trial that was trained less long than the best one." if len(results.model.rungs) > 1 else ""
    return Figure(
        "Surface of the search",
        f"The best {results.metric} over all other parameters, by {which}, {first} and {second}. Framed: the best. "
        f"Grey: no trial.{parts}{short}",
        "A grid of coloured cells, each with the best value of its trials.",
        lambda: figures.surface(_surface(results), label(results)),
    )


def label(results: Results, metric: str = "") -> str:
    """Of an axis along which a metric runs; left out, the one that decides."""
    metric = metric or results.model.reward.metric
    unit = results.scale_of(metric).name
    return f"{METRIC[metric]}{f' ({unit})' if unit else ''}"


def _is_cut(results: Results, path: str) -> bool:
    return results.model.searched[path].n_values > MOST_CELLS


def _surface(results: Results) -> figures.Surface:
    across, up = results.by_importance[:2]
    rows, columns = _cells(results, up), _cells(results, across)
    n_rows, n_columns = _n_cells(results, up), _n_cells(results, across)
    best, is_short = np.full((n_rows, n_columns), np.nan), np.zeros((n_rows, n_columns), dtype=bool)
    for trial, curve in results.curves.items():
        place, value = (_cell(results, up, trial), _cell(results, across, trial)), curve[-1] * results.scale.factor
        if not best[place] <= value:
            best[place], is_short[place] = value, len(curve) - 1 < results.rung
    framed = (_cell(results, up, results.order[0]), _cell(results, across, results.order[0]))
    return figures.Surface(rows, columns, best, is_short, framed)


def _n_cells(results: Results, path: str) -> int:
    return N_PARTS if _is_cut(results, path) else int(results.model.searched[path].n_values)


def _cell(results: Results, path: str, trial: int) -> int:
    n = _n_cells(results, path)
    return min(int(_position(results, path, trial) * n), n - 1)


def _position(results: Results, path: str, trial: int) -> float:
    return results.model.searched[path].position(results.value(path, results.column(path)[trial]))


def _cells(results: Results, path: str) -> figures.Axis:
    """Values in the middles of their cells; of a range the ends of its parts between them."""
    dimension, n = results.model.searched[path], _n_cells(results, path)
    if _is_cut(results, path):
        return figures.Axis(name_of(path), range(n + 1), [_short(dimension.at(i / n)) for i in range(n + 1)])
    return figures.Axis(name_of(path), [i + 0.5 for i in range(n)], [_short(v) for v in dimension.spread(n)])


def _short(value: object) -> str:
    return figures.three(value) if isinstance(value, float) else str(shown(value))


def parallel(view: View) -> Figure:
    results = _results(view)
    fields = results.by_importance
    first = "most important" if results.tells_importance else "first"
    more = f" The {MOST_FIELDS} {first} of {len(fields)} parameters." if len(fields) > MOST_FIELDS else ""
    many = len(results.order) > figures.MOST_LINES
    which = f"The best {figures.MOST_LINES:,} trials" if many else "All trials that have a network"
    return Figure(
        "Trials over their parameters",
        f"{which}, a line each, coloured by the {results.metric} at the trial's last rung; thick: the best.{more}",
        "Lines from one upright axis to the next, one axis for each parameter.",
        lambda: _parallel(results, fields[:MOST_FIELDS]),
    )


def _parallel(results: Results, paths: list[str]) -> Drawing:
    order = results.order[: figures.MOST_LINES]
    lines = np.array([[_position(results, path, trial) for path in paths] for trial in order])
    values = np.array([results.curves[trial][-1] for trial in order]) * results.scale.factor
    return figures.parallel(lines, values, [_axis(results, path) for path in paths], label(results))


def _axis(results: Results, path: str) -> figures.Axis:
    dimension = results.model.searched[path]
    values = dimension.spread(MOST_TICKS)
    # Of many choices every second or third has a tick.
    values = values[:: math.ceil(len(values) / (2 * MOST_TICKS))]
    return figures.Axis(name_of(path), [dimension.position(v) for v in values], [_short(v) for v in values])


def best_so_far(view: View) -> Figure:
    results = _results(view)
    rungs = (
        " A trial's value is that of its last rung, and the best that of any rung."
        if len(results.model.rungs) > 1
        else ""
    )
    return Figure(
        "Best so far against cost",
        f"The least {results.metric} of the trials so far, in the order of their numbers, against the time that they "
        f"were trained, all together. Dashed: the median of the same where the trials come in random orders.{rungs}",
        "A stair that falls, with a point for each trial above it.",
        lambda: figures.best_so_far(_course(results), label(results)),
    )


def _course(results: Results) -> figures.Course:
    view, factor = results.view, results.scale.factor
    spent = view["spent"][...]
    seconds, unit = next((s, u) for s, u in ((HOUR, "h"), (MINUTE, "min"), (1.0, "s")) if spent[-1] >= 2 * s or s == 1)
    own, best, random = (view[name][...] * factor for name in ("reward", "best_so_far", "best_in_random_order"))
    return figures.Course(spent / seconds, unit, own, best, random)


def trials(view: View) -> Figure:
    results = _results(view)
    alike = results.alike
    again = " Dotted: the mean of the best trained anew, with its standard deviation." if _again(results) else ""
    return Figure(
        "Values of the trials",
        f"The {results.metric} of the {len(alike):,} trials that were trained as long as the best one.{again}",
        "A histogram with upright lines at its mean, its median and its least value.",
        lambda: figures.trials(_values(results), _again(results), label(results)),
    )


def _values(results: Results) -> Floats:
    return results.at_rung(results.model.reward.metric) * results.scale.factor


def _again(results: Results) -> figures.Again | None:
    if not results.retrained or not results.model.reward.metric.startswith("validation"):
        return None
    found = results.final(results.model.reward.metric) * results.scale.factor
    return figures.Again(float(found.mean()), float(np.std(found, ddof=1)) if len(found) > 1 else math.nan)


def front(view: View) -> Figure:
    results = _results(view)
    beside = " and ".join(METRIC[metric] for metric in results.model.reward.metrics[1:])
    n = int(view["on_front"][...].sum())
    return Figure(
        "What nothing beats",
        f"The {results.metric} beside {beside}, of trials that were trained as long as the best one. {n:,} of them no "
        "other one beats in all of these.",
        "Points, of which those at the lower left are set off.",
        lambda: _front(results),
    )


def _front(results: Results) -> Drawing:
    metrics = results.model.reward.metrics
    decides, *beside = (
        figures.Objective(results.at_rung(metric) * results.scale_of(metric).factor, label(results, metric))
        for metric in metrics
    )
    return figures.front(decides, beside, results.view["on_front"][...][results.alike])


def ranks(view: View) -> Figure:
    results = _results(view)
    return Figure(
        "Early ranks against final ones",
        "Of the trials that ran through whatever they showed, 1 being the best; diamond: the best at the end. On the "
        "line are those that kept their rank.",
        "A panel for each rung, with a point for each trial about a diagonal.",
        lambda: figures.ranks(_ranks(results)),
    )


def _ranks(results: Results) -> list[figures.Ranks]:
    n, share = len(results.model.rungs), results.model.stops.share_through
    through = [c for trial, c in results.curves.items() if runs_through(trial, share) and len(c) == n]
    by_rung = [stats.rankdata(values) for values in np.array(through).reshape(-1, n).T]
    rho = results.view["rank_agreement"][...]
    return [figures.Ranks(by_rung[r], by_rung[-1], _title(results, r, float(rho[r]))) for r in range(n - 1)]


def _title(results: Results, rung: int, rho: float) -> str:
    return f"{results.level(rung)}{f': ρ = {rho:.2f}' if math.isfinite(rho) else ''}"
