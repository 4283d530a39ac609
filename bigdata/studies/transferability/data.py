"""The entries of a study with their graphs, and what a network learns from which of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bigdata.data.graphs import concatenate
from bigdata.kind import Input, SpecError
from bigdata.models.networks.crystals import Crystals
from bigdata.models.networks.elements import N_ELEMENTS
from bigdata.models.networks.setting import Network
from bigdata.models.networks.training import Problem
from bigdata.studies.materials.crystals import fitted_to, open_crystals
from bigdata.studies.materials.entries import Entries, entries_by_dataset
from bigdata.studies.materials.model import Graph
from bigdata.studies.transferability.model import Transferability, outside_input
from bigdata.studies.transferability.outside import Outside, read_outside
from bigdata.studies.transferability.references import drawn, references
from bigdata.studies.transferability.trainings import OneTraining

if TYPE_CHECKING:
    from bigdata.kind import Context

Floats = NDArray[np.float64]
TRAIN, VALIDATION, TEST = range(3)


def open_entries(model: Transferability, inputs: Mapping[str, Input]) -> dict[str, Entries]:
    """The entries of every dataset that have a target. Raises Findings where none is left or a target can't be had."""
    return entries_by_dataset(model.datasets, inputs, model.target, "leave-out")


def network_of(model: Transferability) -> Network:
    """The study's network, fitted to its graphs."""
    return fitted_to(model.graph, model.model)


def crystals_of(ctx: Context[Transferability], name: str) -> Crystals:
    """The graphs of one dataset's entries, weighted for the study's network; opened once for all tasks of a process."""
    return ctx.opened(_opener(name))


@lru_cache
def _opener(name: str) -> Callable[[Transferability, Mapping[str, Input]], Crystals]:
    """The same function for the same name, by which `ctx.opened` knows what is open."""
    return partial(_open_crystals, name)


def _open_crystals(name: str, model: Transferability, inputs: Mapping[str, Input]) -> Crystals:
    return open_crystals(name, model.datasets, model.target, model.graph, model.model, inputs)


def open_outside(model: Transferability, inputs: Mapping[str, Input], name: str, unit: str) -> Outside:
    """The predictions of an outside model, in the targets' `unit`. Raises SpecError for a table that can't be used."""
    asked = model.outside[name]
    return read_outside(Path(inputs[outside_input(name)].folder), unit, asked.units, asked.file)


@dataclass(frozen=True)
class Lesson:
    """What one training learns, and `references` (118,) by dataset: what is added again to its predictions there."""

    problem: Problem
    references: Mapping[str, Floats]


def lesson(ctx: Context[Transferability], one: OneTraining) -> Lesson:
    """The training and validation rows of a training's datasets, their labels brought together where that is asked."""
    members = one.members.of
    values, parts, groups = (
        np.concatenate([ctx.read(f"{what}_{name}") for name in members]) for what in ("target", "split", "group")
    )
    known = [crystals_of(ctx, name) for name in members]
    crystals = known[0] if len(known) == 1 else Crystals(concatenate([c.graphs for c in known]), network_of(ctx.model))
    database = np.repeat(np.arange(len(members)), [len(c) for c in known])
    validation = np.flatnonzero(parts == VALIDATION)
    train = drawn(np.flatnonzero(parts == TRAIN), groups, one.share, ctx.model.split.seed)
    _check_lesson(one, crystals, {"training": train, "validation": validation}, ctx.model.graph)
    fractions, per_atom = crystals.fractions, crystals.per_atom
    found = references(one.members.references, (values / per_atom)[train], fractions[train], database[train])
    labels = values - per_atom * np.einsum("ij,ij->i", fractions, found[database])
    problem = Problem(crystals, labels, train, validation)
    by_name = dict(zip(members, found, strict=True))
    # References are about those of all members: a database that is none of them gets nothing.
    return Lesson(problem, {name: by_name.get(name, np.zeros(N_ELEMENTS)) for name in ctx.model.datasets})


def _check_lesson(one: OneTraining, crystals: Crystals, parts: Mapping[str, NDArray[np.int64]], graph: Graph) -> None:
    """Raise SpecError where there is nothing to learn from: a part without entries, or no atom with a neighbour."""
    for part, rows in parts.items():
        if not rows.size:
            found = f"the split leaves none of its entries for it ({len(crystals):,} in all)"
            right = "Take more of such data, or split them otherwise"
            raise SpecError(f"`{one.model}` has no {part} part: {found}. {right}.")
    if not crystals.n_edges[parts["training"]].any():
        raise SpecError(f"no atom has a neighbour within {graph.cutoff:g} Å. Widen `graph: {{cutoff: …}}`.")
