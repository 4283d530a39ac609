"""Dense networks: outputs and training by NumPy, counts by hand, and groups that stay whole."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("tensorflow", reason="the extra `networks` isn't installed")

from bigdata.errors import Paused
from bigdata.models.tabular import dense
from bigdata.models.tabular.dense import held_out
from bigdata.models.tabular.descent import descent, initial
from bigdata.models.tabular.fitted import Effort
from tests.models.tabular.tables import point, table

ACTIVATIONS = {
    "relu": (lambda x: np.where(x > 0, x, 0), lambda x: np.where(x > 0, 1.0, 0.0)),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "silu": (lambda x: x / (1 + np.exp(-x)), lambda x: (1 + np.exp(-x) + x * np.exp(-x)) / (1 + np.exp(-x)) ** 2),
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_outputs_are_those_of_the_stored_matrices(activation: str) -> None:
    samples, new = table(), table(9, seed=1)
    model = dense.fit(point("dense", activation=activation, seeds=(0, 4)), samples, Effort())
    made = []
    for theta in model.arrays()["thetas"].astype(float):
        # 4 columns, 8 and 8 nodes: 32 + 64 + 8 weights, then 8 + 8 + 1 biases.
        first, second, last = theta[:32].reshape(4, 8), theta[32:96].reshape(8, 8), theta[96:104]
        x = (new.features - samples.features.mean(axis=0)) / samples.features.std(axis=0)
        x = ACTIVATIONS[activation][0](x @ first + theta[104:112])
        x = ACTIVATIONS[activation][0](x @ second + theta[112:120])
        made.append(samples.target.mean() + samples.target.std() * (x @ last + theta[120]))
    np.testing.assert_allclose(model.predict(new.features, new.tasks), np.mean(made, axis=0), rtol=1e-12)
    assert not np.allclose(made[0], made[1])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_an_epoch_is_adam_by_hand(activation: str) -> None:
    rng = np.random.default_rng(0)
    x, y, held_x, held_y = rng.normal(size=(8, 3)), rng.normal(size=8), rng.normal(size=(4, 3)), rng.normal(size=4)
    theta = rng.normal(size=3 * 5 + 5 + 6) * 0.5
    order = rng.permutation(8).reshape(2, 4).astype(np.int32)
    rate, decay = 0.01, 0.1
    network = descent((3, 5, 1), activation)
    network.start(theta.astype(np.float32))
    parts = [(a.astype(np.float32), b.astype(np.float32)) for a, b in ((x, y), (held_x, held_y))]
    losses = [network.epoch(*parts, order, rate, decay) for _ in range(3)]
    f, slope = ACTIVATIONS[activation]
    m, v, average, expected = np.zeros(26), np.zeros(26), np.zeros(26), []
    for step, rows in enumerate([*order] * 3, 1):
        a, b, c, d = theta[:15].reshape(3, 5), theta[20:25], theta[15:20], theta[25]
        before = x[rows] @ a + b
        back = 2 * (f(before) @ c + d - y[rows]) / 4
        inner = back[:, None] * c * slope(before)
        gradient = np.concatenate([(x[rows].T @ inner).ravel(), f(before).T @ back, inner.sum(axis=0), [back.sum()]])
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        theta = theta - rate * decay * theta * (np.arange(26) < 20)
        theta -= rate * math.sqrt(1 - 0.999**step) / (1 - 0.9**step) * m / (np.sqrt(v) + 1e-8)
        if step % 2 == 0:
            # Of the first epoch alone, then 1/11 and 2/12 of what was.
            memory = {2: 0, 4: 1 / 11, 6: 2 / 12}[step]
            average = memory * average + (1 - memory) * theta
            a, b, c, d = average[:15].reshape(3, 5), average[20:25], average[15:20], average[25]
            expected.append(np.mean((f(held_x @ a + b) @ c + d - held_y) ** 2))
    np.testing.assert_allclose(network.average, average, atol=2e-5)
    np.testing.assert_allclose(losses, expected, rtol=1e-4)


@pytest.mark.parametrize(("layers", "nodes", "weights", "biases"), [(1, 7, 5 * 7 + 7, 8), (3, 4, 20 + 16 + 16 + 4, 13)])
def test_size_is_weights_and_biases_of_all_networks(layers: int, nodes: int, weights: int, biases: int) -> None:
    size = dense.fit(
        point("dense", layers=(layers,), nodes=(nodes,), max_epochs=1, seeds=(1, 2)), table(20, 5), Effort()
    ).size
    assert (size.linear, size.additive, size.nonlinear) == (2 * weights, 2 * biases, 0)
    assert size.components == {"weights": 2 * weights, "biases": 2 * biases}


@given(
    groups=st.lists(st.integers(0, 9), min_size=1, max_size=40),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**32),
)
def test_a_group_is_held_out_whole(groups: list[int], share: float, seed: int) -> None:
    held = held_out(np.array(groups), share, np.random.default_rng(seed))
    assert not set(np.array(groups)[held]) & set(np.array(groups)[~held])
    n_groups = len(set(groups))
    assert len(set(np.array(groups)[held])) == min(max(1, round(share * n_groups)), n_groups - 1)


def _rng_after(widths: tuple[int, ...]) -> np.random.Generator:
    """That of seed 0 when the first weights have been drawn."""
    rng = np.random.default_rng([0, 0])
    initial(widths, "relu", rng)
    return rng


def test_groups_decide_what_is_learned_from() -> None:
    """The targets of the group that is held out choose an epoch, but nothing is learned from them."""
    samples = replace(table(), groups=np.arange(60) % 10)
    held = held_out(samples.groups, 0.1, _rng_after((4, 8, 8, 1)))
    setting = point("dense", max_epochs=1)
    one = dense.fit(setting, samples, Effort())
    assert one.widths == (4, 8, 8, 1)
    assert held.sum() == 6
    # Two held-out targets change places: mean and deviation of the whole stay.
    first, second = np.flatnonzero(held)[:2]
    target = samples.target.copy()
    target[[first, second]] = target[[second, first]]
    np.testing.assert_array_equal(dense.fit(setting, replace(samples, target=target), Effort()).thetas, one.thetas)


def test_the_best_epoch_is_kept_and_no_further_one_is_trained_than_patience_allows() -> None:
    said: list[str] = []
    samples = replace(table(), target=np.random.default_rng(1).normal(size=60))
    epochs = [0]

    def stops() -> bool:
        epochs[0] += 1
        return False

    setting = point("dense", nodes=(64,), max_epochs=300, patience=5, learning_rate=0.01)
    model = dense.fit(setting, samples, Effort(should_stop=stops, log=said.append))
    assert epochs[0] < 100
    held = held_out(samples.groups, 0.1, _rng_after((4, 64, 64, 1)))
    part = samples.only(held)
    rmse = float(np.sqrt(np.mean((model.predict(part.features, part.tasks) - part.target) ** 2)))
    assert said == [
        f"dense:2,64, seed 0: stopped after {epochs[0]} epochs; the RMSE of the 6 samples that stop it is {rmse:.4g}"
    ]
    # Trained up to the best epoch alone, it is the same.
    exactly = dense.fit(point("dense", nodes=(64,), max_epochs=epochs[0] - 5, learning_rate=0.01), samples, Effort())
    np.testing.assert_array_equal(exactly.thetas, model.thetas)


def test_a_training_that_should_stop_does_so_within_an_epoch() -> None:
    left = [3]

    def stops() -> bool:
        left[0] -= 1
        return left[0] < 0

    with pytest.raises(Paused):
        dense.fit(point("dense"), table(), Effort(should_stop=stops))
    assert left[0] == -1


def test_a_training_that_diverges_says_so() -> None:
    with pytest.raises(ArithmeticError, match="diverged at once; a lower `learning_rate` helps"):
        dense.fit(point("dense", learning_rate=1e30), table(), Effort())


@pytest.mark.parametrize(("activation", "variances"), [("relu", (2 / 50, 2 / 51)), ("tanh", (2 / 450, 2 / 401))])
def test_weights_begin_with_the_variance_that_suits_the_activation(activation: str, variances: tuple) -> None:
    theta = initial((50, 400, 1), activation, np.random.default_rng(0))
    first, last, biases = theta[:20_000], theta[20_000:20_400], theta[20_400:]
    assert first.var() == pytest.approx(variances[0], rel=0.05)
    assert last.var() == pytest.approx(2 / 401, rel=0.2)
    assert not biases.any()
