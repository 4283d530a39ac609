"""Trees: scikit-learn's predictions to the bit, and nodes counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor

from bigdata.models.tabular import trees
from bigdata.models.tabular.fitted import Effort, Samples
from bigdata.models.tabular.standard import Standard
from tests.models.tabular.tables import of, point, table

SEED = 5


def standardised(samples: Samples) -> tuple[Standard, np.ndarray, np.ndarray]:
    standard = Standard.of(samples)
    return standard, standard.columns(samples.features), standard.target(samples.target)


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize(
    ("kind", "other"),
    [
        (
            "forest",
            RandomForestRegressor(
                7, max_leaf_nodes=12, max_features=0.5, min_samples_leaf=2, random_state=SEED, n_jobs=1
            ),
        ),
        ("tree", DecisionTreeRegressor(max_leaf_nodes=12, min_samples_leaf=2, random_state=SEED)),
        (
            "boosting",
            HistGradientBoostingRegressor(
                learning_rate=0.1, max_iter=7, max_leaf_nodes=6, min_samples_leaf=2, early_stopping=False
            ),
        ),
    ],
)
def test_predictions_are_scikit_learns_to_the_bit(
    kind: str, other: RandomForestRegressor, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples, new = table(150), table(400, seed=1)
    ours = trees.fit(point(kind, min_samples_leaf=2), samples, Effort(SEED))
    standard, columns, target = standardised(samples)
    other.fit(columns, target)
    monkeypatch.setattr(trees, "AT_ONCE", ours.nodes.n_trees * (400 // parts))
    made = ours.standardised(standard.columns(new.features))
    np.testing.assert_array_equal(made, other.predict(standard.columns(new.features)))
    np.testing.assert_array_equal(
        ours.predict(new.features, new.tasks), samples.target.mean() + samples.target.std() * made
    )


def test_a_step_is_one_split_and_two_leaves() -> None:
    # The columns are constant but for the second, at which the target steps between 3 and 4.
    x = np.arange(8.0)
    samples = of(np.column_stack([np.ones(8), x]), np.where(x > 3, 10.0, -2.0))
    model = trees.fit(point("tree"), samples, Effort())
    assert model.predict(np.array([[9.0, 3.4], [9.0, 3.6]]), np.zeros(2, dtype=int)).tolist() == [-2, 10]
    assert (model.size.additive, model.size.linear, model.size.nonlinear) == (2, 0, 1)
    assert model.size.components == {"leaves": 2, "splits": 1, "trees": 1}
    assert model.importance().tolist() == [0, 1]
    scale = model.standard.scales[0]
    assert model.nodes.threshold[0] * scale + model.standard.means[0] == pytest.approx(3.5)


@pytest.mark.parametrize("kind", ["forest", "tree", "boosting"])
def test_a_tree_has_one_leaf_more_than_splits_and_boosting_a_constant(kind: str) -> None:
    size = trees.fit(point(kind), table(), Effort()).size
    leaves, splits, n_trees = (size.components[name] for name in ("leaves", "splits", "trees"))
    assert leaves == splits + n_trees
    assert size.additive == leaves + (kind == "boosting")
    assert size.nonlinear == splits


def test_every_tree_is_counted_by_walking_it() -> None:
    nodes = trees.fit(point("forest"), table(), Effort()).nodes

    def leaves(first: int, node: int) -> int:
        at = first + node
        if nodes.feature[at] < 0:
            return 1
        return leaves(first, nodes.left[at]) + leaves(first, nodes.right[at])

    assert sum(leaves(first, 0) for first in nodes.first[:-1].tolist()) == nodes.n_leaves == 7 * 12


@pytest.mark.parametrize("kind", ["forest", "tree", "boosting"])
def test_importance_is_that_of_scikit_learn_or_of_what_splits_gain(kind: str) -> None:
    samples = table(150)
    ours = trees.fit(point(kind, trees=(1,)) if kind == "boosting" else point(kind), samples, Effort(SEED))
    _, columns, target = standardised(samples)
    other = {
        "forest": RandomForestRegressor(7, max_leaf_nodes=12, max_features=0.5, random_state=SEED),
        "tree": DecisionTreeRegressor(max_leaf_nodes=12, random_state=SEED),
        # One boosted tree of few samples finds the splits of a single tree.
        "boosting": DecisionTreeRegressor(max_leaf_nodes=6, min_samples_leaf=5, random_state=SEED),
    }[kind].fit(columns, target)
    np.testing.assert_allclose(ours.importance(), other.feature_importances_, atol=1e-5)


def test_columns_keep_their_digits_although_trees_are_grown_in_float32() -> None:
    energies = -1e5 + 1e-4 * np.arange(40)
    samples = of(energies[:, None], np.where(np.arange(40) > 17, 1.0, 0.0))
    model = trees.fit(point("tree"), samples, Effort())
    np.testing.assert_allclose(model.predict(samples.features, samples.tasks), samples.target, atol=1e-15)


def test_boosting_has_all_its_trees_also_of_many_samples() -> None:
    # scikit-learn would stop early beyond 10,000 samples.
    samples = table(10_100, 1)
    assert trees.fit(point("boosting", trees=(40,), learning_rate=1.0), samples, Effort()).nodes.n_trees == 40


def test_the_number_of_cores_does_not_change_a_forest() -> None:
    one, two = (trees.fit(point("forest"), table(), Effort(cores=cores)).arrays() for cores in (1, 2))
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])
