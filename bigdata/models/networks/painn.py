"""PaiNN: scalar features s and vector features v (Schütt, Unke, Gastegger 2021, arXiv 2102.03150, eqs. 7-13).

    φ(s_w) ∘ W(d_vw) = (Δs, a, b);   s_v ← s_v + Σ_w Δs,   v_v ← v_v + Σ_w (a v_w + b r̂_vw)       message
    s_v ← s_v + a_ss + a_sv ⟨U v_v, V v_v⟩,   v_v ← v_v + a_vv U v_v,   (a) = L act L [s_v; ‖V v_v‖]   update
    W(d) = L (sin(nπd/r_c)/d · f_c(d)),   f_c = ½ (cos(πd/r_c) + 1)

Equivalent atoms have vectors that differ by a rotation: these graphs are never merged.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bigdata.models.networks.layout import Parameter, linear, normalisation, perceptron
from bigdata.models.networks.parts import embedding
from bigdata.models.networks.setting import PaiNN

if TYPE_CHECKING:
    from graph_nets.graphs import GraphsTuple

    from bigdata.models.networks.operations import Operations, Tensor, Weights

# Below it a norm's gradient, v/‖v‖, is no number: vectors begin at zero.
SMALLEST = 1e-8


def parameters(s: PaiNN, n_elements: int) -> dict[str, Parameter]:
    """All weights and biases; 594,945 for C = 128, T = 3, 20 radial functions and 81 elements.

    One layer makes the filters of all steps (3C each).
    """
    c, hidden = s.latent, [s.latent] * (s.depth - 1)
    found = embedding(n_elements, c) | linear("filters", s.radial, 3 * c * s.steps, bias=True)
    for t in range(s.steps):
        found |= normalisation(f"norm{t}", c) if s.layer_norm else {}
        found |= perceptron(f"message{t}", [c, *hidden, 3 * c], bias=True)
        found |= linear(f"mix{t}", c, 2 * c) | perceptron(f"update{t}", [2 * c, *hidden, 3 * c], bias=True)
    norm = normalisation("norm_end", c) if s.layer_norm else {}
    return found | norm | perceptron("readout", [c, *hidden, 1], bias=True)


def outputs(s: PaiNN, p: Weights, h: Tensor, graph: GraphsTuple, do: Operations) -> Tensor:
    """(g,) the standardised target of each graph, from the embedded elements h (n, C)."""
    from bigdata.models.networks.loading import tf

    c, filters = s.latent, _filters(s, p, graph, do)
    v = tf.zeros([tf.shape(h)[0], 3 * c], h.dtype)
    for t in range(s.steps):
        g = do.normalised(p, f"norm{t}", h)
        ds, dv = _message(do.perceptron(p, f"message{t}", g), v, filters[t], graph, do, c)
        h, v = h + ds, v + dv
        ds, dv = _update(t, p, h, v, do, c)
        h, v = h + do.dropped(ds, t), v + dv
    return do.read_out(do.perceptron(p, "readout", do.normalised(p, "norm_end", h)), graph)


def _filters(s: PaiNN, p: Weights, graph: GraphsTuple, do: Operations) -> list[Tensor]:
    """(e, 3C) of each step: products on the distances, gathered by edges."""
    from bigdata.models.networks.loading import tf
    from bigdata.models.networks.operations import of_shell

    d = graph.globals["distance"][:, None]
    n = tf.range(1, s.radial + 1, dtype=d.dtype)
    envelope = tf.where(d < s.radius, 0.5 * (tf.cos(math.pi * d / s.radius) + 1.0), tf.zeros_like(d))
    waves = tf.sin(n * math.pi * d / s.radius) / d
    made = do.linear(p, "filters", waves) * envelope
    return [of_shell(part, graph) for part in tf.split(made, s.steps, axis=1)]


def _message(
    made: Tensor, v: Tensor, filters: Tensor, graph: GraphsTuple, do: Operations, c: int
) -> tuple[Tensor, Tensor]:
    """Sums over the neighbours: (n, C) for s and (n, 3C) for v, whose three components follow each other."""
    from bigdata.models.networks.loading import tf
    from bigdata.models.networks.operations import sent

    ds, of_vector, of_direction = tf.split(sent(made, graph) * filters, 3, axis=1)
    direction = tf.repeat(graph.edges["direction"], c, axis=1)
    along = tf.tile(of_vector, [1, 3]) * sent(v, graph) + tf.tile(of_direction, [1, 3]) * direction
    summed = do.received(tf.concat([ds, along], axis=1), graph)
    return summed[:, :c], summed[:, c:]


def _update(t: int, p: Weights, h: Tensor, v: Tensor, do: Operations, c: int) -> tuple[Tensor, Tensor]:
    """What each atom makes of its own scalars and vectors."""
    from bigdata.models.networks.loading import tf

    # (n, 3, C): one product mixes the features of all three components.
    mixed = tf.reshape(do.linear(p, f"mix{t}", tf.reshape(v, [-1, c])), [-1, 3, 2 * c])
    left, right = mixed[:, :, c:], mixed[:, :, :c]
    norm = tf.sqrt(tf.reduce_sum(tf.square(right), axis=1) + SMALLEST)
    a_ss, a_vv, a_sv = tf.split(do.perceptron(p, f"update{t}", tf.concat([h, norm], axis=1)), 3, axis=1)
    ds = a_ss + a_sv * tf.reduce_sum(left * right, axis=1)
    return ds, tf.reshape(a_vv[:, None, :] * left, tf.shape(v))
