"""Bayesian search with Optuna's samplers: where are trials likely to be better than the best so far?

`tpe` is the tree-structured Parzen estimator (Bergstra et al., NeurIPS 24 (2011)), for each field by itself, `gp` a
Gaussian process over all. With several rungs, a model is made of the highest rung with enough trials, as in
Falkner et al., Proc. Mach. Learn. Res. 80, 1437 (2018).

Optuna keeps the state of its random numbers nowhere, and a sampler that goes on would repeat the first draws. So one is
made anew for each proposal, from its number, and the studies are a copy of the history in memory.
"""

from __future__ import annotations

import importlib
import logging
import math
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from bigdata.kind import SpecError, WrongText
from bigdata.studies.architecture_search.dimensions import Choices, Dimension, Value
from bigdata.studies.architecture_search.methods.method import Method, Told, generator
from bigdata.studies.architecture_search.methods.record import Reader
from bigdata.studies.architecture_search.methods.setting import Searching
from bigdata.studies.architecture_search.space import Point, Space

if TYPE_CHECKING:
    import optuna

# A proposal takes longer the more trials there are, and all are made again whenever a study is planned. Measured on one
# core: 0.06 s from 2,000 trials with Parzen estimators, 0.4 s from 200 with a Gaussian process; one to two minutes in
# all.
MOST = {"tpe": 2_000, "gp": 300}
PACKAGES = {"tpe": ("optuna",), "gp": ("optuna", "torch")}
# Before a model is made of a rung, so many trials have to have come through it.
ENOUGH = 10


class BayesianSearch(Searching):
    """Points that a model of the trials so far holds for promising. Needs Optuna, and PyTorch for `gp`."""

    method: Literal["bayesian"] = "bayesian"
    sampler: Literal["tpe", "gp"] = Field(
        default="tpe", description="Parzen estimators, or a Gaussian process: better with few trials, and much slower."
    )

    def on(self, space: Space) -> Method:
        if missing := self.missing():
            raise SpecError(missing)
        return Bayesian(space, self.seed, self.sampler)

    def missing(self) -> str:
        """What to install for this search, in a sentence; "" where all is here."""
        lacking = [name for name in PACKAGES[self.sampler] if find_spec(name) is None]
        if not lacking:
            return ""
        here = f"`method: bayesian` with `sampler: {self.sampler}` needs {' and '.join(lacking)}"
        install = " ".join({"optuna": "'.[search]'", "torch": "torch"}[name] for name in lacking)
        return f"{here}, which this environment lacks. Run `pip install {install}`, or write another `method`."

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        if self.trials > MOST[self.sampler]:
            what = f"a Bayesian search with `{self.sampler}` of {self.trials:,} trials takes longer and longer"
            raise WrongText(what, f"Write `trials: {MOST[self.sampler]}` at most, or `method: evolution`")
        return self


