"""What Dask does by default, or a user makes it do, and a run must not suffer from (each trap was met in practice)."""

from __future__ import annotations

import json

import dask.config
import psutil

from bigdata.engine.controller import Controller
from bigdata.engine.dask_options import own_dask_configuration
from bigdata.engine.handing import BATCHES_PER_WORKER
from bigdata.engine.hands import Worker
from bigdata.engine.local import local_pools
from bigdata.engine.observer import Silent
from bigdata.engine.pace import MOST_IN_BATCH, Pace
from bigdata.kind.order import Order
from bigdata.run.preparation import prepare
from bigdata.store.journal import read_history
from bigdata.store.lock import Lock
from tests.bench import Bench, Running, chunks, events, told, until

HOSTILE = {
    "distributed": {
        "scheduler": {
            "allowed-failures": 0,
            "worker-saturation": 0.1,
            "default-task-durations": {},
            "preload": ["hostile"],
            "locks": {"lease-timeout": "1ms"},
        },
        "worker": {
            "memory": {"target": 0.001, "spill": 0.001, "pause": 0.001, "terminate": 0.001},
            "resources": {"cpu": 0.5},
            "preload": ["hostile"],
            "lifetime": {"duration": "1s"},
            "daemon": False,
        },
        "nanny": {
            "preload": ["hostile"],
            "environ": {"OMP_NUM_THREADS": "7"},
            "pre-spawn-environ": {"OMP_NUM_THREADS": "7"},
        },
        "dashboard": {"link": "http://0.0.0.0:8787"},
        "comm": {"timeouts": {"connect": "1ms", "tcp": "1ms"}, "require-encryption": True},
    },
    "scheduler-address": "tcp://127.0.0.1:1",
    "temporary-directory": "/nowhere",
}
VARIABLES = {
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
    "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "0.001",
    "DASK_DISTRIBUTED__WORKER__PRELOAD": '["hostile"]',
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1ms",
    "DASK_SCHEDULER_ADDRESS": "tcp://127.0.0.1:1",
    "DASK_TEMPORARY_DIRECTORY": "/nowhere",
}


def test_a_users_own_dask_configuration_does_not_change_a_run(bench: Bench) -> None:
    config = bench.folder / "home/.config/dask"
    config.mkdir(parents=True)
    (config / "mine.yaml").write_text(json.dumps(HOSTILE))
    (bench.folder / "elsewhere").mkdir()
    (bench.folder / "elsewhere/more.yaml").write_text(json.dumps(HOSTILE))
    (bench.folder / "trouble").touch()
    spec = bench.trial(tasks=20, talk=True, seconds=0.1)
    done = bench.program(
        "submit", spec, HOME=str(config.parents[1]), DASK_CONFIG=str(bench.folder / "elsewhere"), **VARIABLES
    )
    assert done.returncode == 0, done.stderr
    results = [told(record) for record in events(bench.run_folder().path, "done")]
    assert all((r["pools"], r["threads"]) == (["cpu"], ["1", "1", "1"]) for r in results)


def test_the_users_configuration_is_theirs_again_after_a_run() -> None:
    with dask.config.set({"distributed.scheduler.allowed-failures": 5, "mine": {"own": 1}}):
        with own_dask_configuration():
            assert dask.config.get("distributed.scheduler.allowed-failures") == 1_000
            assert dask.config.get("mine", None) is None
        assert dask.config.get("distributed.scheduler.allowed-failures") == 5
        assert dask.config.get("mine.own") == 1


def listening(running: Running) -> set[tuple[str, int]]:
    found = set()
    for process in running.family():
        try:
            connections = process.net_connections("inet")
        except psutil.Error:
            continue
        found |= {(c.laddr.ip, c.laddr.port) for c in connections if c.status == psutil.CONN_LISTEN}
    return found


def test_nothing_listens_beyond_this_machine_or_at_the_dashboards_usual_port(bench: Bench) -> None:
    running = bench.start("submit", bench.trial(tasks=10, seconds=0.5))
    until(lambda: list(bench.folder.glob("runs/*/running/*")))
    found = listening(running)
    assert found
    assert {ip for ip, _ in found} <= {"127.0.0.1", "::1"}
    assert 8787 not in {port for _, port in found}
    assert running.wait() == 0


def test_tasks_that_shared_a_dying_worker_are_not_given_up(bench: Bench) -> None:
    """Dask counts a death against every task assigned to the worker, not only against the one that ran."""
    (bench.folder / "trouble").touch()
    running = bench.start("submit", bench.trial(tasks=24, seconds=0.3, trace=str(bench.folder / "trace")))
    for n in (1, 4, 7, 10, 13):
        until(
            lambda n=n: (bench.folder / "trace").exists() and len((bench.folder / "trace").read_text().splitlines()) > n
        )
        pid = int((bench.folder / "trace").read_text().split()[-1])
        if psutil.pid_exists(pid) and pid in [p.pid for p in running.family()]:
            psutil.Process(pid).kill()
    assert running.wait() == 0, running.err.read_text()
    assert len(events(bench.run_folder().path, "done")) == 25


def test_a_bounded_number_of_tasks_is_handed_out_at_once(bench: Bench) -> None:
    plan = bench.plan(bench.trial(tasks=1500, write=False))
    plan.folder.path.mkdir(parents=True)
    past, most = read_history(plan.folder.journal), []
    journal, _ = prepare(plan, past)

    def watched(worker: Worker, tasks: list[Order]) -> None:
        hand(worker, tasks)
        most.append((len(tasks), sum(len(w.batches) for w in workers.here())))

    with Lock(plan.folder.lock) as lock, local_pools(plan, Silent()) as pools:
        workers = pools.workers
        hand, workers.hand = workers.hand, watched  # type: ignore[method-assign, assignment]
        outcome = Controller(plan, past, journal, lock, Silent()).run(pools)
    assert len(outcome.done) == 1501
    assert max(batches for _, batches in most) == 2 * BATCHES_PER_WORKER
    assert 1 < max(n for n, _ in most) <= MOST_IN_BATCH
    assert most[-2][0] <= 2  # the last tasks of a stage are shared out


def test_a_stage_of_short_tasks_says_nothing_about_the_next(bench: Bench) -> None:
    """Long tasks in the batches of short ones would keep one worker busy and the others idle."""
    pace = Pace(bench.plan(bench.trial()).stages)
    pace.note("first", 0.001)
    assert pace.batch_size("first") == MOST_IN_BATCH
    assert pace.batch_size("last") == 1


def test_a_kind_that_workers_lack_is_named(bench: Bench) -> None:
    """Instead of workers that die over and over."""
    folder = bench.submit(bench.trial()).folder.path
    for words, code in ((("results", folder), 2), (("debug", folder, "first/0"), 2)):
        done = bench.program(*words, PYTHONPATH="")
        assert done.returncode == code
        assert "is the run of a study of the kind `trial`, which isn't installed here" in done.stderr.splitlines()[-1]


def test_text_is_stored_as_text_and_nothing_as_a_pickle(bench: Bench) -> None:
    spec = bench.write("s.yaml", {"study": "similarity", "name": "h", "dataset": {"name": "hbn-dos-gpaw"}})
    run = bench.submit(spec)
    for path in run.store.rglob("zarr.json"):
        data = json.loads(path.read_text())
        if data["node_type"] == "array":
            assert data["data_type"] in ("string", "uint8", "int32", "int64", "float64", "bool")
            assert "pickle" not in path.read_text()
            assert data["dimension_names"]
            assert "units" in data["attributes"]
            assert "crc32c" in json.dumps(data["codecs"])
    assert chunks(run.folder.path)
