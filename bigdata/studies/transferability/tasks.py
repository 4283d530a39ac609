"""What the tasks of a transferability study do: group and split, train, predict, tune, and judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.networks import training as networks
from bigdata.models.networks.elements import element_features
from bigdata.studies.materials import grouping
from bigdata.studies.materials.crystals import compiled
from bigdata.studies.materials.matches import write_matches
from bigdata.studies.materials.split import group_hashes
from bigdata.studies.transferability import evaluation
from bigdata.studies.transferability.data import TEST, TRAIN, crystals_of, lesson, network_of, open_entries
from bigdata.studies.transferability.model import Transferability
from bigdata.studies.transferability.trainings import OneTraining, pairs, places, rungs, trainings
from bigdata.studies.transferability.tuning import learned, tuned

if TYPE_CHECKING:
    from bigdata.kind import Context

Floats = NDArray[np.float64]


def match(ctx: Context[Transferability]) -> None:
    """A block of pairs of entries."""
    write_matches(ctx, ctx.model.identity, ctx.opened(open_entries))


def groups(ctx: Context[Transferability]) -> None:
    """Every entry's group, what the datasets share, and the split of the groups."""
    found = grouping.write_groups(ctx, ctx.model, ctx.opened(open_entries))
    for name, labels in found.labels.items():
        ctx.write(f"group_hash_{name}", group_hashes(labels))
    ctx.write("element_feature", element_features())


def train(ctx: Context[Transferability]) -> dict[str, float | int]:
    """One network; from its checkpoint where there is one."""
    one = trainings(ctx.model)[ctx.index]
    taught = lesson(ctx, one)
    trainer = networks.Trainer(compiled(ctx, network_of(ctx.model)), ctx.model.training, taught.problem, one.seed)
    if (saved := ctx.checkpoint.load()) is not None:
        trainer.resume(saved)
    done = trainer.train(lambda state: ctx.checkpoint.save(**state), ctx.should_stop, _progress(ctx, one))
    _write(ctx, done, np.stack([*taught.references.values()]))
    trained = taught.problem.crystals.fractions[taught.problem.train] > 0
    ctx.write("element_trained", trained.sum(axis=0, dtype=np.int64)[None])
    return {
        "validation_mae": done.validation_mae,
        "n_train": len(taught.problem.train),
        "n_steps": done.n_steps,
        "best_step": done.best_step,
        "seconds_batch": done.seconds_batch,
        "seconds_step": done.seconds_step,
    }


def _progress(ctx: Context[Transferability], one: OneTraining) -> Any:
    most = ctx.model.training.max_steps

    def said(step: int, loss: float, mae: float) -> None:
        ctx.log(f"{one.label}: step {step:,} of {most:,}, training loss {loss:.4g}, validation MAE {mae:.4g}")

    return said


def _write(ctx: Context[Transferability], done: networks.Trained, references: Floats) -> None:
    standard = done.standard
    ctx.write("weights", done.weights[None])
    ctx.write("baseline", standard.baseline[None])
    ctx.write("standard", np.array([[standard.mean, standard.scale]]))
    ctx.write("reference", references[None])
    ctx.write("curve_loss", done.curve_loss[None])
    ctx.write("curve_mae", done.curve_mae[None])


def predict(ctx: Context[Transferability]) -> dict[str, int]:
    """What a model says of all entries of a dataset: mean and spread of its networks, and of how many."""
    model, dataset = pairs(ctx.model)[ctx.index]
    made = _ensemble(ctx, places(ctx.model, model), dataset)
    ctx.write(f"prediction_{model}_{dataset}", made.mean(axis=0))
    spread = made.std(axis=0, ddof=1) if len(made) > 1 else np.full(made.shape[1], np.nan)
    ctx.write(f"spread_{model}_{dataset}", spread)
    return {"n_networks": len(made)}


def ladder(ctx: Context[Transferability]) -> dict[str, Any]:
    """The errors on all test parts of a model trained on a share of its groups."""
    at = places(ctx.model, *rungs(ctx.model)[ctx.index])
    mae = evaluation.test_mae(ctx, lambda dataset: _ensemble(ctx, at, dataset).mean(axis=0))
    return {"rung_mae": mae, "rung_n": int(ctx.rows("train")["n_train"][0])}


def fine_tune(ctx: Context[Transferability]) -> dict[str, int]:
    """Train a model's networks on some training rows of a dataset that they don't know, and predict its test part."""
    model, dataset = ctx.model.strangers[ctx.index]
    parts, tuning = ctx.read(f"split_{dataset}"), ctx.model.fine_tuning
    assert tuning is not None
    tested = np.flatnonzero(parts == TEST)
    made = [_tuned(ctx, place, dataset, parts, tested) for place in places(ctx.model, model)]
    values = np.full(len(parts), np.nan)
    values[tested] = np.mean(made, axis=0)
    ctx.write(f"fine_tuned_{model}_{dataset}", values)
    return {"n_tuned": min(tuning.rows, int((parts == TRAIN).sum()))}


def _tuned(
    ctx: Context[Transferability], place: int, dataset: str, parts: NDArray[Any], tested: NDArray[Any]
) -> Floats:
    """Predictions of the test part by one network, tuned on rows drawn by its own seed."""
    tuning, crystals, network = ctx.model.fine_tuning, crystals_of(ctx, dataset), compiled(ctx, network_of(ctx.model))
    assert tuning is not None
    seed = trainings(ctx.model)[place].seed
    drawn = np.random.default_rng([seed, 2]).permutation(np.flatnonzero(parts == TRAIN))[: tuning.rows]
    values, known = ctx.read(f"target_{dataset}"), learned(ctx.read, ctx.model, place, dataset)
    made = tuned(network, known, ctx.model.training, tuning, crystals, values, np.sort(drawn), seed)
    return made(network, crystals, tested)


def _ensemble(ctx: Context[Transferability], at: list[int], dataset: str) -> Floats:
    """(seeds, n) predictions for all entries of a dataset."""
    crystals, network = crystals_of(ctx, dataset), compiled(ctx, network_of(ctx.model))
    every = np.arange(len(crystals))
    return np.stack([learned(ctx.read, ctx.model, place, dataset)(network, crystals, every) for place in at])


def evaluate(ctx: Context[Transferability]) -> None:
    """All errors, of all models on all test parts."""
    evaluation.write(ctx)
