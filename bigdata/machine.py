"""What this process may use of the machine that it runs on: cores and memory, also in a container or a batch job."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def n_cores(groups: Path = GROUPS, own: Path = OWN) -> int:
    """Cores to which this process is bound, or fewer where its control groups have less time of them.

    A container with two cores may run on all of the machine's, for so long that it is two in sum: more processes would
    only be stopped in turn.
    """
    # Not on macOS.
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min([bound, *_quotas(groups, own)])))


def memory(groups: Path = GROUPS, own: Path = OWN) -> int:
    """Bytes of memory of this machine, or of the container or job that this process is in."""
    here = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([here, *_limits(groups, own)])


def _quotas(groups: Path, own: Path) -> Iterator[float]:
    """Cores by each control group that says how much time of them it has."""
    for folder in _folders("cpu", groups, own):
        quota, _, period = (_read(folder / "cpu.max") or "").partition(" ")
        quota, period = quota or _read(folder / "cpu.cfs_quota_us"), period or _read(folder / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit() and int(period):  # `max` or `-1`: no limit
            yield int(quota) / int(period)


def _limits(groups: Path, own: Path) -> Iterator[int]:
    """Bytes by each control group that says how many it has."""
    for folder in _folders("memory", groups, own):
        for name in ("memory.max", "memory.limit_in_bytes"):
            if (text := _read(folder / name)).isdigit():
                yield int(text)


def _folders(controller: str, groups: Path, own: Path) -> Iterator[Path]:
    """The control groups of this process, the innermost first: of version 2, and of one controller in version 1.

    A container may see its own group as the outermost one, under whichever name it has outside.
    """
    for line in _read(own).splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":
            home = groups
        elif controller in controllers.split(","):
            home = groups / controller
        else:
            continue
        inner = Path(path.lstrip("/"))
        if ".." not in inner.parts:
            yield from (home / folder for folder in (inner, *inner.parents))


def _read(path: Path) -> str:
    """What a small file says; "" where there is none."""
    with suppress(OSError):
        return path.read_text().strip()
    return ""
