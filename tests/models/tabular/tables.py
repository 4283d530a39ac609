"""Small tables to learn from, and points to fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from bigdata.models.tabular.fitted import Samples
from bigdata.models.tabular.setting import (
    Boosting,
    Dense,
    Forest,
    GaussianProcess,
    Grid,
    Point,
    Polynomial,
    Ridge,
    Tree,
)

GRIDS: dict[str, Grid] = {
    "dense": Dense(layers=(2,), nodes=(8,), max_epochs=20),
    "forest": Forest(trees=(7,), max_leaves=(12,)),
    "tree": Tree(max_leaves=(12,)),
    "boosting": Boosting(trees=(7,), max_leaves=(6,)),
    "ridge": Ridge(),
    "polynomial": Polynomial(degree=(3,)),
    "gaussian-process": GaussianProcess(),
}
KINDS = tuple(GRIDS)


def point(kind: str, **changed: Any) -> Point:
    """One of a class, with some fields of its grid changed."""
    if kind == "mean":
        return Point("mean", {}, {})
    grid = GRIDS[kind]
    return type(grid).model_validate({**grid.model_dump(), **changed}).points[0]


def table(n: int = 60, p: int = 4, seed: int = 0) -> Samples:
    """Columns of different sizes, far from 0, and a target that isn't linear in them."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, p))
    target = -7.0 + 3 * z[:, 0] + z[:, 0] * z[:, -1] + 0.1 * rng.normal(size=n)
    return of(100 + z * 10.0 ** np.arange(p), target)


def of(features: np.ndarray, target: np.ndarray) -> Samples:
    n, p = features.shape
    names = [f"c{k}" for k in range(p)]
    return Samples(features, target, names, [""] * p, np.arange(n), np.zeros(n, dtype=np.int64))
