"""The ways to run a study leave equal numbers: workers, this process, a Dask graph, a cluster that is there already."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import psutil
import pytest
from distributed import Client, LocalCluster

from bigdata.engine import foreign
from bigdata.errors import PlanRefused, SiteError, TasksFailed
from bigdata.spec.site import load_site
from bigdata.store.reading import Run
from tests.bench import PROGRAM, ROOT, Bench, chunks, events, until

# The cluster of another process: it prints its scheduler's address, and ends with its standard input.
CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers={workers}, threads_per_worker=2, dashboard_address=":0", silence_logs=50) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""
STUDIES: dict[str, dict[str, Any]] = {
    "similarity": {"study": "similarity", "name": "h", "dataset": {"name": "hbn-dos-gpaw"}},
    "a small expansion": {
        "extends": str(ROOT / "specs/cluster-expansion.yaml"),
        "name": "c",
        "features": [1, 2],
        "clusters": {"cutoffs": {"2": "6 angstrom"}, "keep": 8},
    },
    "tasks that return and need rows": {"study": "search", "name": "s", "trials": 9, "epochs": 3},
    "two variants with tasks in common": {
        "study": "trial",
        "name": "t",
        "sweep": {"grid": {"last_seconds": [0.0, 0.01]}},
    },
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a cluster with two workers, of another process."""
    yield from cluster(tmp_path_factory.mktemp("cluster"), workers=2)


def cluster(folder: Path, workers: int, before: str = "", **environment: str) -> Iterator[str]:
    """A cluster, after the shell command `before`."""
    (folder / "cluster.py").write_text(CLUSTER.format(workers=workers))
    command = [sys.executable, "cluster.py"]
    if before:
        command = ["unshare", "--mount", "sh", "-c", f"{before} && exec {shlex.join(command)}"]
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=-1,
        stdout=-1,
        text=True,
        env={**os.environ, **environment},
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.communicate()


