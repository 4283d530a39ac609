"""Which task may run next: needs first, highest stage first, and nothing after a failure that needs it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bigdata.engine.graph import TaskGraph
from bigdata.kind.stage import Rate, Stage, TaskId
from bigdata.planning.keys import Keys
from bigdata.planning.planned import PlannedStage

Needs = list[list[list[int]]]
# For each stage but the first and each of its tasks, the tasks of the stage before that it needs.
GRAPHS = st.lists(
    st.lists(st.lists(st.integers(0, 4), max_size=5, unique=True), min_size=5, max_size=5), min_size=1, max_size=3
)


def planned(needs: Needs, todo: set[TaskId] | None = None, bears: bool = False) -> list[PlannedStage]:
    """Stages one after the other; a task that needs all five of the stage before says that it needs that whole."""
    return [_stage(level, of, todo, bears) for level, of in enumerate([[[]] * 5, *needs])]


def _stage(level: int, needs: list[list[int]], todo: set[TaskId] | None, bears: bool) -> PlannedStage:
    name = f"s{level}"
    stage = Stage(
        name=name,
        version=1,
        function="",
        n_tasks=5,
        fields={},
        rate=Rate("task", 1.0, ""),
        work=lambda _: 1.0,
        memory=1,
        needs=lambda i: [(f"s{level - 1}", j) for j in needs[i]],
        despite_failures=bears,
    )
    run = {i: "new" for i in range(5) if todo is None or (name, i) in todo}
    return PlannedStage("", stage, Keys("", [stage], {}), "cpu", "cpu", stage.rate, run, {}, {}, {})


def graph_of(stages: list[PlannedStage]) -> TaskGraph:
    return TaskGraph(stages, {stage.path: "cpu" for stage in stages})


def walk(stages: list[PlannedStage], fails: set[TaskId]) -> tuple[list[TaskId], TaskGraph]:
    """Run the tasks one after the other, in the graph's order."""
    graph, order = graph_of(stages), []
    while batch := graph.take("cpu", 1):
        order += batch
        (graph.failed if batch[0] in fails else graph.done)(batch[0])
    return order, graph


@given(GRAPHS, st.sets(st.tuples(st.sampled_from(["s0", "s1", "s2"]), st.integers(0, 4))))
def test_each_task_runs_once_after_its_needs_or_is_skipped_for_a_failure(needs: Needs, fails: set[TaskId]) -> None:
    stages = planned(needs)
    order, graph = walk(stages, fails)
    tasks = {(s.path, i) for s in stages for i in range(5)}
    assert len(order) == len(set(order))
    assert set(order) | set(graph.skipped) == tasks
    assert not set(order) & set(graph.skipped)
    fine = [t for t in order if t not in fails]
    for stage in stages:
        for i in range(5):
            if (stage.path, i) in order:
                before = order[: order.index((stage.path, i))]
                assert all(n in before and n in fine for n in stage.needs(i))
    assert all(cause in fails for cause in graph.skipped.values())


@given(GRAPHS, st.sets(st.tuples(st.sampled_from(["s0", "s1"]), st.integers(0, 4))))
def test_what_is_done_is_not_waited_for(needs: Needs, todo: set[TaskId]) -> None:
    stages = planned(needs, todo)
    order, _ = walk(stages, set())
    assert set(order) == {(s.path, i) for s in stages for i in s.todo}


WHOLES = st.lists(st.booleans(), min_size=3, max_size=3)
FAILS = st.sets(st.tuples(st.sampled_from(["s0", "s1", "s2"]), st.integers(0, 4)))


def with_wholes(needs: Needs, wholes: list[bool], bears: bool, todo: set[TaskId] | None = None) -> list[PlannedStage]:
    """Stages of which some wait for the whole stage before."""
    made = planned(needs, todo, bears)
    return [
        replace(s, stage=replace(s.stage, whole=(f"s{level - 1}",) if level and wholes[level - 1] else ()))
        for level, s in enumerate(made)
    ]


@given(GRAPHS, WHOLES, FAILS, st.booleans())
def test_a_stage_that_is_needed_whole_is_over_before(needs: Needs, wholes: list[bool], fails: Any, bears: bool) -> None:
    stages = with_wholes(needs, wholes, bears)
    order, graph = walk(stages, fails)
    tasks = {(s.path, i) for s in stages for i in range(5)}
    assert len(order) == len(set(order))
    assert set(order) | set(graph.skipped) == tasks
    assert not set(order) & set(graph.skipped)
    for stage in stages:
        for i in range(5):
            needed = {*stage.needs(i), *((path, j) for path in stage.whole for j in range(5))}
            lost = {n for n in needed if n in fails or n in graph.skipped}
            if bears:
                assert (stage.path, i) in order
            else:
                assert ((stage.path, i) in order) == (not lost)
            if (stage.path, i) in order:
                before = order[: order.index((stage.path, i))]
                assert all(n in before for n in needed - set(graph.skipped))


