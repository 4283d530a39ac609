"""The results of a cluster expansion in the words of its report and of predictions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import SiteError, StudyResults
from bigdata.lattices.clusters import ClusterSpace
from bigdata.lattices.mapped import DISPLACED, DISTORTED, doubt
from bigdata.studies.cluster_expansion.folds import equal_rows
from bigdata.studies.cluster_expansion.model import ClusterExpansion
from bigdata.studies.cluster_expansion.space import stored_space
from bigdata.studies.cluster_expansion.stages import open_entries
from bigdata.studies.materials.entries import Entries

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Expansion:
    """A fitted model: value = intercept + Σ coefficient · feature, each feature a product of cluster correlations.

    `factors` (k, degree) int64, the clusters of each feature, -1 where it has no further factor; `coefficients` (k,)
    in `unit`.
    """

    degree: int
    factors: NDArray[np.int64]
    coefficients: Floats
    intercept: float
    unit: str

    @property
    def size(self) -> int:
        return len(self.coefficients)

    def predict(self, correlation: Floats) -> Floats:
        """(m,) values for (m, p) correlations."""
        # A column of ones stands for factors that a feature doesn't have: index -1.
        extended = np.concatenate([correlation, np.ones((len(correlation), 1))], axis=1)
        return np.asarray(extended[:, self.factors].prod(axis=2) @ self.coefficients + self.intercept)


class Results(StudyResults[ClusterExpansion]):
    """What the report of a cluster expansion, and its predictions, speak of."""

    @property
    def degrees(self) -> list[int]:
        return list(self.model.features)

    def read(self, name: str) -> NDArray[np.generic]:
        return self.view[name][...]

    @cached_property
    def space(self) -> ClusterSpace:
        return stored_space(self.model, self.read)

    @cached_property
    def used(self) -> NDArray[np.intp]:
        """Numbers of the structures that are mapped."""
        return np.flatnonzero(self.view["used"][...])

    @cached_property
    def unmapped(self) -> NDArray[np.intp]:
        return np.flatnonzero(self.view["n_cells"][...] == 0)

    @cached_property
    def n_distinct(self) -> int:
        """How many different rows of correlations the structures have."""
        return int(equal_rows(self.view["correlation"][...][self.used]).max()) + 1

    @cached_property
    def doubts(self) -> list[tuple[int, str]]:
        """The structures used that may be another decoration than they are taken for, and why, the farthest first."""
        view = self.view
        n_cells, distortion, displacement = (view[name][...] for name in ("n_cells", "distortion", "displacement"))
        rivals = view["rival_cells"][...] if "rival_cells" in view else np.zeros_like(n_cells)
        reasons = list(map(doubt, *(array.tolist() for array in (n_cells, rivals, distortion, displacement))))
        far = np.maximum(distortion / DISTORTED, displacement / DISPLACED)
        return [(int(i), reasons[i]) for i in self.used[np.argsort(-far[self.used], kind="stable")] if reasons[i]]

    @cached_property
    def target(self) -> Floats:
        return self.view["target"][...][self.used]

    @property
    def unit(self) -> str:
        unit = self.view["target"].units
        return "" if unit == "1" else unit

    @property
    def quantity(self) -> str:
        return self.model.target.quantity or self.model.target.field.replace("_", " ")

    @cached_property
    def rmse(self) -> Floats:
        """(degrees, sizes) errors of the fits."""
        return self.view["rmse"][...]

    @cached_property
    def cv_rmse(self) -> Floats:
        """(degrees, sizes) errors of structures left out."""
        return self.view["cv_rmse"][...]

    @cached_property
    def sizes(self) -> list[int]:
        """Each degree's recommended number of features."""
        return [int(n) for n in self.view["recommended_size"][...]]

    @cached_property
    def best(self) -> int:
        """The place of the degree whose recommended model has the least error on structures left out."""
        return int(np.argmin([self.cv_rmse[d, n - 1] for d, n in enumerate(self.sizes)]))

    @cached_property
    def bound(self) -> NDArray[np.bool_]:
        """Which of the structures used have their target at the bound."""
        bound = self.model.target.bound
        return np.zeros(len(self.target), bool) if bound is None else self.target <= bound

    def expansion(self, place: int, size: int | None = None) -> Expansion:
        """The model of a degree, by its place among the study's, of the recommended size unless another is given."""
        row = (place, (size or self.sizes[place]) - 1)
        coefficient = self.view["coefficient"][row]
        # NaN, of a size without a model, would count as a coefficient.
        steps = np.flatnonzero(np.nan_to_num(coefficient))
        factors = self.view["factor"][place][steps].astype(np.int64)[:, : self.degrees[place]]
        intercept = float(self.view["intercept"][row])
        return Expansion(self.degrees[place], factors, coefficient[steps], intercept, self.unit)

    def steps(self, place: int, size: int | None = None) -> NDArray[np.intp]:
        """The steps whose features are in that model."""
        return np.flatnonzero(np.nan_to_num(self.view["coefficient"][place, (size or self.sizes[place]) - 1]))

    @property
    def interactions_are(self) -> str:
        """What `interactions` holds, in words."""
        of = "in the standard expansion" if 1 in self.degrees else "by itself in the best expansion"
        per = "divided by the clusters of its kind in a primitive cell"
        return f"Effective cluster interaction (ECI): coefficient of a cluster function {of}, {per}"

    @cached_property
    def interactions(self) -> tuple[Floats, Floats, Floats]:
        """(p,) effective interactions, and both ends of their intervals; NaN for clusters that aren't in the model."""
        place = self.degrees.index(1) if 1 in self.degrees else self.best
        steps, expansion = self.steps(place), self.expansion(place)
        # The coefficient of a product belongs to no single cluster.
        alone = (expansion.factors[:, 1:] < 0).all(axis=1)
        clusters = expansion.factors[alone, 0]
        ends = (self.view[f"coefficient_{end}"][place][steps] for end in ("low", "high"))
        found = []
        for values in (expansion.coefficients, *ends):
            spread = np.full(len(self.space), np.nan)
            spread[clusters] = values[alone] / self.space.multiplicity[clusters]
            found.append(spread)
        return found[0], found[1], found[2]

    @cached_property
    def entries(self) -> Entries:
        """The structures, opened anew from the import."""
        return open_entries(self.model, self.view.inputs)

    @cached_property
    def has_import(self) -> bool:
        """Whether the structures are still in the cache."""
        try:
            return bool(self.entries.ids)
        except SiteError:
            return False


def feature_name(factors: NDArray[np.int64]) -> str:
    """X_3^2 X_7, with clusters numbered from 1."""
    counts = Counter(int(f) + 1 for f in factors if f >= 0)
    return " ".join(f"X_{k}^{n}" if n > 1 else f"X_{k}" for k, n in counts.items())