@pytest.fixture(scope="module")
def by_workers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Each study, run by workers of this machine."""
    bench = Bench(tmp_path_factory.mktemp("local"))
    return {name: bench.submit(bench.write("s.yaml", study), site="local") for name, study in STUDIES.items()}


def stored(run: Run) -> dict[str, bytes]:
    return chunks(run.folder.path)


@pytest.mark.parametrize("study", STUDIES)
def test_in_this_process(study: str, by_workers: dict[str, Run], bench: Bench) -> None:
    run = bench.submit(bench.write("s.yaml", STUDIES[study]), site="process")
    assert stored(run) == stored(by_workers[study])
    assert run.history.state == "done"


@pytest.mark.parametrize("study", STUDIES)
def test_as_a_graph_by_dask_alone(study: str, by_workers: dict[str, Run], bench: Bench) -> None:
    made = bench.plan(bench.write("s.yaml", STUDIES[study]))
    assert dask.get(made.graph(), "end") == str(made.folder.path.absolute())
    run = Run(made.folder.path)
    assert stored(run) == stored(by_workers[study])
    assert run.history.state == "done"
    assert run.folder.n_files() == made.n_files
    assert bench.plan(bench.write("s.yaml", STUDIES[study])).n_todo == 0


@pytest.mark.parametrize("study", STUDIES)
def test_on_a_cluster_of_another_process(study: str, by_workers: dict[str, Run], bench: Bench, address: str) -> None:
    site = bench.write("there.yaml", {"site": "there", "scheduler": "dask", "address": address, "pools": POOLS})
    run = bench.submit(bench.write("s.yaml", STUDIES[study]), site=load_site(site))
    assert stored(run) == stored(by_workers[study])
    assert run.history.state == "done"


POOLS = {"cpu": {"cores": 2, "memory": "4 GiB", "max_jobs": 2}}


def test_a_graph_on_a_cluster_of_another_process(by_workers: dict[str, Run], bench: Bench, address: str) -> None:
    name = "tasks that return and need rows"
    made = bench.plan(bench.write("s.yaml", STUDIES[name]))
    with Client(address) as client:
        client.get(made.graph(), "end")
    assert stored(Run(made.folder.path)) == stored(by_workers[name])


def test_with_a_client_of_the_users_own(by_workers: dict[str, Run], bench: Bench, address: str) -> None:
    name = "tasks that return and need rows"
    with Client(address) as client:
        run = bench.submit(bench.write("s.yaml", STUDIES[name]), client=client)
        assert client.status == "running"
    assert stored(run) == stored(by_workers[name])


def test_a_graph_that_was_broken_off_is_gone_on_with_by_submit(bench: Bench) -> None:
    spec = bench.trial(tasks=6)
    made = bench.plan(spec)
    graph = made.graph()
    dask.get(graph, ["first/0", "first/4"])
    assert made.folder.records.exists()
    run = bench.submit(spec, site="process")
    first = [r["index"] for r in events(run.folder.path, "done") if r["stage"] == "first"]
    assert (set(first[:2]), first[2:]) == ({0, 4}, [1, 2, 3, 5])
    assert not run.folder.records.exists()
    assert run.folder.n_files() == made.n_files


def test_a_graph_returns_at_once_what_is_done(bench: Bench) -> None:
    trace = bench.folder / "trace"
    spec = bench.trial(tasks=3, trace=str(trace))
    for _ in range(2):
        dask.get(bench.plan(spec).graph(), "end")
    assert len(trace.read_text().splitlines()) == 3


def test_what_fails_in_a_graph_is_data_and_the_rest_is_done(bench: Bench) -> None:
    made = bench.plan(bench.trial(tasks=4, fail=[2]))
    with pytest.raises(TasksFailed, match="1 of 5 tasks failed; 1 more were skipped"):
        dask.get(made.graph(), "end")
    run = Run(made.folder.path)
    assert (run.history.state, len(run.history.done)) == ("failed", 3)
    assert run["failed_task"][...].tolist() == ["first/2"]


def test_a_stage_that_grows_is_no_graph(bench: Bench) -> None:
    spec = bench.write("s.yaml", {"study": "search", "name": "s", "method": "halving"})
    with pytest.raises(PlanRefused, match="stage `trial` grows as results come in, which no graph can say"):
        bench.plan(spec).graph()


def test_a_search_on_a_cluster_of_another_process(bench: Bench, address: str) -> None:
    spec = bench.write("s.yaml", {"study": "search", "name": "s", "method": "evolution", "lag": 4, "trials": 20})
    with Client(address) as client:
        there = bench.submit(spec, client=client)
    here = bench.submit(spec, site="process", fresh=True)
    assert there["rmse"][...].tolist() == here["rmse"][...].tolist()


def test_workers_of_a_cluster_that_die_are_survived(bench: Bench) -> None:
    """Its nannies bring them back, and Dask runs their batches again."""
    spec = bench.trial(tasks=60, seconds=0.05, die=[7], trouble=str(bench.folder / "trouble"))
    (bench.folder / "trouble").touch()
    with dask.config.set({"distributed.scheduler.allowed-failures": 3}):
        there = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50)
    with there, Client(there) as client, pytest.raises(TasksFailed, match="1 of 61 tasks failed"):
        bench.submit(spec, client=client)
    assert len(Run(bench.run_folder().path).history.done) == 59


def test_a_cluster_without_workers_is_waited_for_and_said(bench: Bench, tmp_path: Path) -> None:
    spec, said = bench.trial(tasks=2), []

    class Ear:
        def stage(self, *_: Any) -> None: ...
        def token(self, *_: Any) -> None: ...
        def message(self, text: str) -> None:
            said.append(text)
            if "no workers" in text:
                there.scale(1)

    with LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50) as there, Client(there) as client:
        run = bench.submit(spec, client=client, observer=Ear())
    assert run.history.state == "done"
    assert any("has no workers; the tasks wait for them" in text for text in said)


def test_workers_that_do_not_see_the_folder_are_told_of(bench: Bench, tmp_path_factory: Any) -> None:
    """They find another folder mounted there, as on another machine."""
    if os.getuid() != 0:
        pytest.skip("only root may mount a folder")
    spec = bench.trial()
    (runs := bench.folder / "runs").mkdir()
    for where in cluster(tmp_path_factory.mktemp("hidden"), 1, before=f"mount -t tmpfs none {runs}"):
        site = bench.write("there.yaml", {"site": "there", "scheduler": "dask", "address": where, "pools": POOLS})
        with pytest.raises(SiteError, match="doesn't see the run's folder"):
            bench.submit(spec, site=load_site(site))


def test_workers_with_another_version_are_told_of(bench: Bench, tmp_path: Path) -> None:
    copy = tmp_path / "other/bigdata"
    shutil.copytree(ROOT / "bigdata", copy)
    (copy / "units.py").write_text((copy / "units.py").read_text() + "\n# another working copy\n")
    path = os.pathsep.join([str(copy.parent), os.environ["PYTHONPATH"]])
    for where in cluster(tmp_path, 1, PYTHONPATH=path):
        site = bench.write("there.yaml", {"site": "there", "scheduler": "dask", "address": where, "pools": POOLS})
        with pytest.raises(SiteError, match=r"Python finds other packages than here: bigdata's code is \w+ there"):
            bench.submit(bench.trial(), site=load_site(site))


def test_an_address_where_nobody_is_is_told_of(bench: Bench) -> None:
    site = {"site": "there", "scheduler": "dask", "address": "tcp://127.0.0.1:1", "pools": POOLS}
    done = bench.bigdata("submit", bench.trial(), "--site", bench.write("there.yaml", site))
    assert done.returncode == 4
    assert "the Dask scheduler at tcp://127.0.0.1:1 doesn't answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_cluster_whose_last_batch_raises_is_told_of(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a worker's Dask or bigdata is another one: nothing is under way then, and the run isn't done."""

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("unlike here")

    monkeypatch.setattr(foreign, "execute_batch", broken)
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as client,
        pytest.raises(SiteError, match=r"can't run what this bigdata asks for \(RuntimeError: unlike here\)"),
    ):
        bench.submit(bench.trial(tasks=1), client=client)


