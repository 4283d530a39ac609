"""What the suite costs: seconds and CPU seconds of each folder of tests, printed at the end.

CPU seconds are those of pytest's processes and of the children they have waited for. A detached controller or a Slurm
job has another parent and isn't counted.
"""

from __future__ import annotations

import resource
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import pytest


def cpu_seconds() -> float:
    """CPU seconds of this process so far, and of its children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


class Meter:
    """In the process that runs tests: each phase of a test (setup, call, teardown) reports what it used."""

    def __init__(self) -> None:
        self.before = cpu_seconds()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Iterator[Any]:
        report = yield
        now = cpu_seconds()
        report.user_properties.append((f"cpu_{report.when}", now - self.before))
        self.before = now
        return report


@dataclass
class Cost:
    """What the tests of one folder have used."""

    n_tests: int = 0
    seconds: float = 0.0
    cpu: float = 0.0

    def add(self, report: pytest.TestReport) -> None:
        self.n_tests += report.when == "call"
        self.seconds += report.duration
        self.cpu += dict(report.user_properties).get(f"cpu_{report.when}", 0.0)

    def line(self, name: str) -> str:
        return f"{name:<40}{self.n_tests:>8}{self.seconds:>10.1f}{self.cpu:>10.1f}"


class Bill:
    """In the process that prints: the sums by folder, all of them at the end."""

    def __init__(self) -> None:
        self.by_folder: dict[str, Cost] = defaultdict(Cost)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        folder = str(PurePath(report.nodeid.split("::")[0]).parent)
        for name in (folder, "all"):
            self.by_folder[name].add(report)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.write_line(f"{'folder':<40}{'tests':>8}{'s':>10}{'CPU s':>10}")
        for name, cost in sorted(self.by_folder.items(), key=lambda item: item[1].cpu):
            terminalreporter.write_line(cost.line(name))
