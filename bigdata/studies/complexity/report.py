"""What a complexity study shows: section 5 of doi 10.1039/d4fd00102h, for the user's own table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from bigdata.kind import Headline, ReportParts, Table, View, duration
from bigdata.studies.complexity.captioned import stability
from bigdata.studies.complexity.results import Near, Results

MOST_ROWS = 60
CERTAIN = 0.05
NAMED = 3
# Formulas whose error of the fit is less than this much larger than the least are near-equal.
NEARLY = 1.1
SOURCES = (
    "D. Speckhard et al., How big is big data?, Faraday Discuss. 2024, doi 10.1039/d4fd00102h: section 5, eq. 4.",
)
SOURCES_OF = {
    "sisso": (
        "R. Ouyang et al., Phys. Rev. Mater. 2, 083802 (2018), doi 10.1103/PhysRevMaterials.2.083802: SISSO.",
        "T. A. R. Purcell, M. Scheffler, L. M. Ghiringhelli, J. Chem. Phys. 159, 114110 (2023), "
        "doi 10.1063/5.0156620: recent advances of SISSO.",
    ),
    "forest": ("L. Breiman, Mach. Learn. 45, 5 (2001), doi 10.1023/A:1010933404324: random forests.",),
    "boosting": ("J. H. Friedman, Ann. Stat. 29, 1189 (2001), doi 10.1214/aos/1013203451: gradient boosting.",),
    "dense": ("D. P. Kingma, J. Ba, ICLR 2015, arXiv 1412.6980: Adam.",),
}
MAGPIE = (
    "L. Ward et al., npj Comput. Mater. 2, 16028 (2016), doi 10.1038/npjcompumats.2016.28: features of compositions."
)
COUNTED = (
    "Parameters are counted from the fitted models, by how they enter (eq. 4). Networks: biases are additive, weights "
    "linear. Trees: the values of leaves are additive, the thresholds of splits nonlinear. Formulas: intercepts are "
    "additive, coefficients linear; operators hold no fitted numbers. Gaussian processes: a coefficient for each "
    "sample "
    "is linear, what the kernel has is nonlinear."
)
COUNTED_OF_CLASSES = (
    " Of k classes, leaves of forests and trees have k - 1 values, since the shares of the classes have the sum 1; "
    "boosting has as many trees for each class, but for two classes those of one. Formulas and networks have scores of "
    "all classes but the first, to which they are relative."
)


def report(view: View) -> ReportParts:
    """Summary, tables and what tells variants apart."""
    results = view.once(Results)
    return ReportParts(
        summary=_sentences(results),
        tables=_tables(results),
        sources=_sources(results),
        headline=[partial(_headline, results)],
    )


def _sources(results: Results) -> Iterator[str]:
    yield from SOURCES
    for kind in results.classes:
        yield from SOURCES_OF.get(kind, ())
    if results.model.features.composition is not None:
        yield MAGPIE


def _headline(results: Results) -> Headline:
    found: dict[str, float | int | str] = {"samples": len(results.tested)}
    unit = results.metric_unit(results.metric)
    for kind in results.best:
        found[f"{kind}: {results.said_first}{f' ({unit})' if unit else ''}"] = _class_error(results, kind)
        found[f"{kind}: parameters"] = int(results.n_parameters[results.best[kind]])
    return found


def _class_error(results: Results, kind: str) -> float:
    return float(results.errors("class_")[results.classes.index(kind), 0])


def _sentences(results: Results) -> Iterator[Callable[[], str]]:
    # What the study asks first: whether the class decides.
    yield lambda: _said_of_sizes(results)
    yield lambda: _said_of_errors(results)
    yield lambda: _said_of_chance(results)
    yield lambda: _said_of_formula(results)
    yield lambda: _said_of_stability(results)
    yield lambda: _said_of_failures(results)


def _number(results: Results, value: float) -> str:
    return f"{value:.3g} {results.metric_unit(results.metric)}".strip()


def _said_of_errors(results: Results) -> str:
    parts = [
        f"{results.names[results.best[kind]]} {_number(results, _class_error(results, kind))} with "
        f"{int(results.n_parameters[results.best[kind]]):,} parameters"
        for kind in results.order
    ]
    baseline = _number(results, float(results.errors()[0, 0]))
    n = int(results.tested.sum())
    return (
        f"{results.begins} of {n:,} samples tested, best first: {'; '.join(parts)}. The "
        f"{results.baseline} of the training part alone has {baseline}. By the errors inside the training part, on "
        f"which a choice may rest, {results.names[results.place_of('')]} is the "
        f"best{_beside_mean(results, results.place_of(''))}: `bigdata predict` takes that one."
    )


class Matched(NamedTuple):
    """A class at the size of another's best: its parameters and error, and theirs; whether the order of the two stays;
    and how likely the difference of their bests, at free sizes, is by chance."""

    one: str
    other: str
    n: int
    wanted: int
    error: float
    error_of_other: float
    stays: bool
    chance: float

    @property
    def is_near(self) -> bool:
        """Whether the numbers of parameters differ by less than a factor of two."""
        return self.wanted / 2 <= self.n <= 2 * self.wanted


def _said_of_sizes(results: Results) -> str:
    """Whether the order of the classes stays where they have as many parameters: the paper's question.

    Nothing is concluded of classes whose errors differ by no more than chance.
    """
    every = list(_at_equal_sizes(results))
    if not every:
        return ""
    near = [m for m in every if m.is_near]
    n_far = len(every) - len(near)
    far = f" In {n_far} of {len(every)} comparisons no setting comes near to the number asked for." if n_far else ""
    sure = [m for m in near if m.chance < CERTAIN or not results.model.bootstrap]
    changed = [f"{m.one} at the size of {m.other}" for m in sure if not m.stays]
    begin = "Class or complexity?"
    if not near:
        return f"{begin} No two classes can be had with as many parameters."
    if not sure:
        return f"{begin} This table doesn't tell: {_least_chance(results, near)}.{far}"
    said = f"{begin} With numbers of parameters matched, the better class stays the better one in "
    said += f"{len(sure) - len(changed)} of {len(sure)} comparisons of classes that differ by more than chance"
    if changed:
        named = "; ".join(changed[:NAMED]) + ("; …" if len(changed) > NAMED else "")
        return f"{said}; it changes for {named}: there the number of parameters matters too.{far}"
    return f"{said}: the class decides here, not the number of parameters.{far}"


def _least_chance(results: Results, near: list[Matched]) -> str:
    """That no two classes of about one size differ for certain, and which two do so most likely."""
    least = min(near, key=lambda matched: matched.chance)
    sizes = ((least.error, least.n), (least.error_of_other, least.wanted))
    errors = " and ".join(f"{_number(results, error)} with {n:,} parameters" for error, n in sizes)
    return (
        "of the classes that come near to one size no two differ by more than chance; the likeliest to differ are "
        f"{least.one} and {least.other}, whose {results.said_first} are {errors} (p = {least.chance:.2g} for the best "
        "of each)"
    )


def _at_equal_sizes(results: Results) -> Iterator[Matched]:
    if not results.pairs:
        return
    sign = results.sign
    error, returned = sign * results.errors("matched_")[:, 0], results.view.rows("matched")
    chance = results.view["chance"][...]
    for place, i in enumerate(returned.numbers):
        one, other = results.pairs[i]
        free = sign * (_class_error(results, one) - _class_error(results, other))
        matched = error[i] - sign * _class_error(results, other)
        if np.isfinite(matched):
            n, wanted = int(returned["n_parameters"][place]), int(returned["wanted_parameters"][place])
            at = (results.classes.index(one), results.classes.index(other))
            yield Matched(
                one=one,
                other=other,
                n=n,
                wanted=wanted,
                error=float(sign * error[i]),
                error_of_other=_class_error(results, other),
                stays=bool((free < 0) == (matched < 0)),
                chance=float(chance[at]),
            )


def _said_of_chance(results: Results) -> str:
    """Whether the best class is better than the second by more than chance."""
    if len(results.order) < 2 or not results.model.bootstrap:
        return ""
    one, other = (results.classes.index(kind) for kind in results.order[:2])
    view = results.view
    low, high, chance = (float(view[name][one, other]) for name in ("difference_low", "difference_high", "chance"))
    # The first is better: said is by how much the second is worse.
    worse = -results.sign * np.array([float(view["difference"][one, other]), low, high])
    difference, low, high = worse[0], *sorted(worse[1:])
    sure = "is more than chance" if chance < CERTAIN else "may be chance"
    return (
        f"That {results.order[0]} does better than {results.order[1]} {sure}: their {results.said_first} differ by "
        f"{_number(results, difference)} (95 % interval {_number(results, low)} to {_number(results, high)}, "
        f"p = {chance:.2g} by a paired randomisation test over groups)."
    )


def _said_of_formula(results: Results) -> str:
    place = results.simplest
    if place is None:
        return ""
    error = _number(results, float(results.errors()[place, 0]))
    return (
        f"The simplest formula within one standard error of the best, {results.names[place]}: {results.learned} = "
        f"{results.formulas[place]}. Its {results.said_first} of samples tested is "
        f"{error}{_beside_mean(results, place)}."
    )


def _beside_mean(results: Results, place: int) -> str:
    """That a model does no better than the baseline, where that is so."""
    first = results.sign * results.errors()[:, 0]
    return "" if first[place] < first[0] else f", no better than the {results.baseline}'s"


def _said_of_stability(results: Results) -> str:
    shares = stability(results)
    if not shares or results.simplest is None:
        return ""
    folds = results.descriptors(results.simplest)
    own = _terms(results, results.simplest)
    counts = [sum(term in fold for fold in folds) for term in own]
    return f"Its terms are chosen in {', '.join(map(str, counts))} of {len(folds)} folds inside the training part" + (
        ": other folds take other terms that fit as well." if min(counts) <= len(folds) / 2 else "."
    )


def _terms(results: Results, place: int) -> list[str]:
    """The terms of a formula: its own stand first among the near-equal ones."""
    near = results.near(place)
    return near[0].terms if near else []


def _said_of_failures(results: Results) -> str:
    if not results.failed:
        return ""
    return f"{len(results.failed)} of {len(results.names)} models have no fit: {', '.join(results.failed[:5])}."


def _tables(results: Results) -> Iterator[Callable[[], Table]]:
    yield lambda: _classes(results)
    if results.pairs:
        yield lambda: _matched(results)
    if len(results.classes) > 1 and results.model.bootstrap:
        yield lambda: _differences(results)
    if results.model.sisso is not None:
        yield lambda: _formulas(results)
        yield lambda: _near(results)
    yield lambda: _models(results)


def _error_columns(results: Results) -> tuple[str, ...]:
    return tuple(results.said(metric) for metric in results.model.metrics)


def _units(results: Results) -> dict[str, str]:
    return {results.said(metric): results.metric_unit(metric) for metric in results.model.metrics} | {
        "error inside": results.learned_unit
    }


def _rounded(values: Any) -> list[Any]:
    return [float(f"{value:.4g}") for value in values]


def _with_interval(results: Results, of: str, place: int) -> list[Any]:
    """Errors, the first one with its interval."""
    first, *rest = _rounded(results.errors(of)[place])
    low, high = (results.errors(of, end)[place, 0] for end in ("_low", "_high"))
    shown: list[Any] = [f"{first:.4g} [{low:.3g}, {high:.3g}]" if results.model.bootstrap else first]
    return shown + rest


def _classes(results: Results) -> Table:
    rows: list[list[Any]] = []
    for kind in results.order:
        place = results.best[kind]
        settings, fits, seconds = results.effort(kind)
        a, linear, n = (int(v) for v in results.rows["parameters"][place])
        errors = _with_interval(results, "class_", results.classes.index(kind))
        inside = float(f"{results.cv[place]:.4g}")
        rows.append([kind, results.names[place], a + linear + n, a, linear, n, *errors, inside, settings, fits,
                     duration(seconds)])  # fmt: skip
    rows.append([results.baseline, "mean", 1, 1, 0, 0, *_with_interval(results, "", 0), "", 1, results.n_parts, ""])
    columns = ("class", "best model", "parameters", "additive", "linear", "nonlinear", *_error_columns(results),
               "error inside", "settings tried", "fits", "time of fits")  # fmt: skip
    nested = " Errors are of models chosen anew without each tested part." if results.n_parts > 1 else ""
    caption = (
        "The best model of each class has the least error of samples left out inside the training part (error inside: "
        f"the {results.inside}{'' if results.labels else ', on the scale that models learn'}).{nested} {COUNTED}"
        f"{COUNTED_OF_CLASSES if results.labels else ''}"
    )
    return Table("The best of each class", columns, rows, _units(results), caption)


def _matched(results: Results) -> Table:
    returned = results.view.rows("matched")
    rows: list[list[Any]] = []
    for place, i in enumerate(returned.numbers):
        one, other = results.pairs[i]
        theirs = float(f"{_class_error(results, other):.4g}")
        n, wanted = int(returned["n_parameters"][place]), int(returned["wanted_parameters"][place])
        setting = str(returned["setting"][place])
        rows.append([one, other, wanted, setting, n, *_with_interval(results, "matched_", i), theirs])
    rows.append([results.baseline, "", "", "mean", 1, *_with_interval(results, "", 0), ""])
    columns = ("class", "at the size of", "its parameters", "nearest setting", "parameters", *_error_columns(results),
               f"{results.said_first} of the other")  # fmt: skip
    caption = (
        "For each class, the setting whose number of parameters comes nearest to that of another class's best model, "
        "with "
        "the options of its own best. Settings aren't limited to the grid."
    )
    units = {**_units(results), f"{results.said_first} of the other": results.metric_unit(results.metric)}
    return Table("At matched numbers of parameters", columns, rows, units, caption)


def _differences(results: Results) -> Table:
    rows: list[list[Any]] = []
    view = results.view
    for place, one in enumerate(results.order):
        for other in results.order[place + 1 :]:
            at = (results.classes.index(one), results.classes.index(other))
            values = _rounded(float(view[f"difference{end}"][at]) for end in ("", "_low", "_high"))
            rows.append([one, other, *values, float(f"{float(view['chance'][at]):.2g}")])
    unit = results.metric_unit(results.metric)
    columns = ("class", "other class", "difference", "from", "to", "p")
    caption = (
        f"{results.begins} of the first minus that of the second, with its 95 % interval over draws of groups, and "
        "how likely such a difference is where both are equally good (paired randomisation test over groups)."
    )
    return Table(
        "Differences between classes", columns, rows, dict.fromkeys(("difference", "from", "to"), unit), caption
    )


def _formulas(results: Results) -> Table:
    rows: list[list[Any]] = [
        [results.names[i], results.formulas[i], int(results.complexity("operations", i)),
         float(f"{results.cv[i]:.4g}"), *_rounded(results.errors()[i])]
        for i in results.of_class("sisso")
        if results.formulas[i]
    ]  # fmt: skip
    rows.append(["mean", f"the {results.baseline} of the training part", "", "", *_rounded(results.errors()[0])])
    columns = ("model", f"{results.learned} =", "operators", "error inside", *_error_columns(results))
    caption = "sisso:RUNG,DIMENSION. Coefficients are those of the fit to the training part."
    return Table("Formulas", columns, rows, _units(results), caption)


def _near(results: Results) -> Table:
    place = results.simplest
    every = [] if place is None else results.near(place)
    rows = [_near_row(one) for one in every if one.error <= NEARLY * every[0].error]
    name = "the formula" if place is None else results.names[place]
    error = "samples that overlap or are on the wrong side" if results.labels else "RMSE of the fit"
    columns = ("terms", "intercept and coefficients", error)
    caption = (
        f"Each is a formula of these terms, fitted to the training part, with an error at most {NEARLY - 1:.0%} above "
        "that of the first, which is the one taken."
    )
    if results.labels:
        caption += " Of several classes, each but the first has an intercept and coefficients."
    unit = {} if results.labels else {error: results.learned_unit}
    return Table(f"Formulas that fit nearly as well as {name}", columns, rows, unit, caption)


def _near_row(one: Near) -> list[Any]:
    by_task = "; ".join(", ".join(f"{c:.4g}" for c in task) for task in one.coefficients)
    return [", ".join(one.terms), by_task, float(f"{one.error:.5g}")]


def _models(results: Results) -> Table:
    order = np.argsort(np.nan_to_num(results.cv, nan=np.inf), kind="stable")[:MOST_ROWS]
    rows = [
        [results.names[i], int(results.n_parameters[i]), float(f"{results.weighted[i]:.6g}"),
         float(f"{results.cv[i]:.4g}") if np.isfinite(results.cv[i]) else "", *_rounded(results.errors()[i])]
        for i in order
        if np.isfinite(results.n_parameters[i])
    ]  # fmt: skip
    columns = ("model", "parameters", "complexity", "error inside", *_error_columns(results))
    w = results.model.compare.weights
    more = f" The first {MOST_ROWS} of {len(results.names)}." if len(results.names) > MOST_ROWS else ""
    caption = f"Complexity: {w.a:g} additive + {w.b:g} linear + {w.c:g} nonlinear parameters (eq. 4).{more}"
    return Table("All models", columns, rows, _units(results), caption)