def test_a_scheduler_that_goes_is_told_of_and_the_run_goes_on_elsewhere(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "cluster.py").write_text(CLUSTER.format(workers=1))
    command = [sys.executable, "cluster.py"]
    there = subprocess.Popen(command, cwd=tmp_path, stdin=-1, stdout=-1, text=True, stderr=subprocess.DEVNULL)
    assert there.stdout is not None
    site = {"site": "there", "scheduler": "dask", "address": there.stdout.readline().strip(), "pools": POOLS}
    spec = bench.trial(tasks=60, seconds=0.2)
    running = bench.start("submit", spec, "--site", bench.write("there.yaml", site))
    until(lambda: (bench.folder / "runs").exists() and len(events(bench.run_folder().path, "done")) > 2)
    family = [psutil.Process(there.pid), *psutil.Process(there.pid).children(recursive=True)]
    for process in family:
        process.kill()
    there.wait()
    assert running.wait() == 4, running.err.read_text()
    said = running.err.read_text()
    assert "Traceback" not in said
    assert "the Dask scheduler" in said.splitlines()[-1]
    assert bench.bigdata("submit", spec, "--site", "process").returncode == 0


def test_a_task_that_ends_its_process_does_not_end_the_run(bench: Bench) -> None:
    done = bench.bigdata("submit", bench.trial(tasks=3, quit=[1]), "--site", "process")
    assert done.returncode == 5
    assert "first/1: the task ended its process: sys.exit(3)" in done.stderr


def test_in_this_process_no_cluster_is_started(bench: Bench) -> None:
    code = f"""
import sys, atexit
atexit.register(lambda: print(*sys.modules))
{PROGRAM[-1]}
"""
    words = [sys.executable, "-c", code, "submit", str(bench.trial()), "--site", "process"]
    done = subprocess.run(words, cwd=bench.folder, env=bench.environment(), capture_output=True, text=True, check=True)
    assert done.stderr.count("report:") == 1
    assert not {"distributed.nanny", "distributed.deploy.spec"} & set(done.stdout.split())
    assert json.loads(bench.run_folder().resolved.read_text())["study"]["name"] == "t"