@given(GRAPHS, WHOLES, st.sets(st.tuples(st.sampled_from(["s0", "s1", "s2", "s3"]), st.integers(0, 4))))
def test_results_that_are_known_let_nothing_begin_too_early(needs: Needs, wholes: list[bool], todo: Any) -> None:
    """Those of tasks that were never in the graph are told to it all the same."""
    stages = with_wholes(needs, wholes, False, todo)
    graph, order = graph_of(stages), []
    for stage in stages:
        for i in set(range(5)) - set(stage.todo):
            graph.done((stage.path, i))
    while batch := graph.take("cpu", 1):
        order += batch
        graph.done(batch[0])
    assert set(order) == {(s.path, i) for s in stages for i in s.todo}
    for path, i in order:
        stage = next(s for s in stages if s.path == path)
        needed = {*stage.needs(i), *((other, j) for other in stage.whole for j in range(5))}
        assert all(n in order[: order.index((path, i))] for n in needed & set(order))


def test_a_stage_that_names_whose_failures_it_bears_is_skipped_for_those_of_others() -> None:
    """s2 needs s0 and s1 task by task, and goes on without those of s1."""
    each = [[i] for i in range(5)]
    first, second, third = planned([each, each])
    bearing = replace(
        third.stage, needs=lambda i: [("s0", i), ("s1", i)], whole=(), despite_failures=("s1",), n_tasks=5
    )
    stages = [first, second, replace(third, stage=bearing)]
    order, graph = walk(stages, {("s0", 0), ("s1", 1)})
    assert graph.skipped == {("s1", 0): ("s0", 0), ("s2", 0): ("s0", 0)}
    assert {i for path, i in order if path == "s2"} == {1, 2, 3, 4}


def test_a_stage_that_is_given_up_counts_as_never_asked_for() -> None:
    stages = with_wholes([[[], [], [], [], []]], [True] * 3, False)
    graph = graph_of(stages)
    for task in graph.take("cpu", 2):
        graph.done(task)
    assert graph.abandon("s0") == [("s0", i) for i in (2, 3, 4)]
    assert graph.take("cpu", 5) == [("s1", i) for i in range(5)]
    assert not graph.skipped


def test_the_highest_stage_goes_first() -> None:
    graph = graph_of(planned([[[0], [1], [2], [3], [4]]]))
    assert graph.take("cpu", 2) == [("s0", 0), ("s0", 1)]
    graph.done(("s0", 1))
    assert graph.take("cpu", 5) == [("s1", 1)]  # one stage at a time: their tasks last differently long
    assert graph.take("cpu", 5) == [("s0", 2), ("s0", 3), ("s0", 4)]
    assert graph.take("gpu", 5) == []


def test_a_task_that_is_tried_again_is_ready_in_its_new_lane_alone() -> None:
    graph = graph_of(planned([[[0], [0], [0], [0], [0]]]))
    assert graph.lanes() == ["cpu"]
    assert graph.take("cpu", 5) == [("s0", i) for i in range(5)]
    assert graph.lanes() == []
    assert graph.next_stage("cpu") == ""
    graph.again(("s0", 0), "cpu.4")
    graph.again(("s0", 3), "cpu")
    assert sorted(graph.lanes()) == ["cpu", "cpu.4"]
    assert (graph.n_ready("cpu.4"), graph.next_stage("cpu.4")) == (1, "s0")
    assert graph.take("cpu", 5) == [("s0", 3)]
    assert graph.take("cpu.4", 5) == [("s0", 0)]
    graph.done(("s0", 0))
    assert graph.lanes() == ["cpu"]  # what needed it begins in the pool's own lane
    assert graph.n_ready("cpu") == 5


@given(GRAPHS, st.lists(st.sampled_from(["cpu", "cpu.4", "cpu.1"]), max_size=30))
def test_however_often_and_wherever_tasks_are_tried_again_each_is_done_once(needs: Needs, again: list[str]) -> None:
    stages = planned(needs)
    graph, order = graph_of(stages), []
    while lanes := graph.lanes():
        (task,) = graph.take(lanes[-1], 1)
        if again:
            graph.again(task, again.pop())
        else:
            order.append(task)
            graph.done(task)
    assert sorted(order) == sorted((s.path, i) for s in stages for i in range(5))
