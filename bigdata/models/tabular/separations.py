"""Classes told apart by expressions in which their convex hulls overlap least (see `sisso.separating`), and by a linear
rule in these, as models of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso import costs, writing
from bigdata.models.sisso import fitting as sisso
from bigdata.models.sisso.costs import Costs
from bigdata.models.sisso.formula import Formula
from bigdata.models.sisso.rule import Rule
from bigdata.models.sisso.separating import MOST_RULES, MOST_SUBSETS, Separation, inside, separate
from bigdata.models.sisso.setting import Problem, Setting
from bigdata.models.tabular.fitted import Effort, Floats, Samples
from bigdata.models.tabular.formulas import refuse_namesakes, setting
from bigdata.models.tabular.setting import Point
from bigdata.models.tabular.size import Size

Near = tuple[list[str], Floats, float]
# Of one of two x86-64 cores, measured: to form an expression's value and place it among the classes; for a subset, the
# hull of each class and each sample that is looked for in it; for a rule, each sample.
_VALUE_SECONDS, _HULL_SECONDS, _INSIDE_SECONDS, _RULE_SECONDS = 3e-8, 2e-4, 1e-6, 2e-5


@dataclass(frozen=True, eq=False)
class Separated:
    """Expressions of columns with `names` and `units`, and a linear rule in them for classes with `labels`; `others`
    separate them nearly as well. `n_samples` were learned from.

    The rule's intercepts count as additive, its coefficients as linear parameters, of each class but the first, which
    has the score 0. A model that knows one class alone is one additive constant.
    """

    found: Separation
    others: Sequence[Separation]
    rung: int
    n_samples: int
    names: Sequence[str]
    units: Sequence[str]
    labels: Sequence[str]
    with_units: bool = True

    @property
    def size(self) -> Size:
        n, d = self.found.rule.coefficients.shape
        dimension = len(self.found.terms)
        components = {"rung": self.rung, "dimension": dimension, "biases": n, "operations": self.found.operations}
        return Size(max(1, n), n * (d - 1), 0, components)

    def predict(self, features: Floats, tasks: NDArray[np.int64]) -> Floats:
        """(m,) codes for features (m, p): NaN where a term isn't defined (a logarithm of what isn't positive, a
        division by 0)."""
        return self.found.rule.predict(self.values(features))

    def values(self, features: Floats) -> Floats:
        """(d, m) the terms for features (m, p)."""
        return self.found.descriptors(np.ascontiguousarray(features.T))

    def overlapping(self, trained: Samples, new: Samples) -> Floats:
        """(m,) 1 where a new sample lies in the hull of the samples `trained` on of another class, else 0."""
        corners, points = self.values(trained.features), self.values(new.features)
        spread = np.ptp(corners, axis=1, keepdims=True)
        corners, points = ((of / np.where(spread > 0, spread, 1.0)).T for of in (corners, points))
        found = np.zeros(len(new))
        for code in np.unique(trained.target):
            others = new.target != code
            found[others] = np.maximum(found[others], inside(corners[trained.target == code], points[others]))
        return found

    def importance(self) -> None:
        """The terms say themselves what matters."""
        return None

    @property
    def descriptors(self) -> list[str]:
        return writing.descriptors(self._formula(self.found), self.names)

    @property
    def near(self) -> list[Near]:
        """Separations by this many terms, this one among them: the terms, the rule's coefficients (k - 1, 1 + d) with
        the intercept first, and the number of samples that overlap or are on the wrong side."""
        every = ((writing.descriptors(self._formula(one), self.names), one) for one in self.others)
        return [(terms, one.rule.coefficients, float(one.n_mixed)) for terms, one in every]

    def text(self) -> str:
        """`metal where -1.2 + 3 * a / b > 0, else insulator (2 of 80 samples overlap, 1 on the wrong side)`."""
        said = [writing.text(self._formula(self.found), self.names, self._units, "", i) for i in range(self._n)]
        return f"{self._chosen(said)} ({self.overlap})"

    @property
    def overlap(self) -> str:
        """How many of the samples learned from lie in the hull of another class, and how many the rule gets wrong."""
        found = self.found
        return f"{found.n_overlapping:,} of {self.n_samples:,} samples overlap, {found.n_wrong:,} on the wrong side"

    def _chosen(self, said: Sequence[str]) -> str:
        first, *others = self._known
        if not len(self.found.terms):
            return f"{self.labels[int(self.found.rule.predict(np.empty((0, 1)))[0])]} everywhere"
        if len(others) == 1:
            return f"{others[0]} where {said[0]} > 0, else {first}"
        scores = "; ".join(f"{label}: {text}" for label, text in zip(others, said, strict=True))
        return f"the class of the highest score of {first}: 0; {scores}"

    def latex(self) -> str:
        """The scores relative to the first class, as cases, for math mode."""
        said = [writing.latex(self._formula(self.found), self.names, self._units, "", i) for i in range(self._n)]
        rows = zip(self._known, ["0", *said], strict=True)
        lines = r" \\ ".join(rf"{text} & \mathrm{{{writing.escaped(label)}}}" for label, text in rows)
        return rf"\operatorname{{argmax}} \begin{{cases}} {lines} \end{{cases}}"

    def python(self, name: str) -> str:
        return writing.python_of_classes(self._formula(self.found), self.names, name, self.units, self._known)

    @property
    def _n(self) -> int:
        return len(self.found.rule.coefficients)

    @property
    def _known(self) -> list[str]:
        """The labels of the classes that there were samples of."""
        return [self.labels[code] for code in self.found.rule.codes]

    @property
    def _units(self) -> Sequence[str]:
        return self.units if self.with_units else ["1"] * len(self.units)

    def _formula(self, one: Separation) -> Formula:
        """The scores, of which the one of each class is written as that of a task is."""
        return Formula(one.nodes, one.terms, one.rule.coefficients, float("nan"), one.operations)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Of this separation and the q others: their `nodes` (m, 3) one after the other, so many as `n_nodes` (1 + q,)
        says, `terms` (1 + q, d), `coefficients` (1 + q, k - 1, 1 + d) for the `codes` (k,), `counts` (1 + q, 3) of
        samples that overlap, samples on the wrong side, and operators; the `rung`, `n_samples` and whether units
        counted."""
        every = [self.found, *self.others]
        return {
            "nodes": np.concatenate([one.nodes for one in every]),
            "n_nodes": np.array([len(one.nodes) for one in every], np.int64),
            "terms": np.array([one.terms for one in every], np.int64).reshape(len(every), -1),
            "codes": self.found.rule.codes,
            "coefficients": np.array([one.rule.coefficients for one in every]),
            "counts": np.array([(one.n_overlapping, one.n_wrong, one.operations) for one in every], np.int64),
            "rung": np.array(self.rung, np.int64),
            "n_samples": np.array(self.n_samples, np.int64),
            "with_units": np.array(self.with_units),
        }


