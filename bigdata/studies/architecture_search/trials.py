"""The trials of a search as its arrays have them: what judging them and its report share."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.studies.architecture_search.dimensions import Choices
from bigdata.studies.architecture_search.listed import RUNG, is_number
from bigdata.studies.architecture_search.model import ArchitectureSearch
from bigdata.studies.architecture_search.space import Point
from bigdata.studies.architecture_search.standing import standing
from bigdata.studies.architecture_search.status import NOT_RUN

Floats = NDArray[np.float64]


class Trials:
    """All that a search allows, by their numbers; `read(name)` gives one of the arrays of `listed`."""

    def __init__(self, study: ArchitectureSearch, read: Callable[[str], NDArray[Any]]) -> None:
        self.study, self._read = study, read

    @cached_property
    def reward(self) -> Floats:
        """(trials,) the metric that decides, at the end of each trial's last rung; NaN for those without a network."""
        return self._read("reward")

    @cached_property
    def status(self) -> NDArray[np.int32]:
        return self._read("status")

    @cached_property
    def begun(self) -> NDArray[np.int64]:
        """The numbers of those that were begun."""
        return np.flatnonzero(self.status != NOT_RUN)

    @cached_property
    def n_rungs(self) -> NDArray[np.int64]:
        """(trials,) how many rungs each has come through."""
        return np.asarray(np.count_nonzero(~np.isnan(self._read("validation_rmse")), axis=1))

    @cached_property
    def curves(self) -> dict[int, list[float]]:
        """The metric that decides, at the end of each rung that a trial has come through, without those that failed."""
        values = self._by_rung(self.study.reward.metric)
        known = np.flatnonzero(~np.isnan(self.reward)).tolist()
        return {trial: values[trial, : self.n_rungs[trial]].tolist() for trial in known}

    def _by_rung(self, metric: str) -> Floats:
        """(trials, rungs); what doesn't change with training stands in all of them."""
        values = self._read(metric)
        return values if metric in RUNG else np.repeat(values[:, None].astype(np.float64), len(self.study.rungs), 1)

    @cached_property
    def order(self) -> list[int]:
        """Those that have a network, the best first."""
        return standing(self.curves)

    @property
    def best(self) -> int | None:
        """The number of the best trial; None where all have failed."""
        return self.order[0] if self.order else None

    @cached_property
    def rung(self) -> int:
        """The last rung of the best trial; values of other rungs can't be held against its."""
        return len(self.curves[self.order[0]]) - 1

    @cached_property
    def alike(self) -> NDArray[np.int64]:
        """The numbers of those that were trained as long as the best one, or longer; none where all have failed."""
        return np.array([t for t, curve in self.curves.items() if len(curve) > self.rung], dtype=np.int64)

    def at_rung(self, metric: str) -> Floats:
        """(alike,) a metric at the end of the best trial's last rung."""
        return self._by_rung(metric)[self.alike, self.rung] if len(self.alike) else np.empty(0)

    @cached_property
    def common_rung(self) -> int:
        """The last rung that all have come through that have a network; −1 where none has one."""
        return min(map(len, self.curves.values()), default=0) - 1

    @cached_property
    def seconds(self) -> Floats:
        """(trials,) of training, as far as it is known of a trial; 0 of one that failed in its first rung."""
        return np.asarray(np.nan_to_num(self._read("seconds")).max(axis=1))

    def point(self, trial: int) -> Point:
        """A trial's values, by the paths of their fields."""
        return {path: self.value(path, self.column(path)[trial]) for path in self.study.searched}

    def column(self, path: str) -> NDArray[Any]:
        """(trials,) numbers of a searched field, as they are stored."""
        return self._read(path)

    def value(self, path: str, stored: Any) -> Any:
        """What a number of a searched field's array stands for."""
        dimension = self.study.searched[path]
        if is_number(dimension):
            return stored.item()
        assert isinstance(dimension, Choices)
        return dimension.choices[int(stored)]
