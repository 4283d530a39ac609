"""A Dask cluster that the user has, on Kubernetes, in a cloud, behind dask-gateway: tasks are handed to its scheduler.

It places them on its workers, which come and go by its own rules; it is given ready tasks only, a few more than it has
threads, and so an adaptive cluster sees what it should grow for. Tokens come back by a topic of the scheduler's.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from distributed import Client, Future, KilledWorker
from distributed.security import Security

from bigdata.engine import lanes
from bigdata.engine.dask_options import own_dask_configuration
from bigdata.engine.execute import TOKENS, execute_batch
from bigdata.engine.greeting import difference, greet, missing
from bigdata.engine.hands import Batch, Event, GivenPools, Left, Need, Returned, Told, Worker
from bigdata.engine.observer import Observer
from bigdata.environment import Environment, environment
from bigdata.errors import SiteError
from bigdata.kind.order import Order
from bigdata.planning.plan import Plan
from bigdata.store.folder import RunFolder, write_json

# What a client raises whose scheduler doesn't answer any more; a closed one has an empty answer, or none.
GONE = (KeyError, OSError, RuntimeError, TypeError, ValueError)
LOOK_SECONDS = 2.0
# Workers that don't answer within this time when they are first looked at.
ANSWER_SECONDS = 60.0
CONNECT_SECONDS = 10.0
# So many tasks are handed over beside those that run, so that no thread waits, and an adaptive cluster sees a queue.
LEAST_SPARE = 2


class ForeignWorkers:
    """The `Workers` of somebody's cluster, which isn't told which of its threads runs what: a `Worker` here is a place
    in its queue.
    """

    def __init__(self, client: Client, folder: Path, lanes: Iterable[str]) -> None:
        self._client, self._folder, self._lanes = client, str(folder), list(lanes)
        # Its own: a scheduler keeps the events of a topic, and those of an earlier controller are no news.
        self._topic = f"{TOKENS}-{secrets.token_hex(8)}"
        self._notes: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._places: dict[str, Worker] = {}
        self.resources: frozenset[str] = frozenset()
        client.subscribe_topic(self._topic, lambda event: self._notes.put(event[1]))

    def resize(self, n: int) -> None:
        """Have so many places for each lane; those that are in use stay until they aren't."""
        for lane in self._lanes:
            names = [f"{lane}:{i}" for i in range(n)]
            for name in names:
                self._places.setdefault(name, Worker(name, name, lane, is_open=True)).is_open = True
            for place in self.here(lane):
                place.is_open = place.name in names

    def here(self, lane: str | None = None) -> Sequence[Worker]:
        return [place for place in self._places.values() if lane in (None, place.lane)]

    def n_tasks(self, lane: str | None = None) -> int:
        return sum(len(batch.tasks) for place in self.here(lane) for batch in place.batches.values())

    def hand(self, worker: Worker, orders: Iterable[Order]) -> None:
        batch, pool = tuple(orders), lanes.pool_of(worker.lane)
        future = self._client.submit(
            execute_batch,
            self._folder,
            batch,
            topic=self._topic,
            sender=worker.name,
            pure=False,
            # A cluster whose workers offer a resource of the pool's name has them for its tasks.
            resources={pool: 1} if pool in self.resources else None,
        )
        worker.batches[str(future.key)] = Batch(future, {order.task: None for order in batch})
        future.add_done_callback(lambda done: self._notes.put((worker.name, done)))

    def events(self, timeout: float) -> list[Event]:
        """No worker arrives, as far as is known; what `left` is a place's worker, whichever it was: the place stays."""
        events: list[Event] = []
        with suppress(queue.Empty):
            note = self._notes.get(timeout=timeout) if timeout else self._notes.get_nowait()
            while True:
                events += self._reported(json.loads(note)) if isinstance(note, str) else self._ended(*note)
                note = self._notes.get_nowait()
        return events

    def _reported(self, message: dict[str, Any]) -> Iterator[Event]:
        """A token, unless it came before: Dask runs a batch again whose worker died, from its beginning."""
        token = message["token"]
        task = token["stage"], token["index"]
        for batch in self._places[message["worker"]].batches.values():
            if task in batch.tasks:
                del batch.tasks[task]
                yield Told(token)

    def _ended(self, name: str, future: Future[Any]) -> Iterator[Event]:
        """A batch is over: what it hasn't come to goes back."""
        place = self._places[name]
        batch = place.batches.pop(str(future.key), None)
        if batch is None:
            return
        if future.status == "finished":
            # Its last tokens may come after the word that it is over: the scheduler is asked for all of them.
            for message in _messages(self._client, self._topic):
                token = message["token"]
                if batch.tasks.pop((token["stage"], token["index"]), True) is None:
                    yield Told(token)
            yield Returned(tuple(batch.tasks))
            return
        error = future.exception() if future.status == "error" else None
        # How many deaths of workers Dask bears is set by the cluster's owner; how many we do is counted elsewhere.
        if error is not None and not isinstance(error, KilledWorker):
            # At once: were it the last batch, the controller would find nothing under way, and call the run done.
            raise SiteError(_cannot_answer(_address(self._client), error))
        yield Left(place, tuple(batch.tasks))

    def cancel(self) -> None:
        self._client.cancel([batch.future for place in self.here() for batch in place.batches.values()], force=True)
        for place in self.here():
            place.batches.clear()

    def close(self) -> None:
        with suppress(OSError, ValueError):
            self._client.unsubscribe_topic(self._topic)


