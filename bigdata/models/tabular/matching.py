"""Models of a class that have about as many parameters as another: points between and beyond those of a grid."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import log, sqrt

import numpy as np

from bigdata.models.monomials import n_monomials
from bigdata.models.tabular.class_trees import functions
from bigdata.models.tabular.descent import n_biases, n_weights
from bigdata.models.tabular.fitted import Samples
from bigdata.models.tabular.setting import Point
from bigdata.models.tabular.standard import Standard

AT_MOST = 3
# Numbers of parameters that differ by this share are as good as equal: the kind of structure then matters more.
CLOSE = 0.05
LAYERS = (1, 2, 3, 4, 5)
TREES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
DEGREES = (1, 2, 3, 4)
# A search of four terms takes a hundred times as long as one of three: it is made where the study makes it anyway.
DIMENSIONS = (1, 2, 3)


def near(point: Point, n_parameters: int, samples: Samples) -> list[Point]:
    """At most AT_MOST points of the class of `point`, with its options, that should have about `n_parameters`.

    First those that are CLOSE: beginning with those whose layers or trees are most like the point's own, so that a
    forest isn't compared as a thousand stumps because these hit the number best. Then others, the nearest first.
    Networks have whatever nodes in 1 to 5 layers, and trees whatever leaves that the samples can fill: some of these
    are close to most numbers. Formulas, polynomials, ridge and Gaussian processes have few sizes, and the nearest may
    be far: see `expected`.
    """

    def rank(candidate: Point) -> tuple[float, float]:
        miss = abs(expected(candidate, samples) - n_parameters)
        return (0.0, _unlike(candidate, point)) if miss <= CLOSE * n_parameters else (miss, 0.0)

    return sorted(_CANDIDATES.get(point.kind, _itself)(point, n_parameters, samples), key=rank)[:AT_MOST]


def _unlike(one: Point, other: Point) -> float:
    """How much the layers or trees of two points of a class differ, as ratios."""
    return sum(abs(log(one.place[axis] / other.place[axis])) for axis in ("layers", "trees") if axis in one.place)


def expected(point: Point, samples: Samples) -> int:
    """How many parameters a fit of the point should have: exact but for trees, which may find fewer splits, and for
    formulas and polynomials with terms that turn out to be constant or can't be told apart."""
    return _EXPECTED[point.kind](point, samples)


def _itself(point: Point, n_parameters: int, samples: Samples) -> Iterator[Point]:
    yield point


def _at(point: Point, **place: int) -> Point:
    return Point(point.kind, {**point.place, **place}, point.options)


def _dense(point: Point, n_parameters: int, samples: Samples) -> Iterator[Point]:
    for layers in sorted({*LAYERS, int(point.place["layers"])}):
        nodes = int(_nodes(n_parameters / len(point.options["seeds"]), layers, _n_columns(samples), _outputs(samples)))
        around = [_at(point, layers=layers, nodes=max(1, n)) for n in (nodes, nodes + 1)]
        yield min(around, key=lambda each: abs(_dense_expected(each, samples) - n_parameters))


def _outputs(samples: Samples) -> int:
    """Of a network: one for a number, and one for each class but the first."""
    return max(1, len(np.unique(samples.target)) - 1) if samples.labels else 1


def _nodes(n_parameters: float, layers: int, p: int, o: int) -> float:
    """The w at which (L - 1) w^2 + (p + L + o) w + o is the number of parameters."""
    a, b, c = layers - 1, p + layers + o, o - n_parameters
    if a == 0:
        return max(0.0, -c / b)
    return max(0.0, (sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a))


def _dense_expected(point: Point, samples: Samples) -> int:
    widths = [_n_columns(samples), *[int(point.place["nodes"])] * int(point.place["layers"]), _outputs(samples)]
    return len(point.options["seeds"]) * (n_weights(widths) + n_biases(widths))


def _trees(point: Point, n_parameters: int, samples: Samples) -> Iterator[Point]:
    """A tree of l leaves has v l values and l - 1 thresholds."""
    most, (n_functions, values) = max(2, _most_leaves(point, samples)), _of_labels(point, samples)
    for n_trees in (1,) if point.kind == "tree" else sorted({*TREES, int(point.place["trees"])}):
        # Boosting's constants are too little to change a number of leaves.
        leaves = max(2, round((n_parameters / (n_functions * n_trees) + 1) / (1 + values)))
        place = {} if point.kind == "tree" else {"trees": n_trees}
        yield _at(point, **place, max_leaves=min(leaves, most))


def _trees_expected(point: Point, samples: Samples) -> int:
    leaves = min(int(point.place["max_leaves"]), _most_leaves(point, samples))
    n_functions, values = _of_labels(point, samples)
    constants = n_functions if point.kind == "boosting" else 0
    return n_functions * int(point.place.get("trees", 1)) * ((1 + values) * leaves - 1) + constants


def _of_labels(point: Point, samples: Samples) -> tuple[int, int]:
    """How many functions trees are grown for, and how many values each leaf has: of classes, boosting has a function
    for each, or one for two, and the leaves of other trees have shares with the sum 1."""
    if not samples.labels:
        return 1, 1
    n = max(2, len(np.unique(samples.target)))
    return (functions(point, n), 1) if point.kind == "boosting" else (1, n - 1)


def _most_leaves(point: Point, samples: Samples) -> int:
    """Samples with the same columns share a leaf, and each tree of a forest draws 1 - 1/e of the samples."""
    n = len(np.unique(samples.features, axis=0)) // int(point.options["min_samples_leaf"])
    return max(1, int(0.632 * n) if point.kind == "forest" else n)


def _polynomials(point: Point, n_parameters: int, samples: Samples) -> Iterator[Point]:
    return (_at(point, degree=degree) for degree in DEGREES)


def _linear_expected(point: Point, samples: Samples) -> int:
    return n_monomials(_n_columns(samples), int(point.place.get("degree", 1))) + 1


def _formulas(point: Point, n_parameters: int, samples: Samples) -> Iterator[Point]:
    own = int(point.place["dimension"])
    return (_at(point, dimension=dimension) for dimension in sorted({*DIMENSIONS, own}))


def _formulas_expected(point: Point, samples: Samples) -> int:
    """Each task, or each class but the first, has an intercept and a coefficient for each term."""
    n = len(np.unique(samples.target)) - 1 if samples.labels else len(np.unique(samples.tasks))
    return n * (1 + int(point.place["dimension"]))


def _process_expected(point: Point, samples: Samples) -> int:
    """Dual coefficients, the mean, and three hyperparameters."""
    return min(len(samples), int(point.options["most_samples"])) + 4


def _n_columns(samples: Samples) -> int:
    return len(Standard.of(samples).kept)


_CANDIDATES: dict[str, Callable[[Point, int, Samples], Iterable[Point]]] = {
    "dense": _dense,
    "forest": _trees,
    "tree": _trees,
    "boosting": _trees,
    "polynomial": _polynomials,
    "sisso": _formulas,
}
_EXPECTED: dict[str, Callable[[Point, Samples], int]] = {
    "mean": lambda _point, _samples: 1,
    "dense": _dense_expected,
    "forest": _trees_expected,
    "tree": _trees_expected,
    "boosting": _trees_expected,
    "ridge": _linear_expected,
    "polynomial": _linear_expected,
    "gaussian-process": _process_expected,
    "sisso": _formulas_expected,
}
