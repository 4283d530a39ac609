"""The YAML of a transferability study: datasets, what is combined, graphs, a network, and its training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from bigdata.data.materials.origin import MaterialsOrigin
from bigdata.kind import Finding, Input, SpecModel, StudyModel, located, named
from bigdata.models.networks.setting import Network, Training
from bigdata.studies.materials.datasets import files_of, inputs_of, wrong_datasets, wrong_split
from bigdata.studies.materials.model import DatasetName, Graph, Identity, Split, Target

References = Literal["none", "offset", "elements"]
Share = Annotated[float, Field(gt=0, lt=1)]


class Combined(SpecModel):
    """A training set made of several datasets."""

    of: Annotated[tuple[DatasetName, ...], Field(min_length=2)] = Field(description="The datasets that are mixed.")
    references: References = Field(
        default="none",
        description="Bring their labels together first: one offset, or references of the elements, for each database.",
    )


Members = Annotated[tuple[DatasetName, ...], Field(min_length=2)]
CombinedDatasets = Annotated[
    Annotated[Members, Tag("list")] | Annotated[Combined, Tag("mapping")],
    Discriminator(lambda value: "list" if isinstance(value, list | tuple) else "mapping"),
]


class OutsideModel(SpecModel):
    """Predictions of any program, by the entries' identifiers; its model may have been trained on these entries."""

    file: str = Field(description="CSV with the columns `id` and `prediction`, relative to the spec.")
    units: str = Field(default="", description="Of the predictions, where the column's name doesn't say it.")


class FineTuning(SpecModel):
    """Train each model on a little of every other database."""

    rows: int = Field(default=500, ge=1, description="Entries of the other database's training part.")
    max_steps: int = Field(default=500, ge=1, description="Gradient steps.")
    learning_rate: float = Field(default=3e-4, gt=0)


class Transferability(StudyModel):
    """Does a model trained on one database hold on another, and if not: because of labels, sampling, or the model?"""

    stages_at: ClassVar[str] = "bigdata.studies.transferability.stages:stages"
    report_at: ClassVar[str] = "bigdata.studies.transferability.report:report"
    predict_at: ClassVar[str] = "bigdata.studies.transferability.prediction:predict"
    export_at: ClassVar[str] = "bigdata.studies.transferability.export:export"
    starter_at: ClassVar[str] = "bigdata.studies.transferability:starter.yaml"
    packages: ClassVar[tuple[str, ...]] = ("moyopy", "spglib", "pymatgen", "tensorflow", "graph-nets", "dm-sonnet")

    study: Literal["transferability"] = "transferability"
    datasets: dict[DatasetName, MaterialsOrigin] = Field(
        min_length=1, description="The datasets, each under a short name and with its `target`."
    )
    combined: dict[DatasetName, CombinedDatasets] = Field(
        default={}, description="More training sets, each made of several datasets: {all: [aflow, mp]}."
    )
    outside: dict[DatasetName, OutsideModel] = Field(
        default={}, description="Models of other programs: a file of predictions each."
    )
    target: Target = Target()
    identity: Identity = Identity()
    split: Split = Split()
    graph: Graph = Graph(neighbors=12)
    model: Network = Field(description="The network: edge-gated (light), mpeu, schnet, painn.")
    training: Training = Training()
    ladder: tuple[Share, ...] = Field(
        default=(), description="Train on these shares of the training groups too, to see what more data would bring."
    )
    refit: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Share of the other database's training groups that references are fitted to.",
    )
    fine_tuning: FineTuning | None = Field(default=None, description="Left out: none.")
    bootstrap: int = Field(default=500, ge=0, description="Draws of groups for the 95 % intervals; 0: no intervals.")

    @property
    def extra(self) -> str:
        """TensorFlow, graph-nets and Sonnet."""
        return "networks"

    @property
    def members(self) -> dict[str, Combined]:
        """What each model is trained on: each dataset by itself, then the combinations."""
        alone = {name: Combined.model_construct(of=(name,), references="none") for name in self.datasets}
        return alone | {
            name: one if isinstance(one, Combined) else Combined(of=one) for name, one in self.combined.items()
        }

    @property
    def test_sets(self) -> dict[str, tuple[str, ...]]:
        """What each model is tested on: the test part of each dataset, then those of combined datasets together; of
        combinations of the same datasets, the first."""
        several = {frozenset(one.of): name for name, one in reversed(self.members.items())}
        return {name: one.of for name, one in self.members.items() if several[frozenset(one.of)] == name}

    @property
    def combined_tests(self) -> dict[str, tuple[str, ...]]:
        """Those of combined datasets."""
        return {name: of for name, of in self.test_sets.items() if name in self.combined}

    @property
    def strangers(self) -> list[tuple[str, str]]:
        """Each model with each dataset that it isn't trained on."""
        return [(model, name) for model, one in self.members.items() for name in self.datasets if name not in one.of]

    @classmethod
    def check(cls, fields: Mapping[str, Any], folder: Path) -> Iterable[Finding]:
        """The datasets exist and have the fields that are named, and what is combined are these."""
        datasets = fields.get("datasets", {})
        yield from wrong_datasets(datasets, folder, fields.get("target"))
        yield from _without_target(datasets)
        if (split := fields.get("split")) is not None:
            yield from wrong_split(split, datasets, folder)
            yield from _wrong_parts(split)
        if (target := fields.get("target")) is not None:
            yield from target.findings("target")
        if (identity := fields.get("identity")) is not None:
            yield from identity.findings("identity", is_split=True)
        if (training := fields.get("training")) is not None:
            yield from training.findings("training")
        if (graph := fields.get("graph")) is not None:
            yield from graph.findings("graph")
        yield from _ambiguous_names(fields, datasets)
        yield from _wrong_combined(fields, datasets)
        yield from _wrong_outside(fields, folder)
        yield from _twice(fields.get("ladder", ()))

    def data_files(self, folder: Path) -> Iterable[Path]:
        """The files of the user's own."""
        return [*files_of(self.datasets, self.split, folder), *(named(folder, o.file) for o in self.outside.values())]

    def inputs(self, folder: Path) -> dict[str, Input]:
        """The datasets, imported into the cache, the split file and the outside predictions. Raises Findings."""
        found = inputs_of(self.datasets, self.identity, self.split, folder, graphs=True)
        return found | {outside_input(name): _file(one.file, folder) for name, one in self.outside.items()}

    def figures(self) -> dict[str, str]:
        at = "bigdata.studies.transferability.captioned"
        several = len(self.datasets) > 1
        shown = {
            "parity": True,
            "loss_parts": several,
            "curves": True,
            "ladder": bool(self.ladder),
            "elements": True,
            "histograms": True,
        }
        return {name: f"{at}:{name}" for name, is_shown in shown.items() if is_shown}


