"""The matrix of errors of all models on all test parts, and each way to say where the loss comes from.

Where a training has failed, all that its model would have said is NaN. What is there is known by the rows that tasks
return: in the store there may still be what an earlier submission wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bigdata.models.networks.crystals import Crystals
from bigdata.models.networks.elements import N_ELEMENTS
from bigdata.models.networks.network import layout
from bigdata.studies.materials.grouping import unit_of
from bigdata.studies.transferability.breakdown import by_element
from bigdata.studies.transferability.data import TEST, TRAIN, crystals_of, network_of, open_entries, open_outside
from bigdata.studies.transferability.errors import Errors, Estimate, errors
from bigdata.studies.transferability.labels import Labels, label_differences
from bigdata.studies.transferability.ladder import power_law
from bigdata.studies.transferability.model import Transferability
from bigdata.studies.transferability.references import refitted
from bigdata.studies.transferability.trainings import pairs, places, rungs, shares

if TYPE_CHECKING:
    from bigdata.kind import Context

Floats = NDArray[np.float64]
NOTHING = Estimate(np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Tested:
    """A dataset's n entries: targets, groups, parts of the split, and the elements' shares (n, 118)."""

    target: Floats
    group: NDArray[np.int64]
    part: NDArray[np.int32]
    fractions: Floats

    @property
    def test(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.part == TEST)


def write(ctx: Context[Transferability]) -> None:
    """All arrays of the stage `evaluate`."""
    model = ctx.model
    tested = {name: _tested(ctx, name, crystals_of(ctx, name)) for name in model.datasets}
    predictions = dict(_predictions(ctx, tested))
    _write_labels(ctx, tested)
    for name in ctx.model.outside:
        for dataset in model.datasets:
            ctx.write(f"prediction_{name}_{dataset}", predictions[name][dataset])
    for name, one in model.combined_tests.items():
        tested[name] = _together([tested[d] for d in one])
        for by, made in predictions.items():
            made[name] = _joined([made[d] for d in one], is_whole=by in model.members)
    _write_errors(ctx, tested, predictions)
    _write_elements(ctx, tested, predictions)
    n_parameters = layout(network_of(model)).n_parameters
    ctx.write("n_parameters", np.full(len(model.members), n_parameters, np.int64))
    if model.ladder:
        _write_ladder(ctx, predictions)


def _tested(ctx: Context[Transferability], name: str, crystals: Crystals) -> Tested:
    target, group, part = (ctx.read(f"{what}_{name}") for what in ("target", "group", "split"))
    return Tested(target, group, part, crystals.fractions)


def _together(several: Sequence[Tested]) -> Tested:
    """The entries of several datasets as one."""
    return Tested(*(np.concatenate([getattr(one, f.name) for one in several]) for f in fields(Tested)))


def _joined(several: Sequence[Floats], *, is_whole: bool) -> Floats:
    """Predictions for the entries of several datasets as one; NaN where those of one are lost, if they must be whole:
    the error on the others would be taken for that on all."""
    joined = np.concatenate(several)
    return np.full_like(joined, np.nan) if is_whole and np.isnan(joined).any() else joined


def _predictions(
    ctx: Context[Transferability], tested: Mapping[str, Tested]
) -> Iterator[tuple[str, dict[str, Floats]]]:
    """Of each model, by dataset: (n,) for all entries, NaN where there is none."""
    there = _there(ctx, "predict", pairs(ctx.model))
    for model in ctx.model.members:
        yield (
            model,
            {
                name: ctx.read(f"prediction_{model}_{name}") if (model, name) in there else _none(one)
                for name, one in tested.items()
            },
        )
    entries = ctx.opened(open_entries)
    ids = {name: e.ids for name, e in entries.items()}
    for name in ctx.model.outside:
        outside = open_outside(ctx.model, ctx.inputs, name, unit_of(entries))
        yield name, {dataset: outside.for_dataset(dataset, ids[dataset]) for dataset in tested}


def _there(ctx: Context[Transferability], stage: str, all_: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those models and datasets whose task in this stage hasn't failed."""
    return {all_[i] for i in ctx.rows(stage).numbers}


def _none(of: Tested) -> Floats:
    return np.full(len(of.target), np.nan)


def _write_errors(
    ctx: Context[Transferability], tested: Mapping[str, Tested], predictions: Mapping[str, Mapping[str, Floats]]
) -> None:
    strangers = ctx.model.strangers
    tuned = _there(ctx, "fine_tune", strangers) if ctx.model.fine_tuning and strangers else set()
    cells = [
        [
            dict(_cell(ctx, one, made[name], f"fine_tuned_{model}_{name}" if (model, name) in tuned else ""))
            for name, one in tested.items()
        ]
        for model, made in predictions.items()
    ]
    for measure in cells[0][0]:
        found = np.array([[cell[measure] for cell in row] for row in cells])
        if measure == "n_tested":
            ctx.write(measure, found.astype(np.int64))
            continue
        for suffix, values in zip(("", "_low", "_high"), np.moveaxis(found, -1, 0), strict=True):
            ctx.write(f"{measure}{suffix}", np.ascontiguousarray(values))


