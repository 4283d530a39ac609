"""Only numbers are learned from and predicted: where one isn't, an error says where."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bigdata.errors import SpecError
from bigdata.models.tabular.fitted import Floats, Samples

# Squares and cubes of larger numbers leave float64.
LARGEST = 1e75


def check_samples(samples: Samples) -> None:
    """Raises SpecError where there is nothing to learn from, or what there is isn't finite numbers."""
    if not len(samples):
        raise SpecError("there are no samples to learn from; a filter or a split leaves none of them")
    check_features(samples.features, samples.names)
    if n_bad := int(np.count_nonzero(~_is_number(samples.target))):
        raise SpecError(f"the target {_isnt(n_bad, len(samples))}")


def check_features(features: Floats, names: Sequence[str]) -> None:
    """Raises SpecError where `features` aren't (m, p) finite numbers for p names."""
    if features.ndim != 2 or features.shape[1] != len(names) or not len(names):
        raise SpecError(
            f"the features have the shape {features.shape}; one column is needed for each of the {len(names)} names, "
            "and one column at least"
        )
    bad = np.count_nonzero(~_is_number(features), axis=0)
    if bad.any():
        column = int(np.flatnonzero(bad)[0])
        raise SpecError(f"the column `{names[column]}` {_isnt(int(bad[column]), len(features))}")


def finite(predictions: Floats, of: str) -> Floats:
    """The predictions as they are; ArithmeticError where one isn't a finite number."""
    if n_bad := int(np.count_nonzero(~np.isfinite(predictions))):
        raise ArithmeticError(
            f"{of} predicts no finite number for {n_bad} of {len(predictions)} samples: their columns are too far "
            "from those that were learned from"
        )
    return predictions


def _is_number(values: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    # NaN compares as false.
    return np.abs(values) <= LARGEST


def _isnt(n_bad: int, n: int) -> str:
    return (
        f"isn't a number of at most {LARGEST:.0e} for {n_bad} of {n} samples; leave these out, or take another column "
        "or unit"
    )
