"""The trials as a journal of Optuna's, which optuna-dashboard and Optuna's own analyses open."""

from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bigdata.kind import SpecError
from bigdata.studies.architecture_search.dimensions import Choices, Dimension, Integers, LogUniform, Uniform
from bigdata.studies.architecture_search.results import Results
from bigdata.studies.architecture_search.status import MEANING, RAN, STOPPED

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial


def write_journal(results: Results, out: Path) -> None:
    """Write all trials that were begun, with the metric that decides at the end of each rung. Raises SpecError."""
    if find_spec("optuna") is None:
        raise SpecError("the format `optuna` needs Optuna. Run `pip install '.[search]'`.")
    if out.exists():
        raise SpecError(f"{out} is there already, and a journal would be added to it. Name another file.")
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(out))), study_name=results.model.name, direction="minimize"
    )
    study.add_trials([_trial(results, int(number)) for number in results.begun])
    # It locks by a link beside the journal, and leaves nothing else.


def _trial(results: Results, number: int) -> FrozenTrial:
    """A stopped trial is one that was pruned: its value is that of another length of training."""
    from optuna.trial import TrialState, create_trial

    status, curve = int(results.status[number]), results.curves.get(number, [])
    state = {RAN: TrialState.COMPLETE, STOPPED: TrialState.PRUNED}.get(status, TrialState.FAIL)
    levels = results.model.rungs.levels
    return create_trial(
        state=state,
        value=curve[-1] if curve and state != TrialState.FAIL and math.isfinite(curve[-1]) else None,
        params=results.point(number),
        distributions={path: distribution(d) for path, d in results.model.searched.items()},
        intermediate_values={round(levels[rung]): value for rung, value in enumerate(curve)},
        user_attrs=_attributes(results, number, status),
    )


def _attributes(results: Results, number: int, status: int) -> dict[str, Any]:
    seconds = results.view["seconds"][number]
    known = seconds[np.isfinite(seconds)]
    return {
        "trial": number,
        "status": MEANING[status],
        "metric": results.model.reward.metric,
        "n_parameters": int(results.view["n_parameters"][number]),
        "seconds": float(known[-1]) if known.size else None,
    }


def distribution(dimension: Dimension) -> BaseDistribution:
    """The same range, or the same choices, in Optuna's words."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    match dimension:
        case Choices(choices):
            return CategoricalDistribution(choices)
        case LogUniform():
            return FloatDistribution(*dimension.log_uniform, log=True)
        case Uniform():
            return FloatDistribution(*dimension.uniform)
        case Integers():
            return IntDistribution(*dimension.integers)
    raise TypeError(f"{type(dimension).__name__} is no dimension")
