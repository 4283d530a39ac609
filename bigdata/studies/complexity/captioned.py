"""The figures of a complexity study's report: what each shows of a run, under its caption."""

from __future__ import annotations

from collections import Counter

import numpy as np
from matplotlib.figure import Figure as Drawing
from numpy.typing import NDArray

from bigdata.kind import Figure, View
from bigdata.studies.complexity import figures
from bigdata.studies.complexity.metrics import LARGER_IS_BETTER
from bigdata.studies.complexity.parts import parts_of
from bigdata.studies.complexity.results import Results

Floats = NDArray[np.float64]
MOST_CLASSES = 6
MOST_MEASURED = 3
MORE_MEASURED = f" The first {MOST_MEASURED} classes that have such a measure."


def errors(view: View) -> Figure:
    results = view.once(Results)
    again = " Open markers: the class at the number of parameters of another class's best." if results.pairs else ""
    return Figure(
        "Error against parameters",
        "Each model's error of the samples tested, against the parameters counted from its fit. Large markers: the "
        "model of each class with the least error inside the training part, with its 95 % interval over groups."
        + again,
        "Clouds of points, one colour for each class of models, over logarithmic axes.",
        lambda: _errors(results),
    )


def _errors(results: Results) -> Drawing:
    clouds = [_cloud(results, kind) for kind in results.classes]
    baseline = float(results.errors()[0, 0])
    is_logarithmic = results.metric not in LARGER_IS_BETTER
    return figures.errors(clouds, baseline, label(results), is_logarithmic, results.baseline)


def _cloud(results: Results, kind: str) -> figures.Cloud:
    own = results.of_class(kind)
    error, low, high = (results.errors("", end)[own, 0] for end in ("", "_low", "_high"))
    best = own.index(results.best[kind]) if kind in results.best else None
    return figures.Cloud(kind, results.n_parameters[own], error, low, high, best, _matched(results, kind))


def _matched(results: Results, kind: str) -> list[tuple[float, float]]:
    if not results.pairs:
        return []
    error, returned = results.errors("matched_")[:, 0], results.view.rows("matched")
    n = dict(zip(returned.numbers, returned["n_parameters"], strict=True))
    return [(float(n[i]), float(error[i])) for i, (one, _) in enumerate(results.pairs) if one == kind and i in n]


def _places(results: Results) -> dict[str, int]:
    """By which a class has its colour in all figures."""
    return {kind: place for place, kind in enumerate(results.classes)}


def label(results: Results) -> str:
    """Of an axis along which the first error of the samples tested runs."""
    unit = results.metric_unit(results.metric)
    return f"{results.said_first}{f' ({unit})' if unit else ''}, samples tested"


def parity(view: View) -> Figure:
    results = view.once(Results)
    more = (
        f" The first {MOST_CLASSES} of {len(results.classes)} classes." if len(results.classes) > MOST_CLASSES else ""
    )
    return Figure(
        "Predictions against targets",
        "The best model of each class. What lies on the line is predicted rightly; predictions beyond the axes are in "
        f"the errors all the same.{more}",
        "A panel for each class with a cloud of points about a diagonal.",
        lambda: _parity(results),
    )


def _parity(results: Results) -> Drawing:
    kinds = results.order[:MOST_CLASSES]
    panels = [_panel(results, kind) for kind in kinds]
    return figures.parity(panels, results.target_words, results.scale.is_logarithmic)


def _panel(results: Results, kind: str) -> figures.Parity:
    place = results.best[kind]
    error = results.errors("class_")[results.classes.index(kind), 0]
    said = f"{results.said_first} {error:.3g} {results.metric_unit(results.metric)}".strip()
    view = results.view
    at = results.classes.index(kind)
    return figures.Parity(
        results.names[place], at, view["target"][...], view["prediction"][place], results.tested, said
    )


def pareto(view: View) -> Figure:
    results = view.once(Results)
    return Figure(
        "Formulas: error against complexity",
        "Each SISSO model, by its rung and dimension. The grey step joins those that no simpler one beats. Circle: the "
        "simplest whose error inside the training part lies within one standard error of the least.",
        "Two panels of points that fall towards more complex formulas, then level off.",
        lambda: _pareto(results),
    )


