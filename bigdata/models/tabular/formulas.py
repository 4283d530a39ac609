"""Formulas found by SISSO (see `bigdata.models.sisso`) as models of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.errors import SpecError
from bigdata.models.sisso import costs, writing
from bigdata.models.sisso import fitting as sisso
from bigdata.models.sisso.costs import Costs
from bigdata.models.sisso.formula import Formula as Found
from bigdata.models.sisso.formula import stacked, unstacked
from bigdata.models.sisso.setting import Problem, Setting
from bigdata.models.tabular.fitted import Effort, Floats, Samples
from bigdata.models.tabular.setting import Point
from bigdata.models.tabular.size import Size

Near = tuple[list[str], Floats, float]


@dataclass(frozen=True, eq=False)
class Formula:
    """A formula of columns with `names` and `units`, for a target in `unit`; `others` fit nearly as well. Where it was
    found without units (`with_units`), its columns are pure numbers.

    Its intercepts, one for each task that had samples, count as additive, its coefficients as linear parameters.
    Operators have no fitted constants, so none is nonlinear.
    """

    found: Found
    others: Sequence[Found]
    rung: int
    names: Sequence[str]
    units: Sequence[str]
    unit: str
    with_units: bool = True

    @property
    def size(self) -> Size:
        n_tasks = int(np.isfinite(self.found.coefficients[:, 0]).sum())
        d = self.found.dimension
        components = {"rung": self.rung, "dimension": d, "biases": n_tasks, "operations": self.found.operations}
        return Size(n_tasks, n_tasks * d, 0, components)

    def predict(self, features: Floats, tasks: NDArray[np.int64]) -> Floats:
        """(m,) for features (m, p) and tasks (m,): NaN where the formula isn't defined (a logarithm of what isn't
        positive, a division by 0) and for tasks without training samples."""
        return self.found.predict(np.ascontiguousarray(features.T), tasks)

    def importance(self) -> None:
        """A formula says itself what matters to it."""
        return None

    @property
    def columns(self) -> list[int]:
        """Places of the columns that stand in it."""
        return writing.columns(self.found)

    @property
    def descriptors(self) -> list[str]:
        return writing.descriptors(self.found, self.names)

    @property
    def near(self) -> list[Near]:
        """Formulas of this many terms by their errors, this one among them: descriptors, coefficients (T, 1 + d) with
        the intercept first, and the root-mean-square error on the training samples."""
        return [(writing.descriptors(one, self.names), one.coefficients, one.rmse) for one in self.others]

    def text(self, task: int = 0) -> str:
        return writing.text(self.found, self.names, self._units, self.unit, task)

    def latex(self, task: int = 0) -> str:
        return writing.latex(self.found, self.names, self._units, self.unit, task)

    def python(self, name: str) -> str:
        return writing.python(self.found, self.names, name, self.units, self.unit)

    @property
    def _units(self) -> Sequence[str]:
        return self.units if self.with_units else ["1"] * len(self.units)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Of this formula and the others, as `stacked` has them; the `rung`, whether units counted, and the bytes of
        the target's `unit`."""
        return {
            **stacked([self.found, *self.others]),
            "rung": np.array(self.rung, np.int64),
            "with_units": np.array(self.with_units),
            "unit": np.frombuffer(self.unit.encode(), np.uint8),
        }


def restored(arrays: Mapping[str, NDArray[Any]], names: Sequence[str], units: Sequence[str]) -> Formula:
    """The formula that `arrays` were made of."""
    found, *others = unstacked(arrays)
    unit = np.asarray(arrays["unit"], np.uint8).tobytes().decode()
    return Formula(found, others, int(arrays["rung"]), names, units, unit, bool(arrays["with_units"]))


def fit(points: Sequence[Point], samples: Samples, effort: Effort) -> list[Formula]:
    """One formula for each of the points, which have one rung and the same options: one search gives all dimensions.

    Where a dimension can't be reached the formula has fewer terms, which the log says. Raises Paused, and SpecError
    where two columns have one name.
    """
    told = Told.of(points, samples)
    search = sisso.Search(effort.should_stop, effort.log)
    return told.formulas(sisso.fit(told.problem, told.setting, told.rung, told.dimension, search))


@dataclass(frozen=True, eq=False)
class Told:
    """What the search for some points, which have one rung and the same options, is told."""

    points: Sequence[Point]
    samples: Samples

    @classmethod
    def of(cls, points: Sequence[Point], samples: Samples) -> Told:
        """SpecError where two columns have one name."""
        refuse_namesakes(samples.names)
        return cls(points, samples)

    @property
    def rung(self) -> int:
        (rung,) = {int(point.place["rung"]) for point in self.points}
        return rung

    @property
    def dimension(self) -> int:
        """The highest that is asked for."""
        return max(int(point.place["dimension"]) for point in self.points)

    @property
    def setting(self) -> Setting:
        return setting(self.points[0].options)

    @cached_property
    def problem(self) -> Problem:
        order = np.argsort(self.samples.tasks, kind="stable")
        return _problem(self.samples.only(order), self._with_units)

    @property
    def _with_units(self) -> bool:
        return bool(self.points[0].options["use_units"])

    def formulas(self, found: Sequence[Sequence[Found]]) -> list[Formula]:
        """One for each point, of the best of each dimension 1, 2, …"""
        samples, near = self.samples, self.points[0].options["near"]
        naming = (self.rung, samples.names, samples.units, samples.unit, self._with_units)
        best = [found[int(point.place["dimension"]) - 1] for point in self.points]
        return [Formula(one[0], one[:near], *naming) for one in best]


def simplest(found: Sequence[Formula], errors: Sequence[float], tolerance: float = 0.05) -> int:
    """The place of the simplest formula, by coefficients and then by operators, whose error is within a share of the
    least one. The errors may be those of training or of cross-validation, for formulas of several rungs and dimensions;
    those that are NaN or infinite are never within."""
    known = [error if np.isfinite(error) else np.inf for error in errors]
    limit = (1 + tolerance) * min(known)
    within = [i for i, error in enumerate(known) if error <= limit]
    return min(within, key=lambda i: (found[i].size.n_parameters, found[i].found.operations, known[i]))


def setting(options: Mapping[str, Any]) -> Setting:
    """What the options of a point tell the search."""
    return Setting(
        operators=tuple(options["operators"]),
        keep=options["features_per_dimension"],
        residuals=options["residuals"],
        max_operations=options["max_operations"],
        smallest=options["smallest"],
        largest=options["largest"],
        near=options["near"],
        refinements=options["refinements"],
    )


def _problem(samples: Samples, use_units: bool) -> Problem:
    """The samples, which stand by their tasks."""
    n_tasks = int(samples.tasks.max(initial=0)) + 1
    return Problem(
        np.ascontiguousarray(samples.features.T),
        list(samples.units) if use_units else ["1"] * len(samples.units),
        samples.target,
        np.searchsorted(samples.tasks, np.arange(n_tasks + 1)),
    )


def refuse_namesakes(names: Sequence[str]) -> None:
    """A formula names its columns: two of one name couldn't be told apart."""
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise SpecError(
            f"Two columns are named `{twice[0]}`, and formulas name their columns: rename one, or leave it out."
        )


def expected(point: Point, n: int, units: Sequence[str]) -> Costs:
    """What the search for a point takes on n samples of columns with these units."""
    unitless = ("1",) * len(units)
    asked = tuple(units) if point.options["use_units"] else unitless
    return _expected(setting(point.options), asked, n, int(point.place["rung"]), int(point.place["dimension"]))


# A plan asks for each model, fold and task.
_expected = lru_cache(maxsize=256)(costs.expected)
