"""Points of a class by the number of parameters that they should have, and that they have when fitted."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from bigdata.models.tabular import classes
from bigdata.models.tabular.fitted import Effort
from bigdata.models.tabular.matching import AT_MOST, expected, near
from bigdata.models.tabular.setting import Sisso
from tests.models.tabular.tables import KINDS, point, table

HAS_TENSORFLOW = importlib.util.find_spec("tensorflow") is not None


@pytest.mark.parametrize("kind", ["mean", *(kind for kind in KINDS if HAS_TENSORFLOW or kind != "dense")])
def test_the_number_that_is_expected_is_the_one_that_is_fitted(kind: str) -> None:
    changed = {"dense": {"max_epochs": 1}, "boosting": {"min_samples_leaf": 1}}.get(kind, {})
    for samples, n in product((table(), table(200, 3)), (12, 70)):
        for each in near(point(kind, **changed), n, samples):
            size = classes.fit([each], samples, Effort())[0].size
            # Trees of a few dozen samples may be full before they have all their leaves.
            about = 0.1 if kind in ("forest", "boosting", "tree") else 0
            assert size.n_parameters == pytest.approx(expected(each, samples), rel=about)


@pytest.mark.parametrize("n", [20, 345, 6_000, 1_000_000])
def test_nodes_are_the_best_of_all_for_each_number_of_layers(n: int) -> None:
    samples = table()
    found = near(point("dense", seeds=(0, 1)), n, samples)
    assert len({each.place["layers"] for each in found}) == AT_MOST
    misses = [abs(expected(each, samples) - n) for each in found]
    for each, miss in zip(found, misses, strict=True):
        layers, nodes = each.place["layers"], each.place["nodes"]

        def count(w: int, layers: int = layers) -> int:
            return 2 * (4 * w + w + (layers - 1) * (w * w + w) + w + 1)

        assert miss == abs(count(nodes) - n) == min(abs(count(w) - n) for w in range(1, nodes + 50))


def test_trees_have_no_more_leaves_than_different_samples() -> None:
    samples = table(30).only(np.arange(300) % 30)
    (found,) = near(point("tree"), 10_000, samples)
    assert found.place["max_leaves"] == 30
    assert classes.fit([found], samples, Effort())[0].size.n_parameters == expected(found, samples) == 59
    assert all(each.place["max_leaves"] <= 18 for each in near(point("forest"), 10_000, samples))


def test_options_are_kept_and_the_nearest_come_first() -> None:
    # With so few parameters, no two numbers of trees are close.
    found = near(point("forest", trees=(1,), max_features=0.7), 9, table())
    assert {each.options["max_features"] for each in found} == {0.7}
    assert [(each.name, expected(each, table())) for each in found] == [
        ("forest:1,5", 9),
        ("forest:2,3", 10),
        ("forest:5,2", 15),
    ]


@pytest.mark.parametrize(("trees", "best"), [(1, "forest:1,50"), (20, "forest:20,3"), (7, "forest:7,8")])
def test_of_those_that_are_close_the_one_that_is_built_most_alike_comes_first(trees: int, best: str) -> None:
    samples = table(200)
    found = near(point("forest", trees=(trees,)), 100, samples)
    assert found[0].name == best
    assert abs(expected(found[0], samples) - 100) <= 5
    assert len(found) == AT_MOST


def test_formulas_are_matched_by_dimension() -> None:
    samples = table()
    one = Sisso(rung=(2,), dimension=(1,)).points[-1]
    assert near(one, 4, samples)[0].name == "sisso:2,3"
    assert expected(one, samples) == 2
    assert expected(one, replace(samples, tasks=np.arange(60) % 2)) == 4


def test_a_class_of_one_size_is_matched_by_itself() -> None:
    assert near(point("ridge"), 1000, table()) == [point("ridge")]
    assert near(point("gaussian-process"), 10, table()) == [point("gaussian-process")]
