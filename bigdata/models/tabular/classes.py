"""All classes of models behind one door: what is fitted together, fitted, restored, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import NDArray

from bigdata.errors import Paused
from bigdata.models.tabular import baseline, class_dense, class_trees, dense, gaussian_process, linear, trees
from bigdata.models.tabular.fitted import Effort, Fitted, Samples
from bigdata.models.tabular.setting import Point
from bigdata.models.tabular.soundness import check_samples

if TYPE_CHECKING:
    from bigdata.models.sisso.costs import Costs


class _Classifier(Protocol):
    """A module of one class, for samples with labels."""

    def fit(self, point: Point, samples: Samples, effort: Effort) -> Fitted: ...

    def restored(self, arrays: Mapping[str, NDArray[Any]]) -> Fitted: ...


class _Class(_Classifier, Protocol):
    """A module of one class."""

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
# Those that tell classes of samples apart.
_CLASSIFIERS: Mapping[str, _Classifier] = {
    "mean": baseline,
    "forest": class_trees,
    "tree": class_trees,
    "boosting": class_trees,
    "dense": class_dense,
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
        from bigdata.models.tabular import formulas, separations

        search = separations.fit if samples.labels else formulas.fit
        return [*search(list(points), samples, effort)]
    return [_fit(point, samples, effort) for point in points]


def _fit(point: Point, samples: Samples, effort: Effort) -> Fitted:
    if effort.should_stop():
        raise Paused
    modules = _CLASSIFIERS if samples.labels else _CLASSES
    return modules[point.kind].fit(point, samples, effort)


def restored(
    point: Point,
    arrays: Mapping[str, NDArray[Any]],
    names: Sequence[str],
    units: Sequence[str],
    labels: Sequence[str] = (),
) -> Fitted:
    """The model that `Fitted.arrays` were taken from, with the names and units of its columns, and the labels of the
    classes that it tells apart."""
    if point.kind == "sisso":
        from bigdata.models.tabular import formulas, separations

        return separations.restored(arrays, names, units, labels) if labels else formulas.restored(arrays, names, units)
    modules = _CLASSIFIERS if labels else _CLASSES
    return modules[point.kind].restored(arrays)


def seconds(point: Point, n: int, units: Sequence[str], n_labels: int = 0) -> float:
    """About how long one core takes for a fit to n samples with columns of these units, and so many labels."""
    if point.kind == "sisso":
        return _expected(point, n, units, n_labels).seconds
    return class_trees.functions(point, n_labels) * _CLASSES[point.kind].seconds(point, n, len(units))


def n_bytes(point: Point, n: int, units: Sequence[str], n_labels: int = 0) -> int:
    """About how many bytes are held at most during a fit."""
    if point.kind == "sisso":
        return _expected(point, n, units, n_labels).bytes
    return _CLASSES[point.kind].n_bytes(point, n, len(units)) + class_trees.more_bytes(point, n, n_labels)


def _expected(point: Point, n: int, units: Sequence[str], n_labels: int) -> Costs:
    from bigdata.models.tabular import formulas, separations

    return separations.expected(point, n, units, n_labels) if n_labels else formulas.expected(point, n, units)
