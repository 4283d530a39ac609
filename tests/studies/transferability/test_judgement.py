"""What the report's first lines say, from errors given by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bigdata.studies.transferability import judgement
from bigdata.studies.transferability.results import Cell


def of(**errors: dict[tuple[str, str], float]) -> Any:
    """Results of two datasets in meV/atom, with errors by name, then by model and dataset."""
    return SimpleNamespace(
        datasets=["mp", "aflow"],
        error=lambda name, cell: errors.get(name, {}).get(tuple(cell), np.nan),
        said=lambda value: f"{value:.3g} meV/atom",
        label_difference=lambda *_, refit: np.nan,
        is_known=lambda _cell: True,
    )


@pytest.mark.parametrize(
    ("mp", "aflow", "said"),
    [
        (0.97, 0.2, ""),
        (np.nan, 0.9, ""),
        (0.97, -0.05, "Trained on aflow (R² -0.05), "),
        (0.1, 0.19, "Trained on mp (R² 0.10) and aflow (R² 0.19), "),
    ],
)
def test_models_that_learned_nothing_at_home_are_not_to_be_trusted(mp: float, aflow: float, said: str) -> None:
    made = judgement.of_weak(of(r2={("mp", "mp"): mp, ("aflow", "aflow"): aflow}))
    assert made.startswith(said)
    assert bool(made) == bool(said)


@pytest.mark.parametrize(
    ("refit", "tuned", "said"),
    [
        (60.0, 40.0, "bring back 50 % (to 60), fine-tuning 25 % more; 25 % is what it doesn't know"),
        (130.0, 283.0, "bring back nothing, fine-tuning brings nothing more; 100 % is what it doesn't know"),
        (60.0, 90.0, "bring back 50 % (to 60), fine-tuning brings nothing more; 50 % is what it doesn't know"),
        (60.0, np.nan, "bring back 50 % (to 60); 50 % is what it doesn't know"),
    ],
)
def test_what_is_lost_is_said_to_come_from(refit: float, tuned: float, said: str) -> None:
    there, home = ("mp", "aflow"), ("aflow", "aflow")
    found = of(mae={there: 100.0, home: 20.0}, mae_refit={there: refit}, mae_fine_tuned={there: tuned})
    assert f"Of the 80 that are lost, references of the elements {said}" in judgement.of_transfer(found, Cell(*there))
