"""The stages of a complexity study.

table ──▶ tune ──▶ model ─┬─▶ matched ─┬─▶ evaluate
 features  inner    one a  └─▶ curve ───┘
           folds    model

Long searches for formulas of `tune` and `model` are tasks of stages before these: see `searches`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import (
    BUILT_IN,
    EXPECTED_SECOND,
    PROCESS_BYTES,
    ArraySpec,
    Coordinate,
    Input,
    Kept,
    Rate,
    Row,
    Stage,
    TaskId,
    Workload,
    by_rows,
    every,
    whole,
)
from bigdata.models.tabular.classes import n_bytes, seconds
from bigdata.models.tabular.setting import Point
from bigdata.models.tabular.size import COMPONENTS, PARAMETERS
from bigdata.studies.complexity import searches
from bigdata.studies.complexity.model import Complexity
from bigdata.studies.complexity.notes import notes_of
from bigdata.studies.complexity.pack_size import modelled, tuned
from bigdata.studies.complexity.page_size import report_bytes
from bigdata.studies.complexity.parts import Part, parts_of
from bigdata.studies.complexity.table import Table, open_table
from bigdata.studies.complexity.trials import n_terms, of_point, trials_of

TASKS = "bigdata.studies.complexity.tasks"
FEATURE_RATE = Rate("feature of a sample", 5e-8, BUILT_IN)
FIT_RATE = Rate(EXPECTED_SECOND, 1.0, BUILT_IN)
DRAW_RATE = Rate("sample in a draw", 2e-8, BUILT_IN)
# Seconds of a task whose searches others do.
AWAY = 1.0
CLASS = "class"
# Their number of parameters follows from the table: there is no other setting to look for.
ONE_SIZE = ("ridge", "gaussian-process")
# The array `feature` can't have a dimension of its own name: xarray takes such an array for a coordinate.
NAMES = "feature_name"


def stages(model: Complexity, inputs: Mapping[str, Input]) -> Workload:
    """What one variant of the study computes and stores."""
    table = open_table(model, inputs)
    made = _Stages(model, table, parts_of(model, table.group))
    first = made.table()
    of_tune, tune = made.tune_searches(first), made.tune(first)
    of_model = made.model_searches(first, tune)
    fit = made.model_stage(first, tune)
    matched = [made.matched(first, tune, fit)] if made.pairs else []
    curve = [made.curve(first, tune, fit)] if model.learning_curve else []
    return Workload(
        stages=(
            *(first, *of_tune, tune, *of_model, fit, *matched, *curve),
            made.evaluate((first,), (tune, fit, *matched, *curve)),
        ),
        coordinates=tuple(made.coordinates()),
        notes=(*notes_of(table, made.parts), *searches.notes_of((made.cut_of_tune, made.cut_of_model))),
        report_bytes=report_bytes(model, len(table)),
        sizes={"samples": len(table), "features": len(table.names), "models": len(model.points)},
        kept=tuple(Kept.folder("import of the table", source.folder) for source in inputs.values()),
    )


def pairs_of(model: Complexity) -> list[tuple[str, str]]:
    """(class, other class): the class at the number of parameters of the other's best; none where not asked for."""
    if model.compare.matched is None:
        return []
    sized = [one for one in model.classes if one not in ONE_SIZE]
    return [(one, other) for one in sized for other in model.classes if one != other]


def curve_of(model: Complexity) -> list[tuple[str, float]]:
    """(class, share of the training groups) of the learning curves."""
    return [(one, share) for one in model.classes for share in model.learning_curve]


