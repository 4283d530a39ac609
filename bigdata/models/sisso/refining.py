"""Looking for what the best formulas lack: expressions that explain most beside some of their terms.

What a formula that misses a term leaves over is a mixture, in which that term may be far from the best. Beside all the
other terms, and at right angles to these, it is the best. A formula may have two wrong terms that need each other; then
columns stand in for one of these, since most functions are nearly sums of columns.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso.formula import Formula
from bigdata.models.sisso.least_squares import Terms
from bigdata.models.sisso.moments import Residuals, sums, sums_and_gains
from bigdata.models.sisso.operators import Floats
from bigdata.models.sisso.screening import Candidates
from bigdata.models.sisso.setting import Problem
from bigdata.models.sisso.space import Space

# Expressions are sought on about so many samples of all, and then looked at on all of them.
SAMPLES = 400
# Columns that stand in for a term, at most.
COLUMNS = 8
# A share this many times greater than that of chance says that something is missing.
CHANCE = 1.2
# Of formulas that are nearly as good as the best, so many further choices of terms are looked at.
OTHERS = 2


@dataclass(frozen=True, eq=False)
class Thinned:
    """A space on some of the samples: `at` (m,) of those of the `whole`."""

    whole: Space
    some: Space
    at: NDArray[np.int64]

    @classmethod
    def of(cls, space: Space) -> Thinned:
        """Every k-th sample of each task."""
        problem, step = space.problem, max(1, -(-space.problem.n_samples // SAMPLES))
        parts = [np.arange(a, b, step) for a, b in itertools.pairwise(problem.starts.tolist())]
        at, starts = np.concatenate(parts), np.cumsum([0, *map(len, parts)])
        some = Problem(np.ascontiguousarray(problem.columns[:, at]), problem.units, problem.target[at], starts)
        held = None if space.held is None else np.ascontiguousarray(space.held[:, at])
        return cls(space, Space(some, space.setting, space.rung, space.table, held), at)

    def missing(self, terms: Floats) -> Residuals:
        """What the target is beside terms with values (d, n)."""
        values = terms[:, self.at]
        left = Terms(self.some.problem, values.copy()).fitted(np.arange(len(values)))[1]
        return Residuals.of(self.some.problem, left[None], values)

    def is_chance(self, best: Candidates) -> bool:
        """Whether what the best of all expressions explains of a residual is what it may explain of mere noise.

        Of N shares that are 0 but for chance, with n samples, the greatest is about 2 ln N / n.
        """
        n_expressions = 5 * max(2, len(self.some.table)) ** 2
        return float(best.gains.max(initial=0.0)) < float(CHANCE * 2 * np.log(n_expressions) / len(self.at))

    def known(self, members: Candidates) -> Floats:
        """(q, 3) the signatures that members have here; those that are constant here have none."""
        found = sums(self.some, members.table.nodes)
        return found.of_lines[found.spread > 0]

    def on_all(self, found: Candidates) -> Candidates:
        """What was found here and is valid on all samples, as it is there."""
        setting, whole = self.whole.setting, sums(self.whole, found.table.nodes)
        valid = np.flatnonzero(whole.valid(setting.smallest, setting.largest))
        return Candidates(found.table.only(valid), found.gains[valid], whole.only(valid).of_lines)


def without_one(space: Space, formulas: Sequence[Formula], seen: set[bytes]) -> Iterator[Floats]:
    """(d, n) values of terms beside which others are sought: those of the best formulas without one. None that was
    `seen`."""
    dimension = formulas[0].dimension
    return _left(formulas, space.problem, dimension - 1, dimension + OTHERS, seen)


def beside_columns(space: Space, best: Formula, seen: set[bytes]) -> Iterator[Floats]:
    """The same without two, with columns in their place."""
    columns = space.problem.columns[_best_columns(space)]
    for terms in _left([best], space.problem, best.dimension - 2, best.dimension, seen):
        yield np.concatenate((terms, columns))


def _best_columns(space: Space) -> NDArray[np.int64]:
    """Those that correlate best with the target, in their order."""
    problem, rows = space.problem, np.flatnonzero(space.table.rungs == 0)
    _, gains = sums_and_gains(space, space.table.nodes[rows], Residuals.of(problem, problem.target[None]))
    best = np.argsort(-gains, kind="stable")[:COLUMNS]
    return np.sort(space.table.nodes[rows[best], 1]).astype(np.int64)


def _left(formulas: Sequence[Formula], problem: Problem, n_terms: int, most: int, seen: set[bytes]) -> Iterator[Floats]:
    """(n_terms, n) values of so many terms of a formula, the first formula's first."""
    for formula in formulas:
        values = formula.descriptors(problem.columns)
        for rows in itertools.combinations(range(len(values)), n_terms):
            terms = values[list(rows)]
            key = np.unique(terms, axis=0).tobytes() + bytes([n_terms])
            if key not in seen and most > 0:
                seen.add(key)
                most -= 1
                yield terms
