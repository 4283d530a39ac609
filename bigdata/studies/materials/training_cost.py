"""What a training takes: seconds of a gradient step and bytes, from steps that were measured.

`tests/benchmarks/training_memory.py` measures both again.
"""

from __future__ import annotations

from bigdata.models.networks.setting import Dense, Network, Training
from bigdata.studies.materials.model import Graph

# A worker with TensorFlow and graph-nets loaded and a network traced holds so much more than one without.
TENSORFLOW_BYTES = 600_000_000
# Of 32 crystals of the Materials Project with 24 neighbours, 64 features and 3 steps, on one core.
STEP_SECONDS = {"edge-gated": 0.0065, "schnet": 0.0045, "mpeu": 0.0125, "painn": 0.048}
DENSE_SECONDS = 0.0016
EDGES = 24
# Products grow with the square of the features, all else in proportion to them.
FEATURES_POWER = 1.4
# Neighbours within a cutoff, at the density of most crystals: an atom in about 17 cubic angstrom.
ATOMS_PER_VOLUME = 0.06
# Of the graphs of an entry, as they are read and as batches are cut from them.
GRAPH_BYTES = {"painn": 20_000}
MERGED_GRAPH_BYTES = 5_000
# What is paid before the first step: by each training for tracing its network, and once by a worker for TensorFlow.
TRACE_SECONDS, LOAD_SECONDS = 2.0, 4.0
# Of a gradient step on the same crystals.
FORWARD = 0.5


def step_seconds(network: Network, graph: Graph, training: Training) -> float:
    """Of a gradient step on one core, about."""
    if isinstance(network, Dense):
        # Of 32 compositions: most of it is to begin a step at all.
        return DENSE_SECONDS * (1 + network.layers * (network.nodes / 256) ** 2) * (1 + training.batch / 32) / 2
    n_edges = graph.neighbors or 4.19 * (graph.cutoff or 0) ** 3 * ATOMS_PER_VOLUME
    size = (network.latent / 64) ** FEATURES_POWER * network.steps / 3
    return float(STEP_SECONDS[network.kind] * size * (n_edges / EDGES) ** 0.8 * training.batch / 32)


def training_steps(network: Network, graph: Graph, training: Training, n_validation: float, *, is_first: bool) -> float:
    """The work of a training in gradient steps: its own, its looks at the validation part, and its start.

    TensorFlow's load is counted once: those trainings that begin later mostly find it loaded.
    """
    looks = training.n_evaluations * n_validation / training.batch * FORWARD
    load = LOAD_SECONDS / step_seconds(network, graph, training) if is_first else 0.0
    return training.max_steps + looks + start_steps(network, graph, training) + load


def start_steps(network: Network, graph: Graph, training: Training) -> float:
    """How many gradient steps could be done while a network is traced."""
    return TRACE_SECONDS / step_seconds(network, graph, training)


def prediction_seconds(network: Network, graph: Graph, training: Training) -> float:
    """Of one entry by one network, on one core."""
    return FORWARD * step_seconds(network, graph, training) / training.batch


def training_bytes(network: Network, n_entries: int) -> int:
    """What a training takes beside a process without TensorFlow: graphs of all entries, and what gradients need."""
    graphs = GRAPH_BYTES.get(network.kind, MERGED_GRAPH_BYTES) * n_entries
    if isinstance(network, Dense):
        return TENSORFLOW_BYTES + graphs
    edges = (240 if network.kind == "painn" else 70) * 128
    features = network.latent * (12 if network.kind == "painn" else 6)
    return int(TENSORFLOW_BYTES + graphs + 4 * edges * features * network.steps)
