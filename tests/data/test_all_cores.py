"""Work on all cores: in processes of its own, with words for what breaks it off."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from bigdata.data.all_cores import on_all_cores
from bigdata.errors import Cancelled, SiteError

# A process tells of itself in a file of its own; `exec` is one of few functions that every process knows.
TELL = """
import os, threadpoolctl, numpy
from pathlib import Path
threads = [lib["num_threads"] for lib in threadpoolctl.threadpool_info()]
Path({path!r}).write_text(f"{{os.getpid()}} {{max(threads, default=1)}} {{os.environ['OMP_NUM_THREADS']}}")
"""


def ignored(_n_done: int, _n: int) -> None:
    pass


def test_each_is_called_once_in_another_process_with_one_thread(tmp_path: Path) -> None:
    said: list[tuple[int, int]] = []
    on_all_cores(
        [partial(exec, TELL.format(path=str(tmp_path / str(i)))) for i in range(5)], lambda *how: said.append(how)
    )
    assert said == [(i, 5) for i in range(1, 6)]
    told = [file.read_text().split() for file in tmp_path.iterdir()]
    assert len(told) == 5
    assert all(words[1:] == ["1", "1"] and words[0] != str(os.getpid()) for words in told)


def test_the_first_error_ends_it() -> None:
    with pytest.raises(ZeroDivisionError):
        on_all_cores([partial(exec, "1 / 0")], ignored)


def interrupted(_n_done: int, _n: int) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("todo", "progress", "error", "said"),
    [
        (partial(signal.raise_signal, signal.SIGKILL), ignored, SiteError, "was killed, most likely for its memory"),
        (partial(os.getpid), interrupted, Cancelled, "cancelled; what is made stays in the cache"),
    ],
    ids=["a killed process", "Ctrl-C"],
)
def test_what_breaks_it_off_is_said(
    todo: Callable[[], None], progress: Callable[[int, int], None], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        on_all_cores([todo] * 3, progress)
