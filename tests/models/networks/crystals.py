"""Crystals for tests of networks: symmetric, skewed and without symmetry; and changes that no output may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bigdata.data.graphs import GraphSetting, build
from bigdata.data.materials.structures import Structure, Structures
from bigdata.models.networks.crystals import Crystals
from bigdata.models.networks.elements import element_features
from bigdata.models.networks.network import Compiled, needs_directions
from bigdata.models.networks.setting import MPEU, Dense, EdgeGated, PaiNN, SchNet

NETWORKS: dict[str, Any] = {
    "schnet": SchNet(latent=16),
    "mpeu": MPEU(latent=16),
    "edge-gated": EdgeGated(latent=16),
    "painn": PaiNN(latent=16, radius="6 angstrom"),
    "dense": Dense(nodes=16),
    "dense with sums, and deeper": Dense(nodes=16, layers=4, readout="sum", element_features=False, activation="relu"),
    "mpeu with sums, norms and deeper": MPEU(
        latent=16, steps=2, aggregation="sum", readout="sum", layer_norm=True, depth=3, activation="silu"
    ),
}

FCC = np.ones((3, 3)) - np.eye(3)
SKEWED = np.array([[3.0, 0.0, 0.0], [8.5, 2.0, 0.0], [-7.0, 5.0, 2.5]])


def crystal(lattice: Any, numbers: Sequence[int], positions: Any) -> Structure:
    return Structure(np.asarray(lattice, float), np.array(numbers, np.uint8), np.asarray(positions, float))


ALL = [
    crystal(1.8 * FCC, [29], [[0, 0, 0]]),
    crystal(2.8 * FCC, [11, 17], [[0, 0, 0], [0.5, 0.5, 0.5]]),
    crystal(2.7 * FCC, [20, 9, 9], [[0, 0, 0], [0.25, 0.25, 0.25], [0.75, 0.75, 0.75]]),
    crystal(SKEWED, [3, 8], [[0.1, 0.2, 0.3], [0.6, 0.8, 0.7]]),
    crystal(
        [[5.1, 0.0, 0.0], [0.7, 6.3, 0.0], [-0.9, 1.1, 4.7]],
        [3, 26, 15, 8, 8],
        [[0.1, 0.2, 0.3], [0.6, 0.7, 0.1], [0.4, 0.1, 0.8], [0.8, 0.4, 0.6], [0.2, 0.7, 0.7]],
    ),
]


def setting(network: Any, *, quotient: bool = True, **graph: Any) -> GraphSetting:
    vectors = needs_directions(network)
    return GraphSetting(**(graph or {"neighbors": 12}), quotient=quotient and not vectors, directions=vectors)


def crystals(network: Any, structures: Sequence[Structure] = ALL, **graph: Any) -> Crystals:
    return Crystals(build(Structures.of(structures), setting(network, **graph)), network, np.float64)


def compiled(network: Any, precision: str = "float64", **more: Any) -> Compiled:
    return Compiled(network, element_features(), precision, **more)


def outputs(network: Compiled, of: Crystals, seed: int = 3) -> np.ndarray:
    """(m,) of all crystals in one batch, with the first weights of a seed."""
    batch = network.tensors(of.batch(np.arange(len(of))))
    return np.array(network.predict(network.layout.initial(seed), batch).numpy())


def rotated(one: Structure) -> Structure:
    turn, _ = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))
    return crystal(one.lattice @ (turn * np.sign(np.linalg.det(turn))), one.numbers, one.positions)


def permuted(one: Structure) -> Structure:
    order = np.random.default_rng(6).permutation(len(one.numbers))
    return crystal(one.lattice, one.numbers[order], one.positions[order])


def doubled(one: Structure) -> Structure:
    """A supercell of two cells along the first vector."""
    half = np.array([0.5, 1, 1])
    moved = np.vstack([one.positions * half, one.positions * half + [0.5, 0, 0]])
    return crystal(one.lattice * [[2], [1], [1]], [*one.numbers, *one.numbers], moved)
