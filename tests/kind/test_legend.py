"""Legends, looks and names of many series: few entries, each look once, long names cut with the whole kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.lines import Line2D

from bigdata.kind.drawing import drawing, save_as
from bigdata.kind.legend import MOST_NAMED, legend, look, stroke
from bigdata.kind.names import MOST_LETTERS, named_ticks, shortened


@pytest.mark.parametrize("n", [1, 6, 14, MOST_NAMED, MOST_NAMED + 1, MOST_NAMED + 2, 600])
def test_a_legend_names_few_and_counts_the_rest(n: int) -> None:
    figure = drawing(3.0)
    legend(figure, [Line2D([], [], label=f"series {i}") for i in range(n)])
    said = [text.get_text() for text in figure.legends[0].get_texts()]
    named, rest = [s for s in said if s.startswith("series")], [s for s in said if s.startswith("and ")]
    assert len(said) <= MOST_NAMED + 1
    assert len(named) + sum(int(s.split()[1]) for s in rest) == n


def test_no_series_have_no_legend() -> None:
    figure = drawing(3.0)
    legend(figure, [])
    assert not figure.legends


def test_28_series_look_different() -> None:
    assert len({tuple(stroke(i).items()) for i in range(28)}) == 28
    assert len({tuple(look(i).items()) for i in range(28)}) == 28


@pytest.mark.parametrize("length", [1, MOST_LETTERS, MOST_LETTERS + 1, 500])
def test_a_shortened_name_keeps_both_ends(length: int) -> None:
    name = "".join(chr(97 + i % 26) for i in range(length))
    short = shortened(name)
    assert len(short) == min(length, MOST_LETTERS)
    begin, _, end = short.partition("…")
    assert name.startswith(begin)
    assert name.endswith(end)
    assert ("…" in short) == (length > MOST_LETTERS)


def test_the_whole_of_a_cut_name_is_kept_with_its_place(tmp_path: Path) -> None:
    figure = drawing(3.0)
    axes = figure.subplots()
    axes.barh(range(2), [1, 2])
    named_ticks(axes, "y", ["short", 90 * "long "])
    saved = save_as(lambda: figure, tmp_path / "figure")
    assert [one.name for one in saved.cut] == [90 * "long "]
    left, top, width, height = saved.cut[0].box
    assert 0 <= left < left + width < 0.5  # beside the bars
    assert 0 <= top < top + height < 0.5  # the upper of two


def test_ticks_of_many_names_are_every_so_manieth() -> None:
    axes = drawing(3.0).subplots()
    named_ticks(axes, "y", [str(i) for i in range(600)])
    places = axes.get_yticks()
    assert len(places) < 20
    assert [label.get_text() for label in axes.get_yticklabels()] == [str(int(place)) for place in places]
