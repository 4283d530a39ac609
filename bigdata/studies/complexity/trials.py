"""What is tried of each class: its models with several choices of their options, as many settings for each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import SpecError
from bigdata.models.tabular.classes import units_of
from bigdata.models.tabular.setting import Point
from bigdata.studies.complexity.model import Complexity

Floats = NDArray[np.float64]
# Settings of each class, where a study doesn't say how many: a small grid is no reason to leave options as they are.
FEWEST = 8


@dataclass(frozen=True)
class Trial:
    """Models of one class that one fit serves, with one choice of options."""

    points: tuple[Point, ...]
    options: Mapping[str, Any]

    @property
    def fields(self) -> dict[str, Any]:
        """All that its fits depend on, as JSON data."""
        return {"points": [[p.kind, dict(p.place), dict(p.options)] for p in self.points]}


def trials_of(model: Complexity) -> list[Trial]:
    """All trials, class by class."""
    n_settings = model.tuning.settings or max(FEWEST, *(len(grid.points) for grid in model.models))
    found = []
    for grid in model.models:
        choices = grid.draws(-(-n_settings // len(grid.points)), model.split.seed, model.target.classes)
        found += [
            Trial(tuple(point.with_options(options) for point in unit), options)
            for unit in units_of(grid.points)
            for options in choices
        ]
    return found


def n_terms(trials: Sequence[Trial]) -> int:
    """The most models that one trial has."""
    return max(len(trial.points) for trial in trials)


def of_point(trials: Sequence[Trial], name: str) -> list[tuple[int, int]]:
    """(trial, place in it) wherever a model of that name was tried."""
    return [(t, i) for t, trial in enumerate(trials) for i, point in enumerate(trial.points) if point.name == name]


def n_settings(trials: Sequence[Trial], kind: str) -> int:
    """How many settings of a class are tried."""
    return sum(len(trial.points) for trial in trials if trial.points[0].kind == kind)


def best_of(trials: Sequence[Trial], name: str, error: Floats) -> tuple[int, int]:
    """(trial, place) of the least error (trials, terms) among those of a model. SpecError where none is known."""
    known = [place for place in of_point(trials, name) if np.isfinite(error[place])]
    if not known:
        raise SpecError(f"none of the settings of {name} that were tried has a finite error.")
    return min(known, key=lambda place: error[place])
