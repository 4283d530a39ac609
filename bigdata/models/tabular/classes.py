"""All classes of models behind one door: what is fitted together, fitted, restored, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from bigdata.errors import Paused
from bigdata.models.tabular import baseline, dense, gaussian_process, linear, trees
from bigdata.models.tabular.fitted import Effort, Fitted, Samples
from bigdata.models.tabular.setting import Point
from bigdata.models.tabular.soundness import check_samples


class _Class(Protocol):
    """A module of one class."""

    def fit(self, point: Point, samples: Samples, effort: Effort) -> Fitted: ...

    def restored(self, arrays: Mapping[str, NDArray[Any]]) -> Fitted: ...

    def seconds(self, point: Point, n: int, p: int) -> float: ...

    def n_bytes(self, point: Point, n: int, p: int) -> int: ...


_CLASSES: Mapping[str, _Class] = {
    "mean": baseline,
    "dense": dense,
    "forest": trees,
    "tree": trees,
    "boosting": trees,
    "ridge": linear,
    "polynomial": linear,
    "gaussian-process": gaussian_process,
}


def units_of(points: Sequence[Point]) -> list[list[Point]]:
    """The points that one fit serves: formulas of one rung and the same options; each other point alone.

    In the order in which the first of each stands.
    """
    units: dict[str, list[Point]] = {}
    for number, point in enumerate(points):
        key = f"{point.place['rung']} {sorted(point.options.items())}" if point.kind == "sisso" else f"#{number}"
        units.setdefault(key, []).append(point)
    return list(units.values())


def fit(points: Sequence[Point], samples: Samples, effort: Effort) -> list[Fitted]:
    """The models of one unit of `units_of`, in its order.

    SpecError where there is nothing to learn from or the samples aren't finite numbers, ArithmeticError where numbers
    get out of hand on the way, Paused where it should stop.
    """
    check_samples(samples)
    if points[0].kind == "sisso":
        from bigdata.models.tabular import formulas

        return list(formulas.fit(list(points), samples, effort))
    return [_fit(point, samples, effort) for point in points]


def _fit(point: Point, samples: Samples, effort: Effort) -> Fitted:
    if effort.should_stop():
        raise Paused
    return _CLASSES[point.kind].fit(point, samples, effort)


def restored(point: Point, arrays: Mapping[str, NDArray[Any]], names: Sequence[str], units: Sequence[str]) -> Fitted:
    """The model that `Fitted.arrays` were taken from, with the names and units of its columns."""
    if point.kind == "sisso":
        from bigdata.models.tabular import formulas

        model: Fitted = formulas.restored(arrays, names, units)
        return model
    return _CLASSES[point.kind].restored(arrays)


def seconds(point: Point, n: int, units: Sequence[str]) -> float:
    """About how long one core takes for a fit to n samples with columns of these units."""
    if point.kind == "sisso":
        from bigdata.models.tabular import formulas

        return formulas.expected(point, n, units).seconds
    return _CLASSES[point.kind].seconds(point, n, len(units))


def n_bytes(point: Point, n: int, units: Sequence[str]) -> int:
    """About how many bytes are held at most during a fit."""
    if point.kind == "sisso":
        from bigdata.models.tabular import formulas

        return formulas.expected(point, n, units).bytes
    return _CLASSES[point.kind].n_bytes(point, n, len(units))
