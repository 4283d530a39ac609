"""Models that tell classes apart: scikit-learn's predictions to the bit, forward passes by hand, and odd tables."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from bigdata.models.tabular import class_trees, classes
from bigdata.models.tabular.class_dense import ClassDense
from bigdata.models.tabular.class_trees import ClassTrees
from bigdata.models.tabular.fitted import Effort, Fitted, Samples
from bigdata.models.tabular.matching import expected, near
from bigdata.models.tabular.separations import Separated
from bigdata.models.tabular.setting import Point, Sisso
from bigdata.models.tabular.standard import Standard
from tests.models.tabular.tables import of, point, table

HAS_TENSORFLOW = importlib.util.find_spec("tensorflow") is not None
SEED = 5
LABELS = ("a", "b", "c", "d")
KINDS = [
    pytest.param(kind, marks=[] if HAS_TENSORFLOW or kind != "dense" else pytest.mark.skip("no extra `networks`"))
    for kind in ("mean", "forest", "tree", "boosting", "dense", "sisso")
]
every_class = pytest.mark.parametrize("kind", KINDS)


def labelled(n: int = 150, n_labels: int = 3, seed: int = 0, noise: float = 0.003) -> Samples:
    """Classes 1, 2, … of which no sample has the first, told by a ratio and some noise."""
    samples = table(n, seed=seed)
    ratio = samples.features[:, 0] / (1000 + samples.features[:, 1])
    ends = np.quantile(ratio, np.arange(1, n_labels) / n_labels)
    noisy = ratio * np.exp(noise * np.random.default_rng(seed).standard_normal(n))
    return replace(samples, target=1.0 + np.digitize(noisy, ends), labels=LABELS)


def asked(kind: str) -> Point:
    if kind == "sisso":
        return Sisso(rung=(1,), dimension=(2,), operators=("+", "/"), features_per_dimension=5, near=3).points[-1]
    return point(kind)


def fitted(kind: str, samples: Samples) -> Fitted:
    return classes.fit([asked(kind)], samples, Effort(SEED))[0]


def predicted(model: Fitted, samples: Samples) -> np.ndarray:
    return model.predict(samples.features, samples.tasks)


@pytest.mark.parametrize("n_labels", [2, 3])
@pytest.mark.parametrize(
    ("kind", "other"),
    [
        ("forest", RandomForestClassifier(7, max_leaf_nodes=12, max_features=0.5, random_state=SEED, n_jobs=1)),
        ("tree", DecisionTreeClassifier(max_leaf_nodes=12, random_state=SEED)),
        (
            "boosting",
            HistGradientBoostingClassifier(
                learning_rate=0.1, max_iter=7, max_leaf_nodes=6, min_samples_leaf=5, early_stopping=False
            ),
        ),
    ],
)
def test_trees_say_what_scikit_learn_says_to_the_bit(kind: str, other: RandomForestClassifier, n_labels: int) -> None:
    samples, new = labelled(n_labels=n_labels), labelled(300, seed=1)
    model = fitted(kind, samples)
    assert isinstance(model, ClassTrees)
    standard = Standard.of(samples)
    other.fit(standard.columns(samples.features), samples.target)
    columns = standard.columns(new.features)
    np.testing.assert_array_equal(predicted(model, new), other.predict(columns))
    scores = model.scores(columns)
    if kind == "boosting":
        theirs = other.decision_function(columns)
        np.testing.assert_array_equal(scores, theirs[:, None] if n_labels == 2 else theirs)
    else:
        np.testing.assert_array_equal(scores, other.predict_proba(columns))


@pytest.mark.parametrize(("n_labels", "counts"), [(2, (2, 0, 1)), (3, (6, 0, 2))])
def test_a_step_has_a_value_less_than_classes_in_each_leaf(n_labels: int, counts: tuple[int, int, int]) -> None:
    x = np.arange(12.0)
    samples = replace(of(x[:, None], np.floor(x / 12 * n_labels)), labels=LABELS)
    size = fitted("tree", samples).size
    assert (size.additive, size.linear, size.nonlinear) == counts


def test_boosting_has_a_tree_for_each_of_several_classes_and_a_constant() -> None:
    for n_labels, n_functions in ((2, 1), (3, 3)):
        size = fitted("boosting", labelled(n_labels=n_labels)).size
        assert size.components["trees"] == 7 * n_functions
        assert size.additive == size.components["leaves"] + n_functions
        assert size.components["leaves"] == size.components["splits"] + size.components["trees"]


@pytest.mark.skipif(not HAS_TENSORFLOW, reason="the extra `networks` isn't installed")
def test_a_network_is_its_forward_pass_and_softmax_by_hand() -> None:
    samples = labelled()
    model = classes.fit([point("dense", seeds=(0, 1), max_epochs=60)], samples, Effort(SEED))[0]
    assert isinstance(model, ClassDense)
    x, shares = model.standard.columns(samples.features), np.zeros((150, 3))
    for theta in model.thetas.astype(float):
        w1, w2, w3, b1, b2, b3 = np.split(theta, np.cumsum([4 * 8, 8 * 8, 8 * 2, 8, 8]))
        hidden = np.maximum(np.maximum(x @ w1.reshape(4, 8) + b1, 0) @ w2.reshape(8, 8) + b2, 0)
        powers = np.exp(np.column_stack((np.zeros(150), hidden @ w3.reshape(8, 2) + b3)))
        shares += powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_array_equal(predicted(model, samples), 1 + np.argmax(shares, axis=1))
    assert (model.size.additive, model.size.linear) == (2 * 18, 2 * (32 + 64 + 16))
    assert (predicted(model, samples) == samples.target).mean() > 0.7


@every_class
def test_a_restored_model_predicts_the_same(kind: str) -> None:
    samples = labelled()
    model = fitted(kind, samples)
    stored = {name: np.array(array.tolist(), array.dtype) for name, array in model.arrays().items()}
    again = classes.restored(asked(kind), stored, samples.names, samples.units, LABELS)
    np.testing.assert_array_equal(predicted(again, samples), predicted(model, samples))
    assert again.size == model.size
    np.testing.assert_equal(again.importance(), model.importance())


@every_class
def test_a_single_class_is_all_that_is_predicted(kind: str) -> None:
    samples = replace(labelled(), target=np.full(150, 2.0))
    model = fitted(kind, samples)
    assert (predicted(model, samples) == 2).all()
    assert model.size.n_parameters == 1


@every_class
@pytest.mark.parametrize(
    "samples",
    [
        pytest.param(labelled(3), id="three samples"),
        pytest.param(labelled(1), id="one sample"),
        pytest.param(labelled(40, 2), id="two classes"),
        pytest.param(replace(labelled(), groups=np.zeros(150, dtype=np.int64)), id="a single group"),
        pytest.param(labelled(20).only(np.repeat(np.arange(4), 9)), id="duplicate rows"),
    ],
)
def test_only_classes_that_were_seen_are_predicted(kind: str, samples: Samples) -> None:
    model = fitted(kind, samples)
    assert set(predicted(model, samples)) <= set(samples.target)
    assert predicted(model, samples.only(np.array([], dtype=int))).shape == (0,)


@every_class
def test_constant_columns_give_the_most_frequent_class(kind: str) -> None:
    samples = labelled()
    flat = replace(samples, features=np.ones_like(samples.features), target=np.where(samples.target == 2, 2.0, 3.0))
    model = fitted(kind, flat)
    assert (predicted(model, flat) == 3).all()
    if isinstance(model, Separated):
        assert model.overlapping(flat, flat).all()
        n_wrong = (flat.target == 2).sum()
        assert model.text() == f"d everywhere (150 of 150 samples overlap, {n_wrong} on the wrong side)"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.values[0] != "mean"])
@pytest.mark.parametrize("n_labels", [2, 3])
def test_the_number_that_is_expected_is_the_one_that_is_fitted(kind: str, n_labels: int) -> None:
    # Trees of classes that can be told apart well are pure before they have all their leaves.
    samples = labelled(200, n_labels, noise=0.01)
    changed = {"dense": {"max_epochs": 1}, "boosting": {"min_samples_leaf": 1}}.get(kind, {})
    begin = asked(kind) if kind == "sisso" else point(kind, **changed)
    for each in near(begin, 60, samples):
        size = classes.fit([each], samples, Effort())[0].size
        about = 0.1 if kind in ("forest", "boosting", "tree") else 0
        assert size.n_parameters == pytest.approx(expected(each, samples), rel=about)


def test_a_plan_counts_the_trees_of_all_classes() -> None:
    for kind, factor in (("boosting", 5), ("forest", 1)):
        few, many = (classes.seconds(point(kind), 500, ("1",) * 4, n) for n in (2, 5))
        assert many == pytest.approx(factor * few)
        assert class_trees.more_bytes(point(kind), 500, 5) == 4 * class_trees.more_bytes(point(kind), 500, 2) > 0


def test_formulas_in_words_latex_and_python() -> None:
    model = fitted("sisso", labelled(n_labels=2))
    assert isinstance(model, Separated)
    found = model.found
    assert model.text().startswith("c where ")
    assert f" > 0, else b ({found.n_overlapping} of 150 samples overlap, {found.n_wrong} on" in model.text()
    assert model.latex().count(r"\mathrm{b}") == 1
    space: dict[str, object] = {}
    exec(model.python("f"), space)
    columns = dict(zip(("c0", "c1", "c2", "c3"), labelled().features.T, strict=True))
    made = space["f"](*(columns[name] for name in space["f"].__code__.co_varnames[: space["f"].__code__.co_argcount]))  # type: ignore[operator,attr-defined]
    assert made.tolist() == [LABELS[int(code)] for code in predicted(model, labelled())]
