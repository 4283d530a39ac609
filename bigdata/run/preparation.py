"""What must be on disk before a run's first task: the study, the arrays, what is taken over, the journal."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

from bigdata.engine.execute import Token
from bigdata.engine.gathering import Gathering
from bigdata.engine.taking import NOT_WHOLE, take_over
from bigdata.planning.account import forecast
from bigdata.planning.budget import use
from bigdata.planning.plan import Plan
from bigdata.run.description import as_understood
from bigdata.store.done import DoneTasks
from bigdata.store.folder import write_json, write_whole
from bigdata.store.journal import History, Journal
from bigdata.store.packs import tidy_packs
from bigdata.store.use import HOUR, recorded
from bigdata.store.writing import create_arrays, open_store, remove_others, write_coordinates
from bigdata.version import VERSION

# A block of most file systems.
RESERVE_BYTES = 4096


def prepare(plan: Plan, past: History) -> tuple[Journal, DoneTasks]:
    """The run's folder, ready; its journal, and what was taken over."""
    folder = plan.folder
    folder.cancel.unlink(missing_ok=True)
    folder.sweep()
    # At random, as some file systems keep no room for what they can compress.
    folder.reserve.write_bytes(os.urandom(RESERVE_BYTES))
    folder.running.mkdir()
    folder.logs.mkdir(exist_ok=True)
    write_whole(folder.study, plan.study.text)
    write_json(folder.resolved, as_understood(plan))
    _create_store(plan)
    tidy_packs(folder, plan.packing)
    journal = Journal(folder.journal)
    journal.append([_submitted(plan), *_stale(plan, past)])
    taken, gathering = DoneTasks(folder.journal), Gathering(plan)
    for token in _taken_over(plan):
        (at,) = journal.append([token])
        taken.add((token["stage"], token["index"]), token["key"], at)
        gathering.done(token)
    # Not before the journal says what has to be done anew for it: a kill in between would leave damaged data as done.
    folder.damaged.unlink(missing_ok=True)
    return journal, taken


def _create_store(plan: Plan) -> None:
    """All arrays, empty: tasks only fill what is there, since two that create something at one time race."""
    root = open_store(plan.folder.store)
    write_coordinates(root, plan.sweep)
    for variant in plan.variants:
        group = root.require_group(variant.group) if variant.group else root
        arrays = [a for s in variant.stages for a in s.stage.arrays]
        create_arrays(group, arrays)
        write_coordinates(group, variant.workload.coordinates)
        remove_others(group, [*(a.name for a in arrays), *(c.name for c in variant.workload.coordinates)])


def _taken_over(plan: Plan) -> Iterator[Token]:
    """The records of tasks that other runs have done; one whose data there aren't whole has to run."""
    for stage in plan.stages:
        for index, known in list(stage.known.items()):
            del stage.known[index]
            token = take_over(stage, index, known, plan.folder)
            if token is None:
                stage.todo[index] = NOT_WHOLE
            else:
                yield token


def _stale(plan: Plan, past: History) -> Iterator[dict[str, Any]]:
    """What was done and has to be done anew, such as what readers found damaged.

    It is said before anything is written over its data: a kill, or another run that takes results over, would else meet
    the record of one result beside the data of another.
    """
    for stage in plan.stages:
        elsewhere = dict.fromkeys([*stage.known, *stage.copies], "its results are taken from elsewhere")
        for index, why in (stage.todo | elsewhere).items():
            if (stage.path, index) in past.done:
                yield {"event": "stale", "stage": stage.path, "index": index, "why": why}


def _submitted(plan: Plan) -> dict[str, Any]:
    return {
        "event": "submit",
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "site": plan.site.site,
        "scheduler": plan.site.scheduler,
        "version": VERSION,
        "todo": plan.n_todo,
        "tasks": {s.path: s.n_tasks for s in plan.stages},
        "figures": [figure.name for figure in plan.figures],
        "stages": {s.path: dict(s.ingredients) for s in plan.stages},
        "forecast": dict(forecast(plan)),
        **recorded({s.path: use(plan.site, s, HOUR) for s in plan.stages}, plan.site.prices, plan.budget),
    }
