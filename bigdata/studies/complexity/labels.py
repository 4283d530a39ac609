"""The classes of a table's entries: the different values of a field as sorted texts, and the code of each entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.dataset import MaterialsDataset
from bigdata.data.problem import first
from bigdata.kind import Finding, Findings

MOST = 20
AT = ("target", "field")


def texts(dataset: MaterialsDataset, field: str) -> list[str]:
    """(all entries,) the class of each as a text, "" where there is none. Raises Findings where they are decimals."""
    known = tuple(dataset.columns)
    if field not in dataset.columns:
        right = f"Its fields are {first(known)}" if known else "It has structures alone: give a file with values"
        raise Findings(Finding(AT, f"the dataset has no field `{field}`", right, field, known))
    values = dataset.columns[field]
    decimals = [value for value in values if isinstance(value, float) and not value.is_integer()]
    if decimals:
        what = f"`{field}` holds decimals such as {decimals[0]:g}, and classes are truth values, texts or whole numbers"
        raise Findings(Finding(AT, what, "Name another field, or leave `classes: true` out to predict the number"))
    return [_text(value) for value in values]


def _text(value: Any) -> str:
    if value is None:
        return ""
    # As a spec writes them: `where: {is_metal: true}`.
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) else str(value)


def coded(words: Sequence[str], field: str) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """The labels, sorted, and (n,) each entry's place among them. Raises Findings where there are too many, or one."""
    labels, codes = np.unique(np.array(words, dtype=object), return_inverse=True)
    if len(labels) > MOST:
        what = f"`{field}` has {len(labels):,} different values ({first(labels, 5)}), and {MOST} classes are the most"
        raise Findings(Finding(AT, what, "Name a field with fewer, or keep some of them by `where:`"))
    if len(labels) < 2:
        what = f"all entries have the {field} {labels[0]}: there is nothing to tell apart"
        raise Findings(Finding(AT, what, "Name another field, or loosen `where:`"))
    return tuple(map(str, labels)), codes.astype(np.float64)


def counted(labels: Sequence[str], codes: NDArray[np.float64]) -> str:
    """`3 classes: high (20), low (25), middle (15)`."""
    counts = Counter(codes.astype(int).tolist())
    return f"{len(labels)} classes: {', '.join(f'{label} ({counts[i]:,})' for i, label in enumerate(labels))}"
