"""A task's key: equal for equal content, and changed by all that a result depends on and by nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.kind.stage import Rate, Stage
from bigdata.planning.keys import Keys, digest
from bigdata.spec.study import Input
from bigdata.store.arrays import ArraySpec
from tests.bench import ROOT, Bench

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.dictionaries(st.text(), VALUES, max_size=4)
DATA = {"spectra": Input("abc", "/somewhere")}


ARRAY = ArraySpec(name="x", shape=(4,), dtype="float64", dims=("row",), shard=(2,), chunk=(2,))


def stage(**more: Any) -> Stage:
    usual: dict[str, Any] = {
        "name": "one",
        "version": 1,
        "function": "m:f",
        "n_tasks": 2,
        "fields": {"a": 1, "b": [1, 2]},
        "rate": Rate("task", 1.0, ""),
        "work": lambda _: 1.0,
        "memory": 1,
        "arrays": (ARRAY,),
        "shards": lambda i: [("x", (i,))],
        "inputs": ("spectra",),
    }
    return Stage(**usual | more)


def after(**more: Any) -> Stage:
    """A stage whose task i needs task i of stage `one`."""
    return stage(name="two", inputs=(), needs=lambda i: [("one", i)], **more)


def keys(*stages: Stage, kind: str = "trial", data: dict[str, Input] = DATA) -> dict[str, list[str]]:
    made = Keys(kind, stages, data)
    return {s.name: [made[s.name, i] for i in range(s.n_tasks)] for s in stages}


@given(FIELDS)
def test_order_of_fields_does_not_count(fields: dict[str, Any]) -> None:
    turned = dict(reversed(fields.items()))
    assert keys(stage(fields=fields)) == keys(stage(fields=turned))


@given(FIELDS, FIELDS)
def test_keys_are_equal_only_for_equal_fields(a: dict[str, Any], b: dict[str, Any]) -> None:
    same = json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)
    assert (keys(stage(fields=a)) == keys(stage(fields=b))) is same


def test_many_keys_at_once_are_those_of_each_alone() -> None:
    plain = stage(arrays=(), shards=lambda _: [], n_tasks=50)
    own = replace(plain, task_fields=lambda i: {"which": i % 7})
    for stages in ([plain], [own], [stage()], [plain, stage(name="two", inputs=(), whole=("one",))]):
        alone, together = Keys("trial", stages, DATA), Keys("trial", stages, DATA)
        for s in stages:
            assert [alone[s.name, i] for i in range(s.n_tasks)] == together.of(s.name, range(s.n_tasks))


def test_keys_of_tasks_that_write_no_arrays_hold_their_fields() -> None:
    first, second = (
        stage(arrays=(), shards=lambda _: [], n_tasks=3, task_fields=lambda i, n=n: {"basis": i + n}) for n in (0, 1)
    )
    made = [Keys("trial", [s], DATA).of(s.name, range(3)) for s in (first, second)]
    assert made[0][1:] == made[1][:2]
    assert len({*made[0], *made[1]}) == 4


def test_every_task_has_a_key_of_its_own() -> None:
    found = keys(stage(n_tasks=500), after(n_tasks=500))
    assert len({key for some in found.values() for key in some}) == 1000


SAME = {
    "the folder of an import": lambda: keys(stage(), data={"spectra": Input("abc", "/elsewhere")}),
    "an input that the stage doesn't read": lambda: keys(stage(), data={**DATA, "other": Input("x", "")}),
    "what a task is thought to cost": lambda: keys(stage(memory=5, rate=Rate("task", 9.0, "measured"))),
    "the pool": lambda: keys(stage(pool="gpu")),
    "the array's total shape": lambda: keys(stage(arrays=(replace(stage().arrays[0], shape=(400,)),))),
    "how many tasks there are": lambda: {
        "one": keys(stage(n_tasks=3, arrays=(replace(ARRAY, shape=(6,)),)))["one"][:2]
    },
    "tuples for lists": lambda: keys(stage(fields={"a": 1, "b": (1, 2)})),
}
OTHER = {
    "a field": lambda: keys(stage(fields={"a": 2, "b": [1, 2]})),
    "the stage's version": lambda: keys(stage(version=2)),
    "the data's digest": lambda: keys(stage(), data={"spectra": Input("abd", "/somewhere")}),
    "the kind of study": lambda: keys(stage(), kind="other"),
    "the stage's name": lambda: {"one": keys(stage(name="uno"))["uno"]},
    "the cores of its tasks, which sum in another order": lambda: keys(stage(cores=2)),
    "what its tasks return": lambda: keys(stage(rows={"rmse": "float64"})),
    "how much of the array is its own": lambda: {
        "one": keys(stage(n_tasks=1, arrays=(replace(ARRAY, shape=(1,)),)))["one"]
    },
    "the layout of its arrays": lambda: keys(stage(arrays=(replace(stage().arrays[0], chunk=(1,)),))),
}


@pytest.mark.parametrize("what", SAME)
def test_a_key_does_not_change_with(what: str) -> None:
    assert SAME[what]() == keys(stage())


@pytest.mark.parametrize("what", OTHER)
def test_a_key_changes_with(what: str) -> None:
    assert not set(OTHER[what]()["one"]) & set(keys(stage())["one"])


def grown(*before: Stage, **more: Any) -> str:
    """The key of the first task that a proposer asks for."""
    growing = stage(name="grown", inputs=(), proposer="m:P", **more)
    made = Keys("trial", [*before, growing], DATA)
    return made.ask("grown", {"step": 0.1}, None)


GROWN: dict[str, dict[str, Any]] = {
    "a task that it needs": {"needs": lambda _: [("one", 1)]},
    "a stage that it needs whole": {"whole": ("one",)},
}


@pytest.mark.parametrize("what", GROWN)
def test_what_a_growing_stage_needs_is_part_of_its_keys(what: str) -> None:
    assert grown(stage(), **GROWN[what]) != grown(stage(version=2), **GROWN[what])
    assert grown(stage()) == grown(stage(version=2))


def test_payload_and_what_it_trains_on_after_make_the_key_of_a_task_that_was_asked_for() -> None:
    made = Keys("trial", [stage(proposer="m:P", shards=lambda _: [], arrays=())], DATA)
    one = {"a": 1}
    asks: list[tuple[Any, int | None]] = [(one, None), ({"a": 2}, None), (one, 0), (one, 1), (one, None)]
    found = [made.ask("one", payload, after) for payload, after in asks]
    assert len(set(found)) == 4
    assert found[4] == found[0]


def test_a_change_reaches_all_tasks_that_need_the_changed_one() -> None:
    before, later = keys(stage(), after()), keys(stage(version=2), after())
    assert not set(before["two"]) & set(later["two"])


def test_only_the_tasks_that_need_a_changed_one_change() -> None:
    needs_first = after(n_tasks=1)
    wide = stage(n_tasks=2)
    other = stage(name="two", n_tasks=1, inputs=(), needs=lambda _: [("one", 1)])
    assert keys(wide, needs_first)["two"] != keys(wide, other)["two"]


def test_another_process_finds_the_same_digest() -> None:
    """Python's own hash differs from process to process; the digest must not."""
    data = {"b": [1, 2.5, None], "a": {"ä": True}}
    code = f"from bigdata.planning.keys import digest; print(digest({data!r}))"
    for seed in ("1", "2"):
        said = subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        assert said.stdout.strip() == digest(data)


def test_nan_cannot_be_in_a_key() -> None:
    with pytest.raises(ValueError, match="JSON"):
        digest({"a": float("nan")})


# What was computed before is found again by these: a change of them makes users compute all of it anew. They changed
# last with the readers (materials 2, spectra 4), which understand some files otherwise.
KEYS_OF_SHIPPED_SPECS = {
    "similarity": "1fb5e9c55b06ecff69aed70d0a88c087",
    "cluster-expansion": "2bd745d1115f3fd9e7d94934ba5d7395",
}


@pytest.mark.parametrize("name", KEYS_OF_SHIPPED_SPECS)
def test_the_keys_of_shipped_specs_are_those_of_earlier_runs(name: str, bench: Bench) -> None:
    made = bench.plan(ROOT / f"specs/{name}.yaml")
    keys = [stage.key(i) for stage in made.stages for i in range(stage.n_tasks)]
    assert digest(keys) == KEYS_OF_SHIPPED_SPECS[name]
