"""The searched space: what a spec may say of it, and what is drawn, changed and numbered in it."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from scipy import stats

from bigdata.studies.architecture_search.space import Space, SpaceFields
from tests.studies.architecture_search.searching import NETWORKS, space

RANGES = {
    "uniform": st.tuples(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6)).map(lambda b: {"uniform": [b[0], b[0] + b[1]]}),
    "log_uniform": st.tuples(st.floats(1e-9, 1e6), st.floats(1.0001, 1e9)).map(
        lambda b: {"log_uniform": [b[0], b[0] * b[1]]}
    ),
    "integers": st.tuples(st.integers(-999, 999), st.integers(1, 999)).map(lambda b: {"integers": [b[0], sum(b)]}),
}
WRONG = {
    "a range that falls": ({"uniform": [2, 1]}, "the range from 2 to 1 is empty"),
    "a range of one number": ({"integers": [3, 3]}, "the range from 3 to 3 is empty"),
    "a logarithm of zero": ({"log_uniform": [0, 1]}, "can't begin at 0"),
    "a choice that is there twice": ([32, 64, 32.0], "`32.0` is there twice"),
    "no choice": ([], "at least 1 item"),
    "half of a whole number": ({"integers": [1, 2.5]}, "valid integer"),
    "a range of three": ({"uniform": [1, 2, 3]}, "at most 2 items"),
    "a word that isn't known": ({"normal": [1, 2]}, "Unable to extract tag"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_refused(wrong: str) -> None:
    values, says = WRONG[wrong]
    with pytest.raises(ValidationError, match=says):
        space(a=values, b=[1, 2])


def test_true_is_not_one() -> None:
    assert space(a=[True, 1])["a"].n_values == 2


def test_a_space_with_nothing_to_search_is_refused() -> None:
    with pytest.raises(ValidationError, match="there is nothing to search"):
        space(a=["mpeu"], b=[3])


@pytest.mark.parametrize("kind", RANGES)
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_what_is_drawn_of_a_range_is_inside_and_comes_back_from_its_position(
    kind: str, data: st.DataObject, seed: int
) -> None:
    written = data.draw(RANGES[kind])
    low, high = written[kind]
    dimension = space(a=written)["a"]
    value: Any = dimension.at(np.random.default_rng(seed).random())
    assert low <= value <= high
    assert dimension.at(dimension.position(value)) == pytest.approx(value, rel=1e-12, abs=1e-12 * (high - low))
    other: Any = dimension.mutated(value, np.random.default_rng(seed))
    assert other != value
    assert low <= other <= high


@pytest.mark.parametrize(
    ("written", "spread"),
    {
        "all alike": ({"uniform": [2.0, 6.0]}, stats.uniform(2, 4)),
        "alike in the logarithm": ({"log_uniform": [1e-5, 1e-3]}, stats.loguniform(1e-5, 1e-3)),
    }.values(),
)
def test_draws_are_distributed_as_is_said(written: Any, spread: Any) -> None:
    where = space(a=written)
    drawn = [where.draw(np.random.default_rng([0, i]))["a"] for i in range(2000)]
    assert stats.kstest(drawn, spread.cdf).pvalue > 0.01


def test_choices_and_whole_numbers_are_equally_likely() -> None:
    where = space(a=["x", "y", "z"], b={"integers": [1, 5]})
    drawn = [where.draw(np.random.default_rng([0, i])) for i in range(3000)]
    for path in where:
        assert stats.chisquare(list(Counter(point[path] for point in drawn).values())).pvalue > 0.01


@pytest.mark.parametrize("seed", range(20))
def test_a_mutation_changes_one_field(seed: int) -> None:
    rng = np.random.default_rng(seed)
    point = NETWORKS.draw(rng)
    other = NETWORKS.mutate(point, rng)
    assert sum(point[path] != other[path] for path in NETWORKS) == 1


def test_a_field_with_one_value_is_never_mutated() -> None:
    where = space(a=["mpeu"], b=[1, 2])
    assert where.mutate({"a": "mpeu", "b": 1}, np.random.default_rng(0)) == {"a": "mpeu", "b": 2}


def test_a_point_is_the_same_in_json_and_short() -> None:
    point = NETWORKS.draw(np.random.default_rng(1))
    assert json.loads(json.dumps(point)) == point
    assert len(repr(point["training.learning_rate"])) <= 9


@pytest.mark.parametrize("written", [{"log_uniform": [1.0, 1.001]}, {"uniform": [1000.0, 1001.0]}])
def test_a_narrow_range_is_as_fine_as_a_wide_one(written: Any) -> None:
    where = space(a=written)
    assert len({where.draw(np.random.default_rng(i))["a"] for i in range(500)}) > 450


def test_the_order_in_a_spec_changes_no_draw() -> None:
    fields: Any = {"b": [1, 2, 3], "a": {"uniform": [0, 1]}}
    adapter: TypeAdapter[Any] = TypeAdapter(SpaceFields)
    spaces = [Space(adapter.validate_python(f)) for f in (fields, dict(reversed(fields.items())))]
    first, second = (where.draw(np.random.default_rng(5)) for where in spaces)
    assert list(first.items()) == list(second.items())


def test_number_of_points() -> None:
    assert space(a=[1, 2], b={"integers": [1, 5]}).n_points == 10
    assert math.isinf(NETWORKS.n_points)


def test_a_grid_has_all_combinations_and_both_ends_of_ranges() -> None:
    where = space(a=["x", "y"], b={"integers": [1, 3]}, c={"log_uniform": [1e-5, 1e-3]})
    grid = where.grid(3)
    assert len(grid) == len({json.dumps(point) for point in grid}) == 18
    assert grid[:3] == [{"a": "x", "b": 1, "c": c} for c in (1e-5, 1e-4, 1e-3)]


def test_positions_of_a_point_are_in_the_order_of_the_space() -> None:
    where = space(b=["x", "y"], a={"uniform": [0, 4]})
    assert where.encode({"a": 1.0, "b": "y"}).tolist() == [0.25, 0.75]
