"""Fine-tuning: a network that was trained on one database goes on with a few rows of another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.networks.crystals import Crystals
from bigdata.models.networks.elements import N_ELEMENTS
from bigdata.models.networks.network import Compiled
from bigdata.models.networks.setting import Training
from bigdata.models.networks.standard import Standard, ridge
from bigdata.models.networks.training import Problem, Trainer, predicted
from bigdata.studies.transferability.model import FineTuning, Transferability

Floats = NDArray[np.float64]
# A trained network forgets what it knows when it begins with the whole rate.
WARM_UP = 0.1


@dataclass(frozen=True)
class Learned:
    """What a training left for a dataset: weights, how targets were standardised, and `reference` (118,), which is
    added to predictions there."""

    weights: NDArray[np.float32]
    standard: Standard
    reference: Floats

    def __call__(self, network: Compiled, crystals: Crystals, rows: NDArray[np.int64]) -> Floats:
        """(n,) predictions in the target's unit."""
        made = predicted(network, (self.weights, self.standard), crystals, rows)
        return made + crystals.per_atom[rows] * (crystals.fractions[rows] @ self.reference)


def learned(read: Callable[[str, Any], NDArray[Any]], study: Transferability, place: int, dataset: str = "") -> Learned:
    """What a training left in the store, whose arrays `read(name, selection)` reads, for one of the datasets; for data
    that are none of them, nothing is added to predictions."""
    mean, scale = read("standard", place).tolist()
    standard = Standard(read("baseline", place), mean, scale, study.model.readout == "sum")
    added = read("reference", (place, [*study.datasets].index(dataset))) if dataset else np.zeros(N_ELEMENTS)
    return Learned(read("weights", place), standard, added)


def tuned(
    network: Compiled,
    known: Learned,
    training: Training,
    tuning: FineTuning,
    crystals: Crystals,
    values: Floats,
    rows: NDArray[np.int64],
    seed: int,
) -> Learned:
    """The network after `tuning` on `rows` of a dataset with targets `values` (m,).

    References of the elements are refitted to these rows first: that is what a few hundred of them tell best, and
    what the network would otherwise spend its steps on.
    """
    per_atom, fractions = crystals.per_atom, crystals.fractions
    wrong = (values[rows] - known(network, crystals, rows)) / per_atom[rows]
    shift = float(wrong.mean())
    baseline = known.standard.baseline + known.reference + ridge(fractions[rows], wrong - shift)
    standard = replace(known.standard, baseline=baseline, mean=known.standard.mean + shift)
    trainer = Trainer(
        network, _setting(training, tuning), Problem(crystals, values, rows, rows), seed, known.weights, standard
    )
    return Learned(trainer.train().weights, standard, np.zeros_like(known.reference))


def _setting(training: Training, tuning: FineTuning) -> Training:
    """One look at the end: the rows are too few to keep some for validation."""
    changed: dict[str, Any] = {
        "max_steps": tuning.max_steps,
        "learning_rate": tuning.learning_rate,
        "decay": "linear",
        "warm_up": WARM_UP,
        "cool_down": 0.0,
        "evaluate_every": tuning.max_steps,
        "patience": None,
    }
    return training.model_copy(update=changed)
