"""The figures of a complexity study of classes: what each shows of a run, under its caption."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure as Drawing
from numpy.typing import NDArray

from bigdata.kind import Figure, View
from bigdata.studies.complexity import class_figures
from bigdata.studies.complexity.captioned import MOST_CLASSES
from bigdata.studies.complexity.results import Results


def confusion(view: View) -> Figure:
    results = view.once(Results)
    more = (
        f" The first {MOST_CLASSES} of {len(results.classes)} classes of models."
        if len(results.classes) > MOST_CLASSES
        else ""
    )
    return Figure(
        "Predicted classes",
        "The best model of each class of models: how many of the samples tested have a class (rows) and are said to "
        f"have another or the same (columns). The darker, the larger the share of the row.{more}",
        "A matrix of counts for each class of models, darkest along its diagonal.",
        lambda: _confusion(results),
    )


def _confusion(results: Results) -> Drawing:
    panels = [_panel(results, kind) for kind in results.order[:MOST_CLASSES]]
    return class_figures.confusions(panels, results.labels)


def _panel(results: Results, kind: str) -> class_figures.Confusion:
    place = results.best[kind]
    error = results.errors("class_")[results.classes.index(kind), 0]
    return class_figures.Confusion(results.names[place], confused(results, place), f"{results.said_first} {error:.3g}")


def confused(results: Results, place: int) -> NDArray[np.int64]:
    """(k, k) how many samples tested have a class, by rows, and are predicted to have one, by columns, by a model;
    those without a prediction are left out."""
    said = results.view["prediction"][place]
    known = results.tested & np.isfinite(said)
    found = np.zeros((len(results.labels),) * 2, np.int64)
    np.add.at(found, (results.view["target"][...][known].astype(int), said[known].astype(int)), 1)
    return found


def hulls(view: View) -> Figure:
    results = view.once(Results)
    place = shown(results)
    name = "the best formula" if place is None else results.names[place]
    return Figure(
        "Classes in the plane of two descriptors",
        f"The terms of {name}, the best formula with two terms, or with one where none has two. Filled: samples "
        "trained on, with the convex hull of each class; open: samples tested.",
        "A cloud of points for each class within its outline.",
        lambda: _hulls(results, place),
    )


def shown(results: Results) -> int | None:
    """The formula with two terms, or with one, whose error inside the training part is least."""
    known = [i for i in results.of_class("sisso") if np.isfinite(results.cv[i]) and results.complexity("dimension", i)]
    flat = [i for i in known if results.complexity("dimension", i) <= 2]
    if not flat:
        return None
    most = max(results.complexity("dimension", i) for i in flat)
    return min((i for i in flat if results.complexity("dimension", i) == most), key=lambda i: results.cv[i])


def _hulls(results: Results, place: int | None) -> Drawing:
    if place is None:
        return class_figures.nothing("no formula has one or two terms")
    fitted, view = results.fitted(place), results.view
    values, terms = fitted.values(view["feature"][...]), fitted.descriptors  # type: ignore[attr-defined]
    return class_figures.hulls(values, view["target"][...].astype(int), results.tested, results.labels, terms)
