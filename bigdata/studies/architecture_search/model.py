"""The YAML of an architecture search: data, the space of networks, how it is searched, and what comes after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from bigdata.data.materials.origin import MaterialsOrigin
from bigdata.kind import Finding, Findings, Input, SpecModel, StudyModel
from bigdata.models.networks.setting import Network, Training
from bigdata.studies.architecture_search.asked import Method, Stopping
from bigdata.studies.architecture_search.points import wrong_space
from bigdata.studies.architecture_search.space import Space, SpaceFields
from bigdata.studies.architecture_search.stopping.never import NoStopping
from bigdata.studies.architecture_search.stopping.rungs import Rungs
from bigdata.studies.materials import model as materials
from bigdata.studies.materials.datasets import files_of, inputs_of, wrong_datasets, wrong_split
from bigdata.studies.materials.model import Graph, Identity, IdentityPart, Target

Metric = Literal["validation_rmse", "validation_mae", "n_parameters", "seconds_step", "seconds"]
# The name that the one dataset has in the store: `split_data`, `target_data`.
DATA = "data"


class Split(materials.Split):
    """The parts that trials learn from, are judged by, and never see; a material is in one of them."""

    LATER: ClassVar[tuple[str, ...]] = (*materials.Split.LATER, "symprec")

    by: Annotated[tuple[IdentityPart, ...], Field(min_length=1)] = Field(
        default=("formula", "spacegroup"), description="Entries that agree in all of these are one material."
    )
    symprec: float = Field(default=0.1, gt=0, description="Tolerance of the symmetry search, in angstrom.")


class Reward(SpecModel):
    """What makes a trial good."""

    metric: Metric = Field(default="validation_rmse", description="What decides: of the weights of the best look.")
    direction: Literal["minimize"] = Field(default="minimize", description="All of these are better when smaller.")
    beside: tuple[Metric, ...] = Field(
        default=(), description="More objectives: the report shows which trials no other beats in all of them."
    )

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The one that decides, then the others."""
        return (self.metric, *(metric for metric in self.beside if metric != self.metric))


class Final(SpecModel):
    """What becomes of the best point: so many networks are trained anew, and tested on the part that no trial saw."""

    retrain: int = Field(default=3, ge=0, le=100, description="Networks, each from a seed of its own; 0: none.")


