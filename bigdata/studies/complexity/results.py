"""The results of a complexity study in the words of its report, of predictions and of exports."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.units import without_unit
from bigdata.kind import SpecError, StudyResults
from bigdata.models.tabular.classes import restored
from bigdata.models.tabular.fitted import Fitted
from bigdata.models.tabular.setting import Point
from bigdata.studies.complexity.choice import spread_rows
from bigdata.studies.complexity.metrics import LARGER_IS_BETTER
from bigdata.studies.complexity.model import Complexity
from bigdata.studies.complexity.of_classes import OF_CLASSES
from bigdata.studies.complexity.packed import FOLDS, IMPORTANCE, MODEL, NEAR, packed_arrays, packed_json
from bigdata.studies.complexity.scale import SCALES, Scale
from bigdata.studies.complexity.stages import curve_of, pairs_of
from bigdata.studies.complexity.trials import Trial, n_settings, of_point, trials_of

Floats = NDArray[np.float64]


class Near(NamedTuple):
    """A formula that fits nearly as well: its terms; for each task its coefficients, the intercept first; and the RMSE
    of the training part. Of classes, for each but the first; and how many samples overlap or are on the wrong side."""

    terms: list[str]
    coefficients: list[list[float]]
    error: float


class Results(StudyResults[Complexity]):
    """What the report of a complexity study speaks of."""

    @cached_property
    def points(self) -> list[Point]:
        return self.model.points

    @cached_property
    def names(self) -> list[str]:
        return [point.name for point in self.points]

    @property
    def classes(self) -> list[str]:
        return [*self.model.classes]

    @cached_property
    def trials(self) -> list[Trial]:
        return trials_of(self.model)

    @property
    def metric(self) -> str:
        """The first one, by which classes are compared."""
        return self.model.metrics[0]

    @property
    def scale(self) -> Scale:
        return SCALES[self.model.target.transform]

    @property
    def quantity(self) -> str:
        """The target in words: a field's name without the unit at its end."""
        return self.model.target.quantity or without_unit(self.model.target.field).replace("_", " ")

    @cached_property
    def unit(self) -> str:
        unit = self.view["target"].units
        return "" if unit == "1" else unit

    @cached_property
    def learned_unit(self) -> str:
        unit = self.view["learned"].units
        return "" if unit == "1" else unit

    @property
    def target_words(self) -> str:
        """The target in words, with its unit: |binary energy error| (eV/atom)."""
        name = f"|{self.quantity}|" if self.model.target.transform == "log10-absolute" else self.quantity
        return f"{name} ({self.unit})" if self.unit else name

    @cached_property
    def learned(self) -> str:
        """What models give, in words: log10 |binary energy error / (eV/atom)|."""
        unit = f" / ({self.unit})" if self.unit else ""
        match self.model.target.transform:
            case "log10":
                return f"log10({self.quantity}{unit})"
            case "log10-absolute":
                return f"log10 |{self.quantity}{unit}|"
        return self.quantity

    @property
    def labels(self) -> list[str]:
        """The classes of samples, by their codes; none where numbers are predicted."""
        return [str(label) for label in self.view["class_label"][...]] if self.model.target.classes else []

    @property
    def baseline(self) -> str:
        """What the baseline predicts."""
        return "most frequent class" if self.model.target.classes else "mean"

    @property
    def sign(self) -> int:
        """-1 where the first metric is the larger the better."""
        return -1 if self.metric in LARGER_IS_BETTER else 1

    @property
    def inside(self) -> str:
        """By what error of samples left out inside the training part options and models are chosen."""
        return "share of wrong classes" if self.model.target.classes else "RMSE"

    def said(self, metric: str) -> str:
        """A metric as people write it: RMSE, balanced accuracy."""
        return metric.replace("-", " ") if metric in OF_CLASSES else metric.upper()

    @property
    def said_first(self) -> str:
        return self.said(self.metric)

    @property
    def begins(self) -> str:
        """The first metric at the beginning of a sentence."""
        return self.said_first[0].upper() + self.said_first[1:]

    def metric_unit(self, metric: str) -> str:
        return self.unit if metric in ("rmse", "mae") else ""

    def errors(self, of: str = "", end: str = "") -> Floats:
        """(rows, metrics) of models, or `class_`, `matched_`; with `end`, `_low` or `_high`, of their intervals."""
        return self.view[f"{of}error{end}"][...]

    @cached_property
    def rows(self) -> dict[str, Floats]:
        """What the fits of the models returned, NaN for those that failed."""
        returned = self.view.rows("model")
        numbers = ("parameters", "complexity", "cv_rmse", "cv_standard_error", "trial", "fit_seconds")
        return {name: spread_rows(returned, name, len(self.points)) for name in numbers}

    @cached_property
    def n_parameters(self) -> Floats:
        """(models,) A + L + N."""
        return np.asarray(self.rows["parameters"].sum(axis=1))

    @cached_property
    def weighted(self) -> Floats:
        """(models,) a A + b L + c N with the study's weights."""
        w = self.model.compare.weights
        return np.asarray(self.rows["parameters"] @ np.array([w.a, w.b, w.c]))

    @cached_property
    def cv(self) -> Floats:
        """(models,) error of samples left out inside the training part of the models that are kept."""
        return self.rows["cv_rmse"][:, -1]

    @cached_property
    def best(self) -> dict[str, int]:
        """The place of each class's best model, of those that are kept; classes that failed are left out."""
        chosen = self.view["chosen"][...][:, -1]
        return {kind: int(place) for kind, place in zip(self.classes, chosen, strict=True) if place >= 0}

    @cached_property
    def order(self) -> list[str]:
        """The classes that have a model, by the first error of samples tested, the best first."""
        error = self.errors("class_")[:, 0]
        return sorted(self.best, key=lambda kind: self.sign * error[self.classes.index(kind)])

    def of_class(self, kind: str) -> list[int]:
        """Places of a class's models."""
        return [i for i, point in enumerate(self.points) if point.kind == kind]

    @cached_property
    def failed(self) -> list[str]:
        """Models without a fit."""
        return [name for name, n in zip(self.names, self.n_parameters, strict=True) if not np.isfinite(n)]

    @cached_property
    def formulas(self) -> list[str]:
        """(models,) the formula of each model that is one, else ""."""
        returned = self.view.rows("model")
        found = [""] * len(self.points)
        for i, text in zip(returned.numbers, returned["formula"], strict=True):
            found[i] = str(text)
        return found

    @cached_property
    def simplest(self) -> int | None:
        """The place of the simplest formula whose error inside lies within one standard error of the least one."""
        own = [i for i in self.of_class("sisso") if np.isfinite(self.cv[i])]
        if not own:
            return None
        least = min(own, key=lambda i: self.cv[i])
        spread = np.nan_to_num(self.rows["cv_standard_error"][least])
        within = [i for i in own if self.cv[i] <= self.cv[least] + spread]
        return min(within, key=self.n_operators_and_terms)

    def n_operators_and_terms(self, place: int) -> float:
        """How complex a formula is."""
        return self.complexity("operations", place) + self.complexity("dimension", place)

    def complexity(self, component: str, place: int) -> float:
        names = [str(name) for name in self.view["component"][...]]
        return float(self.rows["complexity"][place, names.index(component)])

    def effort(self, kind: str) -> tuple[int, int, float]:
        """Settings tried, fits made, and their seconds, of a class; the fits of the models that are kept too."""
        returned = self.view.rows("tune")
        mine = [i for i, t in enumerate(returned.numbers) if self.trials[t].points[0].kind == kind]
        own = self.of_class(kind)
        kept = np.nansum(self.rows["fit_seconds"][own]) * self.n_parts
        fits = int(returned["cv_fits"][mine].sum()) + self.n_parts * len(own)
        return n_settings(self.trials, kind), fits, float(returned["cv_seconds"][mine].sum() + kept)

    @property
    def n_parts(self) -> int:
        return int(self.rows["cv_rmse"].shape[1])

    @cached_property
    def tested(self) -> NDArray[np.bool_]:
        return np.asarray(self.view["split"][...] == 2)

    @cached_property
    def task_labels(self) -> list[str]:
        return [str(label) for label in self.view["task_label"][...]]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return pairs_of(self.model)

    @property
    def curves(self) -> list[tuple[str, float]]:
        return curve_of(self.model)

    def point(self, place: int) -> Point:
        """A model with the options that it was fitted with."""
        trial = self.rows["trial"][place, -1]
        if not trial >= 0:
            return self.points[place]
        return next(p for p in self.trials[int(trial)].points if p.name == self.names[place])

    def near(self, place: int) -> list[Near]:
        return [Near(*one) for one in packed_json(self.view.packs["model"][place], NEAR)]

    def importance(self, place: int) -> Floats | None:
        values = packed_json(self.view.packs["model"][place], IMPORTANCE)
        return None if values is None else np.array(values)

    def fitted(self, place: int) -> Fitted:
        """A model as it was fitted, of its run's store alone."""
        kept = packed_arrays(self.view.packs["model"][place], MODEL)
        names, units = ([str(v) for v in self.view[name][...]] for name in ("feature_name", "unit"))
        return restored(self.point(place), kept, names, units, self.labels)

    def descriptors(self, place: int) -> list[list[str]]:
        """For each fold inside the training part of the models that are kept, the terms of a formula's model."""
        trial = int(self.rows["trial"][place, -1])
        folds = packed_json(self.view.packs["tune"][trial], FOLDS)
        at = next(i for t, i in of_point(self.trials, self.names[place]) if t == trial)
        return [fold["models"][at]["descriptors"] for fold in folds if fold["part"] == self.n_parts - 1]

    def place_of(self, asked: str) -> int:
        """The model that a user names, or the best of a class; the best of all where nothing is named. Raises
        SpecError."""
        if not asked:
            return min(self.best.values(), key=lambda place: self.cv[place])
        if asked in self.best:
            return self.best[asked]
        known = [name for name in self.names if name not in self.failed]
        if asked not in known:
            raise SpecError(f"the run has no model `{asked}`; its models are {', '.join(known)}.")
        return self.names.index(asked)
