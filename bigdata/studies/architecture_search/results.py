"""The results of an architecture search in the words of its report."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import StudyResults
from bigdata.models.networks.setting import Network
from bigdata.studies.architecture_search.dimensions import Choices
from bigdata.studies.architecture_search.listed import is_number, word
from bigdata.studies.architecture_search.model import ArchitectureSearch
from bigdata.studies.architecture_search.points import setting_of
from bigdata.studies.architecture_search.standing import standing
from bigdata.studies.architecture_search.status import NOT_RUN
from bigdata.studies.materials.crystals import fitted_to

Floats = NDArray[np.float64]


class Results(StudyResults[ArchitectureSearch]):
    """What the report of a search speaks of."""

    @cached_property
    def reward(self) -> Floats:
        """(trials,) NaN for those that didn't run to the end."""
        return np.asarray(self.view["reward"][...])

    @cached_property
    def status(self) -> NDArray[np.int32]:
        return np.asarray(self.view["status"][...])

    @property
    def n_begun(self) -> int:
        return int((self.status != NOT_RUN).sum())

    @cached_property
    def curves(self) -> dict[int, list[float]]:
        """The metric that decides, at the end of each rung that a trial has come through, without those that failed."""
        metric = self.model.reward.metric
        n_rungs = (~np.isnan(self.view["validation_rmse"][...])).sum(axis=1)
        values = self.view[metric][...]
        by_rung = values if values.ndim == 2 else np.repeat(values[:, None], n_rungs.max(initial=0), axis=1)
        whole = np.flatnonzero(~np.isnan(self.reward))
        return {int(trial): by_rung[trial, : n_rungs[trial]].tolist() for trial in whole}

    @cached_property
    def order(self) -> list[int]:
        """The trials that have a network, the best first."""
        return standing(self.curves)

    @property
    def best(self) -> int | None:
        """The number of the best trial; None where all have failed."""
        return self.order[0] if self.order else None

    def point(self, trial: int) -> dict[str, Any]:
        """A trial's values, by the paths of their fields."""
        return {path: self.value(path, self.view[path][trial]) for path in self.model.searched}

    def value(self, path: str, stored: Any) -> Any:
        """What a number of a searched field's array stands for."""
        dimension = self.model.searched[path]
        if is_number(dimension):
            return stored.item()
        assert isinstance(dimension, Choices)
        return dimension.choices[int(stored)]

    def said(self, trial: int) -> str:
        """A trial's point in words: `latent 64, steps 3`."""
        return ", ".join(f"{path.rpartition('.')[2]} {word(value)}" for path, value in self.point(trial).items())

    @property
    def quantity(self) -> str:
        return self.model.target.quantity or "target"

    @cached_property
    def unit(self) -> str:
        """Of the target; "" where it has none."""
        unit = self.view["validation_rmse"].units
        return "" if unit == "1" else unit

    @cached_property
    def retrained(self) -> list[int]:
        """The numbers of the networks of the winner that were trained anew."""
        if not self.model.final.retrain:
            return []
        return [int(i) for i in np.flatnonzero(~np.isnan(self.view["final_test_rmse"][...]))]

    @property
    def winner(self) -> int:
        """The trial whose point was trained anew; the best one where none was."""
        return int(self.view["final_trial"][self.retrained[0]]) if self.retrained else self.order[0]

    @property
    def network(self) -> Network:
        """The winner's."""
        setting = setting_of(self.model, self.point(self.winner))
        return fitted_to(self.model.graph, setting.network)
