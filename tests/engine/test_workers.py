"""The stream of events of workers under a Dask scheduler."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from distributed import Client, LocalCluster, get_worker

from bigdata.engine.execute import TOKENS
from bigdata.engine.hands import Arrived, Batch, Event, Left, Told
from bigdata.engine.workers import DaskWorkers
from tests.bench import until

TOKEN = {"stage": "first", "index": 0, "event": "done"}


def send(token: dict[str, Any]) -> None:
    worker = get_worker()
    worker.log_event(TOKENS, json.dumps({"worker": worker.address, "token": token}))


def test_a_token_that_was_sent_before_its_workers_death_counts(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, resources={"cpu": 1}, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        workers = DaskWorkers(cluster, client, tmp_path, opens=True)
        (arrived,) = workers.events(10)
        assert isinstance(arrived, Arrived)
        worker = arrived.worker
        assert (worker.lane, worker.is_open, workers.here()) == ("cpu", True, [worker])
        worker.batches["one"] = Batch(workers.call(worker, send, TOKEN), {("first", 0): None, ("first", 1): None})
        worker.batches["one"].future.result()
        workers.give_up(worker)
        events: list[Event] = []
        until(lambda: events.extend(workers.events(0.1)) or len(events) > 1)
        assert events[:2] == [Told(TOKEN), Left(worker, (("first", 1),))]
        assert worker not in workers.here()
