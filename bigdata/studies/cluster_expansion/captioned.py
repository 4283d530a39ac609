"""The figures of a cluster expansion's report: what each shows of a run, under its caption."""

from __future__ import annotations

from matplotlib.figure import Figure as Drawing

from bigdata.kind import Figure, View
from bigdata.studies.cluster_expansion import figures
from bigdata.studies.cluster_expansion.results import Results


def errors(view: View) -> Figure:
    results = view.once(Results)
    return Figure(
        "Errors and predictions",
        "As Fig. 5 of the paper. a: RMSE of the fit against the number of features, with a marker at the size to "
        "take; the dashed line is at p, the number of cluster functions. b: fitted values of those models against the "
        "targets. c and d: the same for structures left out, with 95 % intervals.",
        "Two falling sets of lines, and two clouds of points about a diagonal.",
        lambda: _errors(results),
    )


def interactions(view: View) -> Figure:
    results = view.once(Results)
    return Figure(
        "Interactions of clusters",
        f"{results.interactions_are}, with 95 % intervals. Points aren't drawn: the table of clusters has them.",
        "Points by the cluster's greatest distance, one colour for each number of points.",
        lambda: _interactions(results),
    )


def _errors(results: Results) -> Drawing:
    low, high = (results.view[f"cv_rmse_{end}"][...] for end in ("low", "high"))
    curves = [
        figures.Curve(degree, results.rmse[d], results.cv_rmse[d], low[d], high[d], results.sizes[d])
        for d, degree in enumerate(results.degrees)
    ]
    fits, left_out = (
        {degree: results.view[name][d][results.used] for d, degree in enumerate(results.degrees)}
        for name in ("prediction", "cv_prediction")
    )
    label = f"{results.quantity} ({results.unit})" if results.unit else results.quantity
    unit = results.unit or "no unit"
    return figures.errors(curves, len(results.space), results.target, fits, left_out, results.bound, label, unit)


def _interactions(results: Results) -> Drawing:
    return figures.interactions(results.space.order, results.space.diameter, *results.interactions, results.unit)
