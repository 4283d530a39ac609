"""What a calculation saves in its task's checkpoint, and finds there in a later job."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bigdata.kind.checkpoint import Checkpoint
from bigdata.studies.high_throughput.machine import TaskMachine


@pytest.fixture
def stops():
    """Whether the task should stop: saved is what is saved then."""
    return [True]


@pytest.fixture
def machines(tmp_path, stops):
    """Two jobs of one task, each with its own scratch folder."""
    made = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        checkpoint = Checkpoint(tmp_path / "kept/task.npz", print)
        ctx = SimpleNamespace(scratch=tmp_path / name, cores=1, checkpoint=checkpoint, should_stop=lambda: stops[0])
        made.append(TaskMachine(ctx))
    (tmp_path / "kept").mkdir()
    return made


def test_files_and_state_are_found_by_a_later_job(machines):
    first, second = machines
    (first.folder / "STATE.OUT").write_bytes(bytes(range(256)))
    (first.folder / "empty").touch()
    state = {"records": [{"step": "relax", "loops": 3}], "lattice": [[1.5, 0, 0]]}
    first.save({"relax/STATE.OUT": first.folder / "STATE.OUT", "relax/empty": first.folder / "empty"}, state)
    assert second.saved(second.folder) == state
    assert (second.folder / "relax/STATE.OUT").read_bytes() == bytes(range(256))
    assert (second.folder / "relax/empty").read_bytes() == b""


def test_what_is_saved_later_replaces_what_was_there(machines):
    first, second = machines
    (first.folder / "a").write_bytes(b"a")
    first.save({"a": first.folder / "a"}, {"n": 1})
    first.save({}, {"n": 2})
    assert second.saved(second.folder) == {"n": 2}
    assert list(second.folder.iterdir()) == []


def test_where_nothing_was_saved_nothing_is_found(machines):
    assert machines[0].saved(machines[0].folder) is None


def test_steps_that_end_quickly_are_not_saved_and_those_of_a_minute_are(machines, stops, monkeypatch):
    first, second = machines
    stops[0] = False
    first.save({}, {"n": 1})
    assert second.saved(second.folder) is None
    monkeypatch.setattr("bigdata.studies.high_throughput.machine.SAVE_SECONDS", 0.0)
    first.save({}, {"n": 2})
    assert second.saved(second.folder) == {"n": 2}
