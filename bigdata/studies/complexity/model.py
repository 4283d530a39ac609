"""The YAML of a complexity study: a table, its columns, the models that are compared, and how they are tested."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from bigdata import kind
from bigdata.data.materials.extent import Per
from bigdata.data.materials.origin import MaterialsFile, MaterialsOrigin
from bigdata.data.problem import placed
from bigdata.kind import (
    Finding,
    Grown,
    Input,
    PathInSpec,
    Seconds,
    SpecModel,
    StudyModel,
    named,
    unfit_units,
    unit_of,
    unknown_fields,
)
from bigdata.models.tabular.setting import Grid, Models, Point, Sisso
from bigdata.studies.complexity import of_classes

Metric = Literal["rmsle", "rmse", "mae", "r2", "accuracy", "balanced-accuracy", "overlap"]
Composition = Literal["magpie", "ward-2016"]
Share = Annotated[float, Field(gt=0, lt=1)]
# Made of an entry's formula; a column of the table by that name comes first.
FROM_FORMULA = ("formula", "reduced_formula", "chemical_system")


class Target(Grown, kind.Target):
    """The number to predict, and the scale on which models learn it; or the class."""

    LATER = ("classes",)

    field: str = Field(description="The dataset's field.")
    classes: bool = Field(
        default=False,
        description="The field's values, truth values, texts or whole numbers, are classes to tell apart: 20 at most.",
    )
    per: Literal["atom", "cell"] | None = Field(
        default=None, description="Turn values of whole cells into those of an atom, or back; refused where left out."
    )
    transform: Literal["none", "log10", "log10-absolute"] = Field(
        default="none",
        description="What models learn: the value, its decimal logarithm, or that of its absolute value.",
    )
    drop: Literal["none", "zero"] = Field(default="none", description="zero: leave out entries whose value is 0.")


class Features(SpecModel):
    """What models see of an entry: columns of the table, and features of its composition."""

    columns: tuple[str, ...] = Field(default=(), description="Columns that hold numbers.")
    composition: Composition | None = Field(
        default=None, description="Features of the formula: magpie (132), or the 145 of Ward et al. 2016."
    )


class Split(SpecModel):
    """Which part models are tested on: one for all models, and groups stay together."""

    train: float = Field(default=0.8, gt=0, lt=1)
    test: float = Field(default=0.2, gt=0, lt=1)
    folds: Annotated[int, Field(ge=2, le=100)] | None = Field(
        default=None, description="Instead: so many parts, each tested on once (nested cross-validation)."
    )
    group_by: tuple[str, ...] = Field(
        default=(),
        description="Entries that agree in these fields stay together, also where models are tuned: formula, "
        "reduced_formula, chemical_system, or columns. Left out: each entry is its own group.",
    )
    seed: int = Field(default=0, ge=0)


class Tuning(SpecModel):
    """How the options of models are chosen: by cross-validation inside the training part, as many for each class."""

    folds: Annotated[int, Field(ge=2, le=50)] = Field(default=5, description="Parts of the training part.")
    settings: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None,
        description="How many settings of each class are tried at least; left out: as many as the largest grid has.",
    )


class Weights(SpecModel):
    """Of eq. 4: complexity = a · additive + b · linear + c · nonlinear parameters."""

    a: float = Field(default=1.0, ge=0)
    b: float = Field(default=1.0, ge=0)
    c: float = Field(default=1.0, ge=0)


class Compare(SpecModel):
    """What classes are compared at, beside the best of each."""

    matched: Literal["parameters"] | None = Field(
        default=None,
        description="parameters: for each class, the setting whose number of parameters comes nearest to the best of "
        "each other class.",
    )
    weights: Weights = Weights()


class Complexity(StudyModel):
    """Does the class of a model, or its complexity, decide how well it predicts?"""

    stages_at: ClassVar[str] = "bigdata.studies.complexity.stages:stages"
    report_at: ClassVar[str] = "bigdata.studies.complexity.report:report"
    predict_at: ClassVar[str] = "bigdata.studies.complexity.prediction:predict"
    export_at: ClassVar[str] = "bigdata.studies.complexity.export:export"
    predicts: ClassVar[Literal["structures", "tables"]] = "tables"
    starter_at: ClassVar[str] = "bigdata.studies.complexity:starter.yaml"
    packages: ClassVar[tuple[str, ...]] = ("scikit-learn", "pymatgen", "tensorflow")

    study: Literal["complexity"] = "complexity"
    dataset: MaterialsOrigin = Field(description="The table: formulas with numbers.")
    target: Target
    features: Features
    split: Split = Split()
    metrics: tuple[Metric, ...] = Field(
        default=(),
        description="Errors of the test part; the first one decides comparisons. Left out: rmse, mae and r2, or of "
        "classes accuracy and balanced-accuracy.",
    )
    models: Annotated[tuple[Models, ...], Field(min_length=1)] = Field(description="The classes, each with its grid.")
    tuning: Tuning = Tuning()
    compare: Compare = Compare()
    learning_curve: tuple[Share, ...] = Field(
        default=(), description="Fit the best of each class to these shares of the training groups too."
    )
    longest_task: Seconds = Field(
        default=1800.0, gt=0, description="Searches for formulas that are expected to take longer are cut into tasks."
    )
    bootstrap: int = Field(default=500, ge=0, description="Draws of groups for the 95 % intervals; 0: no intervals.")

    @model_validator(mode="after")
    def _usual_metrics(self) -> Self:
        if not self.metrics:
            object.__setattr__(self, "metrics", of_classes.USUAL if self.target.classes else USUAL)
        return self

    @property
    def extra(self) -> str:
        """TensorFlow is needed for networks alone."""
        return "networks" if any(grid.kind == "dense" for grid in self.models) else ""

    @property
    def classes(self) -> dict[str, Grid]:
        """The grids by the name of their class."""
        return {grid.kind: grid for grid in self.models}

    @property
    def points(self) -> list[Point]:
        """All models that are compared: first the baseline, the mean or most frequent class of the training part."""
        return [Point("mean", {}, {}), *(point for grid in self.models for point in grid.points)]

    @property
    def sisso(self) -> Sisso | None:
        return next((grid for grid in self.models if isinstance(grid, Sisso)), None)

    @classmethod
    def check(cls, fields: Mapping[str, Any], folder: Path) -> Iterable[Finding]:
        """The data have the fields that are named, and the parts go together."""
        if "dataset" in fields:
            yield from _data(fields, folder)
        if (target := fields.get("target")) is not None:
            yield from target.findings("target")
            yield from _scale(target, fields.get("metrics", ()))
            yield from of_classes.findings(fields)
        if (features := fields.get("features")) is not None:
            yield from _features(features, target)
        if (split := fields.get("split")) is not None:
            yield from _split(split)
        yield from _twice(fields)
        yield from _classes(fields.get("models", ()))

    def data_files(self, folder: Path) -> Iterable[Path]:
        """The file of the user's own."""
        return [named(folder, self.dataset.file)] if isinstance(self.dataset, MaterialsFile) else []

    def inputs(self, folder: Path) -> dict[str, Input]:
        """The table, imported into the cache. Raises Findings."""
        # Only where data are opened: a spec is checked without NumPy.
        from bigdata.data.materials.dataset import open_materials

        with placed("dataset"):
            opened = open_materials(self.dataset, folder)
        file = self.dataset.file if isinstance(self.dataset, MaterialsFile) else ""
        return {"table": Input(opened.digest, str(opened.folder), file, opened.content)}

    def figures(self) -> dict[str, str]:
        at, of_classes = "bigdata.studies.complexity.captioned", self.target.classes
        shown = {
            "errors": True,
            "parity": not of_classes,
            "confusion": of_classes,
            "pareto": self.sisso is not None,
            "hulls": of_classes and self.sisso is not None,
            "descriptors": self.sisso is not None,
            "importance": any(grid.kind in WITH_IMPORTANCE for grid in self.models),
            "learning_curve": bool(self.learning_curve),
        }
        where = dict.fromkeys(("confusion", "hulls"), f"{at}_classes")
        return {name: f"{where.get(name, at)}:{name}" for name, is_shown in shown.items() if is_shown}


