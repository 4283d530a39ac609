"""Seeds of trainings: they follow from the study's seed and from what is trained, and from nothing else."""

from __future__ import annotations

import numpy as np

_TRIAL, _FINAL = range(2)


def trial_seed(seed: int, trial: int) -> int:
    """Of trial number `trial`: the same wherever, and in whichever order, it runs."""
    return _seed(seed, _TRIAL, trial)


def final_seed(seed: int, place: int) -> int:
    """Of one of the trainings after the search: none is a trial's own."""
    return _seed(seed, _FINAL, place)


def _seed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
