"""Workers and their nannies listen on the network and at the ports that the site's file says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, Scheduler, SpecCluster

from bigdata.engine.dask_options import own_dask_configuration
from bigdata.jobs.certificates import certificates, security
from bigdata.jobs.worker import Work
from bigdata.store.folder import RunFolder


def work(scheduler: str, place: Path, **more: Any) -> list[str]:
    """The command of a job of two workers."""
    known = {"name": "cpu-1", "lane": "cpu", "n": 2, "memory": 2**29, "threads": 1, "certificates": str(place)}
    return [sys.executable, "-P", "-m", "bigdata.jobs.worker", Work(scheduler, **known, **more).as_text()]


def port(address: str) -> int:
    return int(address.rpartition(":")[2])


def test_they_take_ports_of_their_ranges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGDATA_CACHE", str(tmp_path / "cache"))
    with own_dask_configuration(), certificates(RunFolder(tmp_path / "run")) as place:
        own = security(place)
        options = {"protocol": "tls://", "security": own, "port": 0, "interface": "lo", "dashboard_address": ":0"}
        with (
            SpecCluster(scheduler={"cls": Scheduler, "options": options}, security=own, silence_logs=50) as cluster,
            Client(cluster, security=own) as client,
        ):
            ranges = {"interface": "lo", "worker_ports": "24200-24299", "nanny_ports": "24300-24399"}
            job = subprocess.Popen(work(cluster.scheduler_address, place, **ranges))
            try:
                client.wait_for_workers(2, timeout=60)
                workers = client.scheduler_info(n_workers=-1)["workers"]
            finally:
                job.terminate()
                job.wait(30)
    assert {address.rpartition(":")[0] for address in workers} == {"tls://127.0.0.1"}
    own_ports = {port(address) for address in workers}
    nannies = {port(worker["nanny"]) for worker in workers.values()}
    assert (len(own_ports), len(nannies)) == (2, 2)
    assert own_ports <= set(range(24200, 24300))
    assert nannies <= set(range(24300, 24400))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"interface": "ib99"}, "has no network interface `ib99` with an IPv4 address. It has `lo`"),
        ({"worker_ports": "24400"}, "`ports.workers:` of the site's file allows 24400, and "),
    ],
    ids=["an interface that isn't there", "fewer ports than workers"],
)
def test_what_a_node_has_not_is_one_sentence(more: dict[str, Any], said: str, tmp_path: Path) -> None:
    done = subprocess.run(
        work("tls://127.0.0.1:1", tmp_path, **more), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
