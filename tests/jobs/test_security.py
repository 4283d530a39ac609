"""Nobody else gets in: all that a run's scheduler and workers listen at, tried from outside, and what lies around."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from distributed.comm import connect
from distributed.security import Security

from bigdata.jobs.certificates import CERTIFICATE, KEY, certificates, security
from bigdata.places import cache_folder
from bigdata.store.folder import RunFolder
from tests.bench import Bench, Running, all_gone, until
from tests.jobs.conftest import Far, on_cluster
from tests.slurm.cluster import Slurm


@pytest.fixture(scope="module")
def far(slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    """One for all tests of this module, which only look at its run; the last of them ends it."""
    yield from on_cluster(Bench(tmp_path_factory.mktemp("far")), slurm)


@pytest.fixture(scope="module")
def running(far: Far) -> Iterator[Running]:
    """A run whose workers work."""
    os.environ["MP_API_KEY"] = "hunter2"
    before = os.umask(0o007)
    try:
        started = far.start(far.site(), tasks=1200, seconds=0.1)
    finally:
        os.umask(before)
        del os.environ["MP_API_KEY"]
    far.wait_for(5, started)
    yield started
    if started.process.poll() is None:
        family = started.family()
        started.process.terminate()
        started.wait()
        until(lambda: all_gone(family))


def programs() -> list[psutil.Process]:
    """The workers' programs in the jobs of this cluster."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        command, environment = process.info["cmdline"] or [], process.info["environ"] or {}
        if "bigdata.jobs.worker" in command and environment.get("SLURM_CONF") == os.environ["SLURM_CONF"]:
            found.append(process)
    return found


def orders() -> list[dict[str, object]]:
    """What they were told."""
    return [json.loads(p.info["cmdline"][-1]) for p in programs()]


def listening(processes: list[psutil.Process]) -> set[tuple[str, int]]:
    found = set()
    for process in processes:
        try:
            connections = process.net_connections("inet")
        except psutil.Error:
            continue
        found |= {(c.laddr.ip, c.laddr.port) for c in connections if c.status == psutil.CONN_LISTEN}
    return found


async def ask(address: str, own: Security | None) -> dict[str, Any]:
    """Connect to a scheduler as a client does, and ask who it is."""
    connection = await connect(address, timeout=5, **(own.get_connection_args("client") if own else {}))
    try:
        await connection.write({"op": "identity", "reply": True})
        said: dict[str, Any] = await asyncio.wait_for(connection.read(), 5)
        return said
    finally:
        connection.abort()


def test_a_client_without_the_runs_certificate_is_refused(far: Far, running: Running) -> None:
    (address,) = {str(o["scheduler"]) for o in orders()}
    assert address.startswith("tls://")
    for stranger in (None, Security.temporary(), Security()):
        with pytest.raises((OSError, TypeError, RuntimeError, ValueError)):
            asyncio.run(ask(address, stranger))
    with pytest.raises((OSError, TypeError, RuntimeError, ValueError)):
        asyncio.run(ask(address.replace("tls://", "tcp://"), None))
    # The right one gets in: it isn't that nobody could.
    (place,) = {str(o["certificates"]) for o in orders()}
    assert asyncio.run(ask(address, security(Path(place))))["type"] == "Scheduler"


def talk_without_a_certificate(port: int) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((socket.gethostname(), port), 5) as plain, context.wrap_socket(plain) as talk:
        talk.sendall(b"hello")
        if not talk.recv(100):
            raise ConnectionError("closed without a word")


def test_all_that_is_open_to_other_machines_wants_a_certificate(far: Far, running: Running) -> None:
    jobs = programs()
    families = [*running.family(), *jobs, *(child for job in jobs for child in job.children(recursive=True))]
    found = listening(families)
    open_to_all = {port for ip, port in found if ip not in ("127.0.0.1", "::1")}
    assert len(open_to_all) >= 5, "the scheduler, and a supervisor and a worker for each of four"
    assert 8787 not in {port for _, port in found}
    for port in open_to_all:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            talk_without_a_certificate(port)


def test_keys_are_the_owners_alone_and_lie_outside_of_the_run(far: Far, running: Running) -> None:
    (place,) = {Path(str(o["certificates"])) for o in orders()}
    run = far.bench.run_folder()
    assert not place.is_relative_to(run.path.absolute())
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert {stat.S_IMODE(f.stat().st_mode) for f in place.iterdir()} == {0o600}
    files = [f for f in run.path.rglob("*") if f.is_file()]
    scripts = far.slurm.command("scontrol", "write", "batch_script", far.jobs()[0], "-")
    for secret in (b"PRIVATE KEY", b"hunter2"):
        assert not [f for f in files if f.exists() and secret in f.read_bytes()]
        assert secret.decode() not in scripts
    # The user's umask decides who else may look at the run, and change it.
    modes = {stat.S_IMODE(f.stat().st_mode) for f in files if f.exists()}
    assert modes == {0o660}
    assert {stat.S_IMODE(f.stat().st_mode) for f in run.path.rglob("*") if f.is_dir()} == {0o770}
    running.process.terminate()
    running.wait()
    assert not place.exists()


def test_certificates_of_two_runs_differ(tmp_path: Path) -> None:
    with certificates(RunFolder(tmp_path / "a")) as one, certificates(RunFolder(tmp_path / "b")) as other:
        assert one != other
        for name in (CERTIFICATE, KEY):
            assert (one / name).read_text() != (other / name).read_text()
    assert not one.exists()
    assert not other.exists()


def test_certificates_of_a_killed_process_are_removed_by_the_next(tmp_path: Path) -> None:
    dead = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True).stdout.strip()
    places = cache_folder() / "tls"
    left, elsewhere = places / f"t-1a-{socket.gethostname()}-{dead}", places / f"t-1a-other.node-{dead}"
    for place in (left, elsewhere):
        place.mkdir(parents=True)
    with certificates(RunFolder(tmp_path / "a")):
        assert not left.exists()
        assert elsewhere.exists()
    elsewhere.rmdir()
