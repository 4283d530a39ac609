"""The stages of a transferability study.

symmetry_<dataset>, match ──▶ groups ──▶ train ──▶ predict ──▶ evaluate
graphs_<dataset> ──────────────────────────┘   └──▶ ladder, fine_tune ─┘
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bigdata.kind import (
    BUILT_IN,
    PROCESS_BYTES,
    ArraySpec,
    Coordinate,
    Input,
    Rate,
    Row,
    Stage,
    Workload,
    by_rows,
    every,
    whole,
)
from bigdata.models.networks.elements import N_ELEMENTS, N_FEATURES
from bigdata.models.networks.network import layout
from bigdata.studies.materials import grouping
from bigdata.studies.materials.crystals import graph_setting
from bigdata.studies.materials.entries import Entries
from bigdata.studies.materials.far_off import far_off
from bigdata.studies.materials.groups import without_structure
from bigdata.studies.materials.labels import label_notes, labels_of
from bigdata.studies.materials.matches import match_notes, match_stages
from bigdata.studies.materials.parts import refuse_other_entries
from bigdata.studies.materials.stages import graph_stages, kept_of, symmetry_stages
from bigdata.studies.materials.training_cost import (
    prediction_seconds,
    start_steps,
    step_seconds,
    training_bytes,
    training_steps,
)
from bigdata.studies.transferability.data import network_of, open_entries, open_outside
from bigdata.studies.transferability.model import Transferability, outside_input
from bigdata.studies.transferability.page_size import report_bytes
from bigdata.studies.transferability.trainings import pairs, places, rungs, shares, trainings

TASKS = "bigdata.studies.transferability.tasks"
EVALUATE_RATE = Rate("entry", 1e-4, BUILT_IN)
ENTRY_BYTES = 2_000
ERRORS = ("mae", "rmse", "r2", "bias", "mae_offset", "mae_refit", "mae_fine_tuned")
POWER = ("exponent", "exponent_low", "exponent_high", "amplitude")


def stages(model: Transferability, inputs: Mapping[str, Input]) -> Workload:
    """What one variant of the study computes and stores."""
    entries = open_entries(model, inputs)
    grouping.refuse_several_units(entries)
    refuse_other_entries(model.split, model.identity, entries, inputs)
    setting = graph_setting(model.graph, model.model)
    symmetry = symmetry_stages(model.datasets, model.identity, inputs)
    graphs = graph_stages(model.datasets, setting, inputs)
    made = _Stages(model, inputs, entries)
    match = made.match()
    groups = made.groups((*symmetry, *match))
    train = made.train(groups, *graphs)
    predict = made.predict(train)
    ladder = [made.ladder(train)] if model.ladder else []
    tune = [made.fine_tune(train)] if model.fine_tuning and len(model.datasets) > 1 else []
    evaluate = made.evaluate((*graphs, groups), (train, predict, *ladder, *tune))
    return Workload(
        stages=(*symmetry, *match, *graphs, groups, train, predict, *ladder, *tune, evaluate),
        coordinates=tuple(_coordinates(model, entries)),
        notes=(*_notes(model, inputs, entries), *match_notes(match)),
        report_bytes=report_bytes(model),
        sizes={name: len(e) for name, e in entries.items()},
        kept=tuple(kept_of(model.datasets, model.identity, inputs, setting)),
    )


class _Stages:
    """The study's own stages, one method each."""

    def __init__(self, model: Transferability, inputs: Mapping[str, Input], entries: Mapping[str, Entries]) -> None:
        self.model, self.entries = model, entries
        self.datasets, self.models = [*model.datasets], [*model.members]
        self.n_entries = sum(map(len, entries.values()))
        self.unit = grouping.unit_of(entries) or "1"
        self.all = trainings(model)
        self.learner = (model.model, model.graph, model.training)
        self.n_parameters = layout(network_of(model)).n_parameters
        # Outside predictions are of no matter to what is trained.
        self.inputs = tuple(name for name in inputs if name not in map(outside_input, model.outside))
        self.outside = tuple(map(outside_input, model.outside))

    def match(self) -> list[Stage]:
        """Pairs of entries, where it counts which are the same crystal."""
        chosen = self.fields(*grouping.ENTRY_FIELDS)
        return match_stages(self.model.identity, self.entries, f"{TASKS}:match", chosen)

    def groups(self, before: tuple[Stage, ...]) -> Stage:
        """Groups and split; and what predictions from the run's store alone need beside the weights."""
        fields, function = self.fields(*grouping.FIELDS), f"{TASKS}:groups"
        more = self._remembered()
        return grouping.groups_stage(self.model, self.entries, function, fields, before, self.inputs, more)

    def _remembered(self) -> Iterator[ArraySpec]:
        along = {"element": N_ELEMENTS, "feature": N_FEATURES}
        about = "what networks are told of an element beside its number"
        yield whole("element_feature", "float32", along, about=about)
        for name, e in self.entries.items():
            about = "hash of the group's name, which tells whether a material was trained on"
            yield whole(f"group_hash_{name}", "int64", {f"entry_{name}": len(e)}, about=about)

    def train(self, *needed: Stage) -> Stage:
        """One network a task; a task is the same one wherever it stands among others."""
        training = self.model.training
        return Stage(
            name="train",
            function=f"{TASKS}:train",
            fields=self.fields("datasets", "target", "graph", "model")
            | {"training": training.model_dump(mode="json", exclude={"seeds"})},
            task_fields=lambda i: self.all[i].fields,
            rate=Rate("gradient step", step_seconds(*self.learner), BUILT_IN),
            work=lambda i: self._steps(i),
            memory=PROCESS_BYTES + training_bytes(self.model.model, self.n_entries),
            arrays=tuple(self._trained()),
            needs=every(*needed),
            inputs=self.inputs,
            rows={
                "validation_mae": Row(units=self.unit),
                "n_train": "int64",
                "n_steps": "int64",
                "best_step": "int64",
                "seconds_batch": Row(units="s"),
                "seconds_step": Row(units="s"),
            },
            pool="gpu",
            cores=training.cores,
            checkpoints=True,
        )

    def predict(self, train: Stage) -> Stage:
        """A task for each model and dataset."""
        wanted = pairs(self.model)
        return Stage(
            name="predict",
            function=f"{TASKS}:predict",
            n_tasks=len(wanted),
            fields=self.fields("datasets", "target", "graph", "model"),
            rate=Rate("entry", prediction_seconds(*self.learner), BUILT_IN),
            work=lambda i: float(len(self.entries[wanted[i][1]]) * len(self.model.training.seeds)),
            memory=PROCESS_BYTES + training_bytes(self.model.model, self.n_entries),
            arrays=tuple(self._predicted(wanted)),
            shards=lambda i: [(f"{what}_{'_'.join(wanted[i])}", (0,)) for what in ("prediction", "spread")],
            needs=lambda i: [("train", place) for place in places(self.model, wanted[i][0])],
            inputs=self.inputs,
            rows={"n_networks": Row("int64", about="networks whose mean it is")},
        )

    def ladder(self, train: Stage) -> Stage:
        """A task for each model and rung below the whole: its errors on all test parts."""
        wanted = rungs(self.model)
        row = Row(units=self.unit, length=len(self.model.test_sets), dim="tested_on")
        return Stage(
            name="ladder",
            function=f"{TASKS}:ladder",
            n_tasks=len(wanted),
            fields=self.fields("datasets", "target", "graph", "model"),
            task_fields=lambda i: {"model": wanted[i][0], "share": wanted[i][1]},
            rate=Rate("entry", prediction_seconds(*self.learner), BUILT_IN),
            work=lambda _: float(self.n_entries * len(self.model.training.seeds)),
            memory=PROCESS_BYTES + training_bytes(self.model.model, self.n_entries),
            needs=lambda i: [("train", place) for place in places(self.model, *wanted[i])],
            inputs=self.inputs,
            rows={"rung_mae": row, "rung_n": "int64"},
        )

    def fine_tune(self, train: Stage) -> Stage:
        """A task for each model and dataset that it wasn't trained on."""
        wanted = self.model.strangers
        tuning = self.model.fine_tuning
        assert tuning is not None
        about = "prediction after fine-tuning on some of the dataset's training rows; NaN outside of its test part"
        return Stage(
            name="fine_tune",
            function=f"{TASKS}:fine_tune",
            n_tasks=len(wanted),
            fields=self.fields("datasets", "target", "graph", "model", "training", "fine_tuning"),
            rate=Rate("gradient step", step_seconds(*self.learner), BUILT_IN),
            work=lambda _: (tuning.max_steps + start_steps(*self.learner)) * len(self.model.training.seeds),
            memory=PROCESS_BYTES + training_bytes(self.model.model, self.n_entries),
            arrays=tuple(
                whole(f"fine_tuned_{m}_{d}", "float64", {f"entry_{d}": len(self.entries[d])}, self.unit, about)
                for m, d in wanted
            ),
            shards=lambda i: [(f"fine_tuned_{'_'.join(wanted[i])}", (0,))],
            needs=lambda i: [("train", place) for place in places(self.model, wanted[i][0])],
            inputs=self.inputs,
            rows={"n_tuned": Row("int64", about="entries of the dataset that it was tuned on")},
            pool="gpu",
            cores=self.model.training.cores,
        )

    def evaluate(self, data: tuple[Stage, ...], models: tuple[Stage, ...]) -> Stage:
        """One task for all: what was learned of `models` is judged though others have failed."""
        return Stage(
            name="evaluate",
            function=f"{TASKS}:evaluate",
            fields=self.fields(
                "datasets", "target", "combined", "outside", "refit", "bootstrap", "split", "ladder", "model"
            ),
            rate=EVALUATE_RATE,
            work=lambda _: float(self.n_entries * (len(self.models) + len(self.outside))),
            memory=PROCESS_BYTES + 2 * ENTRY_BYTES * self.n_entries,
            arrays=tuple(self._evaluated()),
            needs=every(*data, *models),
            inputs=(*self.inputs, *self.outside),
            despite_failures=tuple(stage.name for stage in models),
        )

    def fields(self, *names: str) -> dict[str, object]:
        return self.model.model_dump(mode="json", include=set(names))

    def _steps(self, i: int) -> float:
        n_validation = self.model.split.validation * sum(len(self.entries[name]) for name in self.all[i].members.of)
        return training_steps(*self.learner, n_validation, is_first=i == 0)

    def _trained(self) -> Iterator[ArraySpec]:
        n, evaluations = len(self.all), self.model.training.n_evaluations
        weights = {"training": n, "parameter": self.n_parameters}
        yield by_rows(1, "weights", "float32", weights, about="averaged, of the best look at the validation part")
        about = "subtracted from targets: what each element's share counts"
        yield by_rows(1, "baseline", "float64", {"training": n, "element": N_ELEMENTS}, self.unit, about)
        about = "mean and spread of the targets that were learned"
        yield by_rows(1, "standard", "float64", {"training": n, "moment": 2}, self.unit, about)
        about = "added to predictions of a dataset: what each element's share counts there"
        along = {"training": n, "dataset": len(self.datasets), "element": N_ELEMENTS}
        yield by_rows(1, "reference", "float64", along, self.unit, about)
        yield by_rows(1, "element_trained", "int64", {"training": n, "element": N_ELEMENTS}, about=TRAINED)
        curve = {"training": n, "evaluation": evaluations}
        yield by_rows(1, "curve_loss", "float64", curve, about="mean training loss of standardised targets")
        yield by_rows(1, "curve_mae", "float64", curve, self.unit, "mean absolute error of the validation part")

    def _predicted(self, wanted: list[tuple[str, str]]) -> Iterator[ArraySpec]:
        for m, d in wanted:
            one = {f"entry_{d}": len(self.entries[d])}
            yield whole(f"prediction_{m}_{d}", "float64", one, self.unit, "mean over the seeds")
            about = "standard deviation over the seeds; NaN where there is one"
            yield whole(f"spread_{m}_{d}", "float64", one, self.unit, about)

    def _evaluated(self) -> Iterator[ArraySpec]:
        n_datasets, n_models = len(self.datasets), len(self.models)
        n_tests = len(self.model.test_sets)
        cell = {"trained_on": n_models + len(self.model.outside), "tested_on": n_tests}
        for name in ERRORS:
            unit = "1" if name == "r2" else self.unit
            yield whole(name, "float64", cell, unit, MEANING[name])
            for end in ("low", "high"):
                yield whole(f"{name}_{end}", "float64", cell, unit, f"95 % interval of {name} over groups")
        yield whole("n_tested", "int64", cell, about="test entries with a prediction")
        yield whole("n_parameters", "int64", {"model": n_models}, about="weights that are trained")
        both = {"dataset": n_datasets, "dataset_2": n_datasets}
        about = "mean absolute difference of the mean targets of groups that both have"
        yield whole("label_difference", "float64", both, self.unit, about)
        about = "the same after a fit of references to the difference, on other groups"
        yield whole("label_difference_refit", "float64", both, self.unit, about)
        yield whole("n_label_groups", "int64", both, about="groups that both have")
        by_element = cell | {"element": N_ELEMENTS}
        yield whole("element_mae", "float64", by_element, self.unit, "of test entries that contain the element")
        along = {"tested_on": n_tests, "element": N_ELEMENTS}
        yield whole("element_n", "int64", along, about="test entries that contain the element")
        for name in self.model.outside:
            for d in self.datasets:
                one = {f"entry_{d}": len(self.entries[d])}
                yield whole(
                    f"prediction_{name}_{d}", "float64", one, self.unit, "of another program; NaN where it has none"
                )
        if self.model.ladder:
            yield from self._laddered(n_models, n_tests)

    def _laddered(self, n_models: int, n_tests: int) -> Iterator[ArraySpec]:
        n = len(shares(self.model))
        along = {"fraction": n, "model": n_models, "tested_on": n_tests}
        yield whole("ladder_mae", "float64", along, self.unit, "of the test part")
        about = "training entries; 0 where it failed"
        yield whole("ladder_n", "int64", {"fraction": n, "model": n_models}, about=about)
        power = {"model": n_models, "tested_on": n_tests, "term": len(POWER)}
        yield whole("ladder_power", "float64", power, about="MAE = amplitude · n^-exponent")


