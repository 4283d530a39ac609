"""What studies that train networks on crystals share: the graphs that a network takes, and entries as these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bigdata.data.graphs import Graphs, GraphSetting
from bigdata.data.materials.origin import MaterialsOrigin
from bigdata.kind import Input
from bigdata.models.networks.crystals import Crystals
from bigdata.models.networks.network import Compiled, needs_directions, shared
from bigdata.models.networks.setting import Network, PaiNN
from bigdata.studies.materials.entries import entries_by_dataset
from bigdata.studies.materials.graphs import graphs_of
from bigdata.studies.materials.model import Graph, Target

if TYPE_CHECKING:
    from bigdata.kind import Context


def graph_setting(graph: Graph, network: Network) -> GraphSetting:
    """Merged graphs for networks of scalars, plain ones with directions for networks of vectors."""
    vectors = needs_directions(network)
    return GraphSetting(graph.neighbors, graph.cutoff, graph.whole_shell, quotient=not vectors, directions=vectors)


def fitted_to(graph: Graph, network: Network) -> Network:
    """The network, whose filters end where its graphs end."""
    if isinstance(network, PaiNN) and graph.cutoff is not None:
        return network.model_copy(update={"radius": graph.cutoff})
    return network


def open_crystals(
    name: str,
    datasets: Mapping[str, MaterialsOrigin],
    target: Target,
    graph: Graph,
    network: Network,
    inputs: Mapping[str, Input],
) -> Crystals:
    """The graphs of the entries of one of the datasets that have a target, weighted for the network; of this dataset
    alone: a training needs its own, and others may be much larger."""
    rows = entries_by_dataset({name: datasets[name]}, inputs, target, "leave-out")[name].rows
    graphs = Graphs.read(graphs_of(inputs[name].folder, graph_setting(graph, network)).made())
    return Crystals(graphs if len(rows) == len(graphs) else graphs.take(rows), fitted_to(graph, network))


def compiled(ctx: Context[Any], network: Network) -> Compiled:
    """A network fitted to the study's graphs, compiled for each size of batch where there is a GPU; one for all tasks
    of a process. Raises SiteError where the task's job asked for GPUs that TensorFlow doesn't see.
    """
    on_gpu = is_on_gpu(ctx)
    # Without the newest instructions oneDNN has no products in bfloat16, and ends the process that asks for one.
    precision = ctx.model.training.precision if on_gpu else "float32"
    return shared(network, ctx.read("element_feature"), precision, on_gpu)


def is_on_gpu(ctx: Context[Any]) -> bool:
    """Whether TensorFlow sees the task's GPUs: those of a job have to be seen, one that is only there needn't."""
    if not ctx.gpus:
        return False
    from bigdata.models.networks.loading import require_gpu, unseen

    if ctx.must_use_gpus:
        require_gpu(ctx.gpus)
    if why := unseen(ctx.gpus):
        ctx.log(f"on the CPU: {why}")
    return not why
