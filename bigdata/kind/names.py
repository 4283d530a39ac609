"""Long names in figures: cut where there is no room for them, with the whole of them kept for the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

# Letters that have room beside a bar, or in a legend.
MOST_LETTERS = 40
# Inches from one name of an axis to the next.
_LINE = 0.16


class Cut(NamedTuple):
    """A name that a drawn figure shows cut, and where: left, top, width and height in shares of the figure's sides."""

    name: str
    box: tuple[float, float, float, float]


def shortened(name: str, most: int = MOST_LETTERS) -> str:
    """A name of at most so many letters, its middle cut out: names of one kind often differ at their ends alone."""
    if len(name) <= most:
        return name
    end = (most - 1) // 2
    return f"{name[: most - 1 - end]}…{name[len(name) - end :]}"


def cut(text: Text, name: str, most: int = MOST_LETTERS, after: str = "") -> None:
    """Make `text` say a name, shortened where it is long, and what comes `after` it; the page then says the whole name
    where one points."""
    text.set_text(shortened(name, most) + after)
    if len(name) > most:
        # The one place of an artist for words of ours; PNG and PDF leave it out.
        text.set_gid(name)


def cut_names(figure: Figure) -> Iterator[Cut]:
    """The names that were cut in a figure which has been drawn."""
    width, height = figure.bbox.width, figure.bbox.height
    for text in figure.findobj(Text):
        if (name := text.get_gid()) and text.get_visible():
            box = text.get_window_extent()
            yield Cut(name, (box.x0 / width, 1 - box.y1 / height, box.width / width, box.height / height))


def named_ticks(
    axes: Axes, which: str, names: Sequence[str], most: int = MOST_LETTERS, length: float | None = None, **style: Any
) -> None:
    """Ticks at 0, 1, … with these names, or at every second one, every third … where they would overlap.

    The axis is `length` inches long, with what stands beside it; left out, as long as the figure's side. Along x, names
    have to be turned by `rotation`.
    """
    if length is None:
        length = float(axes.get_figure().get_size_inches()[int(which == "y")])  # type: ignore[union-attr]
    step = -(-len(names) // max(1, int(0.75 * length / _LINE)))
    shown = range(0, len(names), step)
    getattr(axes, f"set_{which}ticks")(shown, [shortened(names[i], most) for i in shown], **style)
    axis: Any = getattr(axes, f"{which}axis")
    # By their ticks: panels that share an axis have no visible labels inside of a row.
    for tick, i in zip(axis.get_major_ticks(len(shown)), shown, strict=True):
        cut(tick.label1, names[i], most)
