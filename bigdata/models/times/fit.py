"""The law fitted to timed trainings, and how far held-out trainings are from it.

Held-out trainings are those of one iteration of every setting (they are as the others are), or those with one batch
size of every group (nothing like them was seen). Intervals are the 5 % and 95 % quantiles of measured by expected time
over all trainings, each held out once: split conformal prediction with cross-fitting.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from bigdata.models.times.law import GROWTH, SHORT_STEPS, Law, Point, Spread
from bigdata.models.times.trainings import Group, Training

COVERAGE = 0.9
# Only in short trainings of settings that are often compiled are mean and median so different that nothing else
# matters.
MANY_COMPILATIONS = 50


@dataclass(frozen=True)
class HeldOut:
    """Measured by expected seconds of a training that the law hadn't seen."""

    training: Training
    spread: Spread
    ratio: float


def fitted(seen: Sequence[Training]) -> Law:
    """The law, with intervals."""
    law = without_intervals(seen)
    return Law(law.points, law.compilation, spreads([*other_runs(seen), *other_sizes(seen)]))


def without_intervals(seen: Iterable[Training]) -> Law:
    """Medians over the trainings of each setting; among those of each network and device are short ones with
    static-64."""
    seen = list(seen)
    compilation = _compilation(seen)
    settings: dict[Group, dict[int, list[Point]]] = defaultdict(lambda: defaultdict(list))
    for t in seen:
        compiling = compilation[t.group.network, t.group.device] * t.n_compilations / t.n_steps
        n_in_short = 1 + (t.n_compilations - 1) * (SHORT_STEPS / t.n_steps) ** GROWTH
        settings[t.group][t.batch].append(Point(t.seconds_batch, t.seconds_step - compiling, n_in_short))
    points = {
        group: {batch: Point(*map(median, zip(*of, strict=True))) for batch, of in sorted(sizes.items())}
        for group, sizes in settings.items()
    }
    return Law(points, compilation, {})


def _compilation(seen: Iterable[Training]) -> dict[tuple[str, str], float]:
    """Seconds of a compilation: it makes the mean of all steps larger and leaves their median."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for t in seen:
        if t.n_compilations > MANY_COMPILATIONS and t.n_steps <= SHORT_STEPS:
            longer = (t.seconds_step - t.median_step) * t.n_steps / t.n_compilations
            found[t.group.network, t.group.device].append(longer)
    return {which: median(values) for which, values in found.items()}


def other_runs(seen: Sequence[Training]) -> list[HeldOut]:
    """Every training, by the law of those with other iterations."""
    return [
        held
        for iteration in sorted({t.iteration for t in seen})
        for held in held_out(
            without_intervals(t for t in seen if t.iteration != iteration),
            [t for t in seen if t.iteration == iteration],
        )
    ]


def other_sizes(seen: Sequence[Training]) -> list[HeldOut]:
    """Every training whose group has two other batch sizes, by the law of these."""
    return [
        held
        for batch in sorted({t.batch for t in seen})
        for held in held_out(
            without_intervals(t for t in seen if t.batch != batch), [t for t in seen if t.batch == batch]
        )
    ]


def held_out(law: Law, trainings: Iterable[Training]) -> Iterator[HeldOut]:
    """How trainings compare with the law of others; those of which it knows no line are left out."""
    for t in trainings:
        sizes = law.points.get(t.group, {})
        if t.batch in sizes or len(sizes) > 1:
            expected = law.expected(t.group, t.batch, t.n_steps)
            for what, measured, e in zip(("batch", "step"), (t.seconds_batch, t.seconds_step), expected, strict=True):
                yield HeldOut(t, Spread(t.group.network, t.group.device, what, t.batch in sizes), measured / e)


def spreads(held: Iterable[HeldOut]) -> dict[Spread, tuple[float, float]]:
    """The interval of each network and device, of what is timed and of whether the size is known."""
    ratios: dict[Spread, list[float]] = defaultdict(list)
    for one in held:
        ratios[one.spread].append(one.ratio)
    tail = (1 - COVERAGE) / 2
    return {which: _pair(np.quantile(values, [tail, 1 - tail])) for which, values in ratios.items()}


def _pair(values: Iterable[float]) -> tuple[float, float]:
    low, high = map(float, values)
    return low, high
