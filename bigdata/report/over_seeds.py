"""Variants of a sweep that differ in nothing but a seed, together: their numbers' means and spreads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from bigdata.kind.report import Headline, Table
from bigdata.spec.sweep import label

_SEEDS = ("seed", "seeds")


def over_seeds(settings: Sequence[Mapping[str, Any]], headlines: Sequence[Headline]) -> Table | None:
    """A row for each setting of the rest, from the `settings` of variants and their numbers to compare by; None where
    no two variants differ in a seed alone.

    A number is its mean over seeds ± its standard deviation (n − 1), and how many variants have it where that isn't
    all.
    """
    groups: dict[str, list[int]] = {}
    for i, one in enumerate(settings):
        rest = {path: value for path, value in one.items() if path.rpartition(".")[2] not in _SEEDS}
        groups.setdefault(label(rest) or "all", []).append(i)
    if all(len(places) < 2 for places in groups.values()):
        return None
    names = [name for name in dict.fromkeys(n for h in headlines for n in h) if _is_number(headlines, name)]
    rows = [
        (rest, len(places), *(_said([headlines[i].get(name) for i in places]) for name in names))
        for rest, places in groups.items()
    ]
    caption = "Mean ± standard deviation of the variants that differ in seeds alone."
    return Table("Means over seeds", ("variant", "seeds", *names), rows, caption=caption)


def _is_number(headlines: Sequence[Headline], name: str) -> bool:
    return all(isinstance(headline.get(name, 0), int | float) for headline in headlines)


def _said(values: Sequence[Any]) -> str:
    known = [float(value) for value in values if value is not None and value == value]
    if not known:
        return ""
    spread = f" ± {stdev(known):.2g}" if len(known) > 1 else ""
    of = f" (of {len(known)})" if len(known) < len(values) else ""
    return f"{fmean(known):.5g}{spread}{of}"
