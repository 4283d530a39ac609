"""Mistakes of a kind's author are told in a sentence, before anything is run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bigdata.kind import ArraySpec, Coordinate, Input, Row, Stage, Table, Workload, by_rows, whole
from bigdata.planning.sound import unsound

ENERGY = by_rows(2, "energy", "float64", {"a": 5})
FIRST = Stage(name="first", function="json:loads", arrays=(ENERGY,))


def second(**more: Any) -> Stage:
    return Stage(**{"name": "second", "function": "json:loads", **more})


SOUND = Workload(stages=(FIRST, second(needs=lambda _: [("first", 2)], whole=("first",))))
UNSOUND = {
    "two stages have one name: `first`": (second(name="first"),),
    "two arrays, rows and coordinates have one name: `energy`": (second(arrays=(ENERGY,)),),
    "two arrays, rows and coordinates have one name: `a`": (second(arrays=(whole("a", "int64", {"b": 1}),)),),
    "the dimension `a` has several lengths: 5 in `energy`, 6 in `other`": (
        second(arrays=(whole("other", "int64", {"a": 6}),)),
    ),
    "stage `second` needs a task of `frist`; the stages before it are `first`": (
        second(needs=lambda _: [("frist", 0)]),
    ),
    "stage `second` needs first/3, and `first` has 3 tasks, from 0 on": (second(needs=lambda _: [("first", 3)]),),
    "stage `second` needs `third` whole; before it are `first`": (second(whole=("third",)), second(name="third")),
    "stage `second` reads `spectre`, and the inputs are `spectra`": (second(inputs=("spectre",)),),
    "stage `second` reads `spectrum`, and the inputs are `spectra`": (
        second(parts_of=("spectrum",), task_fields=lambda i: {"of": i}),
    ),
    "stage `second` names no function by `no_such_module:f`": (second(function="no_such_module:f"),),
    "stage `second` names no function by `json`": (second(function="json"),),
}


def told(stages: tuple[Stage, ...], *coordinates: Coordinate) -> str:
    made = Workload(stages=(FIRST, *stages), coordinates=coordinates)
    return "; ".join(unsound(made, {"spectra": Input("0", "")}))


@pytest.mark.parametrize("what", UNSOUND)
def test_what_cannot_be_done_is_said(what: str) -> None:
    assert what in told(UNSOUND[what], Coordinate(name="a", dim="a", values=range(5)))


def test_nothing_is_said_of_what_can_be_done() -> None:
    assert list(unsound(SOUND, {})) == []


def test_coordinates_are_stored_as_what_they_are() -> None:
    for values in (np.linspace(0, 1, 3), list(np.linspace(0, 1, 3))):
        found = Coordinate(name="x", dim="x", values=values)
        assert (found.dtype, found.values) == ("float64", [0.0, 0.5, 1.0])
    assert Coordinate(name="x", dim="x", values=np.arange(3)).dtype == "int64"


@pytest.mark.parametrize("values", [[None, 1.0], ["a", 1]])
def test_coordinates_of_several_kinds_are_refused(values: list[Any]) -> None:
    with pytest.raises(ValueError, match="values of several kinds"):
        Coordinate(name="x", dim="x", values=values)


def test_parts_of_a_stage_say_what_is_wrong_with_them() -> None:
    with pytest.raises(ValueError, match="there is no type `floaty`; an array has uint8, bool, int32"):
        whole("x", "floaty", {"a": 1})
    with pytest.raises(ValueError, match="a shard of no rows"):
        by_rows(0, "x", "float64", {"a": 1})
    with pytest.raises(ValueError, match="has 3 tasks, and other numbers of shards in other"):
        Stage(name="s", function="json:loads", arrays=(ENERGY, whole("other", "int64", {"b": 1})))
    with pytest.raises(ValueError, match="stage `s` reads parts of data: say which of them by `task_fields=`"):
        Stage(name="s", function="json:loads", parts_of=("data",))
    with pytest.raises(ValueError, match="row 0 of the table `T` has 1 values, for 2 columns"):
        Table("T", ("a", "b"), [(1,)])
    with pytest.raises(ValueError, match="a row is one of"):
        Row("str")
    assert isinstance(ENERGY, ArraySpec)