class ForeignPools(GivenPools):
    """The `Pools` of somebody's cluster: what it has, and the reason while it has nothing."""

    def __init__(self, client: Client, workers: ForeignWorkers, folder: RunFolder, observer: Observer) -> None:
        self.workers = workers
        self._client, self._folder, self._say = client, folder, observer.message
        self._look_at, self._is_alone = 0.0, False

    def tend(self, needs: Mapping[str, Need]) -> None:
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_SECONDS
        if self._client.status not in ("running", "connecting"):
            raise SiteError(
                f"the Dask scheduler at {_address(self._client)} is gone. Submit again: what is done stays done."
            )
        found = workers_of(self._client)
        n_threads = sum(int(worker["nthreads"]) for worker in found.values())
        self.workers.resources = frozenset(name for worker in found.values() for name in worker["resources"])
        self.workers.resize(n_threads + max(LEAST_SPARE, n_threads // 4))
        self._tell(is_alone=not found)

    def _tell(self, *, is_alone: bool) -> None:
        """That there are tasks and no worker, for `status`: only the cluster's owner can do something about it."""
        if is_alone == self._is_alone:
            return
        self._is_alone = is_alone
        reason = f"the Dask cluster at {_address(self._client)} has no workers"
        if is_alone:
            self._say(f"{reason}; the tasks wait for them")
            write_json(self._folder.waiting, {"reason": reason})
        else:
            self._folder.waiting.unlink(missing_ok=True)

    def has_time(self, worker: Worker, seconds: float) -> bool:
        return True


@contextmanager
def foreign_pools(plan: Plan, observer: Observer, client: Client | None = None) -> Iterator[ForeignPools]:
    """The cluster of a client, else of the site's address. SiteError where its workers can't run the plan's tasks."""
    folder = RunFolder(plan.folder.path.absolute())
    with ExitStack() as stack:
        if client is None:
            # A message that was on its way when the scheduler went ends in an error that nobody asks for, and asyncio
            # prints its traceback, now or at the exit. Whose client it is decides that for its own process.
            # Distributed gives some of its loggers levels of their own.
            for name in ("asyncio", "tornado.application", "distributed", "distributed.client"):
                logging.getLogger(name).setLevel(logging.CRITICAL)
            stack.enter_context(own_dask_configuration())
            client = stack.enter_context(_connected(plan))
        _refuse_strangers(client, folder, plan.study.extra)
        of = dict.fromkeys(lanes.lane(plan.site, s.pool, s.stage.cores) for s in plan.stages)
        workers = ForeignWorkers(client, folder.path, of)
        stack.callback(workers.close)
        stack.callback(folder.waiting.unlink, missing_ok=True)
        yield ForeignPools(client, workers, folder, observer)


def _connected(plan: Plan) -> Client:
    site = plan.site
    own = site.security_files
    security = Security(tls_ca_file=own[0], tls_client_cert=own[1], tls_client_key=own[2], require_encryption=True)
    try:
        return Client(site.address, security=security if all(own) else None, timeout=CONNECT_SECONDS)
    except (OSError, TimeoutError, ValueError) as error:
        raise SiteError(
            f"the Dask scheduler at {site.address} doesn't answer ({type(error).__name__}: {error}). Is it running, "
            f"and are address and certificates in {site.file} right?"
        ) from None


def workers_of(client: Client) -> dict[str, Any]:
    """What the scheduler says of its workers, by address. SiteError where it says nothing any more."""
    try:
        return dict(client.scheduler_info(n_workers=-1)["workers"])
    except GONE as error:
        raise _gone(error) from None


def _refuse_strangers(client: Client, folder: RunFolder, extra: str) -> None:
    """SiteError where workers that are there don't see the run's folder, or find other packages than this process, or
    not those of the study's extra.
    """
    word = secrets.token_hex(8)
    sign = folder.path / f"seen.{os.getpid()}"
    sign.write_text(word)
    address = _address(client)
    try:
        answers = [client.submit(look, str(sign), pure=False, workers=[w]) for w in workers_of(client)]
        for answer in answers:
            found = answer.result(ANSWER_SECONDS)
            if found["word"] != word:
                raise SiteError(
                    f"a worker of the Dask cluster at {address}, on {found['host']}, doesn't see the run's folder "
                    f"{folder.path}. Choose one that it sees with --runs: data pass through shared storage only."
                )
            where = f"on {found['host']}, a worker of the Dask cluster at {address}"
            there = Environment(**found["environment"])
            if what := missing(where, there, extra):
                raise SiteError(f"{what}. Run `pip install '.[{extra}]'` there, and submit again.")
            if what := difference(where, there, environment(imported=False), extra):
                raise SiteError(f"{what}. Use one environment for both, and submit again: what is done stays done.")
    except SiteError:
        raise
    except Exception as error:  # whatever another version, or none, of bigdata and Dask raises there
        raise SiteError(_cannot_answer(address, error)) from None
    finally:
        sign.unlink(missing_ok=True)


def look(sign: str) -> dict[str, Any]:
    """Run on a worker: what a file of the run's folder says there, and what Python finds. Plain data."""
    word = ""
    with suppress(OSError):
        word = Path(sign).read_text()
    return {"word": word, **greet(imported=False)}


def _cannot_answer(address: str, error: BaseException) -> str:
    said = f"{type(error).__name__}: {error}".splitlines()[0]
    return (
        f"the workers of the Dask cluster at {address} can't run what this bigdata asks for ({said}). Install the same "
        "bigdata and packages there."
    )


def _messages(client: Client, topic: str) -> list[dict[str, Any]]:
    """All tokens that came by a topic. SiteError where the scheduler is gone."""
    try:
        return [json.loads(message) for _, message in client.get_events(topic)]
    except GONE as error:
        raise _gone(error) from None


def _address(client: Client) -> str:
    return str(client.scheduler.address) if client.scheduler else "its address"


def _gone(error: Exception) -> SiteError:
    return SiteError(
        f"the Dask scheduler is gone ({type(error).__name__}: {error}). Submit again, on a cluster that is there: what "
        "is done stays done."
    )
