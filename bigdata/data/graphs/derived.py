"""Crystal graphs of an imported dataset, made block after block and kept in the cache."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from bigdata.data.graphs.graph import append, array_names, build
from bigdata.data.graphs.setting import GraphSetting
from bigdata.store.flat import FlatWriter

KIND = "graphs"
BLOCK_ROWS = 4096
# Counts up when the same structures and setting give other graphs than before.
VERSION = 1
# In the Materials Project, AFLOW and WBM: whole shells hold so many times the neighbours asked for, a cutoff as many as
# there are atoms at this density (1/angstrom³), and of merged edges there are at least so many times fewer.
WHOLE_SHELLS, DENSITY, MERGED = 1.08, 0.058, 4.5


def version() -> str:
    """Changes with whatever else the graphs depend on."""
    return f"graphs {VERSION}"


def part(source: Path, rows: range, setting: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """The graphs of some rows of the import in folder `source`; `setting` is `GraphSetting.to_dict()`."""
    from bigdata.data.materials.dataset import open_import

    block = open_import(source).structures.between(rows.start, rows.stop)
    return build(block, GraphSetting.from_dict(setting)).arrays()


def size(n: int, n_atoms: int, setting: Mapping[str, Any]) -> tuple[int, int]:
    """About how many files and bytes the graphs take, by the crystals of real databases."""
    asked = GraphSetting.from_dict(setting)
    names = array_names(directions=asked.directions)
    ball = 4 / 3 * math.pi * DENSITY
    n_neighbors = ball * asked.cutoff**3 if asked.cutoff else WHOLE_SHELLS * (asked.neighbors or 0)
    n_edges = n_neighbors / (MERGED if asked.quotient else 1)
    # Nodes and distances take about 20 bytes an atom, and four numbers of each edge 16; its direction is three more.
    an_atom = 20 + n_edges * (28 if asked.directions else 16)
    return 1 + 2 * len(names), round(an_atom * n_atoms) + 24 * n + 700 * len(names)


def join(parts: Callable[[], Iterator[Mapping[str, NDArray[Any]]]], writer: FlatWriter) -> None:
    """Write the graphs of all rows from their parts; `Graphs.read` reads them."""
    append(parts(), writer)
