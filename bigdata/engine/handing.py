"""What is handed out: the next ready tasks to the workers of their lane, in batches, as far as the budget holds."""

from __future__ import annotations

from collections import Counter

from bigdata.engine import lanes
from bigdata.engine.books import Books
from bigdata.engine.hands import Need, Pools, Worker, Workers
from bigdata.engine.pace import BATCH_SECONDS
from bigdata.engine.shift import Shift

# A worker has two batches at hand, so that it never waits and little is lost with it.
BATCHES_PER_WORKER = 2


def stages_under_way(workers: Workers) -> Counter[str]:
    """Tasks in workers' hands, by stage."""
    return Counter(path for w in workers.here() for batch in w.batches.values() for path, _ in batch.tasks)


class Handing:
    """Hands out to the workers of some pools; at the end of the `shift` nothing more."""

    def __init__(self, books: Books, pools: Pools, shift: Shift) -> None:
        self._books, self._pools, self._shift = books, pools, shift

    def needs(self) -> dict[str, Need]:
        """What is ready or under way in each lane; at the end of the shift only the latter."""
        graph, pace = self._books.graph, self._books.pace
        ready = {} if self._shift.is_ending() else {lane: graph.n_ready(lane) for lane in graph.lanes()}
        under_way = Counter(w.lane for w in self._pools.workers.here() for b in w.batches.values() for _ in b.tasks)
        return {
            lane: Need(ready.get(lane, 0) + under_way[lane], pace.job_seconds(graph.next_stage(lane)))
            for lane in {**ready, **under_way}
        }

    def fill(self) -> dict[str, str]:
        """Hand out ready tasks until each worker has enough.

        Returns the stages whose next tasks the budget can't end, with its words.
        """
        refused: dict[str, str] = {}
        waiting: set[str] = set()
        if self._shift.is_ending():
            return refused
        for lane in self._books.graph.lanes():
            if lanes.pool_of(lane) in waiting:
                continue
            free = [w for w in self._pools.workers.here(lane) if w.is_open]
            self._share_out(lane, free, refused)
            # Tasks of several cores wait until so many are free: others, whose turn is later, must not take them first.
            if free and self._books.graph.n_ready(lane) and not any(w.batches for w in free):
                waiting.add(lanes.pool_of(lane))
        return refused

    def _share_out(self, lane: str, free: list[Worker], refused: dict[str, str]) -> None:
        """To all that have nothing first, then to all that have one batch."""
        for n_batches in range(BATCHES_PER_WORKER):
            for worker in (w for w in free if len(w.batches) == n_batches):
                self._hand(worker, -(-self._books.graph.n_ready(lane) // len(free)), refused)

    def _hand(self, worker: Worker, share: int, refused: dict[str, str]) -> None:
        """Give a worker its next batch: no second one where that would wait long while others may be free."""
        books = self._books
        path = books.graph.next_stage(worker.lane)
        if not path or path in refused or (worker.batches and books.pace.seconds(path) > BATCH_SECONDS):
            return
        if not self._pools.has_time(worker, books.pace.job_seconds(path)):
            return
        n = self._affordable(path, min(share, books.pace.batch_size(path)), refused)
        if not n:
            return
        tasks = books.graph.take(worker.lane, n)
        books.lane.update(dict.fromkeys(tasks, worker.lane))
        self._pools.workers.hand(worker, [books.results.order(task) for task in tasks])

    def _affordable(self, path: str, n: int, refused: dict[str, str]) -> int:
        """How many of `n` tasks the budget can end: all, one or none, which is noted in `refused`."""
        purse = self._books.purse
        if self._books.plan.budget is None:
            return n
        under_way = stages_under_way(self._pools.workers)
        for m in dict.fromkeys((n, 1)):
            if not purse.refusal(path, under_way, m):
                return m
        refused[path] = purse.refusal(path, under_way, 1)
        return 0
