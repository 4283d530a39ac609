"""HTML from Python values: escaped, and safe for scripts."""

from __future__ import annotations

import html
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.display import cell, size
from bigdata.report.html import Markup, element, join, json_element, sentence


@given(st.text())
def test_text_comes_back_as_it_was(text: str) -> None:
    shown = element("p", text, title=text)
    assert html.unescape(shown) == f'<p title="{text}">{text}</p>'
    inside = shown.removeprefix("<p").removesuffix("</p>")
    assert (inside.count("<"), inside.count(">")) == (0, 1)


def test_markup_is_not_escaped_again() -> None:
    assert join("<", element("b", "<"), Markup("<br>")) == "&lt;<b>&lt;</b><br>"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("say `a < b`, twice `c`.", "<p>say <code>a &lt; b</code>, twice <code>c</code>.</p>"),
        ("one ` alone", "<p>one ` alone</p>"),
        ("none", "<p>none</p>"),
    ],
)
def test_what_stands_in_backticks_is_code(text: str, shown: str) -> None:
    assert sentence(text) == shown


def test_attributes_are_named_as_html_names_them() -> None:
    assert element("td", 1, class_="number", data_x=2, id=None) == '<td class="number" data-x="2">1</td>'


@given(st.dictionaries(st.text(), st.text() | st.floats() | st.lists(st.floats())))
def test_data_for_scripts_cannot_end_the_script(data: dict[str, object]) -> None:
    made = json_element({"given": data, "end": "</script><!--"}, id="x")
    body = made.removeprefix('<script type="application/json" id="x">').removesuffix("</script>")
    assert not set("<>&") & set(body)
    assert json.loads(body)["end"] == "</script><!--"


def test_numbers_that_json_does_not_know_become_null() -> None:
    assert '{"a":[null,null,1.5]}' in json_element({"a": (float("nan"), float("inf"), 1.5)})


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (float("nan"), "-"), ("", "-"), (0.5, "0.5"), (1e-7, "1.00e-07"), (12, "12"), ("x", "x")],
)
def test_cells(value: object, text: str) -> None:
    assert cell(value) == text


@pytest.mark.parametrize(("n", "text"), [(10, "10 B"), (1536, "1.5 KiB"), (3 << 30, "3.0 GiB"), (5 << 40, "5.0 TiB")])
def test_sizes(n: int, text: str) -> None:
    assert size(n) == text
