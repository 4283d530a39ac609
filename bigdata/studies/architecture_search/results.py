"""The results of an architecture search in the words of its report."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import StudyResults
from bigdata.studies.architecture_search.dimensions import Choices
from bigdata.studies.architecture_search.listed import is_number, word
from bigdata.studies.architecture_search.model import ArchitectureSearch
from bigdata.studies.architecture_search.status import NOT_RUN, RAN

Floats = NDArray[np.float64]


class Results(StudyResults[ArchitectureSearch]):
    """What the report of a search speaks of."""

    @cached_property
    def reward(self) -> Floats:
        """(trials,) NaN for those that didn't run to the end."""
        return np.asarray(self.view["reward"][...])

    @cached_property
    def status(self) -> NDArray[np.int32]:
        return np.asarray(self.view["status"][...])

    @property
    def n_begun(self) -> int:
        return int((self.status != NOT_RUN).sum())

    @property
    def best(self) -> int | None:
        """The number of the best trial, the first of equals; None where none ran to the end."""
        ran = np.flatnonzero(self.status == RAN)
        return int(ran[np.argmin(self.reward[ran])]) if ran.size else None

    def point(self, trial: int) -> dict[str, Any]:
        """A trial's values, by the paths of their fields."""
        return {path: self.value(path, self.view[path][trial]) for path in self.model.searched}

    def value(self, path: str, stored: Any) -> Any:
        """What a number of a searched field's array stands for."""
        dimension = self.model.searched[path]
        if is_number(dimension):
            return stored.item()
        assert isinstance(dimension, Choices)
        return dimension.choices[int(stored)]

    def said(self, trial: int) -> str:
        """A trial's point in words: `latent 64, steps 3`."""
        return ", ".join(f"{path.rpartition('.')[2]} {word(value)}" for path, value in self.point(trial).items())
