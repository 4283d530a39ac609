"""Gaussian processes: scikit-learn's predictions, and the equations."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel

from bigdata.models.tabular import gaussian_process
from bigdata.models.tabular.fitted import Effort
from bigdata.models.tabular.standard import Standard
from tests.models.tabular.tables import point, table


@pytest.mark.parametrize("kernel", ["rbf", "matern"])
def test_predictions_are_scikit_learns(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    samples, new = table(), table(30, seed=1)
    ours = gaussian_process.fit(point("gaussian-process", kernel=(kernel,)), samples, Effort())
    shape = RBF(ours.length) if kernel == "rbf" else Matern(ours.length, nu=2.5)
    other = GaussianProcessRegressor(ConstantKernel(ours.variance) * shape + WhiteKernel(ours.noise), optimizer=None)
    standard = Standard.of(samples)
    other.fit(standard.columns(samples.features), standard.target(samples.target))
    made = other.predict(standard.columns(new.features))
    monkeypatch.setattr(gaussian_process, "AT_ONCE", 7 * 60)
    np.testing.assert_allclose(
        ours.predict(new.features, new.tasks), standard.back(made), rtol=1e-10, atol=1e-10 * samples.target.std()
    )


def test_hyperparameters_are_more_likely_than_those_around() -> None:
    samples = table()
    ours = gaussian_process.fit(point("gaussian-process"), samples, Effort())
    standard = Standard.of(samples)
    x, y = standard.columns(samples.features), standard.target(samples.target)

    def likelihood(variance: float, length: float, noise: float) -> float:
        distances = ((x[:, None] - x) ** 2).sum(axis=2)
        k = variance * np.exp(-distances / length**2 / 2) + (noise + 1e-10) * np.eye(len(y))
        return float(-y @ np.linalg.solve(k, y) / 2 - np.linalg.slogdet(k)[1] / 2)

    found = np.array([ours.variance, ours.length, ours.noise])
    for k in range(3):
        for factor in (0.8, 1.25):
            assert likelihood(*np.where(np.arange(3) == k, factor * found, found)) < likelihood(*found)


def test_size_is_a_coefficient_for_each_sample_the_mean_and_three_hyperparameters() -> None:
    size = gaussian_process.fit(point("gaussian-process"), table(), Effort()).size
    assert (size.additive, size.linear, size.nonlinear) == (1, 60, 3)


def test_samples_that_are_left_out_are_logged() -> None:
    said: list[str] = []
    model = gaussian_process.fit(point("gaussian-process", most_samples=20), table(), Effort(log=said.append))
    assert model.size.linear == 20
    assert said[0] == ("gaussian-process:rbf learns from 20 of 60 samples, drawn at random (`most_samples`)")
    trained = model.trained * model.standard.scales + model.standard.means
    distance = np.abs(trained[:, None] - table().features).max(axis=2)
    assert len(set(distance.argmin(axis=1).tolist())) == 20
    assert distance.min(axis=1).max() < 1e-8
