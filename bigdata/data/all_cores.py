"""Work on all cores of this machine, in processes of its own, that leaves its results in the cache."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from bigdata.errors import Cancelled, SiteError
from bigdata.machine import n_cores
from bigdata.main_module import require_guard
from bigdata.threads import thread_environment

Progress = Callable[[int, int], None]


def on_all_cores(todo: Sequence[Callable[[], None]], progress: Progress) -> None:
    """Call all of these, each in some process; `progress(n_done, n)` after each. The first error ends it.

    Raises Cancelled on Ctrl-C, SiteError where a process is killed, or in a script without a guard.
    """
    n = min(len(todo), n_cores())
    with _processes(n) as pool:
        _await(_handed(pool, todo), progress)


@contextmanager
def _processes(n: int) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes, since a fork of one with threads may hang; none outlives the block."""
    require_guard()
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(n, multiprocessing.get_context("spawn"), _begin)
    try:
        yield pool
    except KeyboardInterrupt:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise Cancelled("cancelled; what is made stays in the cache. The same command goes on from there.") from None
    except BrokenProcessPool:
        raise SiteError(
            "a process that worked on the data was killed, most likely for its memory. What is made stays in the "
            "cache: the same command goes on from there. With fewer cores (`taskset -c 0 …`) it takes less memory."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """In a process of the pool: it takes one core, and ends with its parent, however that ends."""
    from threadpoolctl import threadpool_limits

    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Matrix products run on all cores by themselves: n processes of n threads each would stand in each other's way.
    os.environ.update(thread_environment(1))  # for libraries that are yet to be loaded
    threadpool_limits(1)


def _end_with_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        # sys.exit would end this thread only, and leave the process to its work.
        os._exit(1)


def _handed(pool: ProcessPoolExecutor, todo: Sequence[Callable[[], None]]) -> list[Future[None]]:
    """All in the pool's hands. Its processes begin here, and inherit that Ctrl-C is for their parent alone."""
    # Python lets only the main thread say what a signal does.
    if threading.current_thread() is not threading.main_thread():
        return [pool.submit(one) for one in todo]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return [pool.submit(one) for one in todo]
    finally:
        signal.signal(signal.SIGINT, before)


def _await(futures: list[Future[None]], progress: Progress) -> None:
    for n_done, future in enumerate(as_completed(futures), 1):
        future.result()
        progress(n_done, len(futures))
