"""The crystal graphs of a study's datasets: those of `bigdata.data.graphs`, made by the tasks of a stage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bigdata.data.derived import Derivation
from bigdata.data.graphs.derived import BLOCK_ROWS, KIND, join, part, size, version
from bigdata.data.graphs.setting import GraphSetting
from bigdata.kind.derived import make

if TYPE_CHECKING:
    from bigdata.kind import Context, StudyModel

# What a maker has (see `bigdata.data.derived.Maker`): the graphs of `bigdata datasets graphs` are the same files.
__all__ = ["BLOCK_ROWS", "KIND", "graphs_of", "join", "part", "size", "task", "version"]


def task(ctx: Context[StudyModel]) -> None:
    """The task of a stage that makes graphs: those of one block of entries."""
    make(ctx, __name__)


def graphs_of(source: Path | str, setting: GraphSetting) -> Derivation:
    """The graphs of all structures of the import in folder `source`; `Graphs.read` reads what it has `made()`."""
    return Derivation.of(__name__, source, setting.to_dict())
