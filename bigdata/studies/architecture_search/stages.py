"""The stages of an architecture search.

symmetry_data, match ──▶ groups ──▶ train ──┬─▶ trials ──▶ judge
graphs_… ──────────────────────────┘ grows  └─▶ retrain ──┘
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bigdata.data.graphs.setting import GraphSetting
from bigdata.kind import (
    BUILT_IN,
    PROCESS_BYTES,
    Coordinate,
    Input,
    Kept,
    Rate,
    Row,
    Stage,
    Workload,
    by_rows,
    every,
    whole,
)
from bigdata.models.networks.elements import N_ELEMENTS, N_FEATURES
from bigdata.studies.architecture_search import importance, judged, listed
from bigdata.studies.architecture_search.data import graph_kinds, open_entries
from bigdata.studies.architecture_search.model import DATA, ArchitectureSearch
from bigdata.studies.architecture_search.notes import notes_of
from bigdata.studies.architecture_search.page_size import report_bytes
from bigdata.studies.architecture_search.proposer import search_of
from bigdata.studies.architecture_search.status import WORDS
from bigdata.studies.architecture_search.work import mean_work, most_bytes, network_pack, unit_seconds
from bigdata.studies.materials import grouping
from bigdata.studies.materials.crystals import graph_setting
from bigdata.studies.materials.entries import Entries
from bigdata.studies.materials.matches import match_notes, match_stages
from bigdata.studies.materials.parts import refuse_other_entries
from bigdata.studies.materials.stages import graph_stages, kept_of, symmetry_stages

TASKS = "bigdata.studies.architecture_search.tasks"
LIST_RATE = Rate("trial", 2e-4, BUILT_IN)
# Forests tell which parameters matter: they take a while for few trials too, as if there were so many more.
JUDGE_RATE, FOREST_TRIALS = Rate("trial", 3.2e-3, BUILT_IN), 800

PREDICTION = "of all entries, by each of the networks"
TRAINED = "training entries that contain the element"


def stages(model: ArchitectureSearch, inputs: Mapping[str, Input]) -> Workload:
    """What one variant of the study computes and stores."""
    entries = open_entries(model, inputs)
    refuse_other_entries(model.split, model.identity, entries, inputs)
    settings = [graph_setting(model.graph, network) for network in graph_kinds(model)]
    symmetry = symmetry_stages(model.datasets, model.identity, inputs)
    graphs = [stage for setting in settings for stage in _graphs(model, setting, inputs, len(settings) > 1)]
    made = _Stages(model, inputs, entries)
    match = match_stages(model.identity, entries, f"{TASKS}:match", made.fields("dataset", "target"))
    groups = made.groups((*symmetry, *match))
    train = made.train(groups, *graphs)
    listing = made.trials()
    retrain = [made.retrain()] if model.final.retrain else []
    return Workload(
        stages=(*symmetry, *match, *graphs, groups, train, listing, *retrain, made.judge(listing)),
        coordinates=tuple(made.coordinates()),
        notes=(*notes_of(model, entries[DATA]), *match_notes(match)),
        report_bytes=report_bytes(model),
        sizes={"entries": len(entries[DATA]), "trials": model.search.trials},
        kept=tuple(_kept(model, inputs, settings)),
    )


def _graphs(
    model: ArchitectureSearch, setting: GraphSetting, inputs: Mapping[str, Input], several: bool
) -> Iterator[Stage]:
    for stage in graph_stages(model.datasets, setting, inputs):
        yield replace(stage, name=f"{stage.name}_directed") if several and setting.directions else stage


def _kept(model: ArchitectureSearch, inputs: Mapping[str, Input], settings: list[GraphSetting]) -> Iterator[Kept]:
    for place, setting in enumerate(settings):
        found = list(kept_of(model.datasets, model.identity, inputs, setting))
        # The import and the symmetry are kept once.
        yield from found if place == 0 else found[-1:]


class _Stages:
    """The study's own stages, one method each."""

    def __init__(self, model: ArchitectureSearch, inputs: Mapping[str, Input], entries: Mapping[str, Entries]) -> None:
        self.model, self.inputs, self.entries = model, tuple(inputs), entries
        self.n, self.unit = len(entries[DATA]), grouping.unit_of(entries) or "1"
        self.search = search_of(model)

    def fields(self, *names: str) -> dict[str, object]:
        return self.model.model_dump(mode="json", include=set(names))

    def groups(self, before: tuple[Stage, ...]) -> Stage:
        """Groups and split; and what predictions from the run's store alone need beside the networks."""
        fields = self.fields("dataset", "target", "split")
        along = {"element": N_ELEMENTS, "feature": N_FEATURES}
        about = "what networks are told of an element beside its number"
        hashed = "hash of the group's name, which tells whether a material was trained on"
        more = (
            whole("element_feature", "float32", along, about=about),
            whole(f"group_hash_{DATA}", "int64", {f"entry_{DATA}": self.n}, about=hashed),
        )
        return grouping.groups_stage(self.model, self.entries, f"{TASKS}:groups", fields, before, self.inputs, more)

    def train(self, *needed: Stage) -> Stage:
        """One rung of a trial a task. What is asked for is in its payload, and so in its key."""
        counts = self.search.counts()
        mean = mean_work(self.model, counts)
        training = self.model.training.model_dump(mode="json", exclude={"seeds", "max_steps"})
        return Stage(
            name="train",
            function=f"{TASKS}:train",
            n_tasks=sum(counts),
            fields=self.fields("dataset", "target", "split", "graph", "model")
            # How many trials there are changes none of them.
            | {"training": training, "length": self.model.rungs.levels[-1], "seed": self.model.search.seed},
            rate=Rate("gradient step of SchNet-64", unit_seconds(self.model), BUILT_IN),
            work=lambda _: mean,
            memory=PROCESS_BYTES + most_bytes(self.model, self.n),
            needs=every(*needed),
            inputs=self.inputs,
            rows=self.rows(),
            pool="gpu",
            cores=self.model.training.cores,
            checkpoints=True,
            proposer="bigdata.studies.architecture_search.proposer:Led",
            lag=self.search.lag,
        )

    def rows(self) -> dict[str, Row]:
        """What a rung returns."""
        found = {"trial": Row("int64"), "of_trial": Row("int64", about="number of the rung")}
        found["status"] = Row("int64", about=WORDS)
        for name, (dtype, units, about) in (listed.RUNG | listed.TRIAL).items():
            found[name] = Row(dtype, units or self.unit, about)
        return {f"rung_{name}": row for name, row in found.items()}

    def trials(self) -> Stage:
        n = self.model.search.trials
        return Stage(
            name="trials",
            function=f"{TASKS}:trials",
            fields=self.fields("search", "stopping", "reward", "space"),
            rate=LIST_RATE,
            work=lambda _: float(n),
            memory=PROCESS_BYTES + 10_000 * n,
            arrays=tuple(listed.arrays(self.model, self.unit)),
            whole=("train",),
            despite_failures=("train",),
        )

    def retrain(self) -> Stage:
        """The best point once more, from other seeds."""
        k = self.model.final.retrain
        rungs = self.model.rungs
        whole_work = mean_work(self.model, (0,) * (len(rungs) - 1) + (1,)) * rungs.levels[-1]
        begin, end = rungs.span(len(rungs) - 1)
        row, seconds = Row(units=self.unit), Row(units="s")
        return Stage(
            name="retrain",
            function=f"{TASKS}:retrain",
            fields=self.fields("dataset", "target", "split", "graph", "model", "training", "reward")
            | {"length": rungs.levels[-1], "seed": self.model.search.seed},
            rate=Rate("gradient step of SchNet-64", unit_seconds(self.model), BUILT_IN),
            work=lambda _: whole_work / (end - begin),
            memory=PROCESS_BYTES + most_bytes(self.model, self.n),
            arrays=(
                by_rows(1, "prediction", "float64", {"network": k, f"entry_{DATA}": self.n}, self.unit, PREDICTION),
                by_rows(1, "element_trained", "int64", {"network": k, "element": N_ELEMENTS}, about=TRAINED),
            ),
            needs=lambda _: [("groups", 0)],
            whole=("train",),
            despite_failures=("train",),
            inputs=self.inputs,
            rows={
                "final_trial": Row("int64", about="whose point it is"),
                "final_validation_rmse": row,
                "final_validation_mae": row,
                "final_test_rmse": row,
                "final_test_mae": row,
                "final_seconds": seconds,
                "final_n_parameters": Row("int64"),
            },
            pool="gpu",
            cores=self.model.training.cores,
            checkpoints=True,
            packs=network_pack(self.model),
        )

    def judge(self, trials: Stage) -> Stage:
        n = self.model.search.trials
        return Stage(
            name="judge",
            function=f"{TASKS}:judge",
            fields=self.fields("search", "stopping", "reward", "space", "final"),
            rate=JUDGE_RATE,
            work=lambda _: float(n + FOREST_TRIALS if n >= importance.LEAST else 0),
            memory=PROCESS_BYTES + 10_000 * n,
            arrays=tuple(judged.arrays(self.model, self.unit)),
            needs=every(trials),
            whole=("retrain",) if self.model.final.retrain else (),
            despite_failures=("retrain",),
        )

    def coordinates(self) -> Iterator[Coordinate]:
        from bigdata.data.materials.elements import SYMBOLS

        model, rungs = self.model, self.model.rungs
        yield from grouping.coordinates(model, self.entries)
        yield Coordinate(name="element", dim="element", values=list(SYMBOLS[1 : N_ELEMENTS + 1]))
        yield Coordinate(name="trial", dim="trial", values=list(range(model.search.trials)))
        units = "s" if rungs.resource == "seconds" else "1"
        about = f"{'seconds' if units == 's' else 'gradient steps'} until its end"
        yield Coordinate(name="rung", dim="rung", values=list(rungs.levels), units=units, about=about)
        yield Coordinate(name="parameter", dim="parameter", values=[*model.searched])
        if model.final.retrain:
            yield Coordinate(name="network", dim="network", values=list(range(model.final.retrain)))
