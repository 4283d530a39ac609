"""The best subsets are those that least squares of all subsets find, compiled or not, in any number of tasks."""

from __future__ import annotations

import itertools
from unittest import mock

import numpy as np
import pytest
from numpy.typing import NDArray

from bigdata.models.sisso import kernel
from bigdata.models.sisso.subsets import Gram, leading
from tests.models.sisso.brute import best_subset

Floats = NDArray[np.float64]
NO_KERNEL = "the compiled kernel isn't built here, or BIGDATA_NO_KERNEL=1"


def features(m: int, n_tasks: int = 1) -> tuple[Floats, Floats]:
    """(T, m, 30) and (T, 30), correlated, with a pair of equal features and one that is constant in the first task."""
    rng = np.random.default_rng(m)
    values = rng.standard_normal((n_tasks, m, 30)) + rng.standard_normal((n_tasks, 1, 30))
    values[:, 4] = 2 * values[:, 1] + 3
    if n_tasks > 1:
        values[0, 2] = 1.0
    target = values[:, 0] + values[:, 3] * 0.5 - values[:, 5] + 0.5 * rng.standard_normal((n_tasks, 30))
    return values, target


def gram(values: Floats, target: Floats) -> Gram:
    centred = values - values.mean(axis=2, keepdims=True)
    norms = np.linalg.norm(centred, axis=2, keepdims=True)
    z = centred / np.where(norms > 1e-9, norms, 1.0)
    y = target - target.mean(axis=1, keepdims=True)
    y = y / np.linalg.norm(y)
    return Gram(np.ascontiguousarray(z @ z.transpose(0, 2, 1)), np.ascontiguousarray((z @ y[..., None])[..., 0]))


@pytest.mark.parametrize("dimension", [1, 2, 3, 4])
def test_the_best_subset_has_the_least_error(dimension: int) -> None:
    values, target = features(9)
    found = leading(gram(values, target), dimension, 5)
    error, _ = best_subset(values[0], target[0], dimension)
    design = np.column_stack((np.ones(30), *values[0][found[0]]))
    left = target[0] - design @ np.linalg.lstsq(design, target[0], rcond=None)[0]
    assert np.sqrt(np.mean(left**2)) == pytest.approx(error, rel=1e-9)


@pytest.mark.parametrize("dimension", [2, 3])
def test_tasks_share_the_subset_alone(dimension: int) -> None:
    values, target = features(8, n_tasks=2)

    def error(rows: tuple[int, ...]) -> float:
        squares = 0.0
        for x, y in zip(values, target, strict=True):
            design = np.column_stack((np.ones(30), *x[list(rows)]))
            squares += float(np.sum((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]) ** 2))
        return squares

    best = min(itertools.combinations(range(8), dimension), key=error)
    assert error(tuple(leading(gram(values, target), dimension, 5)[0])) == pytest.approx(error(best), rel=1e-9)


def test_a_subset_whose_features_depend_on_each_other_is_left_out() -> None:
    found = leading(gram(*features(8)), 2, 100)
    assert len(found) == 8 * 7 // 2 - 1
    assert [1, 4] not in found.tolist()


@pytest.mark.skipif(kernel.path() == "numpy", reason=NO_KERNEL)
@pytest.mark.parametrize("n_tasks", [1, 2, 9])
def test_compiled_or_not_triples_are_the_same_in_every_bit(n_tasks: int) -> None:
    problem = gram(*features(20, n_tasks))
    for row, keep in itertools.product((0, 1, 2, 17, 18, 19), (1, 20, 500)):
        compiled = kernel.triples(problem.products, problem.targets, row, -1.0, keep)
        with mock.patch.object(kernel, "_compiled", False):
            plain = kernel.triples(problem.products, problem.targets, row, -1.0, keep)
        np.testing.assert_array_equal(compiled[0], plain[0])
        np.testing.assert_array_equal(compiled[1], plain[1])


@pytest.mark.skipif(kernel.path() == "numpy", reason=NO_KERNEL)
@pytest.mark.parametrize("n", [1, 15, 16, 33])
def test_compiled_or_not_sums_of_differences_agree(n: int) -> None:
    rng = np.random.default_rng(n)
    a, b, r = (rng.standard_normal((m, n)).astype(np.float32) for m in (3, 5, 2))
    wanted = rng.integers(0, 2, (3, 5)).astype(bool)
    found = kernel.differences(a, b, r, wanted)
    exact = np.where(wanted[..., None], np.abs(a[:, None].astype(float) - b), 0.0)
    for sums, expected in zip(
        found, (exact.sum(2), (exact**2).sum(2), np.einsum("ijn,rn->rij", exact, r)), strict=True
    ):
        np.testing.assert_allclose(sums, expected, atol=1e-5)
