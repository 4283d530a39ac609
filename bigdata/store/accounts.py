"""Predicted against measured, as a run's journal tells it: for `bigdata status`, and for the page of the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bigdata.display import between, rounded, size, small_duration, span
from bigdata.store.folder import RunFolder
from bigdata.store.journal import History


@dataclass(frozen=True)
class Compared:
    """A quantity, its 90 % interval (low, middle, high), what it was, both in `unit`, and where the prediction is from.

    What is exact has equal ends; the ends of what was declared as the most it may be begin at zero.
    """

    what: str
    unit: str
    predicted: tuple[float, float, float]
    measured: float
    source: str = ""

    @property
    def holds(self) -> bool:
        return self.predicted[0] <= self.measured <= self.predicted[2]


def compared(folder: RunFolder, past: History, besides: int = 0) -> Iterator[Compared]:
    """All that can be compared of a run's last submission, the whole first; nothing of a run that hasn't ended.

    Of files and bytes, those of a run that is done: `besides` so many files that are still to come.
    """
    end = past.ends[-1] if past.ends else {}
    costs = end.get("account")
    if not costs or not past.submits:
        return
    forecast = past.submits[-1].get("forecast", {})
    if past.state == "done" and forecast:
        files, n_bytes = folder.lasting()
        yield Compared("files", "", _exactly(forecast["files"]), files + besides, "exact")
        if not besides:
            yield Compared("bytes", "B", _three(forecast["bytes"]), n_bytes, "arrays exact, the rest estimated")
        if past.report and costs.get("core_seconds"):
            seconds = past.report["time"] - past.submits[-1]["time"]
            yield Compared("wall time", "s", _three(forecast["seconds"]), round(seconds, 3))
    for name, what, unit in (("core_seconds", "core time", "s"), ("dollars", "price", "USD"), ("kwh", "energy", "kWh")):
        if name in costs:
            ends, measured = costs[name]
            source = "by the site's declared watts, not measured" if name == "kwh" else ""
            yield Compared(what, unit, _three(ends), measured, source)
    for path, row in costs["stages"].items():
        yield Compared(f"{path}: {row['tasks']:,} tasks", "s", _three(row["predicted"]), row["seconds"], row["source"])
        said = "at most, as declared" if row["is_bound"] else "measured before"
        yield Compared(f"{path}: memory of a task", "B", _three(row["peak"]), row["memory"], said)


def amounts(row: Compared) -> tuple[str, str, str]:
    """What it is, what was predicted and what was measured, as people read them."""
    low, middle, high = row.predicted
    if row.unit == "s":
        return row.what, span(low, middle, high), small_duration(row.measured)
    if row.unit == "B":
        ends = "" if low == high else f" ({size(low)}–{size(high)})"
        return row.what, f"{size(middle)}{ends}", size(row.measured)
    if not row.unit:
        return row.what, f"{middle:,.0f}", f"{row.measured:,.0f}"
    return row.what, between(low, middle, high, row.unit), f"{rounded(row.measured)} {row.unit}"


def idle(past: History) -> tuple[float, float] | None:
    """Core-hours for which the jobs of the last submission had no task, and all that they had; None without jobs."""
    hours = (past.ends[-1] if past.ends else {}).get("account", {}).get("idle_hours")
    return None if hours is None else (float(hours[0]), float(hours[1]))


def held(past: History) -> dict[str, tuple[int, int]]:
    """How many of the site's last predictions held, and how many there were, by what was predicted."""
    counts = (past.ends[-1] if past.ends else {}).get("account", {}).get("held", {})
    return {what: (int(n), int(of)) for what, (n, of) in counts.items()}


def idle_sentence(hours: float, of: float) -> str:
    share = f" ({100 * hours / of:.0f} %)" if of else ""
    return f"of {rounded(of)} core-hours in which its jobs' workers were there, {rounded(hours)}{share} had no task"


def held_sentence(past: History) -> str:
    """`core time lay within its 90 % interval in 9 of 10 runs on this site, wall time in 8 of 9`; empty without any."""
    said = [f"{what} in {n} of {of}" for what, (n, of) in held(past).items()]
    return f"of this site's last runs, the 90 % interval held for {', for '.join(said)}" if said else ""


def _exactly(value: Any) -> tuple[float, float, float]:
    return value, value, value


def _three(ends: Sequence[float]) -> tuple[float, float, float]:
    low, middle, high = map(float, ends)
    return low, middle, high
