"""Crystal graphs of an imported dataset, made block after block and kept in the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from bigdata.data.graphs.graph import ARRAYS, append, build
from bigdata.data.graphs.setting import GraphSetting
from bigdata.store.flat import FlatWriter

KIND = "graphs"
BLOCK_ROWS = 4096
# Counts up when the same structures and setting give other graphs than before.
VERSION = 1


def version() -> str:
    """Changes with whatever else the graphs depend on."""
    return f"graphs {VERSION}"


def part(source: Path, rows: range, setting: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """The graphs of some rows of the import in folder `source`; `setting` is `GraphSetting.to_dict()`."""
    from bigdata.data.materials.dataset import open_import

    block = open_import(source).structures.between(rows.start, rows.stop)
    return build(block, GraphSetting.from_dict(setting)).arrays()


def size(n: int, n_atoms: int) -> tuple[int, int]:
    """About how many files and bytes the merged graphs of k = 24 take: 60 to 110 bytes an atom in real databases."""
    return 1 + 2 * len(ARRAYS), 110 * n_atoms + 24 * n + 700 * len(ARRAYS)


def join(parts: Callable[[], Iterator[Mapping[str, NDArray[Any]]]], writer: FlatWriter) -> None:
    """Write the graphs of all rows from their parts; `Graphs.read` reads them."""
    append(parts(), writer)
