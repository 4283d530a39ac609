"""The figures of a cost study's report: what each shows of a run, under its caption."""

from __future__ import annotations

import numpy as np

from bigdata.kind import Figure, View
from bigdata.studies.cost import figures
from bigdata.studies.cost.model import Calculations, Trials
from bigdata.studies.cost.report import Results
from bigdata.studies.published import ONE_CORE, V100


def limits(view: View) -> Figure:
    results = view.once(Results)
    return Figure(
        "Files and bytes against the number of structures",
        "Each stage of calculations, if it had fewer or more structures. Markers: this plan. Broken lines: the limits.",
        "Two panels of rising lines over logarithmic axes, crossed by a horizontal line each.",
        lambda: figures.against_structures(_lines(results), results.model.limits.files, results.model.limits.bytes),
    )


def _lines(results: Results) -> list[figures.Line]:
    found = results.sums
    return [
        figures.Line(name, stage.calculations.structures, found.middle("files", name), found.middle("bytes", name))
        for name, stage in results.model.stages.items()
        if isinstance(stage, Calculations)
    ]


def search(view: View) -> Figure:
    results = view.once(Results)
    return Figure(
        "The price of a search",
        "a: hours against the number of trainings; b: against the gradient steps of each; c: dollars against the "
        "price of "
        "an hour. Markers: this plan. Grey: the paper's step times of a V100 and of one CPU core, for the same search.",
        "Three panels of rising lines over logarithmic axes.",
        lambda: figures.searches(_searches(results)),
    )


def _searches(results: Results) -> list[figures.Search]:
    found = []
    for name, stage in results.model.stages.items():
        if isinstance(stage, Trials):
            seconds = results.sums.middle("hours", name) * 3600 / (stage.trials * stage.steps)
            prices = results.model.prices
            price = prices.gpu_hour if stage.device == "gpu" else prices.core_hour
            found.append(figures.Search(name, stage.trials, stage.steps, seconds, price or np.nan, True))
    first = found[0]
    for name, times in (("V100 (paper)", V100), ("one core (paper)", ONE_CORE)):
        found.append(figures.Search(name, first.trials, first.steps, sum(times), np.nan, False))
    return found
