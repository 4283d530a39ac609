"""What the networks' equations are made of: TensorFlow's operations on a `GraphsTuple`, by graph-nets' blocks.

A batch of crystal graphs is one `GraphsTuple`: nodes {element, weight} of (merged) atoms, edges {shell, multiplicity}
sorted by receiver, and globals {distance}, the distances that edges name by `shell`. What depends on a distance alone
is computed once for each and gathered by edges; what depends on a sender alone is multiplied before it is gathered:
[h_s; h_r; e] W = gather(h W_s) + gather(h W_r) + e W_e.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graph_nets import blocks
from graph_nets.graphs import GraphsTuple

from bigdata.models.networks.loading import tf
from bigdata.models.networks.parts import N_GAUSSIANS, SPACING

Tensor = Any
Weights = dict[str, Tensor]

# Beyond so many spacings from the longest distance of a batch a Gaussian is below 3e-9, and isn't computed.
BEYOND = 14


@dataclass(frozen=True)
class Operations:
    """How a network computes: its activation, its products, and what training does besides.

    `seed` (2,) int64 draws the dropped features, None outside of training. `compiles` says that XLA compiles it: then
    all sizes must follow from the shapes of a batch, not from its numbers.
    """

    activate: Callable[[Tensor], Tensor]
    mixed: bool = False
    compiles: bool = False
    dropout: float = 0.0
    seed: Tensor = None

    def product(self, x: Tensor, weights: Tensor) -> Tensor:
        """x W; in mixed precision of bfloat16 numbers, summed in float32."""
        if not self.mixed:
            return tf.matmul(x, weights)
        short = [tf.cast(a, tf.bfloat16) for a in (x, weights)]
        return tf.cast(tf.matmul(*short), x.dtype)

    def linear(self, p: Weights, name: str, x: Tensor) -> Tensor:
        """x W (+ b where the layer has biases)."""
        y = self.product(x, p[name])
        return y + p[f"{name}.bias"] if f"{name}.bias" in p else y

    def perceptron(self, p: Weights, name: str, x: Tensor, *, last: bool = False) -> Tensor:
        """Linear layers with activations between them; after the last one too with `last`."""
        n = sum(f"{name}.{i}" in p for i in range(len(p)))
        for i in range(n):
            x = self.linear(p, f"{name}.{i}", x)
            x = self.activate(x) if last or i < n - 1 else x
        return x

    def normalised(self, p: Weights, name: str, h: Tensor) -> Tensor:
        """Each atom's features with mean 0 and variance 1, scaled and shifted; as they are where the layer isn't."""
        if f"{name}.scale" not in p:
            return h
        centred = h - tf.reduce_mean(h, axis=1, keepdims=True)
        variance = tf.reduce_mean(tf.square(centred), axis=1, keepdims=True)
        return centred * tf.math.rsqrt(variance + 1e-5) * p[f"{name}.scale"] + p[f"{name}.offset"]

    def dropped(self, x: Tensor, step: int) -> Tensor:
        """x with some features left out in training, the others scaled up."""
        if self.seed is None or not self.dropout:
            return x
        return tf.nn.experimental.stateless_dropout(x, self.dropout, seed=self.seed + step, rng_alg="philox")

    def received(self, messages: Tensor, graph: GraphsTuple) -> Tensor:
        """(n, C) Σ over the edges of each receiver, each as often as its multiplicity says."""
        weighted = graph.replace(edges=messages * graph.edges["multiplicity"][:, None], nodes=None)
        if self.compiles:
            # The block counts nodes by adding up `n_node`.
            return self.segment_sum(weighted.edges, graph.receivers, tf.shape(graph.nodes["weight"])[0])
        return blocks.ReceivedEdgesToNodesAggregator(self.segment_sum)(weighted)

    def pooled(self, values: Tensor, graph: GraphsTuple) -> Tensor:
        """(g, C) Σ over the nodes of each graph of (n, C) values, each with its weight."""
        weighted = graph.replace(nodes=values * graph.nodes["weight"][:, None], globals=None)
        if self.compiles:
            n = tf.shape(graph.n_node)[0]
            return self.segment_sum(weighted.nodes, graph.nodes["graph"], n)
        return blocks.NodesToGlobalsAggregator(self.segment_sum)(weighted)

    def read_out(self, values: Tensor, graph: GraphsTuple) -> Tensor:
        """(g,) the same of (n, 1) values."""
        return self.pooled(values, graph)[:, 0]

    def gaussians(self, distance: Tensor) -> Tensor:
        """(d, K) ε_k of distances in angstrom; K ends where all of them are nearly zero."""
        n = tf.constant(N_GAUSSIANS)
        if not self.compiles:
            # Of no distances at all the largest is minus infinity.
            n = tf.minimum(n, tf.cast(tf.maximum(tf.reduce_max(distance), 0.0) / SPACING, tf.int32) + BEYOND)
        centres = SPACING * tf.range(tf.cast(n, distance.dtype), dtype=distance.dtype)
        return tf.exp(-tf.square(distance[:, None] - centres) / SPACING)

    def segment_sum(self, x: Tensor, segments: Tensor, n: Tensor) -> Tensor:
        """(n, C) sums of the rows of each segment; zero where a segment has none."""
        if self.compiles:
            return tf.math.unsorted_segment_sum(x, segments, n)
        summed = tf.math.segment_sum(x, segments)
        # It ends at the last segment that has rows: an isolated atom in the end would be lost.
        return tf.pad(summed, [[0, n - tf.shape(summed)[0]], [0, 0]])


def sent(values: Tensor, graph: GraphsTuple) -> Tensor:
    """(e, C) what each edge's sender has of (n, C) values."""
    return blocks.broadcast_sender_nodes_to_edges(graph.replace(nodes=values))


def of_receiver(values: Tensor, graph: GraphsTuple) -> Tensor:
    """(e, C) what each edge's receiver has of (n, C) values."""
    return blocks.broadcast_receiver_nodes_to_edges(graph.replace(nodes=values))


def of_shell(values: Tensor, graph: GraphsTuple) -> Tensor:
    """(e, C) what each edge's distance has of (d, C) values."""
    return tf.gather(values, graph.edges["shell"])


def rows_for(weights: Tensor, radial: Tensor) -> Tensor:
    """The rows of (150, C) weights that meet the K Gaussians that were computed."""
    return weights[: tf.shape(radial)[1]]


@tf.custom_gradient  # type: ignore[untyped-decorator]
def shifted_softplus(x: Tensor) -> Tensor:
    """log(1 + eˣ) − log 2. Its gradient follows from its value by one exponential, which saves a tenth of a step."""
    y = tf.maximum(x, 0.0) + tf.math.log(0.5 + 0.5 * tf.exp(-tf.abs(x)))
    return y, lambda dy: dy * (1.0 - 0.5 * tf.exp(-y))


@tf.custom_gradient  # type: ignore[untyped-decorator]
def silu(x: Tensor) -> Tensor:
    """x / (1 + e⁻ˣ)."""
    gate = tf.sigmoid(x)
    y = x * gate
    return y, lambda dy: dy * (gate + y * (1.0 - gate))


ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "shifted-softplus": shifted_softplus,
    "silu": silu,
    "relu": tf.nn.relu,
}
