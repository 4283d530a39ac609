"""Dense networks: layers of equally many nodes, stopped early by a part of the training groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.errors import Paused
from bigdata.models.tabular.descent import Flat, Part, descent, initial, layers, n_biases, n_weights
from bigdata.models.tabular.fitted import Effort, Floats, Samples
from bigdata.models.tabular.setting import Point
from bigdata.models.tabular.size import Size
from bigdata.models.tabular.soundness import finite
from bigdata.models.tabular.standard import Standard

ACTIVATIONS = ("relu", "tanh", "silu")
# Of one of two x86-64 cores, measured: to trace a network; for a step, for each layer of it, and for each weight and
# sample of its batch.
TRACE_SECONDS, STEP_SECONDS, LAYER_SECONDS, PRODUCT_SECONDS = 0.3, 6e-5, 2e-5, 1.2e-10


@dataclass(frozen=True, eq=False)
class Dense:
    """Networks of one architecture, whose mean predicts: `thetas` (seeds, n) float32, see `descent.layers`.

    `widths` are the columns that vary, the nodes of each hidden layer, and 1.
    """

    standard: Standard
    widths: tuple[int, ...]
    activation: str
    thetas: Flat

    @property
    def size(self) -> Size:
        """Linear: weights, of all networks. Additive: biases."""
        n = len(self.thetas)
        weights, biases = n * n_weights(self.widths), n * n_biases(self.widths)
        return Size(additive=biases, linear=weights, nonlinear=0, components={"weights": weights, "biases": biases})

    def predict(self, features: Floats, tasks: NDArray[np.int64]) -> Floats:
        columns = self.standard.columns(features)
        made = [outputs(layers(theta, self.widths), self.activation, columns)[:, 0] for theta in self.thetas]
        return finite(self.standard.back(np.mean(made, axis=0)), "the dense network")

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        return {
            **self.standard.arrays(),
            "widths": np.array(self.widths),
            "activation": np.array(ACTIVATIONS.index(self.activation)),
            "thetas": self.thetas,
        }

    def importance(self) -> None:
        return None


def outputs(network: Sequence[tuple[Flat, Flat]], activation: str, columns: Floats) -> Floats:
    """(m, outputs) in float64: no bit depends on how many samples are predicted at once, nor on the machine."""
    *hidden, (matrix, bias) = network
    for a, b in hidden:
        columns = _activated(activation, columns @ a.astype(np.float64) + b)
    return np.asarray(columns @ matrix.astype(np.float64) + bias)


def _activated(activation: str, x: Floats) -> Floats:
    if activation == "relu":
        return np.maximum(x, 0.0)
    if activation == "tanh":
        return np.tanh(x)
    # x / (1 + exp(-x)), by a function that doesn't overflow.
    return x * (0.5 + 0.5 * np.tanh(x / 2))


def fit(point: Point, samples: Samples, effort: Effort) -> Dense:
    """For `dense:layers,nodes`. Raises Paused when it should stop, and ArithmeticError when the training diverges."""
    standard = Standard.of(samples)
    widths = widths_of(point, len(standard.kept))
    training = Training(point, widths, standard, samples, effort)
    thetas = np.array([training.theta(seed) for seed in point.options["seeds"]])
    return Dense(standard, widths, point.options["activation"], thetas)


def widths_of(point: Point, p: int, n_outputs: int = 1) -> tuple[int, ...]:
    """The columns that vary, the nodes of each hidden layer, and the outputs."""
    return (p, *[int(point.place["nodes"])] * int(point.place["layers"]), n_outputs)


def held_out(groups: NDArray[np.int64], share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(n,) whether a sample's group is in the part that stops the training: this share of the groups, one at least.

    None where there is a single group: then nothing is left that is apart from what is learned from.
    """
    different = np.unique(groups)
    n = min(max(1, round(share * len(different))), len(different) - 1)
    return np.isin(groups, rng.permutation(different)[:n])


