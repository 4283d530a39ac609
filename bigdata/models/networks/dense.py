"""A dense network of the composition: what a network says that doesn't see where the atoms are.

x ← mean over atoms of the embedding of each one's element
y = n L act L … act (x + b)   (hidden layers of equally many nodes; n is 1, or the number of atoms for sums)

The embedding is the first layer's matrix, since a one-hot that is summed over atoms is the composition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigdata.models.networks.layout import Parameter, perceptron
from bigdata.models.networks.parts import embedding
from bigdata.models.networks.setting import Dense

if TYPE_CHECKING:
    from graph_nets.graphs import GraphsTuple

    from bigdata.models.networks.operations import Operations, Tensor, Weights


def parameters(s: Dense, n_elements: int, n_features: int) -> dict[str, Parameter]:
    """Weights and biases of all layers."""
    found = embedding(n_elements, s.nodes, n_features if s.element_features else 0)
    found |= {"embedding.bias": Parameter((s.nodes,))}
    return found | perceptron("layer", [*[s.nodes] * s.layers, 1], bias=True)


def outputs(s: Dense, p: Weights, h: Tensor, graph: GraphsTuple, do: Operations) -> Tensor:
    """(g,) the standardised target of each graph, from the embedded elements h (n, C)."""
    from bigdata.models.networks.loading import tf

    n = do.pooled(tf.ones_like(h[:, :1]), graph)
    # What a padded batch has more is a graph without atoms.
    x = do.activate(tf.math.divide_no_nan(do.pooled(h, graph), n) + p["embedding.bias"])
    return (n * do.perceptron(p, "layer", do.dropped(x, 0)))[:, 0]
