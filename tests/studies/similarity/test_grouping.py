"""Groups, against a slow reference, and the sparse way against the dense one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.studies.similarity.grouping import by_size, components, cut, distances, tree


def pieces(similarity, size=3):
    """The upper triangle in blocks, as the tasks make it."""
    n = len(similarity)
    spans = [slice(i, min(n, i + size)) for i in range(0, n, size)]
    return [(a, b, similarity[a, b]) for j, b in enumerate(spans) for a in spans[: j + 1]]


def random_similarity(n, seed):
    s = np.random.default_rng(seed).random((n, n)).round(2)
    s = np.triu(s, 1) + np.triu(s, 1).T
    np.fill_diagonal(s, 1)
    return s


@given(n=st.integers(1, 12), seed=st.integers(0, 10_000))
def test_distances_are_scipys_condensed_vector(n, seed):
    s = random_similarity(n, seed)
    assert np.array_equal(distances(n, pieces(s)), (1 - s)[np.triu_indices(n, 1)])


@given(n=st.integers(1, 14), seed=st.integers(0, 10_000), least=st.sampled_from([0.3, 0.5, 0.75, 0.9]))
def test_complete_linkage_leaves_no_pair_below_the_limit_and_no_two_groups_that_could_join(n, seed, least):
    s = random_similarity(n, seed)
    group = cut(tree(distances(n, pieces(s)), "complete"), n, least)
    for g in range(group.max() + 1):
        members = np.flatnonzero(group == g)
        assert s[np.ix_(members, members)].min() >= least - 1e-12
        for h in range(g):
            assert s[np.ix_(members, np.flatnonzero(group == h))].min() < least


@pytest.mark.parametrize("method", ["complete", "single"])
@given(n=st.integers(2, 14), seed=st.integers(0, 10_000), least=st.sampled_from([0.505, 0.755, 0.905]))
def test_groups_from_similar_pairs_alone_are_those_of_the_whole_tree(method, n, seed, least):
    s = random_similarity(n, seed)
    # Without ties, also among the most similar, the tree is unique.
    s = np.triu(0.999 * s + np.random.default_rng(seed).random((n, n)) * 1e-4, 1)
    s = s + s.T + np.eye(n)
    whole = cut(tree(distances(n, pieces(s)), method), n, least)
    assert np.array_equal(components(n, pieces(s), method, least), whole)


def test_groups_are_numbered_by_size_then_by_their_first_entry():
    assert by_size(np.array([7, 3, 3, 5, 5, 9], np.int32)).tolist() == [2, 0, 0, 1, 1, 3]


def test_a_similarity_equal_to_the_limit_belongs():
    s = np.array([[1, 0.9], [0.9, 1]])
    assert cut(tree(distances(2, pieces(s)), "complete"), 2, 0.9).tolist() == [0, 0]