USUAL: tuple[Metric, ...] = ("rmse", "mae", "r2")
WITH_IMPORTANCE = ("forest", "tree", "boosting", "ridge")


def _data(fields: Mapping[str, Any], folder: Path) -> Iterator[Finding]:
    dataset = fields["dataset"]
    if dataset.target:
        what = "names the number to predict a second time"
        yield Finding(("dataset", "target"), what, "Say it under `target: {field: …}` alone", at_key=True)
    asked: list[tuple[PathInSpec, str]] = []
    if "target" in fields:
        asked.append((("target", "field"), fields["target"].field))
    if "features" in fields:
        asked += [(("features", "columns", i), name) for i, name in enumerate(fields["features"].columns)]
    if "split" in fields:
        asked += [
            (("split", "group_by", i), name)
            for i, name in enumerate(fields["split"].group_by)
            if name not in (*FROM_FORMULA, *renamed(dataset))
        ]
    found = list(unknown_fields(dataset, folder, ("dataset",), asked))
    yield from found
    if (target := fields.get("target")) is not None and not (found or target.classes):
        own = unit_of(dataset, folder, target.field)
        yield from unfit_units(f"`{target.field}`", own, target, Per(target.per or ""))


def renamed(dataset: MaterialsOrigin) -> dict[str, str]:
    """The names that columns of a registered dataset have in its original file, and their names here."""
    from bigdata.data.materials.origin import NamedMaterials
    from bigdata.data.registry import names, registered

    if not isinstance(dataset, NamedMaterials) or dataset.name not in names():
        return {}
    entry = registered(dataset.name)
    names_of = [*(source.names for source in entry.sources), *(file.names for file in entry.mirror)]
    return {old: new for named in names_of for old, new in named.items()}


