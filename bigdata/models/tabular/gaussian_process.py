"""Gaussian-process regression on standardised columns, by scikit-learn.

k(x, x') = c r(|x - x'| / l) + s [x is x'], with r(d) = exp(-d^2 / 2) (`rbf`) or (1 + √5 d + 5 d^2 / 3) exp(-√5 d)
(`matern`, of smoothness 5/2); variance c, length l and noise s are those of greatest marginal likelihood (Rasmussen &
Williams 2006, eqs. 2.25, 4.9, 4.17 and section 5.4).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.errors import Paused
from bigdata.models.tabular.fitted import Effort, Floats, Samples
from bigdata.models.tabular.setting import Point
from bigdata.models.tabular.size import Size
from bigdata.models.tabular.soundness import finite
from bigdata.models.tabular.standard import Standard

KERNELS = ("rbf", "matern")
# Of the variance and noise of a standardised target, and of the length in standardised columns. With less noise, the
# covariances of samples that are nearly twins can't be inverted.
VARIANCES, LENGTHS, NOISES = (1e-3, 1e3), (1e-2, 1e3), (1e-6, 1e1)
# Covariances that are held at once where they are predicted with.
AT_ONCE = 2**23
# Of one of two x86-64 cores, measured.
EVALUATIONS_A_START, EVALUATION_SECONDS, CUBES_A_SECOND = 30, 0.002, 8e9


@dataclass(frozen=True, eq=False)
class GaussianProcess:
    """The mean of a Gaussian process.

    `trained` (t, k) standardised columns of the samples learned from, `dual` (t,) their coefficients; `variance`,
    `length` and `noise` in units of standardised target and columns.
    """

    standard: Standard
    kernel: str
    trained: Floats
    dual: Floats
    variance: float
    length: float
    noise: float

    @property
    def size(self) -> Size:
        """Linear: dual coefficients, one for each sample learned from. Additive: the mean of the target. Nonlinear:
        variance, length and noise."""
        return Size(additive=1, linear=len(self.dual), nonlinear=3)

    def predict(self, features: Floats, tasks: NDArray[np.int64]) -> Floats:
        columns = self.standard.columns(features)
        rows = max(1, AT_ONCE // len(self.trained))
        parts = [self._covariances(columns[i : i + rows]) @ self.dual for i in range(0, len(columns), rows)]
        return finite(self.standard.back(np.concatenate([np.empty(0), *parts])), "the Gaussian process")

    def _covariances(self, columns: Floats) -> Floats:
        """(m, t) with the samples learned from."""
        from scipy.spatial.distance import cdist

        distance = cdist(columns, self.trained) / self.length
        if self.kernel == "rbf":
            return np.asarray(self.variance * np.exp(-np.square(distance) / 2))
        scaled = np.sqrt(5) * distance
        return np.asarray(self.variance * (1 + scaled + np.square(scaled) / 3) * np.exp(-scaled))

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        return {
            **self.standard.arrays(),
            "kernel": np.array(KERNELS.index(self.kernel)),
            "trained": self.trained,
            "dual": self.dual,
            "hyperparameters": np.array([self.variance, self.length, self.noise]),
        }

    def importance(self) -> None:
        return None


def fit(point: Point, samples: Samples, effort: Effort) -> GaussianProcess:
    """For `gaussian-process:kernel`. Raises Paused when it should stop."""
    part = _fewer(point, samples, effort)
    # By all samples: so many means and deviations cost nothing.
    standard, kernel = Standard.of(samples), point.place["kernel"]
    columns = standard.columns(part.features)
    if standard.says_nothing:
        # Any hyperparameters are as likely as others.
        return GaussianProcess(standard, kernel, columns, np.zeros(len(part)), 1.0, 1.0, 1.0)
    fitted = _regressor(point, effort)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        fitted.fit(columns, standard.target(part.target))
    for text in sorted({" ".join(str(warning.message).split()) for warning in said}):
        effort.log(f"{point.name}: {text}")
    variance, length, noise = np.exp(fitted.kernel_.theta).tolist()
    return GaussianProcess(standard, kernel, columns, fitted.alpha_, variance, length, noise)


def _fewer(point: Point, samples: Samples, effort: Effort) -> Samples:
    """The samples, or `most_samples` of them drawn at random, in their order."""
    most = point.options["most_samples"]
    if len(samples) <= most:
        return samples
    effort.log(f"{point.name} learns from {most} of {len(samples)} samples, drawn at random (`most_samples`)")
    drawn = np.random.default_rng(effort.seed).choice(len(samples), most, replace=False)
    return samples.only(np.sort(drawn))


def _regressor(point: Point, effort: Effort) -> Any:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel

    shape = RBF(1.0, LENGTHS) if point.place["kernel"] == "rbf" else Matern(1.0, LENGTHS, nu=2.5)
    return GaussianProcessRegressor(
        ConstantKernel(1.0, VARIANCES) * shape + WhiteKernel(0.1, NOISES),
        optimizer=_optimiser(effort),
        n_restarts_optimizer=point.options["restarts"],
        random_state=effort.seed,
    )


def _optimiser(effort: Effort) -> Callable[[Any, Floats, Floats], tuple[Floats, float]]:
    """That of scikit-learn, which looks between evaluations whether it should stop."""
    from scipy.optimize import minimize

    def minimum(objective: Any, start: Floats, bounds: Floats) -> tuple[Floats, float]:
        def looked(theta: Floats) -> Any:
            if effort.should_stop():
                raise Paused
            return objective(theta)

        found = minimize(looked, start, method="L-BFGS-B", jac=True, bounds=bounds)
        return found.x, found.fun

    return minimum


def restored(arrays: Mapping[str, NDArray[Any]]) -> GaussianProcess:
    variance, length, noise = (float(number) for number in arrays["hyperparameters"])
    return GaussianProcess(
        Standard.restored(arrays),
        KERNELS[int(arrays["kernel"])],
        np.asarray(arrays["trained"]),
        np.asarray(arrays["dual"]),
        variance,
        length,
        noise,
    )


def seconds(point: Point, n: int, p: int) -> float:
    """Of evaluations of the marginal likelihood, each with a factorisation of the covariances of t samples."""
    t, starts = min(n, int(point.options["most_samples"])), 1 + int(point.options["restarts"])
    return EVALUATIONS_A_START * starts * (EVALUATION_SECONDS + t**3 / CUBES_A_SECOND)


def n_bytes(point: Point, n: int, p: int) -> int:
    """Covariances of t samples, their gradients by three hyperparameters, and as much again in passing."""
    t = min(n, int(point.options["most_samples"]))
    return 8 * t * (12 * t + 2 * p)
