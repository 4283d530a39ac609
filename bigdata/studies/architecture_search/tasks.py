"""What the tasks of an architecture search do: group and split, train, list the trials, retrain the best, and judge."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from bigdata.models.networks.elements import element_features
from bigdata.models.networks.training import Trained
from bigdata.studies.architecture_search import judged, listed, retrained
from bigdata.studies.architecture_search.data import open_entries
from bigdata.studies.architecture_search.model import ArchitectureSearch
from bigdata.studies.architecture_search.points import setting_of
from bigdata.studies.architecture_search.seeds import trial_seed
from bigdata.studies.architecture_search.status import DIVERGED, NO_MEMORY, RAN
from bigdata.studies.architecture_search.trial import Training, is_out_of_memory
from bigdata.studies.architecture_search.work import Payload
from bigdata.studies.materials import grouping
from bigdata.studies.materials.crystals import is_on_gpu
from bigdata.studies.materials.matches import write_matches
from bigdata.studies.materials.split import group_hashes

if TYPE_CHECKING:
    from bigdata.kind import Context


def match(ctx: Context[ArchitectureSearch]) -> None:
    """A block of pairs of entries."""
    write_matches(ctx, ctx.model.identity, ctx.opened(open_entries))


def groups(ctx: Context[ArchitectureSearch]) -> None:
    """Every entry's group, and the split of the groups."""
    found = grouping.write_groups(ctx, ctx.model, ctx.opened(open_entries))
    for name, labels in found.labels.items():
        ctx.write(f"group_hash_{name}", group_hashes(labels))
    ctx.write("element_feature", element_features())


def train(ctx: Context[ArchitectureSearch]) -> dict[str, Any]:
    """A rung of a trial. What diverges, or doesn't fit into memory, is a result too: the search goes on."""
    asked = cast(Payload, ctx.payload)
    setting = setting_of(ctx.model, asked["point"], _max_steps(ctx.model))
    told = {"rung_trial": asked["trial"], "rung_of_trial": asked["rung"], "rung_on_gpu": is_on_gpu(ctx)}
    try:
        one = Training(ctx, setting, trial_seed(ctx.model.search.seed, asked["trial"]))
        done = one.to_step(int(asked["steps"][1])) if "steps" in asked else one.to_second(asked["seconds"][1])
        return told | _shown(one, done)
    except ArithmeticError as error:
        ctx.log(str(error))
        return told | failed(DIVERGED)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        ctx.log(f"the training doesn't fit into memory: {error}"[:500])
        return told | failed(NO_MEMORY)


def _max_steps(study: ArchitectureSearch) -> int | None:
    """What learning rates fall over: the whole training, however early it may be stopped."""
    return int(study.rungs.levels[-1]) if study.rungs.resource == "steps" else None


def _shown(one: Training, done: Trained) -> dict[str, Any]:
    rows = one.problem.validation
    errors = one.errors(one.predicted(done, rows), rows)
    if not math.isfinite(errors.rmse):
        return failed(DIVERGED)
    return {
        "rung_status": RAN,
        "rung_validation_rmse": errors.rmse,
        "rung_validation_mae": errors.mae,
        "rung_n_parameters": one.network.layout.n_parameters,
        "rung_seconds": one.seconds,
        "rung_seconds_batch": done.seconds_batch,
        "rung_seconds_step": done.seconds_step,
        "rung_n_steps": done.n_steps,
        "rung_best_step": done.best_step,
    }


def failed(status: int) -> dict[str, Any]:
    """Rows of a rung that ended without a network."""
    numbers = ("validation_rmse", "validation_mae", "seconds", "seconds_batch", "seconds_step")
    counts = ("n_parameters", "n_steps", "best_step")
    return {
        "rung_status": status,
        **{f"rung_{name}": math.nan for name in numbers},
        **{f"rung_{name}": 0 for name in counts},
    }


def trials(ctx: Context[ArchitectureSearch]) -> None:
    """All trials, one after the other, as the search left them."""
    listed.write(ctx)


def retrain(ctx: Context[ArchitectureSearch]) -> dict[str, Any]:
    """The best point's network once more, from a seed of its own, and tested."""
    return retrained.run(ctx)


def judge(ctx: Context[ArchitectureSearch]) -> None:
    """What the search says of parameters, of early ranks, and of the luck of the best."""
    judged.write(ctx)
