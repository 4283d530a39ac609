"""What tasks really cost on this machine: measured rates of finished stages, kept in the cache for the next plan."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bigdata.kind.stage import Rate, Stage

# Few, as machines and programs change; and the median of them, as one run may have shared the machine.
RUNS_REMEMBERED = 5


def measured_rates(path: Path) -> dict[tuple[str, int, str], list[float]]:
    """Seconds per unit of work, newest last, by (stage function, version, unit); empty where nothing was measured."""
    rates: dict[tuple[str, int, str], list[float]] = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            row = json.loads(line)
            rates.setdefault((row["function"], row["version"], row["unit"]), []).append(float(row["seconds_per_unit"]))
        except (ValueError, KeyError, TypeError):
            continue  # a line that a kill tore, or another version wrote, teaches nothing
    return rates


def rate(stage: Stage, measured: Mapping[tuple[str, int, str], list[float]]) -> Rate:
    """The median of the last runs on this machine where there are any, else the rate that the stage brings."""
    past = measured.get((stage.function, stage.version, stage.rate.unit), [])[-RUNS_REMEMBERED:]
    if not past:
        return stage.rate
    return Rate(
        stage.rate.unit, statistics.median(past), f"measured in {len(past)} run{'s'[: len(past) > 1]} on this machine"
    )


def remember(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Append measured rates: rows of function, version, unit and seconds_per_unit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
