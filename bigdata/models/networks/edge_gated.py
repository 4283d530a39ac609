"""A light network of edge-gated convolutions: one layer updates an edge, and one makes a gate of it.

After Bresson & Laurent 2017 (arXiv 1711.07553) and Choudhary & DeCost 2021 (doi 10.1038/s41524-021-00650-1), with gates
linear in the edge, sums in place of their normalisation, and two products an edge where MPEU has six.

    e_vw ← ε(d_vw),  h_v ← embedding of its element and its features
    e_vw ← act(L [h_w; h_v; e_vw])
    m_vw = (L e_vw) ⊙ A h_w,   h_v ← h_v + L act L Σ_w m_vw   (T steps)
    y = Σ_v L act L h_v
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigdata.models.networks.layout import Parameter, linear
from bigdata.models.networks.mpeu import joined, joined_product
from bigdata.models.networks.parts import N_GAUSSIANS, embedding, readout, update
from bigdata.models.networks.setting import EdgeGated

if TYPE_CHECKING:
    from graph_nets.graphs import GraphsTuple

    from bigdata.models.networks.operations import Operations, Tensor, Weights


def parameters(s: EdgeGated, n_elements: int, n_features: int) -> dict[str, Parameter]:
    """All weights."""
    c, found = s.latent, embedding(n_elements, s.latent, n_features if s.element_features else 0)
    for t in range(s.steps):
        found |= joined(t, c, c, c if t else N_GAUSSIANS) | linear(f"gate{t}", c, c)
        found |= update(t, c, s.depth, norm=s.layer_norm)
    return found | readout(c, s.depth, norm=s.layer_norm)


def outputs(s: EdgeGated, p: Weights, h: Tensor, graph: GraphsTuple, do: Operations) -> Tensor:
    """(g,) the standardised target of each graph, from the embedded elements h (n, C)."""
    from bigdata.models.networks.operations import sent

    e = do.gaussians(graph.globals["distance"])
    for t in range(s.steps):
        g = do.normalised(p, f"norm{t}", h)
        e = do.activate(joined_product(t, p, g, e, graph, do))
        message = do.linear(p, f"gate{t}", e) * sent(do.linear(p, f"sender{t}", g), graph)
        h += do.dropped(do.perceptron(p, f"update{t}", do.received(message, graph)), t)
    return do.read_out(do.perceptron(p, "readout", do.normalised(p, "norm_end", h)), graph)
