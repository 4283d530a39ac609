"""How much each searched field matters: its share of the variance of the error over the space.

As in Hutter et al., Proc. Mach. Learn. Res. 32, 754 (2014), a random forest learns the error from the trials, and its
variance is decomposed: Sobol's indices, with all values of a field equally likely as in random search.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import qmc, sobol_indices

from bigdata.studies.architecture_search.space import Point, Space

Floats = NDArray[np.float64]
N_TREES = 200
# Points at which the forest is asked for each index: a power of two, as Sobol's sequence wants it.
N_POINTS = 1024
# A forest of fewer trials knows nothing.
LEAST = 20
# Draws of trials, and trees of each one's forest, by which the shares' standard deviations are found.
N_DRAWS, N_TREES_OF_DRAW = 40, 50


class Importance(NamedTuple):
    """A field's share of the variance: `alone`, and `total` with all that it does together with others."""

    path: str
    alone: float
    total: float


class Importances(NamedTuple):
    """The fields, the most important first, and R² of the forest for trials that it didn't see: near 0 or below, the
    shares mean nothing.
    """

    fields: tuple[Importance, ...]
    r2: float


def importances(
    space: Space, points: Sequence[Point], values: ArrayLike, seed: int = 0, n_trees: int = N_TREES
) -> Importances | None:
    """Of the fields with several values, from trials of one length; None of too few trials, or of equal ones.

    `values` (trials,) of one objective; trials with NaN, which failed, are left out. Fields that search methods pressed
    to one value are judged by the few trials elsewhere: random trials judge best.
    """
    from sklearn.ensemble import RandomForestRegressor  # a plan knows the stages, and needn't wait for it

    y = np.asarray(values, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(y)).tolist()
    if len(known) < LEAST or np.ptp(y[known]) == 0.0:
        return None
    places = [i for i, path in enumerate(space) if path in space.open]
    x = np.array([space.encode(points[i]) for i in known])[:, places]
    forest = RandomForestRegressor(n_trees, oob_score=True, min_samples_leaf=2, random_state=seed).fit(x, y[known])
    alone, total = _indices(space, forest)
    found = [Importance(*each) for each in zip(space.open, alone.tolist(), total.tolist(), strict=True)]
    return Importances(tuple(sorted(found, key=lambda i: (-i.total, i.path))), float(forest.oob_score_))


def spread(space: Space, points: Sequence[Point], values: ArrayLike, seed: int = 0) -> Floats:
    """(open fields,) standard deviations of the total shares over draws of as many trials, each with replacement
    (bootstrap, Efron, Ann. Stat. 7, 1 (1979)); NaN where draws say nothing.
    """
    y, rng = np.asarray(values, dtype=np.float64), np.random.default_rng(seed)
    known = np.flatnonzero(np.isfinite(y))
    if not len(known):
        return np.full(len(space.open), np.nan)
    draws = [rng.choice(known, len(known)).tolist() for _ in range(N_DRAWS)]
    totals = np.array([_totals(space, [points[i] for i in d], y[d], seed) for seed, d in enumerate(draws)])
    told = totals[np.isfinite(totals).all(axis=1)]
    return np.asarray(np.std(told, axis=0, ddof=1)) if len(told) > 1 else np.full(len(space.open), np.nan)


def _totals(space: Space, points: Sequence[Point], values: Floats, seed: int) -> Floats:
    judged = importances(space, points, values, seed, N_TREES_OF_DRAW)
    total = {field.path: field.total for field in judged.fields} if judged else {}
    return np.array([total.get(path, np.nan) for path in space.open])


def _indices(space: Space, forest: Any) -> tuple[Floats, Floats]:
    """First-order and total indices, 0 where noise of the estimate is below. A forest of equal leaves has none."""
    n = len(space.open)
    sequence = np.asarray(qmc.Sobol(2 * n, scramble=False).random(N_POINTS))
    a, b = (_on_values(space, part) for part in (sequence[:, :n], sequence[:, n:]))
    mixed = np.array([np.where(np.arange(n) == i, b, a) for i in range(n)])
    f_a, f_b = forest.predict(a), forest.predict(b)
    f_mixed = forest.predict(mixed.reshape(-1, n)).reshape(n, N_POINTS)
    if np.ptp(f_a) == 0.0:
        return np.zeros(n), np.zeros(n)
    if n == 1:  # all of the variance, where SciPy 1.17 raises
        return np.ones(1), np.ones(1)
    given = {"f_A": f_a[None], "f_B": f_b[None], "f_AB": f_mixed[:, None]}
    found = sobol_indices(func=given, n=N_POINTS)
    return np.maximum(found.first_order, 0.0).ravel(), np.maximum(found.total_order, 0.0).ravel()


def _on_values(space: Space, positions: Floats) -> Floats:
    """Positions moved to the middles of choices and whole numbers, where trials are."""
    moved = positions.copy()
    for column, path in enumerate(space.open):
        n = space[path].n_values
        if math.isfinite(n):
            moved[:, column] = (np.minimum(np.floor(moved[:, column] * n), n - 1) + 0.5) / n
    return moved
