"""Test entries with a match in training: counted entry by entry."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bigdata.studies.materials.model import SHARES, Split
from bigdata.studies.materials.twins import twins

ENTRIES = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 5), st.integers(0, 2)), min_size=1, max_size=20
)


def by_dataset(entries: list[tuple[str, int, int]], of: int) -> dict[str, np.ndarray]:
    names = dict.fromkeys(name for name, *_ in entries)
    return {name: np.array([entry[of] for entry in entries if entry[0] == name]) for name in names}


@given(ENTRIES)
def test_a_twin_is_a_test_entry_of_a_class_with_a_training_entry(entries: list[tuple[str, int, int]]) -> None:
    found = twins(by_dataset(entries, 1), by_dataset(entries, 2), SHARES)
    for name, are in found.items():
        mine = [(one, part) for of, one, part in entries if of == name]
        right = [part == 2 and any(c == one and p == 0 for _, c, p in entries) for one, part in mine]
        assert are.tolist() == right


@given(ENTRIES)
def test_of_folds_a_twin_is_an_entry_whose_class_is_in_another_fold_too(entries: list[tuple[str, int, int]]) -> None:
    found = twins(by_dataset(entries, 1), by_dataset(entries, 2), Split(folds=3).parts)
    for name, are in found.items():
        mine = [(one, part) for of, one, part in entries if of == name]
        assert are.tolist() == [any(c == one and p != part for _, c, p in entries) for one, part in mine]
