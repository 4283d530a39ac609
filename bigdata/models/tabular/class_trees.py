"""Classification trees: single ones, random forests and boosted ones, grown by scikit-learn on standardised columns.

Kept as the regression trees are (see `trees`), to the same predictions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.scores import codes_of
from bigdata.models.tabular.fitted import Effort, Floats, Samples
from bigdata.models.tabular.setting import Point
from bigdata.models.tabular.size import Size
from bigdata.models.tabular.standard import Standard
from bigdata.models.tabular.trees import Nodes, boosted_nodes, estimator, gains, n_bytes, nodes_of


@dataclass(frozen=True, eq=False)
class ClassTrees:
    """Trees that give scores to classes, of which the highest is predicted.

    `codes` (k,) int64 are the classes that there were samples of. Averaged trees are one of the `parts`, whose leaves
    hold the shares (k,) of the classes. Boosted ones are a part for each class, or of two classes for the second alone,
    whose leaves are added to `constants`, one for each part.
    """

    standard: Standard
    codes: NDArray[np.int64]
    parts: tuple[Nodes, ...]
    matters: Floats
    constants: Floats | None

    @property
    def size(self) -> Size:
        """Nonlinear: thresholds, one for each split. Additive: of averaged trees, k - 1 values of each leaf, since its
        shares of k classes have the sum 1; of boosted trees, one value of each leaf and the constants. A model that
        knows one class alone is one additive constant."""
        leaves, splits, trees = (sum(getattr(part, f"n_{of}") for part in self.parts) for of in _COUNTED)
        of_leaves = leaves * (len(self.codes) - 1) if self.constants is None else leaves + len(self.constants)
        components = {"leaves": leaves, "splits": splits, "trees": trees}
        return Size(additive=max(1, of_leaves), linear=0, nonlinear=splits, components=components)

    def predict(self, features: Floats, tasks: NDArray[np.int64]) -> Floats:
        return codes_of(self.scores(self.standard.columns(features)), self.codes)

    def scores(self, columns: Floats) -> Floats:
        """(m, k) from standardised columns (m, c); (m, k - 1) where they are relative to the first class."""
        if self.constants is not None:
            added = [part.sums(columns, start) for part, start in zip(self.parts, self.constants, strict=True)]
            return np.stack(added, axis=1) if added else np.empty((len(columns), 0))
        with np.errstate(over="ignore"):
            return self.parts[0].sums(columns.astype(np.float32)) / self.parts[0].n_trees

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        parts = {f"{name}_{i}": value for i, part in enumerate(self.parts) for name, value in part.arrays().items()}
        constants = {} if self.constants is None else {"constants": self.constants}
        return {**self.standard.arrays(), "codes": self.codes, "matters": self.matters, **parts, **constants}

    def importance(self) -> Floats | None:
        return self.standard.spread(self.matters)


_COUNTED = ("leaves", "splits", "trees")


def functions(point: Point, n_labels: int) -> int:
    """For how many functions trees are grown: boosting has one for each of several classes."""
    return n_labels if point.kind == "boosting" and n_labels > 2 else 1


def more_bytes(point: Point, n: int, n_labels: int) -> int:
    """What nodes hold beside those for numbers: values of each class, or nodes of its own."""
    return max(0, n_labels - 1) * n_bytes(point, n, 0) if "max_leaves" in point.place else 0


def fit(point: Point, samples: Samples, effort: Effort) -> ClassTrees:
    """For `forest:trees,leaves`, `tree:leaves` or `boosting:trees,leaves`."""
    standard = Standard.of(samples)
    columns, codes = standard.columns(samples.features), np.unique(samples.target).astype(np.int64)
    if point.kind == "boosting":
        return _boosted(point, standard, codes, columns, samples.target, effort)
    grown = estimator(point, effort, of_classes=True).fit(columns, samples.target)
    members = grown.estimators_ if point.kind == "forest" else [grown]
    nodes = Nodes.joined(nodes_of(member, member.tree_.value[:, 0, :]) for member in members)
    return ClassTrees(standard, codes, (nodes,), grown.feature_importances_, None)


def _boosted(
    point: Point, standard: Standard, codes: NDArray[np.int64], columns: Floats, target: Floats, effort: Effort
) -> ClassTrees:
    if len(codes) == 1:
        return ClassTrees(standard, codes, (), np.zeros(len(standard.kept)), np.empty(0))
    grown = estimator(point, effort, of_classes=True).fit(columns, target)
    trees = [[predictor.nodes for predictor in of_class] for of_class in zip(*grown._predictors, strict=True)]
    parts = tuple(Nodes.joined(boosted_nodes(of_class)) for of_class in trees)
    matters = sum((gains(of_class, len(standard.kept)) for of_class in trees), np.zeros(len(standard.kept)))
    return ClassTrees(standard, codes, parts, matters, np.ravel(grown._baseline_prediction))


def restored(arrays: Mapping[str, NDArray[Any]]) -> ClassTrees:
    n_parts = sum(name.startswith("first_") for name in arrays)
    parts = ({name: arrays[f"{name}_{i}"] for name in Nodes.NAMES} for i in range(n_parts))
    return ClassTrees(
        Standard.restored(arrays),
        np.asarray(arrays["codes"]),
        tuple(map(Nodes.restored, parts)),
        np.asarray(arrays["matters"]),
        np.asarray(arrays["constants"]) if "constants" in arrays else None,
    )