TRAINED = "training entries that contain the element"
MEANING = {
    "mae": "mean absolute error of the test part",
    "rmse": "root mean square error of the test part",
    "r2": "coefficient of determination of the test part",
    "bias": "mean of prediction minus target",
    "mae_offset": "mean absolute error once the mean error is taken away",
    "mae_refit": "mean absolute error with references of the elements fitted to the tested dataset's training part",
    "mae_fine_tuned": "mean absolute error after training on a little of the tested dataset's training part",
}


def _notes(model: Transferability, inputs: Mapping[str, Input], entries: Mapping[str, Entries]) -> Iterator[str]:
    """What was left out, by what the labels differ, what other programs predict, and what threads do to numbers."""
    yield from (note for e in entries.values() for note in e.notes)
    yield from without_structure(model.identity, entries.values())
    yield from far_off(entries.values())
    yield from label_notes(labels_of(model.datasets))
    yield from _of_outside(model, inputs, entries)
    if model.training.cores > 1:
        yield f"trainings on {model.training.cores} cores sum in another order than on one: the last bits differ"


def _of_outside(model: Transferability, inputs: Mapping[str, Input], entries: Mapping[str, Entries]) -> Iterator[str]:
    """What the tables of other programs have for whom. Raises SpecError for one that can't be used."""
    ids, unit = {name: e.ids for name, e in entries.items()}, grouping.unit_of(entries)
    for name in model.outside:
        yield from (f"{name}: {note}" for note in open_outside(model, inputs, name, unit).notes(ids))


