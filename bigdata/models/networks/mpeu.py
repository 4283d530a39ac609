"""MPEU: message passing with edge updates (Jørgensen et al. 2018, arXiv 1806.03146), without biases.

e_vw ← ε(d_vw),  h_v ← embedding of its element
e_vw ← L(C) act L(2C) [h_w; h_v; e_vw]
m_vw = (act L act L e_vw) ⊙ A h_w,   h_v ← h_v + L act L Σ_w m_vw   (T steps)
y = Σ_v L act L h_v
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigdata.models.networks.layout import Parameter, perceptron
from bigdata.models.networks.parts import N_GAUSSIANS, embedding, readout, update
from bigdata.models.networks.setting import MPEU

if TYPE_CHECKING:
    from graph_nets.graphs import GraphsTuple

    from bigdata.models.networks.operations import Operations, Tensor, Weights


def parameters(s: MPEU, n_elements: int) -> dict[str, Parameter]:
    """All weights; 178,016 for C = 64, T = 3 and 81 elements."""
    c, found = s.latent, embedding(n_elements, s.latent)
    for t in range(s.steps):
        found |= joined(t, c, 2 * c, c if t else N_GAUSSIANS)
        found |= perceptron(f"edge{t}", [*[2 * c] * (s.depth - 1), c])
        found |= perceptron(f"gate{t}", [c] * (s.depth + 1))
        found |= update(t, c, s.depth, norm=s.layer_norm)
    return found | readout(c, s.depth, norm=s.layer_norm)


def joined(step: int, latent: int, n_out: int, n_edge: int) -> dict[str, Parameter]:
    """L [h_s; h_r; e] as three matrices, whose inputs meet in the same outputs."""
    fan_in = 2 * latent + n_edge
    sizes = {"from_sender": latent, "from_receiver": latent, "from_edge": n_edge}
    return {f"{name}{step}": Parameter((n, n_out), fan_in) for name, n in sizes.items()}


def outputs(s: MPEU, p: Weights, h: Tensor, graph: GraphsTuple, do: Operations) -> Tensor:
    """(g,) the standardised target of each graph, from the embedded elements h (n, C)."""
    from bigdata.models.networks.operations import sent

    e = do.gaussians(graph.globals["distance"])
    for t in range(s.steps):
        g = do.normalised(p, f"norm{t}", h)
        e = do.perceptron(p, f"edge{t}", do.activate(joined_product(t, p, g, e, graph, do)))
        message = do.perceptron(p, f"gate{t}", e, last=True) * sent(do.linear(p, f"sender{t}", g), graph)
        h += do.dropped(do.perceptron(p, f"update{t}", do.received(message, graph)), t)
    return do.read_out(do.perceptron(p, "readout", do.normalised(p, "norm_end", h)), graph)


def joined_product(step: int, p: Weights, h: Tensor, e: Tensor, graph: GraphsTuple, do: Operations) -> Tensor:
    """(edges, n_out) [h_s; h_r; e] W. In the first step e are the Gaussians of each distance, later those of edges."""
    from bigdata.models.networks.operations import of_receiver, of_shell, rows_for, sent

    of_edges = do.product(e, p[f"from_edge{step}"] if step else rows_for(p["from_edge0"], e))
    by_sender = sent(do.linear(p, f"from_sender{step}", h), graph)
    by_receiver = of_receiver(do.linear(p, f"from_receiver{step}", h), graph)
    return (of_edges if step else of_shell(of_edges, graph)) + by_sender + by_receiver