class ArchitectureSearch(StudyModel):
    """Which network is best for these data, and what does finding it cost?"""

    stages_at: ClassVar[str] = "bigdata.studies.architecture_search.stages:stages"
    report_at: ClassVar[str] = "bigdata.studies.architecture_search.report:report"
    predict_at: ClassVar[str] = "bigdata.studies.architecture_search.prediction:predict"
    export_at: ClassVar[str] = "bigdata.studies.architecture_search.export:export"
    status_at: ClassVar[str] = "bigdata.studies.architecture_search.live:found"
    starter_at: ClassVar[str] = "bigdata.studies.architecture_search:starter.yaml"
    packages: ClassVar[tuple[str, ...]] = ("moyopy", "spglib", "pymatgen", "tensorflow", "graph-nets", "optuna")

    study: Literal["architecture-search"] = "architecture-search"
    dataset: MaterialsOrigin = Field(description="The structures, with their `target`.")
    target: Target = Target()
    split: Split = Split()
    graph: Graph = Graph(neighbors=12)
    model: Network | None = Field(default=None, description="What isn't searched of the network; left out: as usual.")
    training: Training = Field(default=Training(), description="What isn't searched of the training.")
    space: SpaceFields = Field(description="The searched fields, such as `model.latent`, with their choices or ranges.")
    search: Method = Field(description="How points are chosen, and how many trials there are.")
    stopping: Stopping | None = Field(default=None, description="Which trials are ended early; left out: none.")
    reward: Reward = Reward()
    final: Final = Final()

    @property
    def extra(self) -> str:
        """TensorFlow, graph-nets and Sonnet."""
        return "networks"

    @property
    def datasets(self) -> dict[str, MaterialsOrigin]:
        """The dataset, as studies of several have it."""
        return {DATA: self.dataset}

    @property
    def identity(self) -> Identity:
        """What makes two entries the same material."""
        return Identity(by=self.split.by, symprec=self.split.symprec)

    @property
    def searched(self) -> Space:
        return Space(self.space)

    @property
    def stops(self) -> Stopping:
        """The rule that ends trials; left out, all are trained to the end of `training`."""
        return self.stopping or NoStopping(max_steps=self.training.max_steps)

    @property
    def rungs(self) -> Rungs:
        """How far trials are trained before they are judged: once, at their end, where none is stopped."""
        return self.stops.rule(self.search.trials).rungs

    @classmethod
    def check(cls, fields: Mapping[str, Any], folder: Path) -> Iterable[Finding]:
        """The dataset exists and has its target, and every point of the space is a network and a training."""
        if (dataset := fields.get("dataset")) is not None:
            found = wrong_datasets({DATA: dataset}, folder, fields.get("target"))
            yield from (replace(finding, path=_of_one(finding.path)) for finding in found)
            if not dataset.target:
                yield Finding(("dataset",), "names no `target`", "Say which property is learned", at_key=True)
        if (split := fields.get("split")) is not None:
            yield from _wrong_parts(split, {} if dataset is None else {DATA: dataset}, folder)
        if (target := fields.get("target")) is not None:
            yield from target.findings("target")
        if (graph := fields.get("graph")) is not None:
            yield from graph.findings("graph")
        if (training := fields.get("training")) is not None:
            yield from training.findings("training")
        if "space" in fields:
            yield from wrong_space(fields)
        yield from _wrong_steps(fields)

    def data_files(self, folder: Path) -> Iterable[Path]:
        """The file of the user's own."""
        return files_of(self.datasets, self.split, folder)

    def inputs(self, folder: Path) -> dict[str, Input]:
        """The dataset, imported into the cache, and the split file. Raises Findings."""
        try:
            return inputs_of(self.datasets, self.identity, self.split, folder, graphs=True)
        except Findings as found:
            raise Findings(*(replace(f, path=_of_one(f.path)) for f in found.findings)) from found

    def figures(self) -> dict[str, str]:
        at = "bigdata.studies.architecture_search.captioned"
        shown = {
            "surface": len(self.searched.open) > 1,
            "best_so_far": True,
            "parallel": len(self.searched.open) > 1,
            "trials": True,
            "front": len(self.reward.metrics) > 1,
            "ranks": self.stops.share_through > 0,
        }
        return {name: f"{at}:{name}" for name, is_shown in shown.items() if is_shown}


def _of_one(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Where a finding of the dataset stands, whose place is told as that of one among several."""
    return ("dataset", *path[2:]) if path[:1] == ("datasets",) else path


def _wrong_parts(split: Split, datasets: Mapping[str, MaterialsOrigin], folder: Path) -> Iterator[Finding]:
    for finding in wrong_split(split, datasets, folder):
        yield replace(finding, path=_of_one(finding.path))
    if split.folds is not None:
        right = "Give train, validation and test, `without_element`, `by_date` or a file"
        yield Finding(("split", "folds"), "makes no validation and test part", right)
    for part in materials.SHARES:
        if not (split.file or split.without_element or split.by_date) and not getattr(split, part):
            yield Finding(("split",), f"leaves nothing for `{part}`", "A search needs all three parts")


def _wrong_steps(fields: Mapping[str, Any]) -> Iterator[Finding]:
    """Steps that are said twice and differ, and rungs that end between two looks at the validation part."""
    stopping, training, search = fields.get("stopping"), fields.get("training", Training()), fields.get("search")
    if stopping is None or training is None or search is None or stopping.resource != "steps":
        return
    levels = stopping.rule(search.trials).rungs.levels
    least, most = levels[0], levels[-1]
    if "max_steps" in training.model_fields_set and training.max_steps != most:
        what = f"is {training.max_steps:,}, and trials are trained to {most:,} steps by `stopping`"
        yield Finding(("training", "max_steps"), what, "Leave it out")
    if least % training.evaluate_every:
        what = f"isn't a multiple of the {training.evaluate_every:,} steps between two looks at the validation part"
        right = "Choose `training: {evaluate_every: …}` so that a rung ends with a look"
        yield Finding(("stopping", "min_steps"), what, right)
