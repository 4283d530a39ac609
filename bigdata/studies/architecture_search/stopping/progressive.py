"""Progressive rungs (PASHA): trials are trained longer only as long as longer training changes who is best.

Bohdal et al., Int. Conf. Learn. Represent. 2023, algorithm 1 with soft ranks: asynchronous successive halving that
begins with two rungs, and adds one whenever the trials of the highest are ranked otherwise than they were one rung
below. Values that differ by less than a tolerance may change places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from bigdata.studies.architecture_search.stopping.asynchronous import Asynchronous
from bigdata.studies.architecture_search.stopping.rule import Rule
from bigdata.studies.architecture_search.stopping.rungs import Rungs
from bigdata.studies.architecture_search.stopping.setting import Halving


class ProgressiveHalving(Halving):
    """As `asha`, with the higher rungs left out as long as ranks are the same without them."""

    method: Literal["progressive"] = "progressive"
    tolerance: float = Field(
        default=0.1,
        ge=0,
        description="Values this near, in standard deviations of their rung, may change places.",
    )

    def rule(self, n_trials: int) -> Rule:
        return Progressive(self.rungs, self.factor, self.tolerance)


class Progressive(Asynchronous):
    """`highest` grows; the best trial may never be trained to its end, as its rank says that it needn't."""

    def __init__(self, rungs: Rungs, factor: int, tolerance: float) -> None:
        super().__init__(rungs, factor)
        self._tolerance = tolerance
        self.highest = min(1, rungs.top)

    def tell(self, trial: int, rung: int, value: float | None) -> None:
        super().tell(trial, rung, value)
        if value is not None and 0 < rung == self.highest < self.rungs.top and not self._is_settled():
            self.highest += 1

    def _is_settled(self) -> bool:
        now, before = self._ranked[self.highest].values, self._ranked[self.highest - 1].values
        in_order = sorted(now, key=lambda trial: (before[trial], trial))
        return alike([now[trial] for trial in in_order], self._tolerance)


def alike(values: Sequence[float], tolerance: float) -> bool:
    """Whether values in an earlier order are sorted, but for places of values that differ by `tolerance` of their
    standard deviation at most: each must be that near to the one whose rank it had.
    """
    array = np.asarray(values)
    return bool(np.all(np.abs(array - np.sort(array)) <= tolerance * np.std(array)))