@dataclass(frozen=True)
class Training:
    """What the networks of one point have in common. Those of classes learn the places of the samples' codes among the
    codes that there are."""

    point: Point
    widths: tuple[int, ...]
    standard: Standard
    samples: Samples
    effort: Effort

    def theta(self, seed: int) -> Flat:
        """(n,) the weights of one network."""
        options, rng = self.point.options, np.random.default_rng([self.effort.seed, seed])
        theta = initial(self.widths, options["activation"], rng)
        if self.standard.says_nothing and not self.samples.labels:
            # The output of no columns is 0, which is the mean.
            return theta
        held = held_out(self.samples.groups, options["validation"], rng)
        best, loss, n_epochs = self._trained(theta, held, rng)
        reached = self._said(loss, self._what(held))
        self.effort.log(f"{self.point.name}, seed {seed}: stopped after {n_epochs} epochs; the {reached}")
        return best

    def _said(self, loss: float, of: str) -> str:
        if self.samples.labels:
            return f"cross-entropy of {of} is {loss:.4g}"
        return f"RMSE of {of} is {np.sqrt(loss) * self.standard.scale:.4g} {self.samples.unit}".rstrip()

    def _what(self, held: NDArray[np.bool_]) -> str:
        return f"the {held.sum()} samples that stop it" if held.any() else "the training samples, all of one group"

    def _trained(self, theta: Flat, held: NDArray[np.bool_], rng: np.random.Generator) -> tuple[Flat, float, int]:
        """The best weights, their loss, and how many epochs there were."""
        options = self.point.options
        network = descent(self.widths, options["activation"], bool(self.samples.labels))
        train = self._part(~held)
        looked_at = self._part(held) if held.any() else train
        network.start(theta)
        best, least, since, epoch = theta, np.inf, 0, 0
        while epoch < options["max_epochs"] and since < options["patience"]:
            if self.effort.should_stop():
                raise Paused
            order = _batches(rng, int((~held).sum()), options["batch"])
            loss = network.epoch(train, looked_at, order, options["learning_rate"], options["weight_decay"])
            epoch, since = epoch + 1, since + 1
            if loss < least:
                best, least, since = network.average, loss, 0
            if not np.isfinite(loss):
                break
        return self._sound(best, least), least, epoch

    def _sound(self, theta: Flat, loss: float) -> Flat:
        if np.isfinite(loss) and np.isfinite(theta).all():
            return theta
        raise ArithmeticError(f"the training of {self.point.name} diverged at once; a lower `learning_rate` helps")

    def _part(self, rows: NDArray[np.bool_]) -> Part:
        columns, target = self.standard.columns(self.samples.features[rows]), self._target[rows]
        return columns.astype(np.float32), target.astype(np.float32)

    @cached_property
    def _target(self) -> Floats:
        """(n,) what the outputs are compared with."""
        target = self.samples.target
        if self.samples.labels:
            return np.searchsorted(np.unique(target), target).astype(np.float64)
        return self.standard.target(target)


def _batches(rng: np.random.Generator, n: int, batch: int) -> NDArray[np.int32]:
    """(steps, batch) of one epoch: each has its own order, and what doesn't fill a batch waits for another."""
    size = min(batch, n)
    return rng.permutation(n)[: n // size * size].reshape(-1, size).astype(np.int32)


def restored(arrays: Mapping[str, NDArray[Any]]) -> Dense:
    return Dense(
        Standard.restored(arrays),
        tuple(int(width) for width in arrays["widths"]),
        ACTIVATIONS[int(arrays["activation"])],
        np.asarray(arrays["thetas"]),
    )


def seconds(point: Point, n: int, p: int) -> float:
    """Of all epochs, none stopped early. That a process loads TensorFlow once isn't in it."""
    options, widths = point.options, widths_of(point, p)
    learned = n * (1 - options["validation"])
    batch = min(options["batch"], max(1, learned))
    step = STEP_SECONDS + LAYER_SECONDS * len(widths) + PRODUCT_SECONDS * batch * n_weights(widths)
    return float(TRACE_SECONDS + len(options["seeds"]) * options["max_epochs"] * learned / batch * step)


def n_bytes(point: Point, n: int, p: int) -> int:
    """The columns in float64 and twice in float32, and of the weights the optimiser's copies; without TensorFlow."""
    widths = widths_of(point, p)
    return 20 * n * p + 40 * (n_weights(widths) + n_biases(widths))
