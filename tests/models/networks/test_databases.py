"""Merged graphs of real crystals: a trained network says and learns the same on them as on plain ones."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra `networks` isn't installed")

from bigdata.data.graphs import GraphSetting, build
from bigdata.data.materials.dataset import open_materials
from bigdata.data.materials.origin import NamedMaterials
from bigdata.models.networks.crystals import Crystals, plain
from bigdata.models.networks.setting import MPEU, EdgeGated, SchNet, Training
from bigdata.models.networks.training import Problem, Trainer
from tests.models.networks.crystals import compiled

N = 250
DATABASES = {
    "mp20-biternary": "formation_energy_per_atom",
    "aflow-structures-thermal": "formation_energy_composition",
    "wbm-val10k": "formation_energy_per_atom",
}


@pytest.mark.skipif("BIGDATA_MIRROR" not in os.environ, reason="BIGDATA_MIRROR isn't set: real databases aren't here")
@pytest.mark.parametrize("name", DATABASES)
@pytest.mark.parametrize("network", [SchNet(), MPEU(), EdgeGated()], ids=lambda n: n.kind)
def test_values_and_gradients_of_a_trained_network_are_those_on_plain_graphs(network, name):
    opened = open_materials(NamedMaterials(name=name), Path())
    values = opened.columns.numbers(DATABASES[name])
    rows = np.flatnonzero(np.isfinite(values))[:N]
    structures, values = opened.structures.take(rows), values[rows]
    merged = build(structures, GraphSetting(neighbors=24))
    unmerged = plain(build(structures, GraphSetting(neighbors=24, quotient=False)))
    problem = Problem(Crystals(merged, network), values, np.arange(N), np.arange(20))
    training = Training(max_steps=150, evaluate_every=150, learning_rate=1e-3)
    trainer = Trainer(compiled(network, "float32"), training, problem, 0)
    trainer.train()
    weights, scale = trainer.state()["weights"], 1e3 * trainer.standard.scale
    # In meV/atom, and relative to the largest gradient.
    for precision, most_value, most_gradient in (("float32", 0.005, 3e-5), ("float64", 1e-9, 1e-12)):
        made = compiled(network, precision)
        pairs = [
            value_and_gradient(made, Crystals(graphs, network, np.float64), weights, trainer._targets)
            for graphs in (merged, unmerged)
        ]
        (one, slope), (other, right) = pairs
        assert scale * np.abs(one - other).max() < most_value
        assert np.abs(slope - right).max() < most_gradient * np.abs(right).max()


def value_and_gradient(made, crystals, weights, targets):
    """Outputs (N,), and the gradient of their mean squared error, summed over batches of 50."""
    from bigdata.models.networks.loading import tf

    theta, values, total = tf.constant(weights, made.dtype), [], 0.0
    for start in range(0, N, 50):
        rows = np.arange(start, start + 50)
        with tf.GradientTape() as tape:
            tape.watch(theta)
            found = made.outputs(theta, made.tensors(crystals.batch(rows)), None)
            loss = tf.reduce_sum(tf.square(found - targets[rows]))
        values.append(found.numpy())
        total = total + tape.gradient(loss, theta).numpy()
    return np.concatenate(values), total
