"""The law of a training's time: n (t_batch + t_step) seconds for n steps, with t_step = s + c k / n.

s is the time of a step when all is compiled, c that of a compilation, k how many there are. s, t_batch and k are
straight lines between the batch sizes that were measured: a batch takes some time, and each of its graphs some more.
Beyond them the lines go on, to half the smallest size and twice the largest, as far as held-out sizes have tested that.
Trainings of 100,000 and of 2,000,000 steps were timed, and those shorter than half of that are refused too: k isn't
known of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bigdata.models.times.trainings import Group

FURTHEST = 2.0
# Shapes that are met for the first time get rarer: 20 times as many steps see 1.2 times as many (trainings of both
# lengths with static-64). All but the first compilation are for such.
GROWTH = 0.06
SHORT_STEPS = 100_000
FEWEST_STEPS = 50_000


class Seconds(NamedTuple):
    """A time that is expected, and the ends of an interval that is to hold 9 of 10 trainings."""

    low: float
    middle: float
    high: float


class Point(NamedTuple):
    """At one batch size: seconds of making a batch, seconds of a step without compilation, and how many compilations
    there are in SHORT_STEPS steps."""

    seconds_batch: float
    seconds_step: float
    n_compilations: float


class Spread(NamedTuple):
    """Where an interval's ends, by the expected time, hold: `what` is `batch` or `step`, and `measured` says whether
    trainings with just this batch size were."""

    network: str
    device: str
    what: str
    measured: bool


@dataclass(frozen=True)
class Law:
    """`points` by group and batch size, `compilation` seconds by network and device, `spreads` as (low, high)."""

    points: Mapping[Group, Mapping[int, Point]]
    compilation: Mapping[tuple[str, str], float]
    spreads: Mapping[Spread, tuple[float, float]]

    def expected(self, group: Group, batch: int, n_steps: int) -> tuple[float, float]:
        """Mean seconds of making a batch and of a step. Raises ValueError where nothing near was measured."""
        if n_steps < FEWEST_STEPS:
            raise ValueError(
                f"trainings as short as {n_steps:,} steps weren't timed. Ask for {FEWEST_STEPS:,} or more."
            )
        at = _along(self._sizes(group), batch, group)
        n_compilations = 1 + (at.n_compilations - 1) * (n_steps / SHORT_STEPS) ** GROWTH
        compiling = self.compilation[group.network, group.device] * n_compilations / n_steps
        return at.seconds_batch, at.seconds_step + compiling

    def predicted(self, group: Group, batch: int, n_steps: int) -> tuple[Seconds, Seconds]:
        """The same, with intervals."""
        expected = self.expected(group, batch, n_steps)
        measured = batch in self.points[group]
        spreads = (self.spreads[Spread(group.network, group.device, what, measured)] for what in ("batch", "step"))
        making, step = (Seconds(low * s, s, high * s) for s, (low, high) in zip(expected, spreads, strict=True))
        return making, step

    def _sizes(self, group: Group) -> Mapping[int, Point]:
        if group not in self.points:
            known = ", ".join(sorted({g.batching for g in self.points if g[:3] == group[:3]}))
            right = f"Measured with batching {known}" if known else "Measured are schnet and mpeu on aflow and qm9"
            raise ValueError(
                f"no training of {group.network} on {group.dataset} ({group.device}) with batching {group.batching} "
                f"was measured. {right}."
            )
        return self.points[group]


def _along(sizes: Mapping[int, Point], batch: int, group: Group) -> Point:
    if batch in sizes:
        return sizes[batch]
    least, most = min(sizes), max(sizes)
    if len(sizes) < 2 or not least / FURTHEST <= batch <= most * FURTHEST:
        near = f"{least / FURTHEST:g} to {most * FURTHEST:g}" if len(sizes) > 1 else f"{least} alone"
        raise ValueError(
            f"batches of {batch} are too far from those measured. Of {' '.join(group)}, sizes from {near} are known."
        )
    known = sorted(sizes)
    right = min(max(bisect_left(known, batch), 1), len(known) - 1)
    a, b = known[right - 1], known[right]
    share = (batch - a) / (b - a)
    return Point(*(y + (z - y) * share for y, z in zip(sizes[a], sizes[b], strict=True)))
