"""What a training is refused for, in words, before it begins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bigdata.kind import SpecError
from bigdata.studies.materials.model import Graph
from bigdata.studies.transferability.data import _check_lesson
from bigdata.studies.transferability.model import Combined
from bigdata.studies.transferability.trainings import OneTraining

ONE = OneTraining("mine", Combined.model_construct(of=("mine",), references="none"), 1.0, 0)
GRAPH = Graph(cutoff="0.5 angstrom")  # type: ignore[arg-type]
ROWS, NONE = np.arange(2), np.empty(0, np.int64)


class Crystals:
    """As many edges as each of three crystals has."""

    def __init__(self, *n_edges: int) -> None:
        self.n_edges = np.array(n_edges)

    def __len__(self) -> int:
        return len(self.n_edges)


def check(crystals: Crystals, training: Any, validation: Any) -> None:
    given: Any = crystals
    _check_lesson(ONE, given, {"training": training, "validation": validation}, GRAPH)


@pytest.mark.parametrize(("part", "rows"), [("training", (NONE, ROWS)), ("validation", (ROWS, NONE))])
def test_a_part_without_entries_is_named(part: str, rows: Any) -> None:
    with pytest.raises(SpecError, match=rf"`mine` has no {part} part: .* \(3 in all\)"):
        check(Crystals(4, 4, 4), *rows)


def test_atoms_without_any_neighbour_are_nothing_to_learn_from() -> None:
    with pytest.raises(SpecError, match=r"no atom has a neighbour within 0\.5 Å\. Widen `graph: \{cutoff: …\}`"):
        check(Crystals(0, 0, 8), ROWS, np.array([2]))


def test_a_few_lonely_crystals_are_trained_with_the_others() -> None:
    check(Crystals(0, 8, 0), ROWS, np.array([2]))
