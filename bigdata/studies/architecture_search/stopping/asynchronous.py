"""Asynchronous successive halving (ASHA): a trial goes on as soon as it is among the best of its rung so far.

Li et al., Proc. Mach. Learn. Syst. 2, 230 (2020), algorithm 2. It waits for nobody, and lets some trials go on that the
whole rung wouldn't: of the first ones of a rung, the best so far isn't a good one yet.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

from bigdata.studies.architecture_search.stopping.ranked import Ranked
from bigdata.studies.architecture_search.stopping.rule import Rule
from bigdata.studies.architecture_search.stopping.rungs import Rungs
from bigdata.studies.architecture_search.stopping.setting import Halving


class AsynchronousHalving(Halving):
    """Of each rung the best 1/`factor` so far go on, without waiting for the others."""

    method: Literal["asha"] = "asha"

    def rule(self, n_trials: int) -> Rule:
        return Asynchronous(self.rungs, self.factor)


class Asynchronous:
    """The best ⌊n / factor⌋ of the n trials that have ended a rung go on; the highest rung is looked at first.

    At the end of a search the best trial of a rung goes on where none has come through the next one: so that there is
    one that was trained to its end, and the next best that came as far takes the place of one that failed.
    """

    def __init__(self, rungs: Rungs, factor: int) -> None:
        self.rungs, self._factor = rungs, factor
        self._ranked = [Ranked() for _ in rungs.levels]
        self.highest = rungs.top  # the last rung to which trials go on

    def begin(self, trial: int) -> None:
        pass

    def tell(self, trial: int, rung: int, value: float | None) -> None:
        self._ranked[rung].add(trial, value)

    def next(self, at_end: bool) -> int | None:
        for ranked in reversed(self._ranked[: self.highest]):
            if (trial := ranked.take(len(ranked) // self._factor)) is not None:
                return trial
        return self._last() if at_end else None

    def counts(self, n_trials: int) -> tuple[int, ...]:
        # Measured for 24 to 20,000 values in random order and factors from 2 to 8: n / factor and 0.1 to 0.6 √n more,
        # which were among the best when it was their turn, and aren't in the end.
        counts = [n_trials]
        while len(counts) < len(self.rungs):
            n = counts[-1]
            counts.append(min(n, max(1, n // self._factor + round(0.6 * math.sqrt(n)))))
        return tuple(counts)

    def _last(self) -> int | None:
        for ranked, above in reversed([*pairwise(self._ranked[: self.highest + 1])]):
            if above.is_empty and (trial := ranked.take(len(ranked))) is not None:
                return trial
        return None
