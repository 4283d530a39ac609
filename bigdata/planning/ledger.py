"""What tasks really cost on this site: rates and peaks of finished stages, kept in the cache for the next plan.

A rate that was measured in n runs has as its middle the median of their seconds per unit of work. Its 90 % interval
is that of the next run: with s the standard deviation of the logarithms between runs, where four earlier runs that
are taken to have differed by RUN_SPREAD count as well, it is the middle times or over

    exp(t · s · sqrt(1 + 1/n)),    t the 95 % quantile of Student's distribution with n + 3 degrees of freedom,

as the prediction of one more draw of a normal distribution is. Beside it stands the scatter of single tasks, which
n_tasks of them average out (see `PlannedStage.interval_of`). A probe counts as a run where there is none. Rates that
nobody measured here have the factors that their `Rate` states.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigdata.kind.stage import Rate, Stage
from bigdata.planning.interval import Interval
from bigdata.planning.tally import Tally
from bigdata.spec.site import Site

# Few, as machines and programs change; and the median of them, as one run may have shared the machine.
RUNS_REMEMBERED = 5
# Standard deviation of the logarithm of a rate from run to run: an assumption, which the runs of a site correct.
RUN_SPREAD = 0.25
_PRIOR_RUNS = 4
# 95 % quantiles of Student's distribution by the number of runs, with n + 3 degrees of freedom.
_STUDENT = (2.132, 2.015, 1.943, 1.895, 1.860)
# A peak differs from run to run by what the process had loaded and allocated before.
MEMORY_FACTOR = 1.25
RUN, PROBE = "run", "probe"

Key = tuple[str, int, str, str, str, int]


@dataclass(frozen=True)
class Measured:
    """One run's figures of a stage: seconds per unit, the scatter of its tasks, the largest one's peak in bytes, and
    the bytes that its kind had asked for; of a report, also the bytes of its files, and what its kind had said of them.
    """

    seconds: float
    scatter: float
    n_tasks: int
    memory: int
    asked: int
    by: str
    n_bytes: int = 0
    asked_bytes: int = 0


class Ledger:
    """The measured stages of one site, newest last."""

    def __init__(self, path: Path, site: Site) -> None:
        self._rows: dict[Key, list[Measured]] = {}
        for row in rows(path):
            try:
                key, measured = _key(row), _measured(row)
            except (KeyError, TypeError, ValueError):
                continue  # another version wrote it, or it tells of something else
            if key[3] == place(site):
                self._rows.setdefault(key, []).append(measured)
        self._site = place(site)

    def has_runs(self, stage: Stage, pool: str) -> bool:
        """Whether runs have measured a stage here, so that no probe is needed."""
        return any(m.by == RUN for m in self._past(stage, pool))

    def rate(self, stage: Stage, pool: str) -> Rate:
        """By the last runs on this site where there are any, else by probes, else as the stage says itself."""
        past = self._past(stage, pool)
        if not past:
            return stage.rate
        return Rate(
            stage.rate.unit,
            statistics.median(m.seconds for m in past),
            _source(past),
            run_factor([m.seconds for m in past]),
            max(m.scatter for m in past),
        )

    def peak(self, stage: Stage, pool: str) -> Interval | None:
        """The peak of its largest task in bytes, by tasks for which the kind asked for as much, since others may be of
        another size; None where there are none.
        """
        past = [m.memory for m in self._past(stage, pool) if m.asked == stage.memory and m.memory]
        return Interval(min(past) / MEMORY_FACTOR, max(past), max(past) * MEMORY_FACTOR) if past else None

    def n_bytes(self, stage: Stage, pool: str, asked: int) -> int:
        """Bytes of files: as the last run left them for which the kind said as much, else as it says."""
        past = [m.n_bytes for m in self._past(stage, pool) if m.asked_bytes == asked and m.n_bytes]
        return past[-1] if past else asked

    def _past(self, stage: Stage, pool: str) -> Sequence[Measured]:
        past = self._rows.get((stage.function, stage.version, stage.rate.unit, self._site, pool, stage.cores), [])
        return [m for m in past if m.by == RUN][-RUNS_REMEMBERED:] or past[-1:]


def place(site: Site) -> str:
    """The name under which a site's measurements stand: this machine is one, with workers or without."""
    return "local" if site.scheduler == "process" else site.site


def run_factor(seconds: Sequence[float]) -> float:
    """From the middle of so many runs to either end of the 90 % interval of the next one."""
    n, logs = len(seconds), [math.log(s) for s in seconds]
    middle = statistics.fmean(logs)
    deviations = sum((x - middle) ** 2 for x in logs) + _PRIOR_RUNS * RUN_SPREAD**2
    spread = math.sqrt(deviations / (_PRIOR_RUNS + n - 1))
    return math.exp(_STUDENT[n - 1] * spread * math.sqrt(1 + 1 / n))


def row(site: Site, stage: Stage, pool: str, tally: Tally, by: str = RUN) -> dict[str, Any]:
    """What the ledger keeps of a stage's tasks."""
    return {
        "function": stage.function,
        "version": stage.version,
        "unit": stage.rate.unit,
        "site": place(site),
        "pool": pool,
        "cores": stage.cores,
        "seconds_per_unit": tally.rate,
        "scatter": round(tally.scatter, 4),
        "tasks": tally.n_tasks,
        "memory": tally.memory,
        "asked_memory": stage.memory,
        "by": by,
    }


def rows(path: Path) -> Iterable[Mapping[str, Any]]:
    """All that is kept, oldest first; nothing where nothing was measured."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            try:
                row = json.loads(line)
            except ValueError:
                continue  # a line that a kill tore teaches nothing
            if isinstance(row, dict):
                yield row


def remember(path: Path, new: Iterable[Mapping[str, Any]]) -> None:
    """Append rows, in one write."""
    text = "".join(json.dumps(row) + "\n" for row in new)
    if text:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(text)


def _key(row: Mapping[str, Any]) -> Key:
    return (
        str(row["function"]),
        int(row["version"]),
        str(row["unit"]),
        str(row["site"]),
        str(row["pool"]),
        int(row["cores"]),
    )


def _measured(row: Mapping[str, Any]) -> Measured:
    seconds = float(row["seconds_per_unit"])
    if not (seconds > 0 and math.isfinite(seconds)):
        raise ValueError("no rate")
    return Measured(
        seconds,
        float(row["scatter"]),
        int(row["tasks"]),
        int(row["memory"]),
        int(row["asked_memory"]),
        str(row["by"]),
        int(row.get("bytes", 0)),
        int(row.get("asked_bytes", 0)),
    )


def _source(past: Sequence[Measured]) -> str:
    n_tasks = sum(m.n_tasks for m in past)
    tasks = f"{n_tasks:,} task{'s' * (n_tasks > 1)}"
    if past[0].by == PROBE:
        return f"a probe of {tasks} on this machine"
    return f"measured on this site in {len(past)} run{'s' * (len(past) > 1)} ({tasks})"
