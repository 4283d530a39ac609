"""A whole search: screening and subsets, dimension after dimension."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bigdata.errors import Paused
from bigdata.models.sisso.duplicates import N_PROBES
from bigdata.models.sisso.formula import Formula
from bigdata.models.sisso.growing import grow
from bigdata.models.sisso.moments import Residuals
from bigdata.models.sisso.operators import Floats
from bigdata.models.sisso.pool import Pool
from bigdata.models.sisso.refining import Thinned, beside_columns, without_one
from bigdata.models.sisso.screening import Candidates, merged, n_blocks, screen, stored
from bigdata.models.sisso.setting import Problem, Setting
from bigdata.models.sisso.space import Space

# All expressions with at most one operator are in the pool, or of very many the best of these.
SIMPLE = 500
# An error that decreases by a smaller share ends the refinements.
LITTLE = 0.01
# A residual this small, relatively to the target's spread, is rounding.
EXACT = 1e-10


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Search:
    """How a search may work: when to stop (it raises Paused), and a line for the log."""

    should_stop: Callable[[], bool] = _never
    log: Callable[[str], None] = lambda _text: None

    def check(self) -> None:
        if self.should_stop():
            raise Paused


@dataclass(frozen=True, eq=False)
class State:
    """How far a search has come: the `members` of the pool, and the best formulas of dimension 0, 1, …"""

    members: Candidates
    found: Sequence[list[Formula]]

    @property
    def dimension(self) -> int:
        return len(self.found) - 1


def fit(
    problem: Problem, setting: Setting, rung: int, dimensions: int, search: Search | None = None
) -> list[list[Formula]]:
    """The best formulas of each dimension 1 … `dimensions`, best first; an item is never empty.

    Where a dimension can't be reached (no more expressions, fewer samples than coefficients, an error that is
    rounding), its formulas have fewer terms, and a line of the log says why. Raises Paused.
    """
    search = search or Search()
    space = grow(problem, setting, rung, search.check)
    search.log(f"rung {rung}: {len(space.table):,} expressions are stored, in {n_blocks(space):,} blocks")
    state = begun(space)
    for _ in range(dimensions):
        state = advanced(space, state, [screened(space, state, search)], search)
    return list(state.found[1:])


def begun(space: Space) -> State:
    """Before the first dimension."""
    return State(_none(space), [Pool(space, _none(space)).best(0, 1)])


def screened(space: Space, state: State, search: Search, part: int = 0, n_parts: int = 1) -> Candidates:
    """The best expressions for the next dimension, of one of so many parts of the blocks; none where it can't be
    reached. Parts may be screened anywhere and in any order."""
    if _unreachable(space.problem, state.found[-1][0], state.dimension + 1):
        return _none(space)
    blocks, residuals = range(part, n_blocks(space), n_parts), _residuals(space, state)
    return _screened(space, residuals, state.members.signatures, space.setting.keep, search, blocks)


def advanced(space: Space, state: State, parts: Sequence[Candidates], search: Search) -> State:
    """With the formulas of one more dimension, from all parts of what was screened for it."""
    problem, members, last, dimension = space.problem, state.members, state.found[-1], state.dimension + 1
    why = _unreachable(problem, last[0], dimension)
    if not why:
        best = merged(parts, space.setting.keep)
        members = _joined(members, simple(space, _residuals(space, state)), best)
        why = "there are no more expressions" if len(members) < dimension else ""
    if not why:
        members, last = _refined(space, members, dimension, last, search)
        why = "all that is left depends on what is there" if last[0].dimension < dimension else ""
    if why:
        search.log(f"rung {space.rung}, dimension {dimension}: {last[0].dimension} terms, since {why}")
    return State(members, [*state.found, last])


def _refined(
    space: Space, members: Candidates, dimension: int, shorter: list[Formula], search: Search
) -> tuple[Candidates, list[Formula]]:
    """The best formulas of a dimension (those that are `shorter` where it has none), and the pool that has them."""
    setting, problem = space.setting, space.problem
    count = max(setting.near, setting.residuals)
    best = Pool(space, members).best(dimension, count, search.check)
    thinned, seen = Thinned.of(space), set[bytes]()
    for _ in range(setting.refinements if dimension > 1 and best else 0):
        for terms in without_one(space, best, seen):
            members = _joined(members, _beside(thinned, members, terms, search))
        if _lacks(thinned, best[0], search):
            for terms in beside_columns(space, best[0], seen):
                members = _joined(members, _beside(thinned, members, terms, search))
        better = Pool(space, members).best(dimension, count, search.check)
        gained = best[0].rmse - better[0].rmse
        best = better
        if gained <= LITTLE * best[0].rmse or best[0].rmse <= _rounding(problem):
            break
    return members, best or shorter


def _beside(thinned: Thinned, members: Candidates, terms: Floats, search: Search) -> Candidates:
    """What explains most of what the terms leave over, as far as it is new."""
    missing, setting = thinned.missing(terms), thinned.some.setting
    if not len(missing):
        return members.only(slice(0, 0))
    # Each dimension looks at one term after the other: together they add about as much as screening did.
    keep = -(-setting.keep // min(3, 1 + len(terms)))
    return thinned.on_all(_screened(thinned.some, missing, thinned.known(members), keep, search))


def _lacks(thinned: Thinned, formula: Formula, search: Search) -> bool:
    """Whether an expression explains more of what a formula leaves over than of mere noise."""
    missing = thinned.missing(formula.descriptors(thinned.whole.problem.columns))
    known = np.empty((0, N_PROBES))
    return bool(len(missing)) and not thinned.is_chance(_screened(thinned.some, missing, known, 1, search))


def _rounding(problem: Problem) -> float:
    return EXACT * float(np.std(problem.target))


def _unreachable(problem: Problem, last: Formula, dimension: int) -> str:
    counts = np.diff(problem.starts)
    fewest = int(counts[counts > 0].min(initial=problem.n_samples))
    if dimension + 1 > fewest:
        return f"{dimension + 1} coefficients need as many samples of each task, and there are {fewest}"
    if last.rmse <= _rounding(problem):
        return "those fit exactly"
    return "" if last.dimension == dimension - 1 else "fewer terms were found"


def _residuals(space: Space, state: State) -> Residuals:
    """What the best formulas of the last dimension leave over."""
    problem, formulas = space.problem, state.found[-1][: space.setting.residuals]
    tasks = np.repeat(np.arange(len(problem.starts) - 1), np.diff(problem.starts))
    left = [problem.target - formula.predict(problem.columns, tasks) for formula in formulas]
    return Residuals.of(problem, np.array(left))


def _none(space: Space) -> Candidates:
    return Candidates(space.table.only(slice(0, 0)), np.empty(0), np.empty((0, N_PROBES)))


def simple(space: Space, residuals: Residuals) -> Candidates:
    """Those of rungs 0 and 1, whatever their correlation: else spurious ones of the highest rung crowd them out."""
    if space.rung == 1:
        parts = [screen(space, residuals, block, SIMPLE) for block in range(n_blocks(space))]
        return merged(parts, SIMPLE)
    return merged([stored(space, residuals, rung=1)], SIMPLE)


def _screened(
    space: Space, residuals: Residuals, known: Floats, keep: int, search: Search, blocks: Sequence[int] | None = None
) -> Candidates:
    """The best of some blocks or all, none of them known; each block begins with what the last ones reached."""
    best, floor = _none(space), 0.0
    for block in range(n_blocks(space)) if blocks is None else blocks:
        search.check()
        best = merged([best, screen(space, residuals, block, keep, known, floor)], keep)
        floor = float(best.gains[-1]) if len(best) == keep else 0.0
    return best


def _joined(members: Candidates, *more: Candidates) -> Candidates:
    """With all that is new, in the order in which it came."""
    for part in more:
        new = merged([part], len(part), members.signatures)
        members = members.with_more(new)
    return members
