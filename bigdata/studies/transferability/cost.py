"""What training takes: seconds of a gradient step and bytes, from steps that were measured."""

from __future__ import annotations

from bigdata.studies.transferability.model import Transferability

# A worker with TensorFlow and graph-nets loaded holds so much more than one without, before any data.
TENSORFLOW_BYTES = 850_000_000
# Of 32 crystals of the Materials Project with 24 neighbours, 64 features and 3 steps, on one core.
STEP_SECONDS = {"edge-gated": 0.0075, "schnet": 0.0055, "mpeu": 0.0155, "painn": 0.060}
EDGES = 24
# Products grow with the square of the features, all else in proportion to them.
FEATURES_POWER = 1.4
# Neighbours within a cutoff, at the density of most crystals: an atom in about 17 cubic angstrom.
ATOMS_PER_VOLUME = 0.06
GRAPH_BYTES = {"painn": 14_000}
MERGED_GRAPH_BYTES = 3_500


def step_seconds(study: Transferability) -> float:
    """Of a gradient step on one core, about."""
    network, graph = study.model, study.graph
    n_edges = graph.neighbors or 4.19 * (graph.cutoff or 0) ** 3 * ATOMS_PER_VOLUME
    size = (network.latent / 64) ** FEATURES_POWER * network.steps / 3
    return float(STEP_SECONDS[network.kind] * size * (n_edges / EDGES) ** 0.8 * study.training.batch / 32)


def training_bytes(study: Transferability, n_entries: int) -> int:
    """What a training takes beside a process without TensorFlow: graphs of all entries, and what gradients need."""
    network = study.model
    graphs = GRAPH_BYTES.get(network.kind, MERGED_GRAPH_BYTES) * n_entries * 2
    edges = (240 if network.kind == "painn" else 70) * 128
    features = network.latent * (9 if network.kind == "painn" else 6)
    return int(TENSORFLOW_BYTES + graphs + 4 * edges * features * network.steps)
