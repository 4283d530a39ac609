"""YAML text to data with places: nothing crashes, nothing is lost, every place is exact."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bigdata.errors import SpecError
from bigdata.spec.node import Located, Node, Source
from bigdata.spec.source import read_text
from tests.examples import examples

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS
DATA = st.dictionaries(
    WORDS,
    st.recursive(SCALARS, lambda x: st.lists(x, max_size=4) | st.dictionaries(WORDS, x, max_size=4), max_leaves=20),
    max_size=6,
)
YAML_LIKE = st.lists(
    st.sampled_from(
        [
            *"ab1:,-?#&*!|>'\"%@`{}[]~\\\t ",
            "\n",
            "\n  ",
            ": ",
            "- ",
            "<<: *a",
            "&a ",
            "2018-06-01",
            "é",
            "\x07",
        ]
    ),
    max_size=40,
).map("".join)


def read(text: str) -> tuple[Node, list[Located]]:
    return read_text(text, Source("spec.yaml", tuple(text.split("\n"))))


@given(DATA)
@example({"\ufffd": "\ufffd \U0001f600"})
def test_json_is_read_as_it_was_written(data: dict[str, Any]) -> None:
    node, problems = read(json.dumps(data))
    assert node.plain == data
    assert not problems


@given(YAML_LIKE | st.text(max_size=60))
@settings(max_examples=examples(500), deadline=None)
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        problems = [located.problem for located in read(text)[1]]
    except SpecError as error:
        problems = list(error.problems)
        refused = True
    else:
        refused = False
    assert problems or not refused
    assert all(p.what and p.place.line >= 1 for p in problems)


@given(DATA.filter(bool), st.integers(1, 4))
def test_every_key_and_value_is_where_its_place_says(data: dict[str, Any], indent: int) -> None:
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    lines = text.split("\n")
    node, _ = read(text)
    for span, written in _spans(node):
        assert span.line == span.end_line or not isinstance(written, str | int)
        if not isinstance(written, list | dict):
            assert lines[span.line - 1][span.column - 1 : span.end_column - 1] == json.dumps(
                written, ensure_ascii=False
            )


def _spans(node: Node) -> list[tuple[Any, Any]]:
    keys = [(e.key, k) for k, e in node.value.items()] if isinstance(node.value, dict) else []
    return [(node.span, node.value), *keys, *(pair for _, child in node for pair in _spans(child))]


def test_aliases_that_would_explode_are_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    started = time.perf_counter()
    with pytest.raises(SpecError, match="expands to more than 100,000 values"):
        read("\n".join(lines))
    assert time.perf_counter() - started < 1


def test_aliases_nested_deeply_are_refused() -> None:
    lines = ["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 3000))]
    with pytest.raises(SpecError, match="nested more than 50 deep"):
        read("\n".join(lines))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("~", None),
        ("null", None),
        ("true", True),
        ("yes", "yes"),
        ("on", "on"),
        ("1_000", "1_000"),
        ("10:30", "10:30"),
        ("012", 12),
        ("0o14", 12),
        ("0x1F", 31),
        ("1e-5", 1e-5),
        ("1e5", 1e5),
        ("+.5", 0.5),
        ("-.inf", -math.inf),
        ("1.2.3", "1.2.3"),
        ("'1'", "1"),
        ("NaN", "NaN"),
    ],
)
def test_words_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    node, problems = read(f"key: {text}")
    assert node.plain == {"key": value}
    assert type(node.plain["key"]) is type(value)
    assert not problems