def _coordinates(model: Transferability, entries: Mapping[str, Entries]) -> Iterator[Coordinate]:
    from bigdata.data.materials.elements import SYMBOLS

    yield from grouping.coordinates(model, entries)
    models = [*model.members]
    yield Coordinate(name="model", dim="model", values=models, about="what the network was trained on")
    about = "what the network was trained on, and models of other programs"
    yield Coordinate(name="trained_on", dim="trained_on", values=[*models, *model.outside], about=about)
    about = "whose test part it is: a dataset's, or those of combined datasets together"
    yield Coordinate(name="tested_on", dim="tested_on", values=[*model.test_sets], about=about)
    yield Coordinate(name="element", dim="element", values=list(SYMBOLS[1 : N_ELEMENTS + 1]))
    labels = [one.label for one in trainings(model)]
    yield Coordinate(name="training", dim="training", values=labels, about="model, share of its groups, seed")
    training = model.training
    steps = [min(training.max_steps, (i + 1) * training.evaluate_every) for i in range(training.n_evaluations)]
    yield Coordinate(name="evaluation", dim="evaluation", values=steps, about="gradient steps until then")
    yield Coordinate(name="moment", dim="moment", values=["mean", "scale"])
    if model.ladder:
        yield Coordinate(name="fraction", dim="fraction", values=shares(model), about="share of the training groups")
        yield Coordinate(name="term", dim="term", values=list(POWER))
