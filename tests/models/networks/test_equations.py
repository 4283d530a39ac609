"""Each network against its equations in plain NumPy, and what no output may depend on."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra `networks` isn't installed")

from bigdata.models.networks.crystals import Crystals, padded, plain
from bigdata.models.networks.elements import element_features
from bigdata.models.networks.setting import MPEU, Dense, EdgeGated, PaiNN, SchNet
from tests.models.networks import reference
from tests.models.networks.crystals import (
    ALL,
    NETWORKS,
    compiled,
    crystals,
    doubled,
    outputs,
    permuted,
    rotated,
)

CUTOFF = 4.0
PAINN = PaiNN(latent=8, radius="5 angstrom")


def by_reference(network, structure, p):
    edges = reference.neighbours(structure, CUTOFF)
    if isinstance(network, SchNet):
        return reference.schnet(p, structure, edges, network.steps)
    if isinstance(network, MPEU):
        return reference.mpeu(p, structure, edges, network.steps)
    if isinstance(network, EdgeGated):
        return reference.edge_gated(p, structure, edges, network.steps, element_features())
    if isinstance(network, Dense):
        return reference.dense(p, structure, network.layers, element_features())
    return reference.painn(p, structure, edges, network.steps, network.radius, network.radial)


@pytest.mark.parametrize(
    "network",
    [SchNet(latent=8), MPEU(latent=8), EdgeGated(latent=8), PAINN, Dense(layers=3, nodes=8)],
    ids=lambda n: n.kind,
)
def test_a_network_is_its_papers_equations_atom_by_atom(network):
    made = compiled(network)
    theta = made.layout.initial(3) + 0.01  # biases begin at zero, and would be tested by nothing
    parts = np.split(theta, np.cumsum(made.layout.sizes)[:-1])
    p = {name: part.reshape(q.shape) for (name, q), part in zip(made.layout.parameters.items(), parts, strict=True)}
    of = crystals(network, cutoff=CUTOFF, snap=0.0)
    found = made.predict(theta, made.tensors(of.batch(np.arange(len(ALL))))).numpy()
    right = [by_reference(network, structure, p) for structure in ALL]
    # Gaussians below 3e-9 are left out, and directions are float32.
    np.testing.assert_allclose(found, right, rtol=1e-7, atol=1e-8)
    assert np.ptp(right) > 1e-3


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("change", [rotated, permuted], ids=lambda f: f.__name__)
def test_no_output_changes_when_a_crystal_is(name, change):
    network = NETWORKS[name]
    made = compiled(network, "float32")
    same = outputs(made, crystals(network, [change(one) for one in ALL]))
    np.testing.assert_allclose(same, outputs(made, crystals(network)), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_supercell_has_the_same_mean_and_twice_the_sum(name):
    network = NETWORKS[name]
    made = compiled(network, "float32")
    times = 2 if network.readout == "sum" else 1
    large = outputs(made, crystals(network, [doubled(one) for one in ALL]))
    np.testing.assert_allclose(large, times * outputs(made, crystals(network)), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_crystal_alone_is_what_it_is_in_a_batch(name):
    network = NETWORKS[name]
    made, of = compiled(network, "float32"), crystals(network)
    alone = [outputs(made, crystals(network, [one]))[0] for one in ALL]
    np.testing.assert_allclose(alone, outputs(made, of), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_padding_for_compiled_programs_changes_nothing(name):
    network = NETWORKS[name]
    made, by_xla, of = compiled(network, "float32"), compiled(network, "float32", compiles=True), crystals(network)
    batch = padded(of.batch(np.arange(len(ALL))))
    assert all(batch["weight"][len(of.graphs.number) :] == 0)
    assert len(batch["sender"]) > len(of.graphs.sender)
    theta = made.layout.initial(3)
    assert "XlaMustCompile" in str(by_xla.predict.get_concrete_function().function_def)
    found = by_xla.predict(theta, by_xla.tensors(batch)).numpy()
    assert len(found) == len(ALL) + 1
    np.testing.assert_allclose(found[:-1], outputs(made, of), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("network", [SchNet(latent=16), MPEU(latent=16), EdgeGated(latent=16)], ids=lambda n: n.kind)
def test_merged_graphs_give_the_value_and_gradient_of_plain_ones(network, alloys):
    assert_quotient_is_exact(network, alloys)


def assert_quotient_is_exact(network, structures, n=None):
    """In float64 to rounding, and in float32 as closely as its sums allow."""
    from bigdata.data.graphs import GraphSetting, build

    merged = build(structures, GraphSetting(neighbors=24))
    unmerged = plain(build(structures, GraphSetting(neighbors=24, quotient=False)))
    assert merged.n_edges.sum() < 0.7 * unmerged.n_edges.sum()
    for precision, value, gradient in (("float64", 1e-12, 1e-12), ("float32", 1e-5, 3e-5)):
        made = compiled(network, precision)
        one, other = (value_and_gradient(made, Crystals(g, network, np.float64)) for g in (merged, unmerged))
        np.testing.assert_allclose(one[0], other[0], atol=value * max(1, abs(other[0]).max()), rtol=0)
        np.testing.assert_allclose(one[1], other[1], atol=gradient * abs(other[1]).max(), rtol=0)


def value_and_gradient(made, of):
    from bigdata.models.networks.loading import tf

    batch = made.tensors(of.batch(np.arange(len(of))))
    theta = tf.constant(made.layout.initial(3), made.dtype)
    with tf.GradientTape() as tape:
        tape.watch(theta)
        values = made.outputs(theta, batch, None)
        total = tf.reduce_sum(tf.square(values))
    return values.numpy(), tape.gradient(total, theta).numpy()


def test_batches_of_all_sizes_share_one_trace():
    network = SchNet(latent=8)
    made, of = compiled(network), crystals(network)
    for n in range(1, len(ALL) + 1):
        made.predict(made.layout.initial(0), made.tensors(of.batch(np.arange(n))))
    assert made.predict.experimental_get_tracing_count() == 1


def test_an_isolated_last_atom_is_not_lost_from_the_sums():
    from tests.models.networks.crystals import crystal

    network = SchNet(latent=8)
    lonely = crystal(9 * np.eye(3), [10, 11], [[0, 0, 0], [0.5, 0.5, 0.5]])
    of = crystals(network, [lonely], cutoff=3.0)
    assert of.graphs.n_edges.tolist() == [0]
    assert np.isfinite(outputs(compiled(network), of)).all()