def _pareto(results: Results) -> Drawing:
    own = [i for i in results.of_class("sisso") if np.isfinite(results.cv[i])]
    complexity = np.array([results.n_operators_and_terms(i) for i in own])
    names = [results.names[i].removeprefix("sisso:") for i in own]
    unit = f" ({results.learned_unit})" if results.learned_unit else ""
    simplest = own.index(results.simplest) if results.simplest is not None else None
    labels, tested = (f"{results.inside}{unit}", label(results)), results.errors()[own, 0]
    return figures.pareto(names, complexity, (results.cv[own], tested), (1, results.sign), simplest, labels)


def descriptors(view: View) -> Figure:
    results = view.once(Results)
    return Figure(
        "How often each descriptor is chosen",
        "In what share of the folds inside the training part each term is chosen, of the formula that is "
        "recommended. A "
        "term that changes from fold to fold is one of several that fit as well: its physics isn't told by this table.",
        "Horizontal bars, the most frequent term on top.",
        lambda: figures.bars(stability(results), "share of folds"),
    )


def stability(results: Results) -> dict[str, float]:
    """In what share of the folds each term of the recommended formula's rung and dimension is chosen."""
    if results.simplest is None:
        return {}
    folds = results.descriptors(results.simplest)
    counted = Counter(term for terms in folds for term in set(terms))
    return {term: n / len(folds) for term, n in counted.most_common()}


def importance(view: View) -> Figure:
    results = view.once(Results)
    return Figure(
        "What matters to the models",
        "Impurity importance of trees; of linear models, the coefficients of standardised features. Both share among "
        "features that say the same: a low value doesn't mean that a feature says nothing."
        f"{MORE_MEASURED if len(_measured(results)) > MOST_MEASURED else ''}",
        "A panel of horizontal bars for each class.",
        lambda: figures.importance(_importance(results), _places(results)),
    )


def _importance(results: Results) -> dict[str, dict[str, float]]:
    names = [str(name) for name in results.view["feature_name"][...]]
    shown = [*_measured(results).items()][:MOST_MEASURED]
    return {kind: dict(zip(names, v.tolist(), strict=True)) for kind, v in shown}


def _measured(results: Results) -> dict[str, Floats]:
    """The classes whose best model has a measure of what matters."""
    values = {kind: results.importance(place) for kind, place in results.best.items()}
    return {kind: v for kind, v in values.items() if v is not None}


def learning_curve(view: View) -> Figure:
    results = view.once(Results)
    way = "fall" if results.sign > 0 else "rise"
    return Figure(
        "Learning curves",
        f"{results.begins} of the samples tested, of the best model of each class fitted to shares of the "
        f"training groups, with their 95 % intervals over groups. A line that still {way}s at its end says: more "
        "data would help.",
        f"{way.capitalize()}ing lines, one for each class.",
        lambda: figures.learning_curve(curves(results), _places(results), label(results), not results.labels),
    )


def curves(results: Results) -> dict[str, figures.Learned]:
    """Samples trained on, and the first error with its interval, of each class; the last is the whole training part."""
    returned = results.view.rows("curve")
    at = {results.curves[i]: place for place, i in enumerate(returned.numbers)}
    # Of several parts the first one, as in the rows.
    whole = int(parts_of(results.model, results.view["group"][...])[0].train.sum())
    own = returned["curve_error"][:, 0], returned["curve_low"], returned["curve_high"]
    ends = [results.errors("class_", end)[:, 0] for end in ("", "_low", "_high")]
    found = {}
    for kind in results.best:
        places = [at[kind, share] for share in sorted(results.model.learning_curve) if (kind, share) in at]
        last = results.classes.index(kind)
        values = [np.array([*some[places], end[last]]) for some, end in zip(own, ends, strict=True)]
        n = np.array([*returned["curve_n"][places], whole], dtype=np.float64)
        found[kind] = figures.Learned(n, *values)
    return found