def restored(
    arrays: Mapping[str, NDArray[Any]], names: Sequence[str], units: Sequence[str], labels: Sequence[str]
) -> Separated:
    """The separation that `arrays` were made of."""
    nodes = np.split(np.asarray(arrays["nodes"], np.int32), np.cumsum(arrays["n_nodes"])[:-1])
    codes, of = np.asarray(arrays["codes"]), ("terms", "coefficients", "counts")
    parts = zip(nodes, *(arrays[name] for name in of), strict=True)
    found, *others = (Separation(n, t, Rule(codes, c), *map(int, counts)) for n, t, c, counts in parts)
    naming = (names, units, labels, bool(arrays["with_units"]))
    return Separated(found, others, int(arrays["rung"]), int(arrays["n_samples"]), *naming)


def fit(points: Sequence[Point], samples: Samples, effort: Effort) -> list[Separated]:
    """One separation for each of the points, which have one rung and the same options: one search gives all dimensions.

    Where fewer terms leave nothing mixed, or there are no more expressions, a separation has fewer terms, which the log
    says. Raises Paused, and SpecError where two columns have one name.
    """
    (rung,) = {int(point.place["rung"]) for point in points}
    dimensions = [int(point.place["dimension"]) for point in points]
    refuse_namesakes(samples.names)
    options = points[0].options
    with_units = bool(options["use_units"])
    search = sisso.Search(effort.should_stop, effort.log)
    found = _searched(samples, setting(options), rung, max(dimensions), with_units, search)
    naming = (samples.names, samples.units, samples.labels, with_units)
    best = [found[min(dimension, len(found)) - 1] for dimension in dimensions]
    return [Separated(one[0], one, rung, len(samples), *naming) for one in best]


def _searched(
    samples: Samples, told: Setting, rung: int, dimensions: int, with_units: bool, search: sisso.Search
) -> list[list[Separation]]:
    """The best separations of each dimension; without any terms where there is one class, or no expression."""
    search.check()
    units = list(samples.units) if with_units else ["1"] * len(samples.units)
    problem = Problem(np.ascontiguousarray(samples.features.T), units, samples.target, np.array([0, len(samples)]))
    several = len(np.unique(samples.target)) > 1
    found = separate(problem, told, rung, dimensions, search) if several else []
    if len(found) < dimensions:
        why = "nothing is mixed any more" if not found or found[-1][0].n_mixed == 0 else "there are no more expressions"
        search.log(f"rung {rung}, dimension {dimensions}: {len(found)} terms, since {why}")
    return found or [[_without_terms(samples)]]


def _without_terms(samples: Samples) -> Separation:
    """The most frequent class; samples of several classes all overlap."""
    labels, values = samples.target.astype(np.int64), np.empty((0, len(samples)))
    rule = Rule.of(values, labels)
    n_overlapping = len(samples) if len(rule.codes) > 1 else 0
    n_wrong = int((rule.predict(values) != labels).sum())
    return Separation(np.empty((0, 3), np.int32), np.empty(0, np.int64), rule, n_overlapping, n_wrong, 0)


def expected(point: Point, n: int, units: Sequence[str], n_labels: int) -> Costs:
    """What the search for a point takes on n samples of columns with these units."""
    asked = tuple(units) if point.options["use_units"] else ("1",) * len(units)
    return _expected(
        setting(point.options), asked, n, int(point.place["rung"]), int(point.place["dimension"]), n_labels
    )


@lru_cache(maxsize=256)
def _expected(told: Setting, units: tuple[str, ...], n: int, rung: int, dimensions: int, n_labels: int) -> Costs:
    grown = costs.expected(told, units, n, rung, 1)
    screened = dimensions * grown.candidates * n * n_labels * _VALUE_SECONDS
    subsets = sum(min(MOST_SUBSETS, comb(d * told.keep, d)) for d in range(1, dimensions + 1))
    rules = dimensions * min(MOST_RULES, 2 * told.near) * n * _RULE_SECONDS
    hulls = subsets * (n_labels * _HULL_SECONDS + n * _INSIDE_SECONDS)
    return Costs(grown.candidates, grown.seconds + screened + hulls + rules, grown.bytes)
