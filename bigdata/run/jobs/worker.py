"""The program in a pool's job: starts the job's workers, and ends when they have ended.

python -m bigdata.run.jobs.worker '{"scheduler": "tls://…", "name": "cpu-3", "lane": "cpu", …}'
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import dask
import psutil
from distributed import Nanny, rpc
from distributed.security import Security

from bigdata.run.dask_options import own_dask_configuration
from bigdata.run.jobs.certificates import security
from bigdata.run.threads import thread_environment

# A worker that can't reach the scheduler gives up; its job ends, and another one is started.
DEATH_SECONDS = 60
# Workers don't come back to a scheduler that was started anew: a job whose scheduler is gone ends, and soon.
LOOK_SECONDS = 5.0
SILENT_LOOKS = 6
# What workers write into the job's log. Not Dask's comparison of versions, which the controller does itself; and at the
# end of each worker its nanny may say, with a traceback, that it "died unexpectedly".
LOGGED = {"distributed": "error", "distributed.nanny": "critical"}


@dataclass(frozen=True)
class Work:
    """What a job is told: where the scheduler is, and its workers: how many, their lane, the memory (bytes) and
    threads of each. Worker i is named `name:i`.
    """

    scheduler: str
    name: str
    lane: str
    n: int
    memory: int
    threads: int
    certificates: str
    interface: str | None = None

    def as_text(self) -> str:
        return json.dumps(asdict(self))


async def work(orders: Work) -> None:
    """Start the workers and wait until they have ended, or the scheduler has."""
    own = security(Path(orders.certificates))
    # At the end of its walltime a job is killed: what is under the batch system's own folder goes with it.
    with tempfile.TemporaryDirectory(prefix="bigdata-") as scratch:
        nannies = [
            Nanny(
                orders.scheduler,
                name=f"{orders.name}:{i}",
                nthreads=1,
                memory_limit=orders.memory,
                resources={orders.lane: 1},
                local_directory=scratch,
                security=own,
                interface=orders.interface,
                death_timeout=DEATH_SECONDS,
                dashboard=False,
                dashboard_address="127.0.0.1:0",
            )
            for i in range(orders.n)
        ]
        await asyncio.gather(*nannies)
        ended = asyncio.ensure_future(_all_ended(nannies))
        alone = asyncio.ensure_future(_scheduler_is_gone(orders.scheduler, own))
        await asyncio.wait([ended, alone], return_when=asyncio.FIRST_COMPLETED)


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


def end_family() -> None:
    """End this process and the workers that it started, without ceremony: their tasks begin elsewhere.

    Python's own tracker goes by itself once they are gone, and takes their semaphores away.
    """
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if not any("resource_tracker" in word for word in process.cmdline()):
                process.kill()
    os._exit(0)


def main() -> None:
    orders = Work(**json.loads(sys.argv[1]))
    sys.stdout.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {orders.name} on {os.uname().nodename}\n")
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, lambda *_: end_family())
    logging.getLogger("distributed").setLevel(logging.WARNING)
    with own_dask_configuration():
        own = {**thread_environment(orders.threads), "DASK_LOGGING": str(LOGGED)}
        environ = dask.config.get("distributed.nanny.pre-spawn-environ") | own
        with dask.config.set({"distributed.nanny.pre-spawn-environ": environ}):
            asyncio.run(work(orders))
    end_family()


if __name__ == "__main__":
    main()