class _Stages:
    """The study's stages, one method each."""

    def __init__(self, model: Complexity, table: Table, parts: list[Part]) -> None:
        self.model, self.data, self.parts = model, table, parts
        self.n, self.p = len(table), len(table.names)
        self.trials, self.points = trials_of(model), model.points
        self.pairs, self.n_terms = pairs_of(model), n_terms(self.trials)
        self.unit = table.unit or "1"
        self.learned_unit = table.scale.unit(table.unit) or "1"
        self.of_classes, self.n_labels = bool(table.labels), len(table.labels)
        self.n_trained = max(int(part.train.sum()) for part in parts)
        self.n_tested = max(1, sum(bool(part.test.any()) for part in parts))
        self.cut_of_tune = searches.cut(model, table, parts, "tune")
        self.cut_of_model = searches.cut(model, table, parts, "model")
        self.data_bytes = PROCESS_BYTES + 24 * self.n * (self.p + 4)

    def table(self) -> Stage:
        along = {"sample": self.n}
        about = "as the table has it, or computed from the formula; `unit` has each feature's unit"
        return Stage(
            name="table",
            function=f"{TASKS}:table",
            fields=self.fields("dataset", "target", "features", "split"),
            rate=FEATURE_RATE,
            work=lambda _: float(self.n * self.p),
            memory=self.data_bytes,
            arrays=(
                whole("feature", "float64", along | {NAMES: self.p}, "1", about),
                whole("target", "float64", along, self.unit, self.target_words),
                whole("learned", "float64", along, self.learned_unit, "the target on the scale that models learn"),
            ),
            inputs=("table",),
        )

    def tune_searches(self, table: Stage) -> list[Stage]:
        """Long searches of tuning."""
        like = partial(
            Stage,
            fields=self.fields("dataset", "target", "features", "split") | {"folds": self.model.tuning.folds},
            rate=FIT_RATE,
            memory=self.memory,
            inputs=("table",),
        )
        return searches.stages(self.cut_of_tune, lambda _: [(table.name, 0)], like)

    def model_searches(self, table: Stage, tune: Stage) -> list[Stage]:
        """Those for the models with the options that did best."""
        like = partial(
            Stage,
            fields=self.fields("dataset", "target", "features", "split", "tuning"),
            rate=FIT_RATE,
            memory=self.memory,
            despite_failures=(tune.name,),
            inputs=("table",),
        )
        return searches.stages(self.cut_of_model, lambda search: self._before_model(table, tune, search.task), like)

    def _before_model(self, table: Stage, tune: Stage, i: int) -> list[TaskId]:
        return [(table.name, 0), *((tune.name, t) for t, _ in of_point(self.trials, self.points[i].name))]

    def tune(self, table: Stage) -> Stage:
        """A task for each fit that serves some models, with one choice of their options: all folds of all parts."""
        return Stage(
            name="tune",
            function=f"{TASKS}:tune",
            fields=self.fields("dataset", "target", "features", "split") | {"folds": self.model.tuning.folds},
            task_fields=lambda i: self.trials[i].fields,
            rate=FIT_RATE,
            work=lambda i: self.work(
                self.cut_of_tune, i, self.model.tuning.folds * len(self.parts) * self.seconds(self.trials[i].points)
            ),
            memory=self.memory,
            n_tasks=len(self.trials),
            needs=lambda i: [(table.name, 0), *map(self.cut_of_tune.last, self.cut_of_tune.of(i))],
            rows={
                "cv_error": Row(
                    units=self.learned_unit,
                    about=f"{self.inside} of samples left out inside the training part",
                    length=len(self.parts) * self.n_terms,
                    dim="part_term",
                ),
                "cv_fits": Row("int64", about="fits that were made"),
                "cv_seconds": Row(units="s", about="their time"),
            },
            packs=tuned(self.n_trained),
            checkpoints=True,
            inputs=("table",),
        )

    def model_stage(self, table: Stage, tune: Stage) -> Stage:
        """A task for each model, with the options that did best: fitted to the training part of every part."""
        return Stage(
            name="model",
            function=f"{TASKS}:model",
            fields=self.fields("dataset", "target", "features", "split", "tuning"),
            task_fields=lambda i: _fields(self.points[i]),
            rate=FIT_RATE,
            work=lambda i: self.work(self.cut_of_model, i, len(self.parts) * self.seconds((self.points[i],))),
            memory=self.memory,
            n_tasks=len(self.points),
            needs=lambda i: [
                *self._before_model(table, tune, i),
                *map(self.cut_of_model.last, self.cut_of_model.of(i)),
            ],
            rows={
                "parameters": Row("int64", about="additive, linear and nonlinear (eq. 4)", length=3, dim="kind"),
                "complexity": Row(about="what it is made of", length=len(COMPONENTS), dim="component"),
                "formula": Row("string", about="of a model that is one"),
                "cv_rmse": Row(
                    units=self.learned_unit,
                    about=f"{self.inside} of samples left out inside the training part, by the options that did best",
                    length=len(self.parts),
                    dim="part",
                ),
                "cv_standard_error": Row(units=self.learned_unit, about="of `cv_rmse` of the model kept, over groups"),
                "trial": Row(
                    "int64", about="the trial whose options did best inside", length=len(self.parts), dim="part"
                ),
                "fit_seconds": Row(units="s", about="of the fit of the model kept"),
            },
            packs=modelled(self.points, self.n, self.n_trained, self.p),
            despite_failures=("tune",),
            inputs=("table",),
        )

    def matched(self, table: Stage, tune: Stage, fit: Stage) -> Stage:
        """A task for each class and other class: the setting nearest to the other's number of parameters."""
        along = {"matched": len(self.pairs), "sample": self.n}
        return Stage(
            name="matched",
            function=f"{TASKS}:matched",
            fields=self.fields("dataset", "target", "features", "split", "tuning", "models"),
            task_fields=lambda i: {"pair": list(self.pairs[i])},
            rate=FIT_RATE,
            work=lambda i: 3 * self.n_tested * self.class_seconds(self.pairs[i][0]),
            memory=self.memory,
            arrays=tuple(
                by_rows(1, f"matched_{name}", "float64", along, unit, f"{about} samples tested; NaN elsewhere")
                for name, unit, about in self.said_of_samples
            ),
            needs=every(table, tune, fit),
            rows={
                "wanted_parameters": Row("int64", about="of the other class's best model"),
                "n_parameters": Row("int64", about="of the nearest setting of the class"),
                "setting": Row("string", about="that setting"),
            },
            despite_failures=("tune", "model"),
            inputs=("table",),
        )

    def curve(self, table: Stage, tune: Stage, fit: Stage) -> Stage:
        """A task for each class and share of the training groups."""
        wanted = curve_of(self.model)
        return Stage(
            name="curve",
            function=f"{TASKS}:curve",
            n_tasks=len(wanted),
            fields=self.fields("dataset", "target", "features", "split", "tuning", "models", "metrics", "bootstrap"),
            task_fields=lambda i: {"class": wanted[i][0], "share": wanted[i][1]},
            rate=FIT_RATE,
            work=lambda i: wanted[i][1] * self.n_tested * self.class_seconds(wanted[i][0]),
            memory=self.memory + 16 * self.n * self.model.bootstrap,
            needs=every(table, tune, fit),
            rows={
                "curve_error": Row(about="of samples tested", length=len(self.model.metrics), dim="metric"),
                "curve_low": Row(about="of the first metric, the lower end of its 95 % interval over draws of groups"),
                "curve_high": Row(about="of the first metric, the upper end of its 95 % interval"),
                "curve_n": Row("int64", about="samples in the (first) training part"),
            },
            despite_failures=("tune", "model"),
            inputs=("table",),
        )

    def evaluate(self, data: tuple[Stage, ...], fits: tuple[Stage, ...]) -> Stage:
        """One task for all: models are judged though others have failed."""
        n_rows = len(self.points) + 2 * len(self.model.classes) ** 2
        return Stage(
            name="evaluate",
            function=f"{TASKS}:evaluate",
            fields=self.fields("dataset", "target", "features", "split", "models", "metrics", "compare", "bootstrap"),
            rate=DRAW_RATE,
            work=lambda _: float(self.n * n_rows * (1 + self.model.bootstrap)),
            memory=self.data_bytes + 16 * self.n * (self.model.bootstrap + n_rows),
            arrays=tuple(self._evaluated()),
            needs=every(*data, *fits),
            despite_failures=tuple(stage.name for stage in fits),
            inputs=("table",),
        )

    def _evaluated(self) -> Iterator[ArraySpec]:
        metrics, classes = {"metric": len(self.model.metrics)}, {CLASS: len(self.model.classes)}
        rows = {"": {"model": len(self.points)}, "class_": classes}
        if self.pairs:
            rows["matched_"] = {"matched": len(self.pairs)}
        along = {"model": len(self.points), "sample": self.n}
        about = "by a model that hasn't seen the sample where it is tested, elsewhere by the model that is kept"
        yield whole("prediction", "float64", along, self.unit, about + self.coded)
        for name, along in rows.items():
            yield whole(f"{name}error", "float64", along | metrics, about=f"of samples tested; {self.metric_units}")
            for end in ("low", "high"):
                about = "95 % interval over groups"
                yield whole(f"{name}error_{end}", "float64", along | metrics, about=about)
        yield whole(
            "chosen", "int64", classes | {"part": len(self.parts)}, about="model of least error inside; -1: none"
        )
        both = classes | {"class_2": len(self.model.classes)}
        about = f"{self.model.metrics[0]} of the first minus that of the second class's best model"
        for end in ("", "_low", "_high"):
            yield whole(f"difference{end}", "float64", both, about=about)
        yield whole("chance", "float64", both, about="of such a difference where both are equally good (p value)")
        yield whole("split", "uint8", {"sample": self.n}, about="0 trained on, 2 tested")

    @property
    def said_of_samples(self) -> list[tuple[str, str, str]]:
        """Name, unit and meaning of what models say of samples."""
        prediction = ("prediction", self.unit, "of")
        return [prediction, ("overlap", "1", "1 in the hull of another class;")] if self.of_classes else [prediction]

    @property
    def inside(self) -> str:
        """By what error options and models are chosen."""
        return "share of wrong classes" if self.of_classes else "RMSE, on the scale that is learned,"

    @property
    def coded(self) -> str:
        return "; codes, whose classes `class_label` has" if self.of_classes else ""

    @property
    def metric_units(self) -> str:
        """Which unit the errors have."""
        units = {"rmse": self.unit, "mae": self.unit}
        return ", ".join(f"{name} in {units.get(name, '1')}" for name in self.model.metrics)

    @property
    def target_words(self) -> str:
        absolute = "absolute value: " if self.model.target.transform == "log10-absolute" else ""
        return f"{absolute}{self.quantity}{self.coded}"

    @property
    def quantity(self) -> str:
        return self.model.target.quantity or self.model.target.field

    @property
    def memory(self) -> int:
        """The largest of the fits."""
        most = max(n_bytes(point, self.n, self.data.units, self.n_labels) for point in self.points)
        # TensorFlow alone takes half a gigabyte.
        return self.data_bytes + most + (600_000_000 if self.model.extra else 0)

    def seconds(self, points: tuple[Point, ...]) -> float:
        """Of one fit that serves some models, on the larger part of the samples."""
        return max(seconds(point, self.n, self.data.units, self.n_labels) for point in points)

    def work(self, found: searches.Cut, i: int, seconds: float) -> float:
        """Of a task that takes so many seconds where others don't search for it."""
        return AWAY if found.of(i) else seconds

    def class_seconds(self, name: str) -> float:
        return max(self.seconds((point,)) for point in self.points if point.kind == name)

    def tested_in(self) -> NDArray[np.int64]:
        """(n,) the part in which each sample is tested."""
        found = np.full(self.n, -1)
        for i, part in enumerate(self.parts):
            found[part.test] = i
        return found

    def fields(self, *names: str) -> dict[str, object]:
        return self.model.model_dump(mode="json", include=set(names))

    def coordinates(self) -> Iterator[Coordinate]:
        data, model = self.data, self.model
        yield Coordinate(name="sample", dim="sample", values=data.entries.ids, about="the sample's name")
        yield Coordinate(name="formula_of_sample", dim="sample", values=data.entries.formulas)
        yield Coordinate(name="group", dim="sample", values=data.group.tolist(), about="samples of one stay together")
        about = "the part in which the sample is tested; -1: in none"
        yield Coordinate(name="part_of_sample", dim="sample", values=self.tested_in().tolist(), about=about)
        yield Coordinate(
            name="task", dim="sample", values=data.task.tolist(), about="formulas have coefficients for each"
        )
        yield Coordinate(
            name="task_label", dim="task_label", values=list(data.task_labels), about="what tasks are called"
        )
        if self.of_classes:
            about = "the classes, by the codes of target and predictions"
            yield Coordinate(name="class_label", dim="class_label", values=list(data.labels), about=about)
        yield Coordinate(name=NAMES, dim=NAMES, values=list(data.names))
        yield Coordinate(name="unit", dim=NAMES, values=list(data.units), about="of the feature")
        yield Coordinate(name="model", dim="model", values=[point.name for point in self.points])
        yield Coordinate(name="metric", dim="metric", values=list(model.metrics))
        yield Coordinate(name="component", dim="component", values=list(COMPONENTS))
        yield Coordinate(name="kind", dim="kind", values=list(PARAMETERS), about="how parameters enter (eq. 4)")
        yield Coordinate(name=CLASS, dim=CLASS, values=[*model.classes])
        if self.pairs:
            words = [f"{one} at {other}" for one, other in self.pairs]
            yield Coordinate(name="matched", dim="matched", values=words, about="class at the other's parameters")


def _fields(point: Point) -> dict[str, object]:
    return {"point": [point.kind, dict(point.place), dict(point.options)]}
