"""Numbers of parameters, as the literature counts them, told without TensorFlow."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from bigdata.models.networks.layout import Layout, Parameter
from bigdata.models.networks.network import layout
from bigdata.models.networks.setting import MPEU, Dense, EdgeGated, PaiNN, SchNet


@pytest.mark.parametrize(
    ("network", "n"),
    [(SchNet(latent=64, steps=3), 85_216), (MPEU(latent=64, steps=3), 178_016), (PaiNN(latent=128, steps=3), 594_945)],
    ids=["SchNet", "MPEU", "PaiNN"],
)
def test_with_81_elements_there_are_as_many_parameters_as_in_the_literature(network, n):
    assert layout(network, 81).n_parameters == n


def test_every_element_of_the_periodic_table_is_embedded_by_default():
    more = layout(SchNet()).n_parameters - layout(SchNet(), 81).n_parameters
    assert more == (118 - 81) * 64


def test_edge_gated_layers_are_counted_by_hand():
    c, t = 64, 3
    step = 2 * c * c + c * c + c * c + 2 * c * c  # sender and receiver, gate, message, update
    by_hand = (118 + 35) * c + t * step + 150 * c + (t - 1) * c * c + c * c // 2 + c // 2
    assert layout(EdgeGated()).n_parameters == by_hand


def test_dense_layers_are_counted_by_hand():
    assert layout(Dense(layers=3, nodes=32)).n_parameters == (118 + 35) * 32 + 32 + 2 * (32 * 32 + 32) + 32 + 1


def test_counting_loads_no_tensorflow():
    code = (
        "import sys; from bigdata.models.networks.network import layout; from bigdata.models.networks.setting import "
        "MPEU; layout(MPEU()); sys.exit('tensorflow' in sys.modules or 'graph_nets' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_first_weights_are_truncated_and_shrink_with_what_meets_in_them():
    made = Layout({"wide": Parameter((100, 200), 400), "bias": Parameter((50,)), "scale": Parameter((5,), one=True)})
    wide, bias, scale = np.split(made.initial(1), np.cumsum(made.sizes)[:-1])
    assert np.abs(wide).max() <= 2 / 20
    assert 0.85 / 20 < wide.std() < 0.9 / 20
    assert (bias == 0).all()
    assert (scale == 1).all()
    assert (made.initial(1) == made.initial(1)).all()
    assert (made.initial(2) != made.initial(1)).any()