def _scale(target: Target, metrics: tuple[str, ...]) -> Iterator[Finding]:
    if target.transform != "none" and target.range is not None and target.range[1] <= 0 and target.transform == "log10":
        what = "has no logarithm: all values of the range are 0 or below"
        yield Finding(("target", "transform"), what, "Write `log10-absolute`, or another range")


def _features(features: Features, target: Target | None) -> Iterator[Finding]:
    if not features.columns and features.composition is None:
        what = "names neither columns nor features of the composition"
        yield Finding(("features",), what, "Write `columns: [a, b]`, or `composition: magpie`")
    for i, name in enumerate(features.columns):
        here = ("features", "columns", i)
        if name in features.columns[:i]:
            yield Finding(here, f"{name} is listed twice", "Keep one of the two")
        if target is not None and name == target.field:
            yield Finding(here, f"{name} is the target itself", "Leave it out: every model would only copy it")


def _split(split: Split) -> Iterator[Finding]:
    shares = {"train", "test"} & split.model_fields_set
    if split.folds is not None and shares:
        yield Finding(("split", "folds"), "stands beside fractions", "Give the folds, or train and test")
    # 0.7 + 0.3 isn't 1 in floats.
    elif split.folds is None and abs(split.train + split.test - 1) > 1e-9:
        what = f"train {split.train:g} and test {split.test:g} make {split.train + split.test:g}"
        yield Finding(("split",), what, "Let them make 1")
    for i, name in enumerate(split.group_by):
        if name in split.group_by[:i]:
            yield Finding(("split", "group_by", i), f"{name} is listed twice", "Keep one of the two")


def _twice(fields: Mapping[str, Any]) -> Iterator[Finding]:
    for key in ("metrics", "learning_curve"):
        values = fields.get(key, ())
        for i, value in enumerate(values):
            if value in values[:i]:
                yield Finding((key, i), f"{value} is listed twice", "Keep one of the two")


def _classes(models: tuple[Grid, ...]) -> Iterator[Finding]:
    seen: list[str] = []
    for i, grid in enumerate(models):
        yield from grid.findings("models", i)
        name: str = getattr(grid, "kind")  # noqa: B009
        if name in seen:
            what = f"`{name}` has an entry already, and models are named by their class"
            yield Finding(("models", i, "kind"), what, "Write both grids as one, or two studies")
        seen.append(name)
