"""The entries of an overlap study: those of each of its datasets."""

from __future__ import annotations

from collections.abc import Mapping

from bigdata.data import DataProblem
from bigdata.kind import Findings, Input
from bigdata.studies.materials.entries import Entries, entries_of
from bigdata.studies.overlap.model import Overlap, at


def open_entries(model: Overlap, inputs: Mapping[str, Input]) -> dict[str, Entries]:
    """The entries of every dataset. Raises Findings where none is left or a target can't be had."""
    return {name: _entries(model, name, inputs[name]) for name in model.datasets}


def _entries(model: Overlap, name: str, source: Input) -> Entries:
    asked, target = model.datasets[name], model.target
    try:
        return entries_of(asked, source, asked.target, target.units, target.range, name)
    except DataProblem as problem:
        raise Findings(*at(problem, "datasets", name)) from problem