class Bayesian:
    """Holds a study for each rung; that of the first one has the trials that run too, so that none is proposed twice.

    The first trials are drawn at random, as many as a model needs.
    """

    most = math.inf

    def __init__(self, space: Space, seed: int, sampler: Literal["tpe", "gp"]) -> None:
        self._optuna = importlib.import_module("optuna")
        self._optuna.logging.set_verbosity(logging.ERROR)
        self._space, self._seed, self._sampler = space, seed, sampler
        self._axes = {path: Axis(dimension) for path, dimension in space.items()}
        self._distributions = {path: axis.distribution(self._optuna.distributions) for path, axis in self._axes.items()}
        self._reader = Reader()
        self._studies: list[optuna.Study] = []
        self._n_complete: list[int] = []
        self._places: dict[int, int] = {}  # in the first study, by the trial

    def propose(self, number: int, history: Sequence[Told], running: Mapping[int, Point]) -> Point:
        if not self._studies and not _is_enough(history):
            return self._space.draw(generator(self._seed, number))
        self._catch_up(self._reader.new(history), running)
        rung = max(r for r, n in enumerate(self._n_complete) if n >= ENOUGH)
        return self._asked(self._studies[rung], number)

    def _catch_up(self, new: Sequence[Told], running: Mapping[int, Point]) -> None:
        begun = {told.trial: told.point for told in new if told.rung == 0} | dict(running)
        n_objectives = next((len(told.values) for told in new if told.values), 1)
        # Trials stand in the order of their numbers, whenever they are read: sums of floats depend on the order.
        for trial in sorted(begun.keys() - self._places.keys()):
            self._places[trial] = self._add(0, n_objectives, begun[trial], None)
        for told in new:
            if told.rung == 0:
                self._end(self._places[told.trial], told.values)
            elif told.values is not None:
                self._add(told.rung, len(told.values), told.point, told.values)

    def _add(self, rung: int, n_objectives: int, point: Point, values: tuple[float, ...] | None) -> int:
        """Add a trial that runs, or has ended with values; its number in the study of its rung."""
        while len(self._studies) <= rung:
            self._studies.append(self._optuna.create_study(directions=["minimize"] * n_objectives))
            self._n_complete.append(0)
        states, study = self._optuna.trial.TrialState, self._studies[rung]
        params = {path: axis.coordinate(point[path]) for path, axis in self._axes.items()}
        self._n_complete[rung] += values is not None
        state = states.RUNNING if values is None else states.COMPLETE
        study.add_trial(
            self._optuna.create_trial(state=state, params=params, distributions=self._distributions, values=values)
        )
        return len(study.get_trials(deepcopy=False)) - 1

    def _end(self, place: int, values: tuple[float, ...] | None) -> None:
        failed = self._optuna.trial.TrialState.FAIL
        self._studies[0].tell(place, values, state=failed if values is None else None)
        self._n_complete[0] += values is not None

    def _asked(self, study: optuna.Study, number: int) -> Point:
        study.sampler = self._fresh(number)
        trial = study.ask(self._distributions)
        # Its place is taken by the trial that runs, which is added with what was made of these numbers.
        study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        return {path: axis.value(trial.params[path]) for path, axis in self._axes.items()}

    def _fresh(self, number: int) -> optuna.samplers.BaseSampler:
        seed = int(np.random.SeedSequence([self._seed, number]).generate_state(1)[0])
        samplers = self._optuna.samplers
        options = {"seed": seed, "n_startup_trials": ENOUGH}
        # `multivariate` is Optuna's default since version 5. It was better by the median of twelve seeds, and in two of
        # them stuck to the wrong choices for good.
        made: optuna.samplers.BaseSampler = (
            samplers.GPSampler(**options)
            if self._sampler == "gp"
            else samplers.TPESampler(**options, multivariate=False)
        )
        return made


def _is_enough(history: Sequence[Told]) -> bool:
    return sum(told.rung == 0 and told.values is not None for told in history) >= ENOUGH


class Axis:
    """A searched field as Optuna has it: ranges from 0 to 1, and what has an order by its place in it."""

    def __init__(self, dimension: Dimension) -> None:
        self._dimension = dimension
        choices = dimension.choices if isinstance(dimension, Choices) else ()
        self._has_order = all(isinstance(c, int | float) and not isinstance(c, bool) for c in choices)
        self._choices: list[Any] = sorted(choices, key=_number) if self._has_order else [*choices]

    def distribution(self, kinds: ModuleType) -> optuna.distributions.BaseDistribution:
        """That of its coordinates; `kinds` is `optuna.distributions`."""
        if math.isinf(n := self._dimension.n_values):
            made: optuna.distributions.BaseDistribution = kinds.FloatDistribution(0.0, 1.0)
        elif self._has_order:
            made = kinds.IntDistribution(0, int(n) - 1)
        else:
            made = kinds.CategoricalDistribution(range(int(n)))
        return made

    def coordinate(self, value: Value) -> float:
        """A value as a number of its distribution."""
        if self._choices:
            return self._choices.index(value)
        position = self._dimension.position(value)
        return position if math.isinf(n := self._dimension.n_values) else int(position * n)

    def value(self, coordinate: float) -> Value:
        if self._choices:
            value: Value = self._choices[int(coordinate)]
            return value
        n = self._dimension.n_values
        return self._dimension.at(coordinate if math.isinf(n) else (coordinate + 0.5) / n)


def _number(value: Value) -> float:
    assert isinstance(value, int | float)
    return value
