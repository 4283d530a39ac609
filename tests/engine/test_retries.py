"""What becomes of a task whose worker went away, by what ended it and how often."""

from __future__ import annotations

import pytest

from bigdata.engine.execute import Token
from bigdata.engine.retries import MOST_DEATHS, MOST_LOST, Cause, Ending, Retries

TASK, OTHER = ("first", 0), ("first", 1)
NEXT = {"cpu": "cpu.4", "cpu.4": "cpu.1"}
HOUR = 3600.0


def retries() -> Retries:
    return Retries(NEXT.get)


def fails(ending: str | Token, kind: str, *said: str) -> None:
    assert isinstance(ending, dict)
    assert (ending["event"], ending["stage"], ending["index"], ending["class"]) == ("failed", *TASK, kind)
    assert all(text in ending["error"] for text in said), ending["error"]


@pytest.mark.parametrize("cause", [Cause.DIED, Cause.MEMORY])
def test_a_death_goes_to_the_lane_with_more_memory_and_ends_in_the_last(cause: Cause) -> None:
    counts = retries()
    assert counts.after(TASK, "cpu", Ending(cause)) == "cpu.4"
    assert counts.after(TASK, "cpu.4", Ending(cause)) == "cpu.1"
    fails(counts.after(TASK, "cpu.1", Ending(cause)), cause.value, "died 3 times", "Give the pool more memory")


def test_where_no_lane_has_more_a_task_is_tried_again_there() -> None:
    counts = retries()
    for _ in range(MOST_DEATHS - 1):
        assert counts.after(TASK, "gpu", Ending(Cause.DIED)) == "gpu"
    fails(counts.after(TASK, "gpu", Ending(Cause.MEMORY)), "memory", "died 3 times")


def test_more_deaths_than_that_are_allowed_while_there_is_more_memory() -> None:
    counts = Retries(lambda _: "more")
    assert {counts.after(TASK, "cpu", Ending(Cause.DIED)) for _ in range(2 * MOST_DEATHS)} == {"more"}


def test_jobs_that_were_taken_away_are_no_fault_of_the_task_until_there_were_many() -> None:
    counts = retries()
    for _ in range(MOST_LOST - 1):
        assert counts.after(TASK, "cpu", Ending(Cause.LOST)) == "cpu"
    fails(counts.after(TASK, "cpu", Ending(Cause.LOST)), "lost", "10 times", "Ask the site")


def test_a_task_that_a_whole_job_was_too_short_for_has_one_more_job() -> None:
    counts, ending = retries(), Ending(Cause.TIMEOUT, 0.8 * HOUR, HOUR)
    assert counts.after(TASK, "cpu", ending) == "cpu"
    fails(counts.after(TASK, "cpu", ending), "timeout", "a whole job of 1 h", "2 times", "`walltime:`")


def test_a_task_that_began_late_in_its_job_counts_as_lost() -> None:
    counts, late = retries(), Ending(Cause.TIMEOUT, 0.79 * HOUR, HOUR)
    for _ in range(MOST_LOST - 1):
        assert counts.after(TASK, "cpu", late) == "cpu"
    fails(counts.after(TASK, "cpu", late), "lost")


def test_what_happened_for_other_reasons_or_to_other_tasks_is_not_counted() -> None:
    counts = retries()
    for _ in range(MOST_LOST - 1):
        counts.after(TASK, "gpu", Ending(Cause.LOST))
    counts.after(TASK, "gpu", Ending(Cause.TIMEOUT, HOUR, HOUR))
    for _ in range(MOST_DEATHS - 1):
        assert counts.after(TASK, "gpu", Ending(Cause.DIED)) == "gpu"
    assert counts.after(OTHER, "gpu", Ending(Cause.LOST)) == "gpu"
    assert counts.after(OTHER, "gpu", Ending(Cause.DIED)) == "gpu"


def test_a_task_may_pause_as_often_as_it_saves_something() -> None:
    counts = retries()
    for _ in range(10):
        assert counts.after_pause(TASK, "cpu", saved=True) == "cpu"
        for _ in range(MOST_DEATHS - 1):
            assert counts.after_pause(TASK, "cpu", saved=False) == "cpu"
    fails(counts.after_pause(TASK, "cpu", saved=False), "timeout", "3 times", "before it had anything new to save")
    assert counts.after_pause(OTHER, "cpu", saved=False) == "cpu"
