"""The results of a transferability study in the words of its report."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import SiteError, StudyResults
from bigdata.studies.materials.entries import Entries
from bigdata.studies.materials.error_units import ErrorUnit, error_unit, three_digits
from bigdata.studies.transferability.data import TEST, open_entries
from bigdata.studies.transferability.model import Transferability
from bigdata.studies.transferability.trainings import places, trainings

Floats = NDArray[np.float64]


class Cell(NamedTuple):
    """A model, by what it was trained on, and the dataset, or combined datasets, whose test part it is tested on."""

    model: str
    tested: str


class Results(StudyResults[Transferability]):
    """What the report of a transferability study speaks of."""

    @property
    def datasets(self) -> list[str]:
        return [*self.model.datasets]

    @property
    def test_sets(self) -> list[str]:
        """What models are tested on: the datasets, then what is combined of them."""
        return [*self.model.test_sets]

    @property
    def models(self) -> list[str]:
        """The trained models, by what they were trained on: the datasets, then what is combined of them."""
        return [*self.model.members]

    @property
    def all_models(self) -> list[str]:
        """And those of other programs."""
        return [*self.models, *self.model.outside]

    @property
    def quantity(self) -> str:
        return self.model.target.quantity or "target"

    @cached_property
    def unit(self) -> str:
        """Of the target; "" where it has none."""
        unit = self.view["mae"].units
        return "" if unit == "1" else unit

    @cached_property
    def error_unit(self) -> ErrorUnit:
        """The unit in which errors are said."""
        return error_unit(self.view["mae"].units, self.view["mae"][...])

    @property
    def scale(self) -> float:
        """From the target's unit to that of errors."""
        return self.error_unit.factor

    @property
    def small_unit(self) -> str:
        """The name of the unit in which errors are said."""
        return self.error_unit.name

    def error(self, name: str, cell: Cell) -> float:
        """One of the arrays of errors, such as `mae`, in `small_unit`."""
        value = self.view[name][self.all_models.index(cell.model), self.test_sets.index(cell.tested)]
        return float(value) * (1.0 if name.startswith("r2") else self.scale)

    def said(self, value: float) -> str:
        """An error with its unit: 148 meV/atom."""
        return f"{three_digits(value)} {self.small_unit}".strip()

    def knows(self, cell: Cell) -> bool:
        """Whether the model was trained on some of the datasets that it is tested on."""
        return cell.model in self.models and not {*self.model.test_sets[cell.tested]}.isdisjoint(
            self.model.members[cell.model].of
        )

    @property
    def cells(self) -> list[Cell]:
        return [Cell(m, d) for m in self.all_models for d in self.test_sets]

    @property
    def foreign(self) -> list[Cell]:
        """Models of one dataset, each on every other dataset."""
        return [Cell(m, d) for m in self.datasets for d in self.datasets if m != d]

    def is_known(self, cell: Cell) -> bool:
        """Whether there is an error: none where a training failed, or where nothing was tested."""
        return math.isfinite(self.error("mae", cell))

    @cached_property
    def failed(self) -> list[str]:
        """The trainings that failed."""
        return [one.label for one, n in zip(trainings(self.model), self.trained["n_steps"], strict=True) if n < 0]

    def is_trained(self, model: str) -> bool:
        """Whether all of a model's networks are there."""
        return bool((self.trained["n_steps"][places(self.model, model)] >= 0).all())

    def label_difference(self, one: str, other: str, refit: bool = False) -> float:
        """In `small_unit`; NaN where they share no group."""
        name = "label_difference_refit" if refit else "label_difference"
        return float(self.view[name][self.datasets.index(one), self.datasets.index(other)]) * self.scale

    def n_shared(self, one: str, other: str) -> int:
        """Groups that two datasets have in common."""
        return int(self.view["n_label_groups"][self.datasets.index(one), self.datasets.index(other)])

    @cached_property
    def trained(self) -> dict[str, NDArray[Any]]:
        """What each training returned, by name, along `training`; NaN, and -1 for whole numbers, where it failed."""
        names = ("validation_mae", "n_train", "n_steps", "best_step", "seconds_batch", "seconds_step")
        return {name: self.view[name][...] for name in names}

    @cached_property
    def n_trained(self) -> dict[str, int]:
        """Entries that each model was trained on."""
        return {m: int(self.trained["n_train"][places(self.model, m)[0]]) for m in self.models}

    @cached_property
    def element_trained(self) -> dict[str, NDArray[np.int64]]:
        """(118,) training entries of each model that contain an element."""
        return {m: self.view["element_trained"][places(self.model, m)[0]] for m in self.models}

    def read(self, name: str, selection: Any = ...) -> NDArray[Any]:
        """A part of an array, as tasks read them."""
        return self.view[name][selection]

    def said_of_model(self, name: str) -> str:
        """`mpeu trained on mp (3 networks)`."""
        n = len(self.model.training.seeds)
        networks = f" ({n} networks)" if n > 1 else ""
        return f"{self.model.model.kind} trained on {' and '.join(self.model.members[name].of)}{networks}"

    def test(self, dataset: str) -> NDArray[np.int64]:
        """Rows of the dataset's entries that are tested on."""
        return np.flatnonzero(self.view[f"split_{dataset}"][...] == TEST)

    @cached_property
    def entries(self) -> dict[str, Entries]:
        """The entries, opened anew from the import."""
        return self.view.opened(open_entries)

    @cached_property
    def has_imports(self) -> bool:
        """Whether the datasets are still in the cache."""
        try:
            return bool(self.entries)
        except SiteError:
            return False
