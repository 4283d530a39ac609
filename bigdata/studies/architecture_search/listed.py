"""The trials of a search, one after the other: their points, and what they showed in each rung."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import ArraySpec, whole
from bigdata.studies.architecture_search.dimensions import Choices, Dimension
from bigdata.studies.architecture_search.model import ArchitectureSearch
from bigdata.studies.architecture_search.space import Point
from bigdata.studies.architecture_search.status import FAILED, NOT_RUN, RAN, STOPPED, WORDS

if TYPE_CHECKING:
    from bigdata.kind import Context

# What each rung of a trial returns: dtype, and unit where it isn't the target's.
RUNG = {
    "validation_rmse": ("float64", None, "root mean square error of the validation part, at the end of each rung"),
    "validation_mae": ("float64", None, "mean absolute error of the validation part, at the end of each rung"),
    "seconds": ("float64", "s", "of training since the trial's beginning, at the end of each rung"),
}
TRIAL = {
    "n_parameters": ("int64", "1", "weights that are trained; -1: none were"),
    "n_steps": ("int64", "1", "gradient steps; -1: none"),
    "best_step": ("int64", "1", "the step of the best look at the validation part; -1: none"),
    "seconds_batch": ("float64", "s", "mean time to make a batch"),
    "seconds_step": ("float64", "s", "mean time of a gradient step"),
    "on_gpu": ("bool", "1", "whether it was trained on a GPU"),
}


@dataclass
class Trial:
    """One trial: its point, and the rows of its rungs that ended, by their numbers; None for one that failed."""

    point: Point
    rungs: dict[int, dict[str, Any] | None] = field(default_factory=dict)

    @property
    def last(self) -> dict[str, Any] | None:
        """What its last rung returned."""
        return self.rungs[max(self.rungs)]

    @property
    def has_network(self) -> bool:
        """Whether none of its rungs failed or diverged."""
        return all(rows is not None and rows["status"] == RAN for rows in self.rungs.values())

    def status(self, top: int) -> int:
        """How it ended, where its last rung would have been `top`."""
        last = self.last
        if last is None:
            return FAILED
        return int(last["status"]) or (RAN if max(self.rungs) == top else STOPPED)


def trials_of(ctx: Context[ArchitectureSearch]) -> dict[int, Trial]:
    """Those that were begun, by their numbers."""
    rows, found = ctx.rows("train"), dict[int, Trial]()
    told = {number: place for place, number in enumerate(rows.numbers)}
    columns = {name.removeprefix("rung_"): rows[name].tolist() for name in rows}
    for number, asked in ctx.payloads("train").items():
        place = told.get(number)
        returned = None if place is None else {name: values[place] for name, values in columns.items()}
        found.setdefault(asked["trial"], Trial(asked["point"])).rungs[asked["rung"]] = returned
    return found


def arrays(study: ArchitectureSearch, unit: str) -> Iterator[ArraySpec]:
    """Those that this writes, of all trials that the study allows."""
    n = study.search.trials
    along, both = {"trial": n}, {"trial": n, "rung": len(study.rungs)}
    about = f"{study.reward.metric} at the end of the trial's last rung; NaN where it failed"
    yield whole("reward", "float64", along, unit_of_metric(study.reward.metric, unit), about)
    yield whole("status", "int32", along, about=WORDS)
    for name, (dtype, units, about) in RUNG.items():
        yield whole(name, dtype, both, units or unit, about)
    for name, (dtype, units, about) in TRIAL.items():
        yield whole(name, dtype, along, units, about)
    for path, dimension in study.searched.items():
        yield whole(path, dtype_of(dimension), along, about=meaning(path, dimension))


def unit_of_metric(metric: str, unit: str) -> str:
    """Of an objective, where the target has `unit`."""
    return {"n_parameters": "1", "seconds_step": "s", "seconds": "s"}.get(metric, unit)


def dtype_of(dimension: Dimension) -> str:
    """Whole numbers, other numbers, or the places of what is no number among the choices."""
    if isinstance(dimension, Choices):
        return "float64" if is_number(dimension) and float in map(type, dimension.choices) else "int64"
    return "int64" if dimension.n_values < math.inf else "float64"


def is_number(dimension: Dimension) -> bool:
    """Whether the values are numbers, and not words or truth values."""
    return not isinstance(dimension, Choices) or {int, float} >= {*map(type, dimension.choices)}


def written(dimension: Dimension, value: Any) -> float:
    """A value as its array has it: itself, or its place among the choices."""
    if is_number(dimension):
        return float(value)
    assert isinstance(dimension, Choices)
    return dimension.choices.index(value)


def meaning(path: str, dimension: Dimension) -> str:
    """What the numbers of a searched field's array are."""
    if is_number(dimension):
        return f"the trial's `{path}`"
    assert isinstance(dimension, Choices)
    return f"the trial's `{path}`: " + ", ".join(f"{i} {word(value)}" for i, value in enumerate(dimension.choices))


def word(value: Any) -> str:
    """A value as YAML has it."""
    return value if isinstance(value, str) else json.dumps(value)


NOTHING: Mapping[str, Any] = {"int64": -1, "float64": np.nan, "bool": False}


def write(ctx: Context[ArchitectureSearch]) -> None:
    """Write all of `arrays`."""
    study, found = ctx.model, trials_of(ctx)
    n, top = study.search.trials, len(study.rungs) - 1
    status = np.full(n, NOT_RUN, dtype=np.int32)
    for number, trial in found.items():
        status[number] = trial.status(top)
    ctx.write("status", status)
    by_rung = {name: _by_rung(found, name, n, top + 1) for name in RUNG}
    for name, values in by_rung.items():
        ctx.write(name, values)
    last = {name: _of_last(found, name, n, dtype) for name, (dtype, _, _) in TRIAL.items()}
    for name, values in last.items():
        ctx.write(name, values)
    ctx.write("reward", rewards(study, found))
    for path, dimension in study.searched.items():
        dtype = dtype_of(dimension)
        points = {number: written(dimension, trial.point[path]) for number, trial in found.items()}
        ctx.write(path, _array([points.get(i, NOTHING[dtype]) for i in range(n)], dtype))


def rewards(study: ArchitectureSearch, found: Mapping[int, Trial]) -> NDArray[np.float64]:
    """(trials,) the metric that decides, of each trial's last rung; NaN for those without a network."""
    values = np.full(study.search.trials, np.nan)
    for number, trial in found.items():
        if trial.has_network and trial.last is not None:
            values[number] = trial.last[study.reward.metric]
    return values


def _by_rung(found: Mapping[int, Trial], name: str, n: int, n_rungs: int) -> NDArray[np.float64]:
    values = np.full((n, n_rungs), np.nan)
    for number, trial in found.items():
        for rung, rows in trial.rungs.items():
            if rows is not None:
                values[number, rung] = rows[name]
    return values


def _of_last(found: Mapping[int, Trial], name: str, n: int, dtype: str) -> NDArray[Any]:
    rows = {number: trial.last or {} for number, trial in found.items()}
    return _array([rows.get(i, {}).get(name, NOTHING[dtype]) for i in range(n)], dtype)


def _array(values: list[Any], dtype: str) -> NDArray[Any]:
    return np.array(values, dtype=dtype)
