"""What a run has used up is counted from its journal alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from bigdata.spec.site import Prices
from bigdata.spec.study import Budget
from bigdata.store.journal import History, Journal, read_history
from bigdata.store.use import Use, budget, prices, recorded, used

PRICES = Prices.model_construct(core_hour=0.02, gpu_hour=3.0)
PER_HOUR = {"fit": Use(core_hours=4), "train": Use(gpu_hours=1, gpu_core_hours=8)}


def history(path: Path) -> History:
    """Half an hour of `fit`, an hour of `train` that failed, and what was taken over from another run."""
    journal = Journal(path)
    submit = {"event": "submit", "tasks": {}, "stages": {}, **recorded(PER_HOUR, PRICES, Budget(core_hours=10))}
    done = {"event": "done", "stage": "fit", "key": "0" * 32}
    journal.append(
        [
            submit,
            {**done, "index": 0, "seconds": 1800.0},
            {**done, "index": 1, "seconds": 7200.0, "from": "other-1a2b3c4d"},
            {"event": "failed", "stage": "train", "index": 0, "seconds": 3600.0, "error": "", "class": ""},
        ]
    )
    journal.close()
    return read_history(path)


def test_hours_are_those_of_own_tasks_also_of_failed_ones(tmp_path: Path) -> None:
    past = history(tmp_path / "journal.jsonl")
    assert used(past) == Use(core_hours=2.0, gpu_hours=1.0, gpu_core_hours=8.0)
    assert used(past, ("fit",)) == Use(core_hours=2.0)
    assert used(past).dollars(prices(past)) == pytest.approx(2 * 0.02 + 3)


def test_the_budget_is_that_of_the_last_submission(tmp_path: Path) -> None:
    found = budget(history(tmp_path / "journal.jsonl"))
    assert found is not None
    assert (found.core_hours, found.dollars) == (10, None)


def test_of_a_run_that_never_began_nothing_is_known(tmp_path: Path) -> None:
    past = read_history(tmp_path / "none.jsonl")
    assert (used(past), budget(past), prices(past).core_hour) == (Use(), None, None)
