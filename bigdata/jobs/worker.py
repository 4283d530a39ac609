"""The program in a pool's job: starts the job's workers, and ends when they have ended.

python -m bigdata.jobs.worker '{"scheduler": "tls://…", "name": "cpu-3", "lane": "cpu", …}'
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import dask
import psutil
from distributed import Nanny, rpc
from distributed.security import Security

from bigdata.engine.dask_options import own_dask_configuration
from bigdata.engine.network import address_of, free_ports
from bigdata.engine.node_folder import NodeFolder
from bigdata.errors import SiteError
from bigdata.jobs.certificates import security
from bigdata.programs import guard
from bigdata.spec.ports import ports
from bigdata.threads import GPUS, MORE_MEMORY, thread_environment

# A worker that can't reach the scheduler gives up; its job ends, and another one is started.
DEATH_SECONDS = 60
# Workers don't come back to a scheduler that was started anew: a job whose scheduler is gone ends, and soon.
LOOK_SECONDS = 5.0
SILENT_LOOKS = 6
# What a program that a task runs may take to end when its job does: the batch system kills everything soon, some after
# two seconds.
PROGRAM_SECONDS = 1.0
KILL_SECONDS = 5.0
# What workers write into the job's log. Not Dask's comparison of versions, which the controller does itself; and at the
# end of each worker its nanny may say, with a traceback, that it "died unexpectedly".
LOGGED = {"distributed": "error", "distributed.nanny": "critical"}


@dataclass(frozen=True)
class Work:
    """What a job is told: where the scheduler is, and its workers: how many, their lane, the memory (bytes) and
    threads of each. Worker i is named `name:i`. `gpus` are those that the job asked for; other jobs have `more_memory`
    for each task; interface and ports are as in the site's file.
    """

    scheduler: str
    name: str
    lane: str
    n: int
    memory: int
    threads: int
    certificates: str
    gpus: int | None = None
    more_memory: bool | None = None
    interface: str | None = None
    worker_ports: str | None = None
    nanny_ports: str | None = None

    def as_text(self) -> str:
        return json.dumps({name: value for name, value in asdict(self).items() if value is not None})

    def look_at_network(self) -> None:
        """SiteError where this node doesn't have what the site's file says."""
        host = address_of(self.interface, "interface") if self.interface else ""
        for field, text in (("workers", self.worker_ports), ("nannies", self.nanny_ports)):
            if text is not None:
                free_ports(ports(text), self.n, f"ports.{field}", host)


async def work(orders: Work, scratch: str) -> None:
    """Start the workers, whose own files are in `scratch`, and wait until they have ended, or the scheduler has."""
    own = security(Path(orders.certificates))
    nannies = _nannies(orders, scratch, own)
    await asyncio.gather(*nannies)
    ended = asyncio.ensure_future(_all_ended(nannies))
    alone = asyncio.ensure_future(_scheduler_is_gone(orders.scheduler, own))
    await asyncio.wait([ended, alone], return_when=asyncio.FIRST_COMPLETED)


def _nannies(orders: Work, scratch: str, own: Security) -> list[Nanny]:
    return [
        Nanny(
            orders.scheduler,
            name=f"{orders.name}:{i}",
            nthreads=1,
            memory_limit=orders.memory,
            resources={orders.lane: 1},
            local_directory=scratch,
            security=own,
            interface=orders.interface,
            port=_for_dask(orders.nanny_ports),
            worker_port=_for_dask(orders.worker_ports),
            death_timeout=DEATH_SECONDS,
            dashboard=False,
            dashboard_address="127.0.0.1:0",
        )
        for i in range(orders.n)
    ]


def _for_dask(text: str | None) -> str | int:
    """Ports as Dask tries them, one after the other: by then another job of the node may have taken some."""
    return 0 if text is None else text.replace("-", ":")


async def _all_ended(nannies: list[Nanny]) -> None:
    await asyncio.gather(*(nanny.finished() for nanny in nannies))


async def _scheduler_is_gone(address: str, own: Security) -> None:
    silent = 0
    while silent < SILENT_LOOKS:
        await asyncio.sleep(LOOK_SECONDS)
        silent += 1
        with suppress(OSError, asyncio.TimeoutError):
            async with rpc(address, connection_args=own.get_connection_args("worker")) as scheduler:
                await asyncio.wait_for(scheduler.identity(), LOOK_SECONDS)
            silent = 0


def end_family(folder: NodeFolder) -> None:
    """End this process and all that it started, without ceremony: their tasks begin elsewhere.

    The guards of programs see their workers die, and end these in order; those that don't within a moment, at once.
    Python's own tracker goes last: it would complain that semaphores are left, which are removed here.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _kill(lambda process: not _is_of(process, "resource_tracker") and not _has_guard(process))
    if _wait_for_guards(PROGRAM_SECONDS):
        for process in _guards():
            with suppress(psutil.Error):
                process.send_signal(guard.END_AT_ONCE)
        _wait_for_guards(PROGRAM_SECONDS)
    # Orphans come to this process, a subreaper: each round finds what the last one left.
    end = time.monotonic() + KILL_SECONDS
    while _kill(lambda _: True) and time.monotonic() < end:
        time.sleep(0.02)
    # `os._exit` leaves what a `with` would take away.
    folder.remove()
    os._exit(0)


def _living() -> list[psutil.Process]:
    return [p for p in psutil.Process().children(recursive=True) if _is_alive(p)]


def _is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def _kill(doomed: Callable[[psutil.Process], bool]) -> int:
    """SIGKILL to those; how many there were."""
    found = [process for process in _living() if doomed(process)]
    for process in found:
        with suppress(psutil.Error):
            process.kill()
    return len(found)


def _is_of(process: psutil.Process, word: str) -> bool:
    with suppress(psutil.Error):
        return any(word in part for part in process.cmdline())
    return False


def _guards() -> list[psutil.Process]:
    return [process for process in _living() if _is_of(process, guard.__file__)]


def _has_guard(process: psutil.Process) -> bool:
    """Whether it is a guard, or somebody watched over by one."""
    with suppress(psutil.Error):
        return any(_is_of(one, guard.__file__) for one in (process, *process.parents()))
    return False


def _wait_for_guards(seconds: float) -> bool:
    """Wait until no guard is left; whether there still are some after that time."""
    end = time.monotonic() + seconds
    while left := bool(_guards()):
        if time.monotonic() > end:
            break
        time.sleep(0.02)
    return left


def _environment(orders: Work) -> dict[str, str]:
    """What the workers' tasks and libraries find."""
    return {
        **thread_environment(orders.threads),
        GPUS: str(orders.gpus or 0),
        MORE_MEMORY: str(int(orders.more_memory or 0)),
        "DASK_LOGGING": str(LOGGED),
    }


def main() -> None:
    orders = Work(**json.loads(sys.argv[1]))
    sys.stdout.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {orders.name} on {os.uname().nodename}\n")
    sys.stdout.flush()
    try:
        orders.look_at_network()
    except SiteError as error:
        sys.exit(str(error))
    guard.become_subreaper()
    folder = NodeFolder()
    signal.signal(signal.SIGTERM, lambda *_: end_family(folder))
    logging.getLogger("distributed").setLevel(logging.WARNING)
    with own_dask_configuration():
        environ = dask.config.get("distributed.nanny.pre-spawn-environ") | _environment(orders)
        with dask.config.set({"distributed.nanny.pre-spawn-environ": environ}):
            asyncio.run(work(orders, str(folder.path)))
    end_family(folder)


if __name__ == "__main__":
    main()