def outside_input(name: str) -> str:
    """The name of the input that holds an outside model's predictions."""
    return f"predictions of {name}"


def _file(file: str, folder: Path) -> Input:
    import hashlib

    path = located(folder, file)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Input(digest, str(path.absolute()), file, digest)


def _without_target(datasets: Mapping[str, MaterialsOrigin]) -> Iterator[Finding]:
    for name, dataset in datasets.items():
        if not dataset.target:
            yield Finding(("datasets", name), "names no `target`", "Say which property is learned", at_key=True)


def _wrong_parts(split: Split) -> Iterator[Finding]:
    if split.folds is not None:
        right = "Give train, validation and test, `without_element`, `by_date` or a file"
        yield Finding(("split", "folds"), "makes no validation and test part", right)
    for part in ("train", "validation", "test"):
        if not (split.file or split.without_element or split.by_date) and not getattr(split, part):
            yield Finding(("split",), f"leaves nothing for `{part}`", "A network needs all three parts")


def _ambiguous_names(fields: Mapping[str, Any], datasets: Iterable[str]) -> Iterator[Finding]:
    """Names of which two would make one name of an array: `a` on `b_c` and `a_b` on `c` are `prediction_a_b_c`."""
    arrays = {f"group_{name}": ("datasets", name) for name in datasets}
    keys = (("datasets", datasets), *((key, fields.get(key, {})) for key in ("combined", "outside")))
    made = [(f"group_hash_{name}", ("datasets", name)) for name in datasets]
    made += [
        (f"prediction_{model}_{name}", (key, model)) for key, models in keys for model in models for name in datasets
    ]
    said = set()
    for array, path in made:
        other = arrays.setdefault(array, path)
        # Two of the same name are said elsewhere.
        if other[1] != path[1] and path not in said:
            said.add(path)
            what = f"beside `{other[1]}`, two arrays would be called `{array}`"
            yield Finding(path, what, "Choose another name for one of the two", at_key=True)


def _wrong_combined(fields: Mapping[str, Any], datasets: Mapping[str, MaterialsOrigin]) -> Iterator[Finding]:
    combined = fields.get("combined", {})
    for key, others in (("combined", datasets), ("outside", {**datasets, **combined})):
        for name in fields.get(key, {}):
            if name in others:
                yield Finding((key, name), f"`{name}` is another model already", "Choose another name", at_key=True)
    for name, one in combined.items():
        members = one.of if isinstance(one, Combined) else one
        path = ("combined", name, "of") if isinstance(one, Combined) else ("combined", name)
        for i, member in enumerate(members):
            if datasets and member not in datasets:
                right = f"The datasets are {', '.join(datasets)}"
                yield Finding((*path, i), f"`{member}` is none of the datasets", right, member, tuple(datasets))
            elif member in members[:i]:
                yield Finding((*path, i), f"{member} is listed twice", "Keep one of the two")


def _wrong_outside(fields: Mapping[str, Any], folder: Path) -> Iterator[Finding]:
    for name, one in fields.get("outside", {}).items():
        if not located(folder, one.file).is_file():
            here = ("outside", name, "file")
            yield Finding(here, f"there is no file {one.file}", "Paths start at the spec's folder")


def _twice(ladder: tuple[float, ...]) -> Iterator[Finding]:
    for i, share in enumerate(ladder):
        if share in ladder[:i]:
            yield Finding(("ladder", i), f"{share:g} is listed twice", "Keep one of the two")
