"""The best model of each class: the one with the least error of samples left out inside the training part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import SpecError
from bigdata.models.tabular.setting import Point
from bigdata.studies.complexity import inside
from bigdata.studies.complexity.model import Complexity
from bigdata.studies.complexity.packed import LEFT_OUT, packed_array
from bigdata.studies.complexity.table import open_table
from bigdata.studies.complexity.trials import best_of, n_terms, of_point, trials_of

if TYPE_CHECKING:
    from bigdata.kind import Context

Floats = NDArray[np.float64]


class Returned(Protocol):
    """What tasks returned, by name, along `numbers`."""

    numbers: list[int]

    def __getitem__(self, name: str, /) -> NDArray[Any]: ...


class Chosen(NamedTuple):
    """A model with its options; the trial that they are from, -1 for the baseline; its error inside, and that error's
    standard error."""

    point: Point
    trial: int
    error: float
    standard_error: float


def best_places(points: Sequence[Point], kinds: Sequence[str], cv_rmse: Floats) -> NDArray[np.int64]:
    """(classes, parts) the place of the model with the least error (models, parts); -1 where a class has none.

    The first of equal ones is taken, which is the smaller one of a grid that is written in order.
    """
    found = np.full((len(kinds), cv_rmse.shape[1]), -1, dtype=np.int64)
    for c, kind in enumerate(kinds):
        own = [i for i, point in enumerate(points) if point.kind == kind]
        for part in range(cv_rmse.shape[1]):
            known = [i for i in own if np.isfinite(cv_rmse[i, part])]
            if known:
                found[c, part] = min(known, key=lambda i: cv_rmse[i, part])
    return found


def spread_rows(rows: Returned, name: str, n: int) -> Floats:
    """(n, …) what tasks returned, by their numbers; NaN for those that failed."""
    values = np.asarray(rows[name], dtype=np.float64)
    found = np.full((n, *values.shape[1:]), np.nan)
    found[rows.numbers] = values
    return found


def best_place(ctx: Context[Complexity], kind: str, part: int) -> int:
    """The place of the best model of a class in one training part. Raises SpecError where all of them have failed."""
    error = spread_rows(ctx.rows("model"), "cv_rmse", len(ctx.model.points))
    place = int(best_places(ctx.model.points, [kind], error)[0, part])
    if place < 0:
        raise SpecError(f"all models of the class {kind} have failed: there is none to compare with.")
    return place


def parameters_of_best(ctx: Context[Complexity], kind: str) -> int:
    """Of the best model of a class that is kept. Raises SpecError where all of them have failed."""
    rows = ctx.rows("model")
    return int(rows["parameters"][rows.numbers.index(best_place(ctx, kind, -1))].sum())


def choice(ctx: Context[Complexity], point: Point, part: int, n_parts: int) -> Chosen:
    """The options of a model that did best inside one training part."""
    trials = trials_of(ctx.model)
    if not of_point(trials, point.name):
        return Chosen(point, -1, float("nan"), float("nan"))
    rows, terms = ctx.rows("tune"), n_terms(trials)
    error = np.full((len(trials), terms), np.nan)
    error[rows.numbers] = rows["cv_error"].reshape(-1, n_parts, terms)[:, part]
    trial, place = best_of(trials, point.name, error)
    spread = float("nan")
    if part == n_parts - 1:
        spread = _standard_error(ctx, packed_array(ctx.packs["tune"][trial], LEFT_OUT)[place])
    return Chosen(trials[trial].points[place], trial, float(error[trial, place]), spread)


def _standard_error(ctx: Context[Complexity], left_out: Floats) -> float:
    known, of_classes = np.isfinite(left_out), ctx.model.target.classes
    loss = inside.losses(left_out[known], ctx.read("learned")[known], of_classes)
    return inside.standard_error(loss, ctx.opened(open_table).group[known], of_classes)
