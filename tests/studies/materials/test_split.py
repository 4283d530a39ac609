"""Splits: each group in one fold, the same for every order of rows, right to within a group; files; leaks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.errors import SpecError, VerificationFailed
from bigdata.studies.materials.split import (
    FOLDS,
    Split,
    by_date,
    k_fold,
    leave_one_element_out,
    refuse_leak,
    seen_among,
    seen_record,
    split_groups,
)

MANY = [f"group-{i}" for i in range(1000)]
IDENTITY = {"by": ["formula", "spacegroup"], "symprec": 0.1}

WEIGHTS = st.dictionaries(st.text("ABCab12_", min_size=1, max_size=8), st.integers(1, 50), min_size=40, max_size=120)
FRACTIONS = st.tuples(*[st.floats(0.2, 1)] * 3).map(lambda f: dict(zip(FOLDS, f, strict=True)))


@given(weights=WEIGHTS, fractions=FRACTIONS, seed=st.integers(-(2**40), 2**70))
def test_shares_of_entries_are_right_to_within_the_largest_group(
    weights: dict[str, int], fractions: dict[str, float], seed: int
) -> None:
    try:
        split = split_groups(weights, fractions, seed, weights)
    except SpecError:
        return
    total, largest = sum(weights.values()), max(weights.values())
    for fold, fraction in fractions.items():
        n = sum(weights[label] for label in split.members(fold))
        assert abs(n - total * fraction / sum(fractions.values())) <= largest + 1e-6


@given(weights=WEIGHTS, seed=st.integers(0, 99), data=st.data())
def test_every_group_is_in_one_fold_whatever_the_order_of_rows(
    weights: dict[str, int], seed: int, data: st.DataObject
) -> None:
    rows = [label for label, n in weights.items() for _ in range(n)]
    shuffled = data.draw(st.permutations(rows))
    one, other = (k_fold(given, 4, seed, weights) for given in (rows, shuffled))
    assert one.digest == other.digest
    members = [label for fold in one.folds for label in one.members(fold)]
    assert sorted(members) == sorted(weights)
    fold_of = dict(zip(rows, one.codes(rows).tolist(), strict=True))
    assert one.codes(rows).tolist() == [fold_of[label] for label in rows]


@given(weights=WEIGHTS, seed=st.integers(0, 99))
def test_a_split_survives_its_file(
    weights: dict[str, int], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("split") / "split.json"
    for split in (split_groups(weights, seed=seed, weights=weights, identity=IDENTITY), k_fold(weights, 3, seed)):
        split.to_file(path)
        read = Split.from_file(path)
        assert read.digest == split.digest
        assert (read.folds, read.groups, read.rule, read.identity) == (
            split.folds,
            split.groups,
            split.rule,
            split.identity,
        )
        np.testing.assert_array_equal(read.fold_of, split.fold_of)
        assert list(path.parent.iterdir()) == [path]


def test_another_seed_gives_another_split() -> None:
    one, other = split_groups(MANY, seed=1), split_groups(MANY, seed=2)
    assert one.digest != other.digest
    assert len(set(one.members("test")) & set(other.members("test"))) < 50


def test_a_split_is_the_same_on_every_machine() -> None:
    assert split_groups(["Mg2F4_136", "Ti2O4_136", "Na_229"], {"train": 1, "test": 1}, 7).members("train") == ["Na_229"]


def test_fractions_need_not_add_up_to_one_and_zero_leaves_a_fold_empty() -> None:
    split = split_groups(MANY, {"train": 3, "validation": 0, "test": 1})
    assert [len(split.members(fold)) for fold in FOLDS] == [750, 0, 250]


@pytest.mark.parametrize("fractions", [{}, {"train": 0.0}, {"train": 1.0, "test": -0.1}, {"train": float("nan")}])
def test_fractions_that_make_no_split_are_refused(fractions: dict[str, float]) -> None:
    with pytest.raises(SpecError, match="0 or greater and not all 0"):
        split_groups(MANY, fractions)


def test_a_fold_that_would_be_empty_is_named() -> None:
    with pytest.raises(SpecError, match="a split of 2 groups leaves nothing for"):
        split_groups(["a", "b"])


def test_new_groups_are_refused_by_name_unless_they_may_be_assigned() -> None:
    split = split_groups(MANY)
    with pytest.raises(SpecError, match="doesn't know 2 of the groups: new-1, new-2"):
        split.codes(["group-1", "new-2", "new-1", "new-2"])
    new = [f"new-{i}" for i in range(2000)]
    codes = split.codes([*MANY, *new], new="assign")
    assert codes.dtype == np.int8
    np.testing.assert_array_equal(codes[:1000], split.codes(MANY))
    np.testing.assert_array_equal(codes[1000:], split.codes(new, new="assign"))
    assert np.bincount(codes[1000:]) / 2000 == pytest.approx([0.8, 0.1, 0.1], abs=0.03)


def test_every_fold_is_tested_once_in_the_rounds_of_k_fold() -> None:
    split = k_fold(MANY, 5)
    rounds = [split.rotation(i) for i in range(5)]
    assert sorted(label for one in rounds for label in one.members("test")) == sorted(MANY)
    assert sorted(label for one in rounds for label in one.members("validation")) == sorted(MANY)
    assert all(len(one.members("train")) == 600 for one in rounds)
    assert len({one.digest for one in rounds}) == 5


@pytest.mark.parametrize("k", [0, 2, 128])
def test_too_few_or_too_many_folds_are_refused(k: int) -> None:
    with pytest.raises(SpecError, match="3 to 127 folds"):
        k_fold(MANY, k)


def test_all_groups_with_an_element_are_tested_on() -> None:
    elements = {f"O{i}": {"O", "Mg"} for i in range(1, 40)} | {f"F{i}": {"F", "Mg"} for i in range(1, 200)}
    split = leave_one_element_out(elements, "O", validation=0.2)
    assert split.members("test") == sorted(f"O{i}" for i in range(1, 40))
    assert len(split.members("validation")) == 40
    for element, what in (("Xe", r"none of the \d+ groups contains Xe"), ("Mg", "leaves nothing for train")):
        with pytest.raises(SpecError, match=what):
            leave_one_element_out(elements, element)
    with pytest.raises(SpecError, match="Make a split of all datasets"):
        split.codes(["new"], new="assign")


def test_a_group_is_as_old_as_its_oldest_entry() -> None:
    labels = ["a", "b", "a", "c", "c"]
    dates = ["2021-05-01", "2019-01-01", "2015-01-01", "2022-01-01T10:00:00", "2020-06-01"]
    split = by_date(labels, dates, {"train": "2018-01-01", "validation": "2020-01-01"})
    assert [split.members(fold) for fold in FOLDS] == [["a"], ["b"], ["c"]]


@pytest.mark.parametrize("date", ["", "NaT", "now", "yesterday", "2020-13-01"])
def test_a_missing_date_is_named(date: str) -> None:
    with pytest.raises(SpecError, match="isn't one for b "):
        by_date(["a", "b"], ["2020-01-01", date], {"train": "2018-01-01", "validation": "2020-01-01"})


def test_dates_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(SpecError, match="Swap them"):
        by_date(["a"], ["2020-01-01"], {"train": "2020-01-01", "validation": "2018-01-01"})


def test_a_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    split_groups(MANY).to_file(path)
    content = json.loads(path.read_text())
    content["folds"]["train"].append(content["folds"]["test"].pop())
    path.write_text(json.dumps(content))
    with pytest.raises(VerificationFailed, match="was changed after it was written"):
        Split.from_file(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other"}', "\x00"])
def test_another_file_is_not_taken_for_a_split(text: str, tmp_path: Path) -> None:
    (tmp_path / "split.json").write_text(text)
    with pytest.raises(SpecError, match="isn't a split"):
        Split.from_file(tmp_path / "split.json")


def test_a_split_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"none\.json can't be read: No such file"):
        Split.from_file(tmp_path / "none.json")


def test_testing_on_what_was_trained_on_is_refused_naming_the_groups() -> None:
    seen = seen_record(["Mg2F4_136", "Ti2O4_136", *MANY], IDENTITY)
    with pytest.raises(
        VerificationFailed, match="trained on 1 of the groups that it is to be tested on: Ti2O4_136"
    ) as e:
        refuse_leak(seen, ["Na_229", "Ti2O4_136", "Ti2O4_136"], IDENTITY)
    assert e.value.exit_code == 7
    with pytest.raises(VerificationFailed, match=r"group-10, .*… \(1000 in all\)"):
        refuse_leak(seen, MANY, IDENTITY)


def test_what_was_not_trained_on_may_be_tested_on_and_leaks_too_where_asked_for() -> None:
    seen = seen_record(["Mg2F4_136", "Ti2O4_136"], IDENTITY)
    assert refuse_leak(seen, ["Na_229"], IDENTITY) == []
    assert refuse_leak(seen, ["Na_229", "Ti2O4_136"], IDENTITY, asked_for=True) == ["Ti2O4_136"]
    assert refuse_leak(seen_record([], IDENTITY), ["Na_229"], IDENTITY) == []
    assert refuse_leak(seen, [], IDENTITY) == []


def test_labels_made_otherwise_cannot_show_that_there_is_no_leak() -> None:
    seen = seen_record(["Mg2F4_136"], IDENTITY)
    other = {"by": ["reduced_formula"], "symprec": None}
    with pytest.raises(
        VerificationFailed, match=r"by formula, spacegroup \(symprec 0.1 Å\), this dataset by reduced_formula, so"
    ):
        refuse_leak(seen, ["MgF2"], other)
    assert refuse_leak(seen, ["MgF2"], other, asked_for=True) == []


@given(st.sets(st.text(max_size=6)), st.sets(st.text(max_size=6)))
def test_a_record_names_exactly_the_groups_it_was_made_of(trained: set[str], tested: set[str]) -> None:
    record = json.loads(json.dumps(seen_record(trained, IDENTITY)))
    assert seen_among(record, tested) == sorted(trained & tested)


def test_years_and_months_are_dates_too() -> None:
    labels, dates = ["a", "b", "c"], ["2013", "2015-06", "2018-01-01"]
    split = by_date(labels, dates, {"train": "2014", "validation": "2017"})
    assert split.codes(labels).tolist() == [0, 1, 2]
