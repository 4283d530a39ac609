"""After the search: the best point's network is trained anew from seeds of its own, and tested on what no trial saw."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bigdata.kind import SpecError
from bigdata.studies.architecture_search.data import TEST, VALIDATION
from bigdata.studies.architecture_search.listed import Trial, trials_of
from bigdata.studies.architecture_search.model import DATA, ArchitectureSearch
from bigdata.studies.architecture_search.points import setting_of
from bigdata.studies.architecture_search.seeds import final_seed
from bigdata.studies.architecture_search.standing import standing
from bigdata.studies.architecture_search.trial import Training

if TYPE_CHECKING:
    from bigdata.kind import Context

# In its pack: weights, and how targets were standardised.
NETWORK = "network.npz"
SETTING = "setting.json"


def best_of(study: ArchitectureSearch, trials: Mapping[int, Trial]) -> int:
    """The number of the trial that stands first. Raises SpecError where all have failed."""
    metric = study.reward.metric
    found = {
        number: [rows[metric] for _, rows in sorted(trial.rungs.items()) if rows is not None]
        for number, trial in trials.items()
        if trial.has_network
    }
    if not found:
        raise SpecError(
            "no trial has a network, so there is no best one. Raise the budget, or look at why trials failed: "
            "`bigdata status RUN` lists them"
        )
    return standing(found)[0]


def run(ctx: Context[ArchitectureSearch]) -> dict[str, Any]:
    """Train one network of the best point to the end, keep it, and predict all entries."""
    study, trials = ctx.model, trials_of(ctx)
    best = best_of(study, trials)
    steps = study.rungs.levels[-1]
    in_steps = study.rungs.resource == "steps"
    setting = setting_of(study, trials[best].point, int(steps) if in_steps else None)
    one = Training(ctx, setting, final_seed(study.search.seed, ctx.index))
    done = one.to_step(int(steps)) if in_steps else one.to_second(steps)
    _keep(ctx, one, done)
    made = one.predicted(done, np.arange(len(one.problem.values)))
    ctx.write("prediction", made[None])
    trained = one.problem.crystals.fractions[one.problem.train] > 0
    ctx.write("element_trained", trained.sum(axis=0, dtype=np.int64)[None])
    # Of the numbers that are stored: in other batches sums are rounded otherwise.
    rows = {code: np.flatnonzero(ctx.read(f"split_{DATA}") == code) for code in (VALIDATION, TEST)}
    validated, tested = (one.errors(made[rows[code]], rows[code]) for code in (VALIDATION, TEST))
    return {
        "final_trial": best,
        "final_validation_rmse": validated.rmse,
        "final_validation_mae": validated.mae,
        "final_test_rmse": tested.rmse,
        "final_test_mae": tested.mae,
        "final_seconds": one.seconds,
        "final_n_parameters": one.network.layout.n_parameters,
    }


def _keep(ctx: Context[ArchitectureSearch], one: Training, done: Any) -> None:
    standard, file = done.standard, io.BytesIO()
    moments = np.array([standard.mean, standard.scale])
    np.savez(file, weights=done.weights, baseline=standard.baseline, standard=moments)
    (ctx.scratch / NETWORK).write_bytes(file.getvalue())
    setting = {"model": one.network.network, "training": one.setting.training}
    dumped = {name: part.model_dump(mode="json") for name, part in setting.items()}
    (ctx.scratch / SETTING).write_text(json.dumps(dumped, indent=1))
    ctx.pack.add(ctx.scratch)
