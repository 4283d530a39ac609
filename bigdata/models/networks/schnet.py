"""SchNet: continuous-filter convolutions (Schütt et al. 2018, doi 10.1063/1.5019779), without biases.

h_v ← embedding of its element
m_vw = (act L act L ε(d_vw)) ⊙ A h_w,   h_v ← h_v + L act L Σ_w m_vw   (T steps)
y = Σ_v L act L h_v
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigdata.models.networks.layout import Parameter, perceptron
from bigdata.models.networks.parts import N_GAUSSIANS, embedding, readout, update
from bigdata.models.networks.setting import SchNet

if TYPE_CHECKING:
    from graph_nets.graphs import GraphsTuple

    from bigdata.models.networks.operations import Operations, Tensor, Weights


def parameters(s: SchNet, n_elements: int) -> dict[str, Parameter]:
    """All weights; 85,216 for C = 64, T = 3 and 81 elements."""
    found = embedding(n_elements, s.latent)
    for t in range(s.steps):
        found |= perceptron(f"filter{t}", [N_GAUSSIANS, *[s.latent] * s.depth])
        found |= update(t, s.latent, s.depth, norm=s.layer_norm)
    return found | readout(s.latent, s.depth, norm=s.layer_norm)


def outputs(s: SchNet, p: Weights, h: Tensor, graph: GraphsTuple, do: Operations) -> Tensor:
    """(g,) the standardised target of each graph, from the embedded elements h (n, C)."""
    from bigdata.models.networks.operations import of_shell, rows_for, sent

    radial = do.gaussians(graph.globals["distance"])
    for t in range(s.steps):
        g = do.normalised(p, f"norm{t}", h)
        first = f"filter{t}.0"
        filters = do.perceptron(p | {first: rows_for(p[first], radial)}, f"filter{t}", radial, last=True)
        message = of_shell(filters, graph) * sent(do.linear(p, f"sender{t}", g), graph)
        h += do.dropped(do.perceptron(p, f"update{t}", do.received(message, graph)), t)
    return do.read_out(do.perceptron(p, "readout", do.normalised(p, "norm_end", h)), graph)
