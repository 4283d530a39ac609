"""Long searches for formulas as tasks: for each dimension the parts of the screen, which workers share, then the step
that joins them. A search that was cut gives what it gives as one, and a worker that dies costs one part.

Tasks of `tune` and `model` whose searches are expected to take longer than the study's `longest_task` find them done:

table ──▶ tune_screen_1 ──▶ tune_join_1 ──▶ tune_screen_2 ──▶ … ──▶ tune     (the same with `model` after `tune`)
           parts              one a search
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import Pack, Stage, TaskId
from bigdata.models.tabular.classes import seconds
from bigdata.models.tabular.fitted import Fitted
from bigdata.models.tabular.setting import Point
from bigdata.studies.complexity.choice import choice
from bigdata.studies.complexity.model import Complexity
from bigdata.studies.complexity.packed import STEP, pack_arrays, packed_arrays
from bigdata.studies.complexity.parts import Part, all_folds, parts_of
from bigdata.studies.complexity.samples import effort_of, samples_of
from bigdata.studies.complexity.table import Table, open_table
from bigdata.studies.complexity.trials import trials_of

if TYPE_CHECKING:
    from bigdata.kind import Context
    from bigdata.models.tabular.steps import Steps

TASKS = "bigdata.studies.complexity.searches"
# Of a search's time, about that which screening takes: the rest is not cut.
SCREENS = 0.8
# More parts than this begin anew too often.
MOST_PARTS = 64


@dataclass(frozen=True, eq=False)
class Search:
    """A search for the `points`, which one fit serves, on the `train` samples (n,): one of those of the task `task` of
    its stage, in `part` of the split. Its screens are cut into `n_parts`, and it takes about so many `seconds`."""

    task: int
    part: int
    train: NDArray[np.bool_]
    points: tuple[Point, ...]
    n_parts: int
    seconds: float
    fields: Mapping[str, Any]

    @property
    def dimension(self) -> int:
        """The highest."""
        return max(int(point.place["dimension"]) for point in self.points)


@dataclass(frozen=True, eq=False)
class Cut:
    """All searches of a stage, `tune` or `model`, that are cut."""

    stage: str
    searches: Sequence[Search]

    @cached_property
    def dimensions(self) -> range:
        return range(1, 1 + max((search.dimension for search in self.searches), default=0))

    def reaching(self, dimension: int) -> list[Search]:
        """Those that have it: tasks of the join."""
        return [search for search in self.searches if search.dimension >= dimension]

    def screens(self, dimension: int) -> list[tuple[int, int]]:
        """(search among those that have it, part): tasks of the screen."""
        return [(i, part) for i, search in enumerate(self.reaching(dimension)) for part in range(search.n_parts)]

    def of(self, task: int) -> list[Search]:
        """Those of one task of the stage, in their order."""
        return [search for search in self.searches if search.task == task]

    def last(self, search: Search) -> TaskId:
        """The task with its last step."""
        return f"{self.stage}_join_{search.dimension}", self.reaching(search.dimension).index(search)


def cut(model: Complexity, table: Table, parts: Sequence[Part], stage: str) -> Cut:
    """What is cut of the stage `tune` or `model`."""
    of = {"tune": _of_trials, "model": _of_points}[stage]
    return Cut(stage, [] if table.labels else list(of(model, table, list(parts))))


def _of_trials(model: Complexity, table: Table, parts: list[Part]) -> Iterator[Search]:
    for t, trial in enumerate(trials_of(model)):
        if expected := _too_long(model, table, trial.points):
            for place, (i, fold) in enumerate(all_folds(model, parts, table.group)):
                yield _search(model, t, i, fold.train, trial.points, expected, trial.fields | {"fold": place})


def _of_points(model: Complexity, table: Table, parts: list[Part]) -> Iterator[Search]:
    for p, point in enumerate(model.points):
        if expected := _too_long(model, table, (point,)):
            for i, part in enumerate(parts):
                fields = {"point": [point.kind, dict(point.place), dict(point.options)], "part": i}
                yield _search(model, p, i, part.train, (point,), expected, fields)


def _too_long(model: Complexity, table: Table, points: tuple[Point, ...]) -> float:
    """The seconds of one fit of formulas, where these are too many, else 0."""
    if points[0].kind != "sisso":
        return 0.0
    expected = max(seconds(point, len(table), table.units) for point in points)
    return expected if expected > model.longest_task else 0.0


def _search(
    model: Complexity,
    task: int,
    part: int,
    train: NDArray[np.bool_],
    points: tuple[Point, ...],
    expected: float,
    fields: Mapping[str, Any],
) -> Search:
    dimension = max(int(point.place["dimension"]) for point in points)
    n_parts = int(np.clip(np.ceil(SCREENS * expected / dimension / model.longest_task), 2, MOST_PARTS))
    return Search(task, part, train, points, n_parts, expected, fields)


def stages(found: Cut, before: Callable[[Search], list[TaskId]], like: Callable[..., Stage]) -> list[Stage]:
    """For each dimension a screen and a join. A search waits for `before`; `like` makes a stage with what all have in
    common."""
    return [
        stage for d in found.dimensions for stage in (_screen(found, d, before, like), _join(found, d, before, like))
    ]


def _screen(found: Cut, d: int, before: Callable[[Search], list[TaskId]], like: Callable[..., Stage]) -> Stage:
    searches, tasks = found.reaching(d), found.screens(d)

    def work(i: int) -> float:
        search = searches[tasks[i][0]]
        return SCREENS * search.seconds / search.dimension / search.n_parts

    def fields(i: int) -> dict[str, Any]:
        search, part = searches[tasks[i][0]], tasks[i][1]
        return {**search.fields, "dimension": d, "of": [part, search.n_parts]}

    return like(
        name=f"{found.stage}_screen_{d}",
        function=f"{TASKS}:screen",
        n_tasks=len(tasks),
        task_fields=fields,
        work=work,
        needs=lambda i: [*before(searches[tasks[i][0]]), *_previous(found, searches[tasks[i][0]], d)],
        packs=Pack(n_bytes=10_000),
    )


def _join(found: Cut, d: int, before: Callable[[Search], list[TaskId]], like: Callable[..., Stage]) -> Stage:
    searches, tasks = found.reaching(d), found.screens(d)

    def needs(i: int) -> list[TaskId]:
        own = [(f"{found.stage}_screen_{d}", t) for t, (search, _) in enumerate(tasks) if search == i]
        return [*before(searches[i]), *_previous(found, searches[i], d), *own]

    return like(
        name=f"{found.stage}_join_{d}",
        function=f"{TASKS}:join",
        n_tasks=len(searches),
        task_fields=lambda i: {**searches[i].fields, "dimension": d, "of": searches[i].n_parts},
        work=lambda i: (1 - SCREENS) * searches[i].seconds / searches[i].dimension,
        needs=needs,
        packs=Pack(n_bytes=100_000),
    )


def _previous(found: Cut, search: Search, d: int) -> list[TaskId]:
    """The step before."""
    return [(f"{found.stage}_join_{d - 1}", found.reaching(d - 1).index(search))] if d > 1 else []


def notes_of(cuts: Sequence[Cut]) -> Iterator[str]:
    """What a plan says of what is cut."""
    for one in cuts:
        if one.searches:
            n, parts = len(one.searches), sum(len(one.screens(d)) for d in one.dimensions)
            noun = "search" if n == 1 else "searches"
            yield f"{n:,} {noun} of `{one.stage}` are cut into {parts:,} tasks, by `longest_task`"


def screen(ctx: Context[Complexity]) -> None:
    """One part of the screen of a search, for one dimension."""
    stage, _, d = ctx.stage.name.rpartition("_screen_")
    found = _cut(ctx, stage)
    place, part = found.screens(int(d))[ctx.index]
    search = found.reaching(int(d))[place]
    with _Clock() as clock:
        arrays = _steps(ctx, found, search).screened(_before(ctx, found, search, int(d)), part, search.n_parts)
    pack_arrays(ctx, STEP, {**arrays, "seconds": np.array(clock.seconds)})


def join(ctx: Context[Complexity]) -> None:
    """The formulas of a search of one more dimension, from all parts of the screen."""
    stage, _, d = ctx.stage.name.rpartition("_join_")
    found = _cut(ctx, stage)
    search = found.reaching(int(d))[ctx.index]
    own = [t for t, (place, _) in enumerate(found.screens(int(d))) if place == ctx.index]
    parts = [packed_arrays(ctx.packs[f"{stage}_screen_{d}"][t], STEP) for t in own]
    before = _before(ctx, found, search, int(d))
    with _Clock() as clock:
        arrays = _steps(ctx, found, search).joined(before, parts)
    spent = clock.seconds + sum(float(step["seconds"]) for step in (*parts, *([before] if before else [])))
    pack_arrays(ctx, STEP, {**arrays, "seconds": np.array(spent)})


def are_done(ctx: Context[Complexity]) -> bool:
    """Whether the searches of a task of `tune` or `model` were done by others."""
    return bool(_cut(ctx, ctx.stage.name).of(ctx.index))


def formulas(ctx: Context[Complexity], place: int) -> tuple[list[Fitted], float]:
    """What one of these has found, and the seconds that it took."""
    found = _cut(ctx, ctx.stage.name)
    search = found.of(ctx.index)[place]
    stage, index = found.last(search)
    step = packed_arrays(ctx.packs[stage][index], STEP)
    return [*_steps(ctx, found, search).formulas(step)], float(step["seconds"])


def _cut(ctx: Context[Complexity], stage: str) -> Cut:
    table = ctx.opened(open_table)
    return cut(ctx.model, table, parts_of(ctx.model, table.group), stage)


def _before(ctx: Context[Complexity], found: Cut, search: Search, d: int) -> dict[str, NDArray[Any]] | None:
    previous = _previous(found, search, d)
    return packed_arrays(ctx.packs[previous[0][0]][previous[0][1]], STEP) if previous else None


def _steps(ctx: Context[Complexity], found: Cut, search: Search) -> Steps:
    from bigdata.models.tabular.steps import Steps

    points: Sequence[Point] = search.points
    if found.stage == "model":
        n_parts = len(parts_of(ctx.model, ctx.opened(open_table).group))
        points = [choice(ctx, search.points[0], search.part, n_parts).point]
    return Steps(points, samples_of(ctx).only(search.train), effort_of(ctx))


class _Clock:
    """The seconds inside of it."""

    def __enter__(self) -> _Clock:
        self._begin = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._begin
