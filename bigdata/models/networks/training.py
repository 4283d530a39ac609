"""Training of a network: Adam on batches of crystals, averaged weights, early stopping, and going on after a stop.

Everything that is random follows from seed and step, so a checkpoint holds weights, averages, the optimiser's two
moments and the step, and a training that was killed goes on to the same bits, on one thread and one kind of processor.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.errors import Paused
from bigdata.models.networks.crystals import Crystals, Rows, padded
from bigdata.models.networks.network import Compiled
from bigdata.models.networks.setting import Decay, Training
from bigdata.models.networks.standard import Standard

Floats = NDArray[np.float64]
Saved = Mapping[str, NDArray[Any]]

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8
# Crystals whose outputs are computed at once when nothing is learned.
AT_ONCE = 128
# Averages begin with the short memory of this many steps, else they would remember the first weights.
FIRST_AVERAGES = 50
# A killed training loses what it did since it last saved; saving takes no more than this share of its time.
SAVE_SECONDS, SAVE_SHARE = 10.0, 0.05
# Noise must not turn a distance round, angstrom.
SHORTEST = np.float32(1e-3)


@dataclass(frozen=True)
class Problem:
    """What is learned: targets (m,) of crystals, and which of them are for training and for validation (rows)."""

    crystals: Crystals
    values: Floats
    train: Rows
    validation: Rows

    def standard(self, setting: Training, sums: bool) -> Standard:
        """How targets are standardised, by the training part."""
        rows = self.train
        n_atoms = self.crystals.graphs.n_atoms[rows]
        return Standard.of(self.values[rows], self.crystals.fractions[rows], n_atoms, setting.baseline, sums)


@dataclass(frozen=True)
class Trained:
    """The weights of the best look at the validation part, and how they came about.

    `curve_loss` and `curve_mae` (E,) mean training loss since the look before (standardised) and validation MAE (the
    target's unit), NaN after an early stop. Seconds are means of a step, for its batch and for its gradient, those
    steps left out that traced the function.
    """

    weights: NDArray[np.float32]
    standard: Standard
    n_steps: int
    best_step: int
    validation_mae: float
    curve_loss: Floats
    curve_mae: Floats
    seconds_batch: float
    seconds_step: float


def rate(setting: Training, step: int) -> float:
    """The learning rate of a step, counted from 0."""
    done = step / setting.max_steps
    warm = min(1.0, (step + 1) / (setting.warm_up * setting.max_steps)) if setting.warm_up else 1.0
    cool = min(1.0, (1 - done) / setting.cool_down) if setting.cool_down else 1.0
    return setting.learning_rate * warm * cool * _decayed(setting.decay, step, done)


def _decayed(decay: Decay | str, step: int, done: float) -> float:
    if isinstance(decay, Decay):
        return float(decay.factor ** (step // decay.every))
    return {"linear": 1 - done, "cosine": 0.5 * (1 + math.cos(math.pi * done))}.get(decay, 1.0)


class Trainer:
    """One training, from a seed or from what was saved of it.

    `start` are weights to begin with, of another training of the same network; `standard` replaces that of the training
    part, so that those weights mean what they meant.
    """

    def __init__(
        self,
        network: Compiled,
        setting: Training,
        problem: Problem,
        seed: int,
        start: NDArray[np.float32] | None = None,
        standard: Standard | None = None,
    ) -> None:
        self.network, self.setting, self.problem, self.seed = network, setting, problem, seed
        sums = network.network.readout == "sum"
        self.standard = standard or problem.standard(setting, sums)
        known = self.standard.known(problem.crystals.fractions, problem.crystals.graphs.n_atoms)
        self._targets = (problem.values - known) / self.standard.scale
        first = network.layout.initial(seed) if start is None else start
        self._optimiser = Optimiser(network, setting, first)
        self.step, self.best_step, self.best_mae = 0, 0, math.inf
        self._best = self._optimiser.average
        self._curve = np.full((2, setting.n_evaluations), np.nan)
        self._losses, self._seconds, self._n_timed = 0.0, np.zeros(2), 0
        self._looked_at, self._is_traced = 0, False

    def train(
        self,
        save: Callable[[Saved], None] = lambda _: None,
        should_stop: Callable[[], bool] = lambda: False,
        looked: Callable[[int, float, float], None] = lambda _step, _loss, _mae: None,
        save_seconds: float = SAVE_SECONDS,
        until: int | None = None,
    ) -> Trained:
        """Train to the end, or `until` so many steps are done, from where `state()` goes on to the same end.

        `looked(step, loss, mae)` is called after each look at the validation part.

        What is needed to go on is given to `save` every `save_seconds`, and less often where that takes long. Raises
        Paused, once `save` has it, when `should_stop()`.
        """
        saved_at, pause = time.monotonic(), save_seconds
        last = self.setting.max_steps if until is None else min(until, self.setting.max_steps)
        while self.step < last and not self._is_stuck():
            if should_stop():
                save(self.state())
                raise Paused
            self._one_step()
            if self.step % self.setting.evaluate_every == 0 or self.step == self.setting.max_steps:
                looked(self.step, *self._look())
            if (now := time.monotonic()) - saved_at > pause:
                save(self.state())
                saved_at = time.monotonic()
                pause = max(save_seconds, (saved_at - now) / SAVE_SHARE)
        return self._trained()

    def state(self) -> Saved:
        """All that is needed to go on."""
        counts = np.array([self.step, self.best_step, self._looked_at, self._n_timed])
        numbers = np.array([self.best_mae, self._losses, *self._seconds])
        return {
            **self._optimiser.state(),
            "best": self._best,
            "curve": self._curve,
            "counts": counts,
            "numbers": numbers,
        }

    def resume(self, saved: Saved) -> None:
        """Go on from what was saved."""
        self._optimiser.restore(saved)
        self._best, self._curve = saved["best"], np.array(saved["curve"])
        self.step, self.best_step, self._looked_at, self._n_timed = map(int, saved["counts"])
        self.best_mae, self._losses = map(float, saved["numbers"][:2])
        self._seconds = np.array(saved["numbers"][2:])

    def _one_step(self) -> None:
        begin = time.perf_counter()
        rows = self._rows()
        batch = self.network.tensors(self._batch(rows))
        batched = time.perf_counter()
        self._losses += self._optimiser.step(
            batch, self._targets[rows], rate(self.setting, self.step), self.step, self.seed
        )
        self.step += 1
        # The first step of a process traces the function, which takes as long as hundreds of others.
        if self._is_traced:
            self._seconds += [batched - begin, time.perf_counter() - batched]
            self._n_timed += 1
        self._is_traced = True

    def _rows(self) -> Rows:
        """Of this step: each epoch is an order of its own, and what doesn't fill a batch waits for another."""
        train = self.problem.train
        size = min(self.setting.batch, len(train))
        epoch, place = divmod(self.step, len(train) // size)
        if epoch != getattr(self, "_epoch", None):
            self._epoch, self._order = epoch, np.random.default_rng([self.seed, epoch]).permutation(train)
        return np.asarray(self._order[place * size : (place + 1) * size])

    def _batch(self, rows: Rows) -> Mapping[str, NDArray[Any]]:
        batch = dict(self.problem.crystals.batch(rows))
        if self.setting.jitter:
            # One draw for each distance of a crystal: atoms that are equivalent stay so.
            noise = np.random.default_rng([self.seed, self.step, 1]).standard_normal(len(batch["distance"]), "f4")
            moved = np.asarray(batch["distance"], np.float32) + np.float32(self.setting.jitter) * noise
            batch["distance"] = np.maximum(moved, SHORTEST)
        return padded(batch) if self.network.compiles else batch

    def _look(self) -> tuple[float, float]:
        n = self.step - self._looked_at
        mae = self.validation_mae(self._optimiser.average)
        loss, place = self._losses / n, (self.step - 1) // self.setting.evaluate_every
        self._curve[:, place] = loss, mae
        if not math.isfinite(loss):
            raise ArithmeticError(
                f"the training diverged before step {self.step}: its loss is {loss}. A lower `learning_rate`, or a "
                "`warm_up`, helps"
            )
        if mae < self.best_mae or not self.best_step:
            self.best_mae, self.best_step, self._best = mae, self.step, self._optimiser.average
        self._losses, self._looked_at = 0.0, self.step
        return loss, mae

    @cached_property
    def _validation(self) -> list[tuple[Rows, Any]]:
        crystals = self.problem.crystals
        return [
            (rows, _tensors(self.network, crystals, rows))
            for rows in crystals.by_size(self.problem.validation, AT_ONCE)
        ]

    def validation_mae(self, weights: NDArray[Any]) -> float:
        """In the target's unit."""
        wrong = 0.0
        for rows, batch in self._validation:
            made = self.network.predict(weights, batch).numpy()[: len(rows)]
            wrong += float(np.abs(made - self._targets[rows]).sum())
        return wrong * self.standard.scale / max(1, len(self.problem.validation))

    def _is_stuck(self) -> bool:
        """Whether the newest look is worse than the oldest of the last `patience` steps."""
        patience, every = self.setting.patience, self.setting.evaluate_every
        if patience is None or self.step % every:
            return False
        newest, oldest = self.step // every - 1, (self.step - patience) // every - 1
        return oldest >= 0 and bool(self._curve[1, newest] > self._curve[1, oldest])

    def _trained(self) -> Trained:
        batch, step = self._seconds / max(1, self._n_timed)
        loss, mae = self._curve
        return Trained(
            self._best.astype(np.float32),
            self.standard,
            self.step,
            self.best_step,
            self.best_mae,
            loss,
            mae,
            float(batch),
            float(step),
        )


class Optimiser:
    """Adam (Kingma & Ba 2015, arXiv 1412.6980) on the one vector of weights, and the moving average of these."""

    def __init__(self, network: Compiled, setting: Training, first: NDArray[Any]) -> None:
        from bigdata.models.networks.loading import tf

        self._network, self._setting = network, setting
        start = tf.constant(first, network.dtype)
        self._theta, self._average = tf.Variable(start), tf.Variable(start)
        self._m, self._v = (tf.Variable(tf.zeros_like(start)) for _ in range(2))
        targets, seed = tf.TensorSpec([None], network.dtype), tf.TensorSpec([2], tf.int64)
        self._apply = tf.function(
            self._step,
            input_signature=[network.signature(), targets, tf.TensorSpec([5], network.dtype), seed],
            jit_compile=network.compiles or None,
            autograph=False,
        )

    @property
    def average(self) -> NDArray[Any]:
        """The averaged weights."""
        return np.array(self._average.numpy())

    def state(self) -> dict[str, NDArray[Any]]:
        return {name: np.array(variable.numpy()) for name, variable in self._variables.items()}

    def restore(self, saved: Saved) -> None:
        for name, variable in self._variables.items():
            variable.assign(saved[name])

    @property
    def _variables(self) -> dict[str, Any]:
        return {"weights": self._theta, "average": self._average, "m": self._m, "v": self._v}

    def step(self, batch: Any, targets: Floats, rate: float, step: int, seed: int) -> float:
        """One gradient step; the loss before it."""
        memory = min(self._setting.averaging, step / (step + FIRST_AVERAGES))
        numbers = [rate, memory, BETA_1 ** (step + 1), BETA_2 ** (step + 1), rate * self._setting.weight_decay]
        return float(self._apply(batch, targets, numbers, [seed, step]))

    def _step(self, batch: Any, targets: Any, numbers: Any, seed: Any) -> Any:
        from bigdata.models.networks.loading import tf

        rate, memory, power_1, power_2, shrink = tf.unstack(numbers)
        theta = self._theta.read_value()
        with tf.GradientTape() as tape:
            tape.watch(theta)
            # A padded batch has one graph more than targets.
            made = self._network.outputs(theta, batch, seed)[: tf.shape(targets)[0]]
            loss = _loss(self._setting, made - targets)
        gradient = tape.gradient(loss, theta)
        if self._setting.weight_decay:
            self._theta.assign_sub(shrink * theta)
        tf.raw_ops.ResourceApplyAdam(
            var=self._theta.handle,
            m=self._m.handle,
            v=self._v.handle,
            beta1_power=power_1,
            beta2_power=power_2,
            lr=rate,
            beta1=tf.constant(BETA_1, theta.dtype),
            beta2=tf.constant(BETA_2, theta.dtype),
            epsilon=tf.constant(EPSILON, theta.dtype),
            grad=gradient,
        )
        self._average.assign(memory * self._average + (1.0 - memory) * self._theta)
        return loss


def _loss(setting: Training, difference: Any) -> Any:
    from bigdata.models.networks.loading import tf

    size = tf.abs(difference)
    if setting.loss == "mse":
        return tf.reduce_mean(tf.square(difference))
    if setting.loss == "mae":
        return tf.reduce_mean(size)
    turn = setting.huber
    return tf.reduce_mean(tf.where(size < turn, tf.square(difference) / 2, turn * (size - turn / 2)))


def outputs(network: Compiled, weights: NDArray[Any], crystals: Crystals, rows: Rows) -> Floats:
    """(n,) standardised outputs for crystals `rows`, in their order."""
    made = np.empty(len(crystals))
    for some in crystals.by_size(rows, AT_ONCE):
        made[some] = network.predict(weights, _tensors(network, crystals, some)).numpy()[: len(some)]
    return made[rows]


def predicted(network: Compiled, trained: tuple[NDArray[Any], Standard], problem: Crystals, rows: Rows) -> Floats:
    """(n,) predictions in the target's unit."""
    weights, standard = trained
    known = standard.known(problem.fractions[rows], problem.graphs.n_atoms[rows])
    return known + standard.scale * outputs(network, weights, problem, rows)


def _tensors(network: Compiled, crystals: Crystals, rows: Rows) -> Any:
    batch = crystals.batch(rows)
    return network.tensors(padded(batch) if network.compiles else batch)
