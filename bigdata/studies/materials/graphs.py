"""Crystal graphs of a study's datasets, made by a stage of the study and kept in the cache."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bigdata.data.derived import Derivation
from bigdata.data.graphs.derived import BLOCK_ROWS as BLOCK_ROWS
from bigdata.data.graphs.derived import KIND as KIND
from bigdata.data.graphs.derived import join as join
from bigdata.data.graphs.derived import part as part
from bigdata.data.graphs.derived import size as size
from bigdata.data.graphs.derived import version as version
from bigdata.data.graphs.setting import GraphSetting
from bigdata.kind.derived import make

if TYPE_CHECKING:
    from bigdata.kind import Context, StudyModel


def task(ctx: Context[StudyModel]) -> None:
    """The task of a stage that makes graphs: that of one block of entries."""
    make(ctx, __name__)


def graphs_of(source: Path | str, setting: GraphSetting) -> Derivation:
    """The graphs of all structures of the import in folder `source`."""
    return Derivation.of(__name__, source, setting.to_dict())
