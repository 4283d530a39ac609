"""When a task is told to stop."""

from __future__ import annotations

import math
import sys
import time
from itertools import pairwise

import pytest

from bigdata.kind.context import Context, Surroundings, stop_time
from bigdata.kind.order import Order
from bigdata.planning.workload import stages_of
from bigdata.store.folder import RunFolder
from bigdata.store.reading import Run
from tests.bench import Bench, until


def context(folder: RunFolder, ends: float = math.inf) -> Context:
    """What the first task of a run sees."""
    (view,) = Run(folder.path).variants
    stage = stages_of(view.model, view.inputs).stages[0]
    return Context(folder, view, stage, Order("first", 0, "0" * 32), {}, print, Surroundings(ends=ends))


@pytest.fixture
def folder(bench: Bench) -> RunFolder:
    return bench.submit(bench.trial()).folder


def test_once_told_to_stop_a_task_is_told_so_for_ever(folder: RunFolder) -> None:
    ctx = context(folder)
    folder.cancel.touch()
    assert [ctx.should_stop(), ctx.should_stop()] == [True, True]
    folder.cancel.unlink()
    assert ctx.should_stop()


def test_a_task_is_told_to_stop_shortly_before_its_job_ends(folder: RunFolder) -> None:
    ends = time.time() + 1
    ctx = context(folder, ends)
    assert not ctx.should_stop()
    until(ctx.should_stop)
    assert time.time() < ends


def test_while_a_program_runs_something_else_is_done_every_second(folder: RunFolder) -> None:
    ctx, times = context(folder), list[float]()
    ctx.call([sys.executable, "-S", "-c", "import time; time.sleep(2.6)"], meanwhile=lambda: times.append(time.time()))
    assert 1 <= len(times) <= 3
    assert all(later - earlier > 0.9 for earlier, later in pairwise(times))


def test_what_fails_meanwhile_ends_the_program(folder: RunFolder) -> None:
    def fail() -> None:
        raise OSError("the disk is full")

    begun = time.time()
    with pytest.raises(OSError, match="the disk is full"):
        context(folder).call([sys.executable, "-S", "-c", "import time; time.sleep(60)"], meanwhile=fail)
    assert time.time() - begun < 30


@pytest.mark.parametrize(
    ("left", "kept"),
    [(36_000, 20), (100, 20), pytest.param(45, 9, id="a minute's job that has started"), (-3, -0.6), (math.inf, 20)],
)
def test_how_long_before(left: float, kept: float) -> None:
    assert stop_time(1e9 + left, 1e9) == pytest.approx(1e9 + left - kept, abs=1e-3)


@pytest.mark.parametrize(
    ("visible", "n"),
    [("", 0), ("0", 1), ("0,1", 2), ("GPU-8932f937,MIG-41b8", 2), ("-1", 0), ("0,-1,1", 1), (" 0 ", 1)],
)
def test_gpus_are_those_that_cuda_would_see(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, visible: str, n: int
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert context(folder).gpus == n


@pytest.mark.parametrize(("asked", "must"), [(None, False), ("0", False), ("2", True)])
def test_gpus_have_to_be_used_where_the_job_asked_for_them(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, asked: str | None, must: bool
) -> None:
    monkeypatch.delenv("BIGDATA_GPUS", raising=False)
    if asked is not None:
        monkeypatch.setenv("BIGDATA_GPUS", asked)
    assert context(folder).must_use_gpus == must


@pytest.mark.parametrize(("said", "may"), [(None, False), ("0", False), ("1", True)])
def test_more_memory_is_to_be_had_where_the_worker_s_job_says_so(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, said: str | None, may: bool
) -> None:
    monkeypatch.delenv("BIGDATA_MORE_MEMORY", raising=False)
    if said is not None:
        monkeypatch.setenv("BIGDATA_MORE_MEMORY", said)
    assert context(folder).may_have_more_memory == may


def test_a_checkpoint_of_a_stage_that_does_not_speak_of_any_is_an_error(folder: RunFolder) -> None:
    with pytest.raises(RuntimeError, match="stage `first` saves checkpoints and doesn't say so: `checkpoints=True`"):
        _ = context(folder).checkpoint