def _cell(ctx: Context[Transferability], one: Tested, made: Floats, tuned: str) -> Iterator[tuple[str, Estimate | int]]:
    """All measures of one model on one dataset's test part; `tuned` names its predictions after fine-tuning, if any."""
    raw = _errors(ctx, one, made)
    yield from ((measure, getattr(raw, measure)) for measure in ("mae", "rmse", "r2", "bias"))
    yield "mae_offset", _errors(ctx, one, made - raw.bias.value).mae
    yield "mae_refit", _errors(ctx, one, _refitted(ctx, one, made)).mae
    yield "mae_fine_tuned", _errors(ctx, one, ctx.read(tuned)).mae if tuned else NOTHING
    yield "n_tested", raw.n


def _refitted(ctx: Context[Transferability], one: Tested, made: Floats) -> Floats:
    """(n,) the test part's predictions with references fitted to the training part; NaN elsewhere."""
    train, test, seed = np.flatnonzero(one.part == TRAIN), one.test, ctx.model.split.seed
    values = np.full(len(made), np.nan)
    values[test] = refitted(made, one.target, one.fractions, train, test, one.group, ctx.model.refit, seed)
    return values


def _errors(ctx: Context[Transferability], one: Tested, made: Floats) -> Errors:
    test = one.test
    return errors(made[test], one.target[test], one.group[test], ctx.model.bootstrap, ctx.model.split.seed)


def _write_elements(
    ctx: Context[Transferability], tested: Mapping[str, Tested], predictions: Mapping[str, Mapping[str, Floats]]
) -> None:
    mae = np.full((len(predictions), len(tested), N_ELEMENTS), np.nan)
    for i, made in enumerate(predictions.values()):
        for j, (name, one) in enumerate(tested.items()):
            test = one.test
            mae[i, j] = by_element(made[name][test] - one.target[test], one.fractions[test]).mae
    ctx.write("element_mae", mae)
    ctx.write("element_n", np.stack([(one.fractions[one.test] > 0).sum(axis=0) for one in tested.values()]))


def _write_labels(ctx: Context[Transferability], tested: Mapping[str, Tested]) -> None:
    """Between datasets the difference of their labels is a floor under every error."""
    found = label_differences({name: Labels(one.target, one.group, one.fractions) for name, one in tested.items()})
    ctx.write("label_difference", found.mae)
    ctx.write("label_difference_refit", found.mae_refit)
    ctx.write("n_label_groups", found.n_groups)


def _write_ladder(ctx: Context[Transferability], predictions: Mapping[str, Mapping[str, Floats]]) -> None:
    """Errors by training entries, from the rungs' own tasks and, for the whole, from the matrix."""
    members = [*ctx.model.members]
    below, shape = ctx.rows("ladder"), (len(shares(ctx.model)), len(members), len(ctx.model.test_sets))
    mae, n = np.full((len(rungs(ctx.model)), shape[2]), np.nan), np.zeros(len(rungs(ctx.model)), np.int64)
    mae[below.numbers], n[below.numbers] = below["rung_mae"], below["rung_n"]
    whole = [test_mae(ctx, predictions[model].__getitem__) for model in members]
    mae, n = np.concatenate([mae, whole]).reshape(shape), np.concatenate([n, _n_trained(ctx)]).reshape(shape[:2])
    ctx.write("ladder_mae", mae)
    ctx.write("ladder_n", n)
    fits = [[power_law(n[:, i], mae[:, i, j]) for j in range(shape[2])] for i in range(len(members))]
    ctx.write("ladder_power", np.array(fits, dtype=np.float64))


def _n_trained(ctx: Context[Transferability]) -> list[int]:
    """Training entries of each model; 0 where its training has failed."""
    rows = ctx.rows("train")
    by_place = dict(zip(rows.numbers, rows["n_train"].tolist(), strict=True))
    return [by_place.get(places(ctx.model, model)[0], 0) for model in ctx.model.members]


def test_mae(ctx: Context[Transferability], prediction: Callable[[str], Floats]) -> list[float]:
    """Of each test set, from the predictions (n,) for all entries of a dataset."""
    wrong = {name: prediction(name) - ctx.read(f"target_{name}") for name in ctx.model.datasets}
    tested = {name: np.abs(one[ctx.read(f"split_{name}") == TEST]) for name, one in wrong.items()}
    joined = [np.concatenate([tested[name] for name in of]) for of in ctx.model.test_sets.values()]
    return [float(one.mean()) if len(one) else np.nan for one in joined]
