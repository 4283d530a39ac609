"""The `bigdata` program called in this process: one of its own takes 0.4 to 1.5 CPU s to start.

Its arguments, folder and environment are its own, and all output is caught, also that of processes that it starts.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from unittest.mock import patch

from bigdata.cli.main import main


def call(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What the program would have printed, and its exit code."""
    with TemporaryFile("w+") as out, TemporaryFile("w+") as err:
        with ExitStack() as around:
            for own in (
                _output("stdout", out),
                _output("stderr", err),
                chdir(folder),
                patch.dict(os.environ, environment, clear=True),
                patch.object(sys, "argv", ["bigdata", *words]),
                _warnings_as_outside_of_tests(),
                _loggers(),
            ):
                around.enter_context(own)
            code = _exit_code()
        return subprocess.CompletedProcess(words, code, _all_of(out), _all_of(err))


def _exit_code() -> int:
    """As the interpreter would make it of how `main` ended."""
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    except Exception:
        traceback.print_exc()
        return 1
    return 0


@contextmanager
def _output(name: str, file: IO[str]) -> Iterator[None]:
    """Let a stream's descriptor lead to a file: what C code and other processes write goes that way."""
    number = {"stdout": 1, "stderr": 2}[name]
    before = os.dup(number)
    os.dup2(file.fileno(), number)
    try:
        with open(number, "w", closefd=False, buffering=1) as stream, patch.object(sys, name, stream):
            yield
    finally:
        os.dup2(before, number)
        os.close(before)


def _all_of(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


@contextmanager
def _warnings_as_outside_of_tests() -> Iterator[None]:
    """On stderr, but for those that Python keeps to itself; pytest would keep all of them."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda *said: sys.stderr.write(warnings.formatwarning(*said[:4]))
        warnings.simplefilter("default")
        for hidden in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", hidden)
        yield


@contextmanager
def _loggers() -> Iterator[None]:
    """A program that ends takes what listens to its loggers with it."""
    ours, others = logging.getLogger("bigdata"), logging.getLogger("asyncio")
    before = ours.level, ours.handlers[:], others.level
    try:
        yield
    finally:
        ours.setLevel(before[0])
        ours.handlers[:] = before[1]
        others.setLevel(before[2])
