"""The entries of a search with their graphs, and what every trial learns from which of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from bigdata.data.graphs import Graphs
from bigdata.kind import Input, SpecError
from bigdata.models.networks.crystals import Crystals
from bigdata.models.networks.network import needs_directions
from bigdata.models.networks.setting import Network, PaiNN, SchNet
from bigdata.models.networks.training import Problem
from bigdata.studies.architecture_search.model import DATA, ArchitectureSearch
from bigdata.studies.architecture_search.points import kinds_of
from bigdata.studies.materials.crystals import fitted_to, graph_setting
from bigdata.studies.materials.entries import Entries, entries_by_dataset
from bigdata.studies.materials.graphs import graphs_of

if TYPE_CHECKING:
    from bigdata.kind import Context

TRAIN, VALIDATION, TEST = range(3)
# One that stands for all whose graphs are like its.
PLAIN, MERGED = PaiNN(), SchNet()


def open_entries(model: ArchitectureSearch, inputs: Mapping[str, Input]) -> dict[str, Entries]:
    """The entries that have a target. Raises Findings where none is left or a target can't be had."""
    return entries_by_dataset(model.datasets, inputs, model.target, "leave-out")


def graph_kinds(model: ArchitectureSearch) -> list[Network]:
    """The networks that stand for the graphs that trials need: merged ones, ones with directions, or both."""
    wanted = [PLAIN if kind == "painn" else MERGED for kind in kinds_of(model.model, model.searched)]
    return [network for network in (MERGED, PLAIN) if network in wanted]


def crystals_for(ctx: Context[ArchitectureSearch], network: Network) -> Crystals:
    """The entries' graphs, weighted for a network; they are opened once for all tasks of a process."""
    graphs = ctx.opened(_opener(needs_directions(network)))
    return Crystals(graphs, fitted_to(ctx.model.graph, network))


@lru_cache
def _opener(directions: bool) -> Callable[[ArchitectureSearch, Mapping[str, Input]], Graphs]:
    """The same function for the same graphs, by which `ctx.opened` knows what is open."""
    return partial(_open_graphs, PLAIN if directions else MERGED)


def _open_graphs(network: Network, model: ArchitectureSearch, inputs: Mapping[str, Input]) -> Graphs:
    """Read by memory map: the tasks of a node share its pages."""
    rows = open_entries(model, inputs)[DATA].rows
    graphs = Graphs.read(graphs_of(inputs[DATA].folder, graph_setting(model.graph, network)).made())
    return graphs if len(rows) == len(graphs) else graphs.take(rows)


def problem_for(ctx: Context[ArchitectureSearch], network: Network) -> Problem:
    """What trials learn: the training part, judged by the validation part; none sees the test part."""
    parts = ctx.read(f"split_{DATA}")
    rows = {part: np.flatnonzero(parts == code) for part, code in (("training", TRAIN), ("validation", VALIDATION))}
    for part, found in rows.items():
        if not found.size:
            right = "Take more data, or split them otherwise"
            raise SpecError(
                f"there is no {part} part: the split leaves none of {len(parts):,} entries for it. {right}."
            )
    return Problem(crystals_for(ctx, network), ctx.read(f"target_{DATA}"), rows["training"], rows["validation"])
