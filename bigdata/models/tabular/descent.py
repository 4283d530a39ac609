"""Gradient descent for dense networks: Adam on one flat vector of float32, a whole epoch in one compiled function.

What is judged and kept are running averages of the weights over epochs (Polyak & Juditsky 1992, doi 10.1137/0330046):
steps of constant length go around a minimum, and a small part that stops the training would pick out lucky ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.networks.training import BETA_1, BETA_2, EPSILON

Flat = NDArray[np.float32]
Part = tuple[NDArray[np.float32], NDArray[np.float32]]
# Averages remember this share of themselves at each epoch, and less during the first FIRST_EPOCHS.
MEMORY, FIRST_EPOCHS = 0.9, 10
# A GPU takes longer to start one of these operations than a core to do it, and may add up in another order each time.
DEVICE = "/CPU:0"


def n_weights(widths: Sequence[int]) -> int:
    """Of a network whose layers have so many nodes, the columns first and the outputs last."""
    return sum(a * b for a, b in pairwise(widths))


def n_biases(widths: Sequence[int]) -> int:
    return sum(widths[1:])


def layers(theta: Any, widths: Sequence[int]) -> list[tuple[Any, Any]]:
    """Matrices (a, b) and biases (b,) of each layer; `theta` (n,) has all matrices first, then all biases."""
    sizes = [a * b for a, b in pairwise(widths)] + list(widths[1:])
    edges = np.cumsum([0, *sizes])
    parts = [theta[i:j] for i, j in pairwise(edges.tolist())]
    n = len(widths) - 1
    return [(parts[k].reshape(widths[k : k + 2]), parts[n + k]) for k in range(n)]


def initial(widths: Sequence[int], activation: str, rng: np.random.Generator) -> Flat:
    """Normal weights of variance 2 / a for relu and silu (He et al. 2015, doi 10.1109/ICCV.2015.123), 2 / (a + b) for
    tanh and for the output (Glorot & Bengio 2010, PMLR 9, 249); biases 0."""
    parts = []
    for k, (a, b) in enumerate(pairwise(widths)):
        halves = activation != "tanh" and k < len(widths) - 2
        parts.append(rng.standard_normal(a * b) * np.sqrt(2 / a if halves else 2 / (a + b)))
    return np.concatenate([*parts, np.zeros(n_biases(widths))]).astype(np.float32)


@cache
def descent(widths: tuple[int, ...], activation: str, of_classes: bool = False) -> Descent:
    """The one of this process for an architecture: it is traced once, which takes as long as a short training."""
    return Descent(widths, activation, of_classes)


class Descent:
    """Weights of one architecture and their optimiser (Kingma & Ba, arXiv:1412.6980), with the decay of weights apart
    from the gradient (Loshchilov & Hutter, arXiv:1711.05101). `start` before each training.

    What decreases is the mean of squares of the one output's error; of classes, the cross-entropy of the softmax of the
    first class's 0 and an output for each other.
    """

    def __init__(self, widths: tuple[int, ...], activation: str, of_classes: bool) -> None:
        from bigdata.models.networks.loading import tf

        self._widths, self._activation, self._of_classes = widths, activation, of_classes
        n = n_weights(widths) + n_biases(widths)
        with tf.device(DEVICE):
            self._theta, self._average, self._m, self._v = (tf.Variable(tf.zeros(n, tf.float32)) for _ in range(4))
            # Biases only move the output: to shrink them would pull predictions towards the mean.
            self._decays = tf.constant(np.arange(n) < n_weights(widths), tf.float32)
        columns, values = tf.TensorSpec([None, widths[0]], tf.float32), tf.TensorSpec([None], tf.float32)
        order, numbers = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.float32)
        number = tf.TensorSpec([], tf.float32)
        signature = [columns, values, columns, values, order, numbers, number, number]
        self._compiled = tf.function(self._epoch, input_signature=signature)

    def start(self, theta: Flat) -> None:
        self._theta.assign(theta)
        for variable in (self._average, self._m, self._v):
            variable.assign(np.zeros_like(theta))
        self._n_steps = self._n_epochs = 0

    @property
    def average(self) -> Flat:
        """The weights, averaged over the last epochs."""
        return np.asarray(self._average.numpy())

    def epoch(self, train: Part, held: Part, order: NDArray[np.int32], rate: float, decay: float) -> float:
        """One step for each row of `order` (steps, batch), then the loss of the average for what is `held`.

        `train` and `held` are columns (n, k) and targets (n,), which of classes are their places among the outputs.
        """
        steps = np.arange(self._n_steps, self._n_steps + len(order)) + 1.0
        self._n_steps += len(order)
        rates = (rate * np.sqrt(1 - BETA_2**steps) / (1 - BETA_1**steps)).astype(np.float32)
        # Nothing at first: the weights that a training begins with are left out.
        memory = np.float32(min(MEMORY, self._n_epochs / (self._n_epochs + FIRST_EPOCHS)))
        self._n_epochs += 1
        return float(self._compiled(*train, *held, order, rates, np.float32(rate * decay), memory))

    def _epoch(self, x: Any, y: Any, held_x: Any, held_y: Any, order: Any, rates: Any, shrink: Any, memory: Any) -> Any:
        from bigdata.models.networks.loading import tf

        with tf.device(DEVICE):
            self._steps(tf.gather(x, order), tf.gather(y, order), rates, shrink)
            average = self._average.assign(memory * self._average + (1.0 - memory) * self._theta)
            return self._loss(average.read_value(), held_x, held_y)

    def _steps(self, xs: Any, ys: Any, rates: Any, shrink: Any) -> None:
        """A step for each batch of columns (steps, batch, k) and targets (steps, batch)."""
        from bigdata.models.networks.loading import tf

        def step(i: Any) -> tuple[Any]:
            self._step(tf.gather(xs, i), tf.gather(ys, i), tf.gather(rates, i), shrink)
            return (i + 1,)

        tf.while_loop(lambda i: i < tf.shape(rates)[0], step, [tf.constant(0)], parallel_iterations=1)

    def _step(self, x: Any, y: Any, rate: Any, shrink: Any) -> None:
        from bigdata.models.networks.loading import tf

        theta = self._theta.read_value()
        with tf.GradientTape() as tape:
            tape.watch(theta)
            loss = self._loss(theta, x, y)
        gradient = tape.gradient(loss, theta)
        self._theta.assign_sub(shrink * self._decays * theta)
        zero = tf.constant(0.0)
        # The corrections of the first steps are in the rate already.
        tf.raw_ops.ResourceApplyAdam(
            var=self._theta.handle,
            m=self._m.handle,
            v=self._v.handle,
            beta1_power=zero,
            beta2_power=zero,
            lr=rate,
            beta1=tf.constant(BETA_1),
            beta2=tf.constant(BETA_2),
            epsilon=tf.constant(EPSILON),
            grad=gradient,
        )

    def _loss(self, theta: Any, x: Any, y: Any) -> Any:
        from bigdata.models.networks.loading import tf

        *hidden, (matrix, bias) = self._layers(theta)
        for a, b in hidden:
            x = getattr(tf.nn, self._activation)(tf.nn.bias_add(tf.matmul(x, a), b))
        made = tf.nn.bias_add(tf.matmul(x, matrix), bias)
        if self._of_classes:
            scores = tf.pad(made, [[0, 0], [1, 0]])
            return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(y, tf.int32), scores))
        return tf.reduce_mean(tf.square(tf.reshape(made, [-1]) - y))

    def _layers(self, theta: Any) -> list[tuple[Any, Any]]:
        from bigdata.models.networks.loading import tf

        shapes = list(pairwise(self._widths))
        parts = tf.split(theta, [a * b for a, b in shapes] + list(self._widths[1:]))
        matrices = [tf.reshape(part, shape) for part, shape in zip(parts, shapes, strict=False)]
        return list(zip(matrices, parts[len(shapes) :], strict=True))
