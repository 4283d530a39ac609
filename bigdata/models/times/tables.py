"""The law as tables beside this module: settings.csv, compilation.csv and spreads.csv."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from bigdata.models.times.law import Law, Point, Spread
from bigdata.models.times.trainings import Group

HERE = Path(__file__).parent
SETTINGS, COMPILATION, SPREADS = "settings.csv", "compilation.csv", "spreads.csv"


def write(law: Law, folder: Path = HERE) -> None:
    """Write the tables, numbers with six digits."""
    settings = [(*g, batch, *point) for g, sizes in sorted(law.points.items()) for batch, point in sizes.items()]
    _write(folder / SETTINGS, (*Group._fields, "batch", *Point._fields), settings)
    compilation = [(*which, seconds) for which, seconds in sorted(law.compilation.items())]
    _write(folder / COMPILATION, ("network", "device", "seconds"), compilation)
    spreads = [(*which, *ends) for which, ends in sorted(law.spreads.items())]
    _write(folder / SPREADS, (*Spread._fields, "low", "high"), spreads)


@cache
def shipped() -> Law:
    """The law of the paper's authors' trainings."""
    return read(HERE)


def read(folder: Path) -> Law:
    """What `write` has written."""
    points: dict[Group, dict[int, Point]] = {}
    for *group, batch, making, step, n in _rows(folder / SETTINGS):
        points.setdefault(Group(*group), {})[int(batch)] = Point(float(making), float(step), float(n))
    compilation = {(network, device): float(s) for network, device, s in _rows(folder / COMPILATION)}
    spreads = {
        Spread(network, device, what, measured == "True"): (float(low), float(high))
        for network, device, what, measured, low, high in _rows(folder / SPREADS)
    }
    return Law(points, compilation, spreads)


def _rows(path: Path) -> Iterator[list[str]]:
    with path.open(newline="") as file:
        rows = csv.reader(file)
        next(rows)
        yield from rows


def _write(path: Path, names: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([f"{v:.6g}" if isinstance(v, float) else v for v in row] for row in rows)
