"""Which samples models are fitted to and tested on: parts of a split, and the folds inside their training parts.

Groups stay together everywhere. A part without test samples is the fit to all of them, of nested cross-validation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import Finding, Findings
from bigdata.models.validation import folds
from bigdata.studies.complexity.model import Complexity

Mask = NDArray[np.bool_]
Groups = NDArray[np.int64]
FEWEST = 4


class Part(NamedTuple):
    """`train` and `test` (n,) masks."""

    train: Mask
    test: Mask


def parts_of(model: Complexity, group: Groups) -> list[Part]:
    """The parts of a study whose samples have these groups (n,); models of the last one are those that are kept.

    Raises Findings where there are too few groups.
    """
    split = model.split
    if split.folds is None:
        train = _is_train(group, split.train, split.seed)
        _refuse_few(model, group, [train])
        return [Part(train, ~train)]
    _refuse_few(model, group, [])
    fold = folds(len(group), split.folds, split.seed, group)
    _refuse_few(model, group, [fold != i for i in range(split.folds)])
    everything = np.ones(len(group), bool)
    return [*(Part(fold != i, fold == i) for i in range(split.folds)), Part(everything, ~everything)]


def inner_folds(group: Groups, train: Mask, n_folds: int, seed: int) -> list[Part]:
    """The folds inside a training part: masks over all n samples; fewer folds where it has fewer groups."""
    n = min(n_folds, len(np.unique(group[train])))
    fold = np.full(len(group), -1)
    fold[train] = folds(int(train.sum()), n, seed, group[train])
    return [Part(train & (fold != i), fold == i) for i in range(n)]


def all_folds(model: Complexity, parts: list[Part], groups: Groups) -> list[tuple[int, Part]]:
    """The folds inside each training part, with the part's number."""
    return [
        (i, fold)
        for i, part in enumerate(parts)
        for fold in inner_folds(groups, part.train, model.tuning.folds, model.split.seed)
    ]


def share_of(group: Groups, train: Mask, share: float, seed: int) -> Mask:
    """(n,) those samples of a training part whose groups make up a share of its samples; smaller shares lie in larger
    ones."""
    kept = np.zeros(len(group), bool)
    kept[train] = _is_train(group[train], share, seed)
    return kept


def _is_train(group: Groups, share: float, seed: int) -> Mask:
    """(n,) groups in random order, up to the number of samples that comes nearest to the share."""
    size = np.bincount(group)
    order = np.random.default_rng(seed).permutation(np.flatnonzero(size))
    # At least one group on either side, as far as there are two.
    n_train = np.argmin(np.abs(np.cumsum(size[order]) - share * len(group))) + 1
    chosen = np.zeros(len(size), bool)
    chosen[order[: max(1, min(n_train, len(order) - 1))]] = True
    return np.asarray(chosen[group])


def _refuse_few(model: Complexity, group: Groups, trains: list[Mask]) -> None:
    n_groups = len(np.unique(group))
    needed = max(2, model.split.folds or 2)
    if n_groups < needed:
        by = f" ({', '.join(model.split.group_by)})" if model.split.group_by else ""
        what = f"{n_groups} group{'' if n_groups == 1 else 's'}{by} can't be split into {needed} parts"
        raise Findings(Finding(("split",), what, "Group by something that more samples differ in, or give more data"))
    for train in trains:
        if train.sum() < FEWEST or len(np.unique(group[train])) < 2:
            n = len(np.unique(group[train]))
            what = f"a training part has {train.sum():,} samples in {n:,} group{'' if n == 1 else 's'}"
            raise Findings(Finding(("split",), what, f"{FEWEST} samples in 2 groups are needed: give more data"))
