"""The loop that runs a plan: hands out ready tasks, records what comes back, stops when told to.

The controller places batches of tasks on workers itself. Measured (distributed 2026.8, two workers, tasks of 1 ms),
that takes 1.07 ms of CPU a task, where `client.map` takes 2.47, a whole graph by `client.get` 3.62, windows of futures
4.32, and a graph in Dask's hands 4.5 kB of memory a task. It also keeps four promises that Dask's own placement
doesn't: a finished task isn't called again when the worker that had its result dies (495 of 1,500 after ten kills);
what a dead worker was executing is known; a death is blamed on the task that ran, not on all assigned
(distributed#5234); and a task goes on to a lane with more memory. `Plan.graph` gives the same tasks as a graph for any
other scheduler.
"""

from __future__ import annotations

from collections.abc import Mapping

from bigdata.engine.books import Books, Outcome
from bigdata.engine.handing import Handing, stages_under_way
from bigdata.engine.hands import Pools, Workers, news
from bigdata.engine.observer import Observer
from bigdata.engine.presence import Presence
from bigdata.engine.proposals import Proposals
from bigdata.engine.returns import Returns
from bigdata.engine.shift import ALWAYS, Shift
from bigdata.engine.taking import copy_of, take_over
from bigdata.planning.plan import Plan
from bigdata.store.done import DoneTasks
from bigdata.store.journal import History, Journal
from bigdata.store.lock import Lock

# While nothing happens, the user's wish to cancel, the lock and the jobs are looked at so often.
WAIT_SECONDS = 0.25


class Controller:
    """Runs the tasks of one plan on the pools of its site; `past` is what the run's journal says of it."""

    def __init__(
        self, plan: Plan, past: History, journal: Journal, lock: Lock, observer: Observer, shift: Shift = ALWAYS
    ) -> None:
        self.plan, self.lock, self.shift = plan, lock, shift
        self._books = Books(plan, past, journal, observer)
        self._proposals, self._presence = Proposals(self._books), Presence()
        self.outcome = self._books.outcome

    def known(self, taken: DoneTasks) -> None:
        """What was taken over from other runs before this one began; it is in the journal already."""
        for task, token in taken.items():
            self._books.done(task, token, taken.place(task))

    def run(self, pools: Pools) -> Outcome:
        """Until all that can be done is done, the user cancels, the shift ends, or the site refuses (SiteError)."""
        handing, returns = Handing(self._books, pools, self.shift), Returns(self._books, pools)
        while not self._is_cancelled() and not self.shift.is_over():
            self._copy()
            self._proposals.advance()
            refused = handing.fill()
            if self._stop_stages(refused, pools.workers, returns):
                continue  # what waited for them may be ready now
            if not _is_under_way(pools.workers, returns) and (self.shift.is_ending() or not self._books.graph.lanes()):
                break
            pools.tend(handing.needs())
            events = news(pools, WAIT_SECONDS)
            self._presence.note(events)
            returns.enter(events)
            self.lock.check()
        self._end(pools, returns)
        return self.outcome

    def _is_cancelled(self) -> bool:
        self.outcome.cancelled = self.outcome.cancelled or self.plan.folder.cancel.exists()
        return self.outcome.cancelled

    def _copy(self) -> None:
        """Results that are those of another task of this run."""
        for path, index in self._books.graph.take_copies():
            stage = self._books.stages[path]
            at = self.outcome.done.place(stage.copies[index])
            token = take_over(stage, index, copy_of(at, self.plan.folder), self.plan.folder)
            self._books.take(stage, index, token)

    def _stop_stages(self, refused: Mapping[str, str], workers: Workers, returns: Returns) -> bool:
        """End stages of which nothing is under way and whose next task the budget can't end; whether there was one."""
        under_way = stages_under_way(workers)
        over = {path: why for path, why in refused.items() if path not in under_way} if not returns.has_unjudged else {}
        for path, why in over.items():
            self._books.stop(path, why)
        return bool(over)

    def _end(self, pools: Pools, returns: Returns) -> None:
        """Take back what is left to do; where that is nothing, what only unfinished tasks need."""
        is_left = bool(self._books.graph.lanes()) or _is_under_way(pools.workers, returns)
        self.outcome.relieved = not self.outcome.cancelled and self.shift.is_ending() and is_left
        if self.outcome.cancelled or self.outcome.relieved:
            # What was told until now counts; what still runs is begun anew by the next submission.
            returns.record(news(pools, 0))
            pools.workers.cancel()
        else:
            self._sweep_checkpoints()
        self.outcome.held = self._presence.seconds()
        self.outcome.skipped = dict(self._books.graph.skipped)

    def _sweep_checkpoints(self) -> None:
        """Remove those of stages that grew and are over: no task trains on from them any more."""
        for stage in self.plan.stages:
            for index in range(len(stage.growth.asked) if stage.growth and stage.growth.closed else 0):
                self.plan.folder.checkpoint(stage.path, index, stage.key(index)).unlink(missing_ok=True)


def _is_under_way(workers: Workers, returns: Returns) -> bool:
    return workers.n_tasks() > 0 or returns.has_unjudged
