"""A study as a Dask graph, for any Dask scheduler: the export of what the controller runs.

    graph = plan.graph()
    dask.get(graph, "end")                       # in this process
    client.get(graph, "end")                     # on somebody's cluster that sees the run's folder

Keys are the tasks' addresses, `fit/3`. The task `begin` prepares the run's folder, and `end` writes journal,
record and report, as `submit` does; `submit` goes on where such a graph was broken off. What runs a study of many tasks
well is `submit` itself: see `bigdata.engine.controller`.
"""

from __future__ import annotations

import json
import socket
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from bigdata.engine.books import Outcome
from bigdata.engine.execute import Token, order_of, perform, stage_of
from bigdata.engine.observer import Silent
from bigdata.engine.records import fold, read_records, write_record
from bigdata.errors import PlanRefused, SiteError
from bigdata.kind.stage import TaskId
from bigdata.planning import plan as make_plan
from bigdata.planning.plan import Plan
from bigdata.run import conclusion, preparation
from bigdata.run.accounting import Accounts
from bigdata.run.orders import Orders
from bigdata.store.done import DoneTasks
from bigdata.store.folder import RunFolder
from bigdata.store.journal import Journal, read_history
from bigdata.store.lock import Lock
from bigdata.store.ownership import ELSEWHERE, require_own

BEGIN, END = "begin", "end"


def graph(plan: Plan) -> dict[str, tuple[Any, ...]]:
    """The plan's tasks, each a call with the run's folder, its stage and its index. What is done returns at once.

    PlanRefused where a stage grows: what comes next is decided by the controller.
    """
    if growing := [s.path for s in plan.stages if s.growth]:
        raise PlanRefused(
            f"stage `{growing[0]}` grows as results come in, which no graph can say. Use `bigdata submit`."
        )
    folder, orders = str(plan.folder.path.absolute()), _orders(plan)
    made: dict[str, tuple[Any, ...]] = {BEGIN: (prepare, orders)}
    names = {s.path: [f"{s.path}/{i}" for i in range(s.n_tasks)] for s in plan.stages}
    for stage in plan.stages:
        for index, name in enumerate(names[stage.path]):
            needs = [names[path][i] for path, i in stage.needs(index)]
            needs += [other for path in stage.whole for other in names[path]]
            # All wait for `begin`, those that need others by these.
            made[name] = (execute, folder, stage.path, index, needs or [BEGIN])
    made[END] = (finish, orders, [name for of in names.values() for name in of])
    return made


def _orders(plan: Plan) -> str:
    """The study as it is understood now, as one text: a scheduler looks into other things for the names of tasks."""
    orders = {"launch": asdict(Orders.of(plan)), "runs": str(plan.folder.path.absolute().parent), "fresh": plan.fresh}
    return json.dumps(orders)


def _plan(orders: str) -> Plan:
    said = json.loads(orders)
    study, site = Orders(**{**said["launch"], "overrides": tuple(said["launch"]["overrides"])}).to_run()
    return make_plan(study, site=site, runs=said["runs"], fresh=said["fresh"])


def prepare(orders: str) -> None:
    """What has to be on disk before the first task."""
    plan = _plan(orders)
    plan.refuse()
    require_own(plan.folder, ELSEWHERE)
    plan.folder.path.mkdir(parents=True, exist_ok=True)
    with Lock(plan.folder.lock):
        fold(plan.folder)
        plan = _plan(orders)
        journal, _ = preparation.prepare(plan, read_history(plan.folder.journal))
        journal.close()


def execute(folder: str, path: str, index: int, needed: list[Token | None]) -> Token:
    """Run one task, unless it is done or one that it needs has failed, and return its record.

    `needed` are the records of the tasks that it needs, which hold what these returned.
    """
    run = RunFolder(Path(folder))
    if not run.exists():
        raise SiteError(f"{socket.gethostname()} doesn't see the run's folder {folder}; all workers have to.")
    tokens = [token for token in needed if token is not None]
    order, stage = order_of(run, path, index, tokens), stage_of(run, path)
    missing = [t for t in tokens if t["event"] != "done" and not stage.bears(t["stage"].rpartition("/")[2])]
    if missing:
        cause = missing[0].get("cause") or [missing[0]["stage"], missing[0]["index"]]
        return {"event": "skipped", "stage": path, "index": index, "cause": cause}
    known = _recorded(folder, run.resolved.stat().st_mtime_ns)
    if (done := known.get(order.task)) is not None and done["key"] == order.key:
        return done
    # Workers of ours have so many threads by their environment, and sums depend on it.
    with threadpool_limits(stage.cores):
        token = perform(folder, order)
    if token["event"] == "done":
        # A scheduler calls a task again whose result went with a worker; what is on disk needs no second time.
        known[order.task] = token
    write_record(run, token)
    return token


def finish(orders: str, tokens: list[Token]) -> str:
    """End the run: its folder. TasksFailed where some have."""
    plan = _plan(orders)
    # Before it is known what is done: what had to be is forecast.
    folder, accounts = plan.folder, Accounts.opened(plan)
    with Lock(folder.lock):
        fold(folder)
        plan = _plan(orders)
        past, outcome = read_history(folder.journal).done, Outcome(DoneTasks(folder.journal))
        for task in ((t["stage"], t["index"]) for t in tokens if t["event"] == "done"):
            outcome.done.add(task, past.key(task), past.place(task))
        outcome.failed = {(t["stage"], t["index"]): t for t in tokens if t["event"] == "failed"}
        outcome.skipped = {(t["stage"], t["index"]): tuple(t["cause"]) for t in tokens if t["event"] == "skipped"}
        stages = {stage.path: stage for stage in plan.stages}
        for token in (*outcome.done.values(), *outcome.failed.values()):
            outcome.count(stages[token["stage"]], token)
        journal = Journal(folder.journal)
        try:
            conclusion.fold_logs(folder)
            conclusion.end(plan, outcome, journal, accounts)
            damage = conclusion.report(plan, journal, Silent())
        finally:
            journal.close()
            folder.sweep()
    conclusion.raise_for(plan, outcome, damage)
    return str(folder.path)


@lru_cache(maxsize=4)
def _recorded(folder: str, _written: int) -> dict[TaskId, Token]:
    """What is done, as this process knows it: from the journal and the other processes' records when it began."""
    run = RunFolder(Path(folder))
    return {**dict(read_history(run.journal).done.items()), **{(t["stage"], t["index"]): t for t in read_records(run)}}
