"""Parts and folds: groups stay together, every sample is tested as it should be, and shares come near."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bigdata.kind import Findings
from bigdata.studies.complexity.model import Complexity
from bigdata.studies.complexity.parts import inner_folds, parts_of, share_of

sizes = st.lists(st.integers(1, 9), min_size=10, max_size=30)


def study(**split):
    return Complexity.model_validate({
        "name": "x", "dataset": {"name": "emt-prototypes"}, "target": {"field": "y"}, "features": {"columns": ["a"]},
        "models": [{"kind": "ridge"}], "split": split,
    })  # fmt: skip


def groups(of):
    return np.random.default_rng(0).permutation(np.repeat(np.arange(len(of)), of))


def straddle(group, *masks):
    """Groups that lie in more than one of the masks."""
    return [g for g in np.unique(group) if sum(bool((group[mask] == g).any()) for mask in masks) > 1]


@given(sizes, st.integers(0, 9))
@settings(max_examples=40)
def test_groups_lie_on_one_side_and_the_share_comes_as_near_as_groups_allow(of, seed):
    group = groups(of)
    ((train, test),) = parts_of(study(train=0.7, test=0.3, seed=seed), group)
    assert not straddle(group, train, test)
    assert (train ^ test).all()
    assert abs(train.sum() - 0.7 * len(group)) <= max(of)


@given(sizes, st.integers(2, 5))
@settings(max_examples=40)
def test_in_nested_cross_validation_each_sample_is_tested_once(of, folds):
    group = groups(of)
    *tested, whole = parts_of(study(folds=folds), group)
    assert (sum(part.test.astype(int) for part in tested) == 1).all()
    assert all(not straddle(group, part.train, part.test) for part in tested)
    assert whole.train.all()
    assert not whole.test.any()


@given(sizes, st.integers(2, 6), st.integers(0, 5))
@settings(max_examples=40)
def test_folds_differ_by_the_largest_group_at_most(of, folds, seed):
    *tested, _ = parts_of(study(folds=folds, seed=seed), groups(of))
    counts = [part.test.sum() for part in tested]
    assert max(counts) - min(counts) <= max(of)


@given(sizes)
@settings(max_examples=40)
def test_inner_folds_leave_the_test_part_alone(of):
    group = groups(of)
    ((train, test),) = parts_of(study(), group)
    inside = inner_folds(group, train, 4, seed=1)
    assert (sum(part.test.astype(int) for part in inside) == train.astype(int)).all()
    for part in inside:
        assert not (part.train & test).any()
        assert not straddle(group, part.train, part.test)


def test_fewer_folds_are_made_of_fewer_groups():
    group = np.repeat(np.arange(3), 5)
    assert len(inner_folds(group, np.ones(15, bool), 5, seed=0)) == 3


def test_smaller_shares_lie_in_larger_ones():
    group, train = groups([3] * 20), np.ones(60, bool)
    quarter, half = (share_of(group, train, share, seed=4) for share in (0.25, 0.5))
    assert (quarter.sum(), half.sum()) == (15, 30)
    assert not (quarter & ~half).any()


@pytest.mark.parametrize(("group", "split", "what"), [
    (np.zeros(20, int), {}, "1 group can't be split into 2 parts"),
    (np.repeat([0, 1, 2], 5), {"folds": 4}, "3 groups can't be split into 4 parts"),
    (np.repeat([0, 1], 10), {}, "a training part has 10 samples in 1 group"),
])  # fmt: skip
def test_too_few_groups_are_refused(group, split, what):
    with pytest.raises(Findings, match=what):
        parts_of(study(**split), group)
