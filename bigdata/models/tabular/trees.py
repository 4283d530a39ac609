"""Regression trees: single ones, random forests and boosted ones, grown by scikit-learn on standardised columns.

What is kept of them are plain arrays, so that their nodes can be counted and predictions need no library. Trees don't
care for the unit of a column, but scikit-learn grows some of them in float32: standardised, a column of total energies
keeps its digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bigdata.models.tabular.fitted import Effort, Floats, Samples
from bigdata.models.tabular.setting import Point
from bigdata.models.tabular.size import Size
from bigdata.models.tabular.soundness import finite
from bigdata.models.tabular.standard import Standard

Ints = NDArray[np.int32]
# Places of samples in trees that are followed at once.
AT_ONCE = 2**17
# Of one of two x86-64 cores, measured: for each tree and each comparison while samples are sorted; and where they are
# sorted into bins once, for each sample and column of bins and of a level, and for each node.
TREE_SECONDS, SORT_SECONDS = 1e-3, 3e-9
BIN_SECONDS, PASS_SECONDS, NODE_SECONDS = 2e-7, 1.3e-9, 3e-5


@dataclass(frozen=True, eq=False)
class Nodes:
    """The nodes of some trees, one tree after the other.

    `first` (T + 1,) int64 where each tree begins, with its root. Of each node: `feature` (N,) int32, the column that
    it compares, -1 for leaves; `threshold` (N,) float64: samples that aren't larger go `left` (N,) int32, others
    `right` (N,), both counted from the tree's root, themselves for leaves; `value` (N,) or (N, k) float64, of leaves.
    """

    NAMES: ClassVar[tuple[str, ...]] = ("first", "feature", "left", "right", "threshold", "value")

    first: NDArray[np.int64]
    feature: Ints
    left: Ints
    right: Ints
    threshold: Floats
    value: Floats

    @classmethod
    def joined(cls, trees: Iterable[Nodes]) -> Nodes:
        every = list(trees)
        sizes = [len(tree.feature) for tree in every]
        rest = (np.concatenate([getattr(tree, name) for tree in every]) for name in cls.NAMES[1:])
        return cls(np.cumsum([0, *sizes]), *rest)

    @property
    def n_trees(self) -> int:
        return len(self.first) - 1

    @property
    def n_leaves(self) -> int:
        return int(np.count_nonzero(self.feature < 0))

    @property
    def n_splits(self) -> int:
        return len(self.feature) - self.n_leaves

    def sums(self, columns: NDArray[Any], start: float = 0.0) -> Floats:
        """(m,) or (m, k) float64, `start` and the values of the leaves of all trees, for columns (m, c).

        Added tree by tree, in the order in which scikit-learn adds them: to the same bits.
        """
        rows = max(1, AT_ONCE // self.n_trees)
        parts = [self._sums(columns[i : i + rows], start) for i in range(0, len(columns), rows)]
        return np.concatenate([np.empty((0, *self.value.shape[1:])), *parts])

    def _sums(self, columns: NDArray[Any], start: float) -> Floats:
        total = np.full((len(columns), *self.value.shape[1:]), start)
        for values in self.value[self._leaves(columns)]:
            total += values
        return total

    def _leaves(self, columns: NDArray[Any]) -> NDArray[np.int64]:
        """(T, m) the leaf of each tree that each sample comes to."""
        root = self.first[:-1, None]
        at = np.broadcast_to(root, (self.n_trees, len(columns)))
        rows = np.arange(len(columns))
        while True:
            feature = self.feature[at]
            if (feature < 0).all():
                return at
            # A leaf's -1 indexes the last column, which does no harm: both its ways lead to itself.
            goes_left = columns[rows, feature] <= self.threshold[at]
            at = root + np.where(goes_left, self.left[at], self.right[at])

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {name: getattr(self, name) for name in self.NAMES}

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]]) -> Nodes:
        return cls(*(np.asarray(arrays[name]) for name in cls.NAMES))


@dataclass(frozen=True, eq=False)
class Trees:
    """Trees whose leaves are averaged, or, boosted, added to the `constant` that they began with.

    `matters` (k,) is the importance of the columns that vary: how much splits along them lower the mean of squares.
    """

    standard: Standard
    nodes: Nodes
    matters: Floats
    constant: float | None

    @property
    def size(self) -> Size:
        """Additive: values of leaves, and the constant of boosting. Nonlinear: thresholds, one for each split.

        Which column a split looks at is structure, not a parameter.
        """
        nodes = self.nodes
        components = {"leaves": nodes.n_leaves, "splits": nodes.n_splits, "trees": nodes.n_trees}
        additive = nodes.n_leaves + (self.constant is not None)
        return Size(additive=additive, linear=0, nonlinear=nodes.n_splits, components=components)

    def predict(self, features: Floats, tasks: NDArray[np.int64]) -> Floats:
        columns = self.standard.columns(features)
        return finite(self.standard.back(self.standardised(columns)), "the model of trees")

    def standardised(self, columns: Floats) -> Floats:
        """(m,) as scikit-learn predicts it from standardised columns (m, k)."""
        if self.constant is not None:
            return self.nodes.sums(columns, self.constant)
        # The averaged trees are grown, and compare, in float32: what is too large for it is beyond all thresholds.
        with np.errstate(over="ignore"):
            return self.nodes.sums(columns.astype(np.float32)) / self.nodes.n_trees

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        constant = np.nan if self.constant is None else self.constant
        own = {"matters": self.matters, "constant": np.array(constant)}
        return {**self.standard.arrays(), **self.nodes.arrays(), **own}

    def importance(self) -> Floats | None:
        return self.standard.spread(self.matters)


def fit(point: Point, samples: Samples, effort: Effort) -> Trees:
    """For `forest:trees,leaves`, `tree:leaves` or `boosting:trees,leaves`."""
    standard = Standard.of(samples)
    columns, target = standard.columns(samples.features), standard.target(samples.target)
    grown = estimator(point, effort).fit(columns, target)
    if point.kind == "boosting":
        return _boosted(standard, grown)
    members = grown.estimators_ if point.kind == "forest" else [grown]
    nodes = Nodes.joined(nodes_of(member, member.tree_.value[:, 0, 0]) for member in members)
    return Trees(standard, nodes, grown.feature_importances_, None)


def estimator(point: Point, effort: Effort, of_classes: bool = False) -> Any:
    """What scikit-learn grows trees of a point with, for numbers or for classes."""
    from sklearn import ensemble, tree

    options: dict[str, Any] = {
        "max_leaf_nodes": point.place["max_leaves"],
        "min_samples_leaf": int(point.options["min_samples_leaf"]),
        "random_state": effort.seed,
    }
    if point.kind == "tree":
        return (tree.DecisionTreeClassifier if of_classes else tree.DecisionTreeRegressor)(**options)
    if point.kind == "forest":
        forest = ensemble.RandomForestClassifier if of_classes else ensemble.RandomForestRegressor
        share = float(point.options["max_features"])
        return forest(point.place["trees"], max_features=share, n_jobs=effort.cores, **options)
    boosting = ensemble.HistGradientBoostingClassifier if of_classes else ensemble.HistGradientBoostingRegressor
    rate, n_trees = float(point.options["learning_rate"]), point.place["trees"]
    # By itself it stops early for many samples, by a part that knows no groups, and has fewer trees than asked for.
    return boosting(learning_rate=rate, max_iter=n_trees, early_stopping=False, **options)


def nodes_of(estimator: Any, value: Floats) -> Nodes:
    """Of a tree that scikit-learn grew in float32, with the values (N,) or (N, k) of its nodes."""
    tree = estimator.tree_
    is_leaf = tree.children_left < 0
    return _made(is_leaf, tree.feature, tree.children_left, tree.children_right, tree.threshold, value)


def _made(is_leaf: NDArray[np.bool_], feature: Any, left: Any, right: Any, threshold: Any, value: Any) -> Nodes:
    """One tree of arrays that may hold anything where leaves and splits have no such thing."""
    here = np.arange(len(is_leaf))

    def ways(children: Any) -> Ints:
        return np.where(is_leaf, here, children).astype(np.int32)

    return Nodes(
        np.array([0, len(is_leaf)]),
        np.where(is_leaf, -1, feature).astype(np.int32),
        ways(left),
        ways(right),
        np.where(is_leaf, 0.0, threshold),
        np.where(is_leaf if value.ndim == 1 else is_leaf[:, None], value, 0.0),
    )


def _boosted(standard: Standard, grown: Any) -> Trees:
    """Boosted trees are public in predictions alone; the arrays are checked against these in the tests."""
    trees = [predictor.nodes for (predictor,) in grown._predictors]
    constant = float(np.squeeze(grown._baseline_prediction))
    return Trees(standard, Nodes.joined(boosted_nodes(trees)), gains(trees, len(standard.kept)), constant)


def gains(trees: Iterable[Any], n_columns: int) -> Floats:
    """(n_columns,) what the splits of boosted trees gain along each column."""
    found = np.zeros(n_columns)
    for nodes in trees:
        splits = nodes[nodes["is_leaf"] == 0]
        np.add.at(found, splits["feature_idx"], splits["gain"])
    return found


def boosted_nodes(trees: Iterable[Any]) -> Iterator[Nodes]:
    """Their leaves hold the learning rate already."""
    for nodes in trees:
        names = ("feature_idx", "left", "right", "num_threshold", "value")
        yield _made(nodes["is_leaf"] == 1, *(nodes[name] for name in names))


def restored(arrays: Mapping[str, NDArray[Any]]) -> Trees:
    constant = float(arrays["constant"])
    return Trees(
        Standard.restored(arrays),
        Nodes.restored(arrays),
        np.asarray(arrays["matters"]),
        None if np.isnan(constant) else constant,
    )


def seconds(point: Point, n: int, p: int) -> float:
    """Of growing. Averaged trees sort the samples of each node along the columns that a split looks at; boosted ones
    sort once, and each tree then passes over the samples."""
    trees, leaves = point.place.get("trees", 1), point.place["max_leaves"]
    depth = np.log2(min(leaves, n) + 1)
    if point.kind == "boosting":
        each = PASS_SECONDS * n * p * depth + NODE_SECONDS * min(leaves, n)
        return float(BIN_SECONDS * n * p + trees * each)
    share = point.options.get("max_features", 1.0)
    return float(trees * (TREE_SECONDS + SORT_SECONDS * n * np.log2(n + 2) * max(1.0, share * p) * depth))


def n_bytes(point: Point, n: int, p: int) -> int:
    """Columns in float64 and float32, and the nodes of all trees as scikit-learn has them and as arrays."""
    trees, leaves = int(point.place.get("trees", 1)), int(point.place["max_leaves"])
    return 20 * n * p + 160 * trees * 2 * min(leaves, n)
