"""What the page of an architecture search shows: section 6.2 and Fig. 7 of doi 10.1039/d4fd00102h, for one's data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from bigdata.kind import Headline, ReportParts, Table, View
from bigdata.models.networks.sources import SOURCE_OF
from bigdata.studies.architecture_search import judgement, tables
from bigdata.studies.architecture_search.points import kinds_of
from bigdata.studies.architecture_search.results import Results
from bigdata.studies.architecture_search.status import DIVERGED, FAILED, NO_MEMORY

# Below which network is best and what finding it cost, the two that a search is asked.
OF_NETWORKS = (
    judgement.of_test,
    judgement.of_cost,
    judgement.of_paper,
    judgement.of_ranks,
    judgement.of_importance,
)
PAPER = "D. Speckhard et al., How big is big data?, Faraday Discuss. 2024, doi 10.1039/d4fd00102h: section 6.2, Fig. 7."
IMPORTANCE = (
    "F. Hutter, H. Hoos, K. Leyton-Brown, Proc. Mach. Learn. Res. 32, 754 (2014): importance of parameters by random "
    "forests."
)
OF_METHODS = {
    "random": "J. Bergstra, Y. Bengio, J. Mach. Learn. Res. 13, 281 (2012): random search.",
    "evolution": "E. Real et al., AAAI 33, 4780 (2019), doi 10.1609/aaai.v33i01.33014780: regularised evolution.",
    "reinforcement": "B. Zoph, Q. V. Le, ICLR 2017, arXiv 1611.01578: architecture search by reinforcement learning.",
    "bayesian": "T. Akiba et al., KDD 2019, doi 10.1145/3292500.3330701: Optuna.",
    "successive-halving": "K. Jamieson, A. Talwalkar, AISTATS 2016, arXiv 1502.07943: successive halving.",
    "hyperband": "L. Li et al., J. Mach. Learn. Res. 18, 185 (2018): Hyperband.",
    "asha": "L. Li et al., MLSys 2020, arXiv 1810.05934: asynchronous successive halving.",
    "median": "D. Golovin et al., KDD 2017, doi 10.1145/3097983.3098043: the median rule.",
    "progressive": "O. Bohdal et al., ICLR 2023, arXiv 2207.06940: PASHA, progressive rungs.",
}


def report(view: View) -> ReportParts:
    """Summary, tables and what tells variants apart."""
    results = view.once(Results)
    return ReportParts(
        summary=_sentences(results),
        tables=_tables(results),
        sources=_sources(results),
        headline=[partial(_headline, results)],
    )


def _sentences(results: Results) -> Iterator[Callable[[], str]]:
    yield partial(judgement.of_best, results)
    for sentence in OF_NETWORKS if results.best is not None else (judgement.of_cost,):
        yield partial(sentence, results)
    yield partial(judgement.of_failures, results)


def _tables(results: Results) -> Iterator[Callable[[], Table]]:
    if results.best is not None:
        yield partial(tables.best, results)
        yield partial(tables.importance, results)
    if len(results.model.rungs) > 1:
        yield partial(tables.rungs, results)
    yield partial(tables.profile, results)
    yield partial(tables.costs, results)
    if np.isin(results.status, (DIVERGED, NO_MEMORY, FAILED)).any():
        yield partial(tables.failed, results)


def _sources(results: Results) -> Iterator[str]:
    study = results.model
    yield PAPER
    yield from (OF_METHODS[word] for word in (study.search.method, study.stops.method) if word in OF_METHODS)
    yield from (SOURCE_OF[kind] for kind in kinds_of(study.model, study.searched))
    yield IMPORTANCE


def _headline(results: Results) -> Headline:
    """Of the best, of all, and of the best trained anew."""
    if results.best is None:
        return {"trials": len(results.begun)}
    values, scale, unit = results.at_rung(results.model.reward.metric), results.scale, results.error_unit
    named = f"{results.metric}{f' ({scale.name})' if scale.name else ''}"
    found: dict[str, float | int | str] = {
        "trials": len(results.begun),
        f"best {named}": float(values.min()) * scale.factor,
        f"mean {named}": float(values.mean()) * scale.factor,
        "gain (%)": judgement.gain(values),
    }
    if results.retrained:
        name = f"test RMSE{f' ({unit.name})' if unit.name else ''}"
        found[name] = float(np.mean(results.final("test_rmse"))) * unit.factor
    return found
