"""Crystal graphs: atoms and their neighbours, with symmetry-equivalent atoms and edges merged or not."""

from bigdata.data.graphs.graph import Graphs, build, build_block, concatenate, join
from bigdata.data.graphs.setting import GraphSetting

__all__ = ["GraphSetting", "Graphs", "build", "build_block", "concatenate", "join"]
