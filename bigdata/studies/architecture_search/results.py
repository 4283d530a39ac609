"""The results of an architecture search in the words of its report."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import StudyResults, View
from bigdata.models.networks.setting import Network
from bigdata.studies.architecture_search.listed import unit_of_metric, word
from bigdata.studies.architecture_search.model import ArchitectureSearch
from bigdata.studies.architecture_search.points import setting_of
from bigdata.studies.architecture_search.trials import Floats, Trials
from bigdata.studies.materials.crystals import fitted_to
from bigdata.studies.materials.error_units import ErrorUnit, error_unit

METRIC = {
    "validation_rmse": "validation RMSE",
    "validation_mae": "validation MAE",
    "n_parameters": "parameters",
    "seconds_step": "seconds of a gradient step",
    "seconds": "seconds of training",
}


class Results(StudyResults[ArchitectureSearch], Trials):
    """What the report of a search speaks of."""

    def __init__(self, view: View) -> None:
        StudyResults.__init__(self, view)
        Trials.__init__(self, self.model, lambda name: np.asarray(view[name][...]))

    def said(self, trial: int) -> str:
        """A trial's point in words: `latent 64, steps 3`."""
        return ", ".join(f"{name_of(path)} {word(value)}" for path, value in self.point(trial).items())

    @property
    def quantity(self) -> str:
        return self.model.target.quantity or "target"

    @cached_property
    def unit(self) -> str:
        """Of the target; "" where it has none."""
        unit = self.view["validation_rmse"].units
        return "" if unit == "1" else unit

    @property
    def metric(self) -> str:
        """The one that decides, in words."""
        return METRIC[self.model.reward.metric]

    def scale_of(self, metric: str) -> ErrorUnit:
        """In which values of a metric are said."""
        return self.error_unit if metric.startswith("validation") else error_unit(unit_of_metric(metric, ""), ())

    @cached_property
    def error_unit(self) -> ErrorUnit:
        """In which errors are said, of validation and test part alike."""
        return error_unit(self.view["validation_rmse"].units, self.view["validation_rmse"][...])

    @property
    def scale(self) -> ErrorUnit:
        """In which the metric that decides is said."""
        return self.scale_of(self.model.reward.metric)

    @cached_property
    def retrained(self) -> list[int]:
        """The numbers of the networks of the winner that were trained anew."""
        if not self.model.final.retrain:
            return []
        return [int(i) for i in np.flatnonzero(~np.isnan(self.view["final_test_rmse"][...]))]

    def final(self, name: str) -> Floats:
        """(retrained,) `test_rmse`, `seconds` … of the networks of the winner."""
        return np.asarray(self.view[f"final_{name}"][...])[self.retrained] if self.retrained else np.empty(0)

    @property
    def winner(self) -> int:
        """The trial whose point was trained anew; the best one where none was."""
        return int(self.view["final_trial"][self.retrained[0]]) if self.retrained else self.order[0]

    @property
    def network(self) -> Network:
        """The winner's."""
        setting = setting_of(self.model, self.point(self.winner))
        return fitted_to(self.model.graph, setting.network)

    @cached_property
    def tells_importance(self) -> bool:
        """Whether the forest knows anything of trials that it didn't see."""
        return self.one("importance_r2") > 0.0

    @cached_property
    def by_importance(self) -> list[str]:
        """The paths of the fields with several values, the most important first; as written where nobody knows."""
        total = dict(zip(self.model.searched, np.nan_to_num(self.view["importance"][...]).tolist(), strict=True))
        return sorted(self.model.searched.open, key=lambda path: -total[path] if self.tells_importance else 0.0)

    def one(self, name: str) -> float:
        """An array's only number."""
        return float(self.view[name][0])

    def level(self, rung: int) -> str:
        """How far trials are trained in a rung: `400 steps`, `30 s`."""
        level = self.model.rungs.levels[rung]
        return f"{level:,.0f} steps" if self.model.rungs.resource == "steps" else f"{level:,.3g} s"

    @property
    def on_gpu(self) -> NDArray[np.bool_]:
        """(trials,) whether each was trained on a GPU."""
        return np.asarray(self.view["on_gpu"][...])

    @cached_property
    def errors(self) -> dict[int, str]:
        """Of trials one of whose tasks has failed, by their numbers, what it raised."""
        path, past = f"{self.view.group}/train".lstrip("/"), self.view.run.history
        return {
            past.asked[stage, index]["payload"]["trial"]: str(record.get("error", ""))
            for (stage, index), record in past.failed.items()
            if stage == path and (stage, index) in past.asked
        }


def name_of(path: str) -> str:
    """Of a searched field: `latent` of `model.latent`."""
    return path.rpartition(".")[2]
