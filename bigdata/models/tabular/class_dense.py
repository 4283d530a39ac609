"""Dense networks that tell classes apart: scores of the classes, trained by the cross-entropy of their softmax."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.scores import codes_of
from bigdata.models.tabular.dense import ACTIVATIONS, Training, outputs, widths_of
from bigdata.models.tabular.descent import Flat, layers, n_biases, n_weights
from bigdata.models.tabular.fitted import Effort, Floats, Samples
from bigdata.models.tabular.setting import Point
from bigdata.models.tabular.size import Size
from bigdata.models.tabular.soundness import finite
from bigdata.models.tabular.standard import Standard


@dataclass(frozen=True, eq=False)
class ClassDense:
    """Networks of one architecture, the mean of whose shares of classes predicts: `thetas` (seeds, n) float32, see
    `descent.layers`.

    `codes` (k,) int64 are the classes that there were samples of. `widths` are the columns that vary, the nodes of each
    hidden layer, and k - 1 scores, relative to the first class. A single class needs no network.
    """

    standard: Standard
    codes: NDArray[np.int64]
    widths: tuple[int, ...]
    activation: str
    thetas: Flat

    @property
    def size(self) -> Size:
        """Linear: weights, of all networks. Additive: biases. One class alone is one additive constant."""
        n = len(self.thetas)
        weights, biases = n * n_weights(self.widths), n * n_biases(self.widths)
        components = {"weights": weights, "biases": biases}
        return Size(additive=max(1, biases), linear=weights, nonlinear=0, components=components)

    def predict(self, features: Floats, tasks: NDArray[np.int64]) -> Floats:
        columns = self.standard.columns(features)
        shares = np.zeros((len(columns), len(self.codes)))
        for theta in self.thetas:
            shares += _shares(outputs(layers(theta, self.widths), self.activation, columns))
        return codes_of(finite(shares, "the dense network"), self.codes)

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        return {
            **self.standard.arrays(),
            "codes": self.codes,
            "widths": np.array(self.widths),
            "activation": np.array(ACTIVATIONS.index(self.activation)),
            "thetas": self.thetas,
        }

    def importance(self) -> None:
        return None


def _shares(scores: Floats) -> Floats:
    """(m, k) softmax of scores (m, k - 1) and the first class's 0."""
    whole = np.concatenate([np.zeros((len(scores), 1)), scores], axis=1)
    powers = np.exp(whole - whole.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit(point: Point, samples: Samples, effort: Effort) -> ClassDense:
    """For `dense:layers,nodes`. Raises Paused when it should stop, and ArithmeticError when the training diverges."""
    standard, codes = Standard.of(samples), np.unique(samples.target).astype(np.int64)
    widths = widths_of(point, len(standard.kept), len(codes) - 1)
    training = Training(point, widths, standard, samples, effort)
    seeds = point.options["seeds"] if len(codes) > 1 else []
    thetas = [training.theta(seed) for seed in seeds]
    n = n_weights(widths) + n_biases(widths)
    return ClassDense(standard, codes, widths, point.options["activation"], np.array(thetas, np.float32).reshape(-1, n))


def restored(arrays: Mapping[str, NDArray[Any]]) -> ClassDense:
    return ClassDense(
        Standard.restored(arrays),
        np.asarray(arrays["codes"]),
        tuple(int(width) for width in arrays["widths"]),
        ACTIVATIONS[int(arrays["activation"])],
        np.asarray(arrays["thetas"]),
    )
