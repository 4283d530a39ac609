"""What datasets share, counted by hand on small ones."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.studies.materials.overlap import histograms, overlap

AFLOW = ["Ti2O4_136", "Ti2O4_136", "Ti2O4_136", "Mg2F4_136", "Na_229"]
MP = ["Mg2F4_136", "Ti2O4_136", "Si2_227"]
WBM = ["Si2_227", "Mg2F4_136", "Mg2F4_136"]


def test_groups_and_entries_are_counted_pair_by_pair() -> None:
    found = overlap({"aflow": AFLOW, "mp": MP, "wbm": WBM})
    assert found.groups == ("Mg2F4_136", "Na_229", "Si2_227", "Ti2O4_136")
    assert found.counts.tolist() == [[1, 1, 2], [1, 0, 0], [0, 1, 1], [3, 1, 0]]
    assert found.matrix.tolist() == [[3, 2, 1], [2, 3, 2], [1, 2, 2]]
    assert found.entries.tolist() == [[5, 4, 1], [2, 3, 2], [2, 3, 3]]
    assert found.fractions[0, 1] == pytest.approx(2 / 3)
    assert found.codes["aflow"].tolist() == [3, 3, 3, 0, 1]
    assert found.weights == {"Mg2F4_136": 4, "Na_229": 1, "Si2_227": 2, "Ti2O4_136": 4}


def test_groups_shared_by_all_or_by_some() -> None:
    found = overlap({"aflow": AFLOW, "mp": MP, "wbm": WBM})
    assert found.shared().tolist() == [True, False, False, False]
    assert found.shared(["mp", "aflow"]).tolist() == [True, False, False, True]


def test_the_most_lopsided_group_comes_first() -> None:
    found = overlap({"aflow": AFLOW, "mp": MP})
    assert [tuple(row) for row in found.table()] == [("Ti2O4_136", (3, 1)), ("Mg2F4_136", (1, 1))]


def test_datasets_with_nothing_in_common() -> None:
    found = overlap({"a": ["x"], "b": ["y"], "empty": []})
    assert found.table() == []
    assert found.fractions[2].tolist() == [0, 0, 0]


@given(st.dictionaries(st.sampled_from("abcd"), st.lists(st.sampled_from("xyzuvw"), max_size=20), min_size=1))
def test_tables_are_those_of_plain_counting(datasets: dict[str, list[str]]) -> None:
    found = overlap(datasets)
    for i, one in enumerate(datasets):
        counts = Counter(datasets[one])
        assert [found.groups[code] for code in found.codes[one]] == datasets[one]
        for j, other in enumerate(datasets):
            common = set(datasets[one]) & set(datasets[other])
            assert found.matrix[i, j] == len(common)
            assert found.entries[i, j] == sum(counts[group] for group in common)


def test_histograms_of_all_and_of_shared_groups_have_common_edges() -> None:
    found = overlap({"aflow": AFLOW, "mp": MP})
    values = {"aflow": np.array([-3.0, -3.1, np.nan, -2.0, 0.0]), "mp": np.array([-2.1, -3.0, 0.4])}
    drawn = histograms(found, values, bins=[-4.0, -2.5, -1.0, 0.2])
    assert drawn.all.tolist() == [[2, 1, 1], [1, 1, 0]]
    assert drawn.shared.tolist() == [[2, 1, 0], [1, 1, 0]]
    assert drawn.outside.tolist() == [0, 1]
    assert drawn.without.tolist() == [1, 0]
    equal = histograms(found, values, bins=7)
    assert (equal.edges[0], equal.edges[-1], len(equal.edges)) == (-3.1, 0.4, 8)
    assert equal.outside.tolist() == [0, 0]


def test_histograms_without_any_value_are_empty() -> None:
    drawn = histograms(overlap({"a": ["x"], "b": ["x"]}), {"a": np.array([np.nan]), "b": np.array([np.nan])})
    assert drawn.all.sum() == 0
    assert drawn.without.tolist() == [1, 1]


def test_values_of_other_entries_are_refused() -> None:
    with pytest.raises(ValueError, match="a: 2 values for 1 entries"):
        histograms(overlap({"a": ["x"]}), {"a": np.zeros(2)})
