"""How studies of crystals say their split: one way at a time, and nothing new in what was said before."""

from __future__ import annotations

from typing import Any

import pytest

from bigdata.studies.materials.model import Identity, Split

FRACTIONS = {"train": 0.8, "validation": 0.1, "test": 0.1, "seed": 0, "file": ""}


def test_a_split_by_fractions_is_dumped_as_before_there_were_other_ways() -> None:
    assert Split().model_dump(mode="json") == FRACTIONS
    assert Split(folds=5).model_dump(mode="json") == {**FRACTIONS, "folds": 5}


def test_an_identity_is_dumped_as_before_there_was_matching() -> None:
    assert Identity().model_dump(mode="json") == {"by": ["formula", "spacegroup"], "symprec": 0.1}
    matched = Identity(by=("matched",), stol=0.2).model_dump(mode="json")
    assert matched == {"by": ["matched"], "symprec": 0.1, "stol": 0.2}


@pytest.mark.parametrize(
    ("asked", "is_split", "said"),
    [
        ({"by": ("matched",), "cross_check": "matched"}, True, ["checks what `by` holds already"]),
        ({"cross_check": "matched"}, False, ["there is no split"]),
        ({"cross_check": "matched"}, True, []),
        ({"by": ("matched",)}, False, []),
    ],
)
def test_a_cross_check_has_something_to_check(asked: dict[str, Any], is_split: bool, said: list[str]) -> None:
    found = list(Identity(**asked).findings("identity", is_split=is_split))
    assert [f.path for f in found] == [("identity", "cross_check")] * len(said)
    assert all(words in f.what for words, f in zip(said, found, strict=True))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"folds": 5, "by_date": "year", "until": ("2000", "2010")}, "are different ways to split: give one of them"),
        ({"folds": 5, "file": "split.json"}, "file, folds, without_element and by_date are different ways"),
        ({"folds": 5, "train": 0.9}, "stands beside folds"),
        ({"file": "split.json", "seed": 3}, "stands beside fractions"),
        ({"without_element": "Xx"}, "`Xx` is no element"),
        ({"by_date": "year"}, "by_date needs until with two dates: the end of training and of validation"),
        ({"until": ("2000", "2010")}, "belongs to by_date"),
        ({"train": 0.5}, "train, validation and test make 0.7"),
    ],
)
def test_what_does_not_go_together_is_said(asked: dict[str, Any], said: str) -> None:
    (finding,) = Split(**asked).findings("split")
    assert said in finding.what
    assert finding.path[0] == "split"


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"folds": 5, "seed": 3},
        {"without_element": "Au", "validation": 0.2},
        {"by_date": "year", "until": ("2000", "2010")},
        {"file": "split.json"},
    ],
)
def test_each_way_is_right_by_itself(asked: dict[str, Any]) -> None:
    assert list(Split(**asked).findings("split")) == []
