"""The matrix of errors of all models on all test parts, and each way to say where the loss comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bigdata.models.networks.crystals import Crystals
from bigdata.models.networks.elements import N_ELEMENTS
from bigdata.studies.transferability.breakdown import by_element
from bigdata.studies.transferability.data import TEST, TRAIN, open_crystals, open_entries, open_outside
from bigdata.studies.transferability.errors import Errors, Estimate, errors
from bigdata.studies.transferability.labels import Labels, label_differences
from bigdata.studies.transferability.ladder import power_law
from bigdata.studies.transferability.model import Transferability
from bigdata.studies.transferability.references import refitted
from bigdata.studies.transferability.trainings import shares

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
    tested = {name: _tested(ctx, name, crystals) for name, crystals in ctx.opened(open_crystals).items()}
    predictions = dict(_predictions(ctx, tested))
    _write_labels(ctx, tested)
    for name in ctx.model.outside:
        for dataset in model.datasets:
            ctx.write(f"prediction_{name}_{dataset}", predictions[name][dataset])
    for name, one in model.combined_tests.items():
        tested[name] = _together([tested[d] for d in one])
        for made in predictions.values():
            made[name] = np.concatenate([made[d] for d in one])
    _write_errors(ctx, tested, predictions)
    _write_elements(ctx, tested, predictions)
    n_parameters = ctx.read("weights", 0).size
    ctx.write("n_parameters", np.full(len(model.members), n_parameters, np.int64))
    if model.ladder:
        _write_ladder(ctx)


def _tested(ctx: Context[Transferability], name: str, crystals: Crystals) -> Tested:
    target, group, part = (ctx.read(f"{what}_{name}") for what in ("target", "group", "split"))
    return Tested(target, group, part, crystals.fractions())


def _together(several: Sequence[Tested]) -> Tested:
    """The entries of several datasets as one."""
    return Tested(*(np.concatenate([getattr(one, f.name) for one in several]) for f in fields(Tested)))


def _predictions(
    ctx: Context[Transferability], tested: Mapping[str, Tested]
) -> Iterator[tuple[str, dict[str, Floats]]]:
    """Of each model, by dataset: (n,) for all entries, NaN where there is none."""
    for model in ctx.model.members:
        yield model, {name: ctx.read(f"prediction_{model}_{name}") for name in tested}
    ids = {name: e.ids for name, e in ctx.opened(open_entries).items()}
    for name in ctx.model.outside:
        outside = open_outside(ctx.model, ctx.inputs, name)
        yield name, {dataset: outside.for_dataset(dataset, ids[dataset]) for dataset in tested}


def _write_errors(
    ctx: Context[Transferability], tested: Mapping[str, Tested], predictions: Mapping[str, Mapping[str, Floats]]
) -> None:
    cells = [
        [dict(_cell(ctx, model, name, one, made[name])) for name, one in tested.items()]
        for model, made in predictions.items()
    ]
    for measure in cells[0][0]:
        found = np.array([[cell[measure] for cell in row] for row in cells])
        if measure == "n_tested":
            ctx.write(measure, found.astype(np.int64))
            continue
        for suffix, values in zip(("", "_low", "_high"), np.moveaxis(found, -1, 0), strict=True):
            ctx.write(f"{measure}{suffix}", np.ascontiguousarray(values))


def _cell(
    ctx: Context[Transferability], model: str, dataset: str, one: Tested, made: Floats
) -> Iterator[tuple[str, Estimate | int]]:
    """All measures of one model on one dataset's test part."""
    raw = _errors(ctx, one, made)
    yield from ((measure, getattr(raw, measure)) for measure in ("mae", "rmse", "r2", "bias"))
    yield "mae_offset", _errors(ctx, one, made - raw.bias.value).mae
    yield "mae_refit", _errors(ctx, one, _refitted(ctx, one, made)).mae
    tuned = f"fine_tuned_{model}_{dataset}"
    is_tuned = ctx.model.fine_tuning and (model, dataset) in ctx.model.strangers
    yield "mae_fine_tuned", _errors(ctx, one, ctx.read(tuned)).mae if is_tuned else NOTHING
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


def _write_ladder(ctx: Context[Transferability]) -> None:
    """Errors by training entries, from the rungs' own tasks and, for the whole, from the matrix."""
    model = ctx.model
    n_rungs, n_models, n_tests = len(shares(model)), len(model.members), len(model.test_sets)
    rows, whole = ctx.rows("ladder"), ctx.rows("train")
    mae = np.concatenate([rows["rung_mae"].reshape(n_rungs - 1, n_models, n_tests), _whole_mae(ctx)[None]])
    n_seeds = len(model.training.seeds)
    n_whole = whole["n_train"][: n_models * n_seeds : n_seeds]
    n = np.concatenate([rows["rung_n"].reshape(n_rungs - 1, n_models), n_whole[None]])
    ctx.write("ladder_mae", mae)
    ctx.write("ladder_n", n.astype(np.int64))
    fits = [[power_law(n[:, i], mae[:, i, j]) for j in range(n_tests)] for i in range(n_models)]
    ctx.write("ladder_power", np.array(fits, dtype=np.float64))


def _whole_mae(ctx: Context[Transferability]) -> Floats:
    """(models, test sets) of the test parts."""
    return np.array([test_mae(ctx, partial(_stored, ctx, model)) for model in ctx.model.members])


def _stored(ctx: Context[Transferability], model: str, dataset: str) -> Floats:
    return ctx.read(f"prediction_{model}_{dataset}")


def test_mae(ctx: Context[Transferability], prediction: Callable[[str], Floats]) -> list[float]:
    """Of each test set, from the predictions (n,) for all entries of a dataset."""
    wrong = {name: prediction(name) - ctx.read(f"target_{name}") for name in ctx.model.datasets}
    tested = {name: np.abs(one[ctx.read(f"split_{name}") == TEST]) for name, one in wrong.items()}
    joined = [np.concatenate([tested[name] for name in of]) for of in ctx.model.test_sets.values()]
    return [float(one.mean()) if len(one) else np.nan for one in joined]
