"""The sums of a plan: files, bytes, hours and dollars of each stage, with the quantiles that its ranges give.

files = n · files_each; bytes = n · bytes_each hours = n · time_each · cores_each / 3600, or trials · steps ·
(seconds_batch + seconds_step) / 3600 dollars = hours · price of an hour + bytes / 10¹² · months · price of a
terabyte-month (section 6 of doi 10.1039/d4fd00102h). A range [low, middle, high] is the 5 %, 50 % and 95 % quantile of
one number that is the same for the whole stage: it isn't known, it doesn't vary from calculation to calculation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigdata.studies.cost.model import Calculations, Cost, Several, Trials

Floats = NDArray[np.float64]
QUANTILES = (0.05, 0.5, 0.95)
QUANTITIES = ("files", "bytes", "hours", "wall_hours", "dollars")
TB = 10**12
N_DRAWS = 20_001
# Standard deviations from the middle to either end of a range.
_END = 1.6448536269514722


@dataclass(frozen=True)
class Sums:
    """Of each stage, and of all together, (stages, quantiles) by quantity; NaN where the plan doesn't say it."""

    stages: tuple[str, ...]
    of: Mapping[str, Floats]
    total: Mapping[str, Floats]

    def middle(self, quantity: str, stage: str | None = None) -> float:
        """The median; of all stages where none is named."""
        values = self.total[quantity] if stage is None else self.of[quantity][self.stages.index(stage)]
        return float(values[QUANTILES.index(0.5)])


def sums(model: Cost) -> Sums:
    """All sums of a study."""
    draws = [_drawn(stage, model, np.random.default_rng([7, i])) for i, stage in enumerate(model.stages.values())]
    of = {q: np.array([_quantiles(draw[q]) for draw in draws]) for q in QUANTITIES}
    total = {q: _quantiles(_added([draw[q] for draw in draws])) for q in QUANTITIES}
    return Sums(tuple(model.stages), of, total)


def _added(parts: list[Floats]) -> Floats:
    """What is known of them: a stage that doesn't say its files adds none that are counted."""
    known = [part for part in parts if not np.isnan(part).any()]
    return np.sum(known, axis=0) if known else np.full(N_DRAWS, np.nan)


def _quantiles(values: Floats) -> Floats:
    # Of one number all are equal, and no rounding of an interpolation may come in.
    return np.full(len(QUANTILES), values[0]) if (values == values[0]).all() else np.quantile(values, QUANTILES)


def _drawn(stage: Calculations | Trials, model: Cost, rng: np.random.Generator) -> dict[str, Floats]:
    """(draws,) of each quantity."""
    files = stage.n * _draw(stage.files_each, rng)
    n_bytes = stage.n * _draw(stage.bytes_each, rng)
    hours = _hours(stage, rng)
    # Two quantities of one stage that aren't known are independent: nothing is said of the one by the other.
    return {
        "files": files,
        "bytes": n_bytes,
        "hours": hours,
        "wall_hours": hours / stage.at_once,
        "dollars": _dollars(stage, model, hours, n_bytes),
    }


def _hours(stage: Calculations | Trials, rng: np.random.Generator) -> Floats:
    """Core-hours or GPU-hours."""
    if isinstance(stage, Trials):
        batch, step = stage.times()
        seconds = _draw(batch, rng) + _draw(step, rng)
        return stage.trials * stage.steps * seconds / 3600
    return stage.n * stage.cores_each * _draw(stage.time_each, rng) / 3600


def _dollars(stage: Calculations | Trials, model: Cost, hours: Floats, n_bytes: Floats) -> Floats:
    prices = model.prices
    price = prices.gpu_hour if stage.device == "gpu" else prices.core_hour
    computing = hours * (np.nan if price is None else price)
    keeping = n_bytes / TB * model.months * (np.nan if prices.tb_month is None else prices.tb_month)
    return _added([computing, keeping])


def _draw(value: Several | None, rng: np.random.Generator) -> Floats:
    """(draws,) of a number: itself, NaN where there is none, or of a range a logarithmic normal distribution with a
    spread of its own on either side of the middle, so that all three quantiles are met."""
    if value is None:
        return np.full(N_DRAWS, np.nan)
    if not isinstance(value, tuple):
        return np.full(N_DRAWS, float(value))
    low, middle, high = map(float, value)
    # Quantiles of a normal distribution, in random order: sums of one range meet its ends without noise.
    normal = _normal(rng.permutation((np.arange(N_DRAWS) + 0.5) / N_DRAWS))
    spread = np.where(normal < 0, np.log(middle / low), np.log(high / middle))
    return np.asarray(middle * np.exp(normal / _END * spread))


def _normal(probability: Floats) -> Floats:
    from scipy.special import ndtri

    return np.asarray(ndtri(probability))
