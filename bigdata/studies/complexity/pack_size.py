"""How many bytes tasks of a complexity study pack: predictions, which hardly shrink, and the models themselves.

Measured ratios: of float64 that are all different, deflate leaves nine tenths, of those of small models less. Trees
have 28 bytes a node, which repeat the more, the larger a forest is: N nodes leave 21 · N^0.88 bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean
from typing import Any

from bigdata.kind import Pack
from bigdata.models.tabular.setting import Point

FLOAT, PREDICTED, LEFT_OUT = 8, 0.7, 0.87
TUNED_BYTES = 500
NODE_BYTES, NODE_POWER = 21.0, 0.88
# Formulas, ridge and polynomials with what is said of them; of networks, each parameter as a float32.
FORMULA_BYTES, NETWORK_BYTES, PARAMETER_BYTES = 2_500, 1_300, 3.7
# Of the runs that these are from, the next ones differed by less.
FACTOR = 1.4


def tuned(n_trained: int) -> Pack:
    """Of one trial: what its model says of the samples that are trained on, each left out once."""
    return Pack(TUNED_BYTES + round(FLOAT * LEFT_OUT * n_trained), FACTOR)


def modelled(points: Iterable[Point], n_samples: int, n_trained: int, n_features: int) -> Pack:
    """Of one model, on average."""
    models = fmean(_model_bytes(point, n_trained, n_features) for point in points)
    return Pack(round(FLOAT * PREDICTED * n_samples + models), FACTOR)


def _model_bytes(point: Point, n_trained: int, n_features: int) -> float:
    place = point.place
    if "max_leaves" in place:
        # A tree has a leaf for each sample at most.
        nodes = int(place.get("trees", 1)) * (2 * min(int(place["max_leaves"]), n_trained) - 1)
        return float(NODE_BYTES * nodes**NODE_POWER)
    if point.kind == "dense":
        return NETWORK_BYTES + PARAMETER_BYTES * _n_parameters(place, n_features) * len(point.options["seeds"])
    if point.kind == "gaussian-process":
        return float(FORMULA_BYTES + FLOAT * LEFT_OUT * n_trained * (n_features + 1))
    return FORMULA_BYTES


def _n_parameters(place: Any, n_features: int) -> int:
    """Weights and biases of layers of equally many nodes, and of the one number that they give."""
    layers, nodes = int(place["layers"]), int(place["nodes"])
    return int((n_features + 1) * nodes + (layers - 1) * (nodes + 1) * nodes + nodes + 1)
