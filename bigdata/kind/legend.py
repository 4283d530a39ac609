"""What tells the series of a figure apart, however many there are, and says which is which: looks and legends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bigdata.kind.drawing import COLOURS, MARKERS
from bigdata.kind.names import cut, shortened

LINES = ("-", "--", ":", "-.")
# Entries of a legend: beyond these nobody reads them, and the data have no room.
MOST_NAMED = 20
# Inches: a letter of a legend, a line of it, and what an entry takes besides its letters.
_LETTER, _LINE, _BESIDE = 0.058, 0.16, 0.5


def colour(place: int) -> str:
    """The colour of a series, from the first again beyond as many as there are colours."""
    return COLOURS[place % len(COLOURS)]


def look(place: int) -> dict[str, Any]:
    """Colour and marker of a series; the same colour comes again with another marker."""
    return {"color": colour(place), "marker": MARKERS[(place + place // len(COLOURS)) % len(MARKERS)]}


def stroke(place: int) -> dict[str, Any]:
    """Colour and kind of line of a series; the same colour comes again with another kind of line."""
    return {"color": colour(place), "ls": LINES[place // len(COLOURS) % len(LINES)]}


def legend(figure: Figure, handles: Iterable[Artist], labels: Iterable[str] | None = None, title: str = "") -> None:
    """A legend above all panels, in as many columns as fit; the figure grows by its height.

    Beyond MOST_NAMED series it says how many more there are. Without series there is none.
    """
    handles = list(handles)
    names = [str(handle.get_label()) for handle in handles] if labels is None else list(labels)
    if not handles:
        return
    n_more = len(names) - MOST_NAMED
    if n_more > 1:
        handles, names = [*handles[:MOST_NAMED], Line2D([], [], ls="")], [*names[:MOST_NAMED], f"and {n_more:,} more"]
    columns = _columns(figure.get_figwidth(), names)
    lines = -(-len(names) // columns) + bool(title)
    figure.set_figheight(figure.get_figheight() + _LINE * lines)
    drawn = figure.legend(
        handles, list(map(shortened, names)), loc="outside upper center", ncols=columns, title=title or None,
        title_fontsize=7,
    )  # fmt: skip
    for text, name in zip(drawn.get_texts(), names, strict=True):
        cut(text, name)


def _columns(width: float, names: Sequence[str]) -> int:
    widest = max(len(shortened(name)) for name in names)
    return max(1, min(len(names), int(width / (_BESIDE + _LETTER * widest))))
