"""Deriving data on all cores of this machine: blocks go to Dask workers, whoever asked puts the parts together."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
from distributed import Client, SpecCluster, as_completed

from bigdata.data.derived import Derivation, make_block
from bigdata.engine.dask_options import own_dask_configuration
from bigdata.engine.local import interrupts_held_back, local_scheduler, worker_options

Progress = Callable[[int, int], None]


def on_all_cores(progress: Progress) -> Callable[[list[tuple[Derivation, int]]], Iterator[int]]:
    """A runner for `made`: one worker a core, blocks in a bounded window; `progress(n_done, n)` after each block."""

    def run(todo: list[tuple[Derivation, int]]) -> Iterator[int]:
        n = min(len(todo), len(os.sched_getaffinity(0)))
        with ExitStack() as stack:
            stack.enter_context(own_dask_configuration())
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="bigdata-"))
            memory = int(psutil.virtual_memory().total // n)
            workers = {i: worker_options("cpu", memory, str(Path(scratch))) for i in range(n)}
            with interrupts_held_back():
                cluster = stack.enter_context(
                    SpecCluster(workers=workers, scheduler=local_scheduler(), silence_logs=50)
                )
                client = stack.enter_context(Client(cluster))
            # A few for each worker: that none waits, and that Dask doesn't hold a million futures.
            yield from _blocks(client, todo, 3 * n, progress)

    return run


def _blocks(client: Client, todo: list[tuple[Derivation, int]], window: int, progress: Progress) -> Iterator[int]:
    """Hand out blocks, `window` at a time; the first error ends it all, and the parts made stay."""
    waiting = iter(todo)
    started = [client.submit(make_block, *next(waiting), pure=False) for _ in range(min(window, len(todo)))]
    ended = as_completed(started)
    for n_done, future in enumerate(ended, 1):
        block: int = future.result()
        for more in waiting:
            ended.add(client.submit(make_block, *more, pure=False))
            break
        progress(n_done, len(todo))
        yield block
