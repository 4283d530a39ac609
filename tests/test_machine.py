"""What a process may use of its machine, by control groups of both versions."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bigdata.machine import GROUPS, memory, n_cores
from bigdata.spec.site import load_site
from tests.bench import ROOT

GIB = 2**30
MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
BOUND = len(os.sched_getaffinity(0))

# What the files of control groups say, which groups the process is in, and the cores and GiB that it has.
CASES: dict[str, tuple[dict[str, str], str, float, float]] = {
    "a container of version 2": ({"cpu.max": "100000 100000\n", "memory.max": f"{GIB}\n"}, "0::/\n", 1, 1),
    "no limit of version 2": ({"cpu.max": "max 100000\n", "memory.max": "max\n"}, "0::/\n", BOUND, MACHINE / GIB),
    "a part of a core": ({"cpu.max": "50000 100000\n"}, "0::/\n", 1, MACHINE / GIB),
    "the outer group has less": (
        {"job/cpu.max": "100000 100000", "job/step/cpu.max": "max 100000", "job/memory.max": str(GIB)},
        "0::/job/step\n",
        1,
        1,
    ),
    "version 1": (
        {"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000", "memory/memory.limit_in_bytes": str(GIB)},
        "4:memory:/docker/1a2b\n2:cpu,cpuacct:/docker/1a2b\n0::/\n",
        1,
        1,
    ),
    "no limit of version 1": (
        {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000", "memory/memory.limit_in_bytes": str(2**63)},
        "4:memory:/\n2:cpu:/\n",
        BOUND,
        MACHINE / GIB,
    ),
    "a group outside of what is seen": ({"cpu.max": "max 100000"}, "0::/../../other\n", BOUND, MACHINE / GIB),
    "no control groups": ({}, "", BOUND, MACHINE / GIB),
}


@pytest.mark.parametrize("case", CASES)
def test_cores_and_memory_are_those_of_the_control_groups(case: str, tmp_path: Path) -> None:
    files, own, cores, gib = CASES[case]
    for name, text in files.items():
        path = tmp_path / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "own").write_text(own)
    assert n_cores(tmp_path / "groups", tmp_path / "own") == cores
    assert memory(tmp_path / "groups", tmp_path / "own") == gib * GIB


def test_more_time_than_cores_is_no_more_cores(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("100000000 100000\n")
    (tmp_path / "own").write_text("0::/\n")
    assert n_cores(tmp_path, tmp_path / "own") == BOUND


@pytest.fixture
def group() -> Iterator[list[Path]]:
    """A control group of one core and 1 GiB, in the files of version 2 or 1."""
    name = f"bigdata-test-{os.getpid()}"
    made: list[Path] = []
    try:
        for home, limits in (
            (GROUPS / "cpu", {"cpu.cfs_quota_us": "100000"}),
            (GROUPS / "memory", {"memory.limit_in_bytes": str(GIB)}),
        ):
            (home / name).mkdir()
            made.append(home / name)
            for file, text in limits.items():
                (home / name / file).write_text(text)
    except OSError as error:
        for folder in made:
            folder.rmdir()
        pytest.skip(f"no control group can be made here: {error}")
    yield made
    for folder in made:
        with suppress(OSError):
            folder.rmdir()


def test_the_site_local_has_what_its_control_group_has(group: list[Path]) -> None:
    code = (
        "from bigdata.spec.site import load_site; s = load_site('local'); print(s.cores('cpu'), s.pools['cpu'].memory)"
    )

    def enter() -> None:
        for folder in group:
            (folder / "cgroup.procs").write_text(str(os.getpid()))

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, preexec_fn=enter, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1", str(GIB)]
    assert load_site("local").cores("cpu") == n_cores()
