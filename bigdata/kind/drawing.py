"""Figures for a paper: one style for all, no global state of Matplotlib, and files that are equal byte for
byte when redrawn."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bigdata.kind.names import Cut, cut_names
from bigdata.kind.palette import save_png
from bigdata.store.folder import PARTIAL, figure_files

WIDTH = 6.9
"""Inches of a figure over both columns of a page."""

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito's colours, which colour-blind readers tell apart."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DPI = 200
STYLE: Any = {
    # An offset above an axis, such as +1.234e3, is overlooked.
    "axes.formatter.useoffset": False,
    "axes.linewidth": 0.7,
    "axes.spines.right": True,
    "axes.titlesize": 8.5,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    # Names come from files: `$` is no formula there. Formatters of ticks that write formulas can't be used, then.
    "text.parse_math": False,
    "pdf.fonttype": 42,  # TrueType: some journals refuse PDFs with Matplotlib's usual Type 3 fonts
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.direction": "out",
    "ytick.direction": "out",
}


class Saved(NamedTuple):
    """The files of a figure, and the names that it shows cut."""

    png: Path
    pdf: Path
    cut: tuple[Cut, ...]


def drawing(height: float, width: float = WIDTH, layout: Literal["constrained"] | None = "constrained") -> Figure:
    """An empty figure, in inches; `layout=None` leaves it to the caller to place the axes."""
    figure = Figure(figsize=(width, height), layout=layout)
    FigureCanvasAgg(figure)
    return figure


def save_as(draw: Callable[[], Figure], path: Path) -> Saved:
    """Draw in our style and save as `path`.png and `path`.pdf, both or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    png, pdf = figure_files(path)
    beside = [file.with_name(file.name + PARTIAL) for file in (png, pdf)]
    try:
        with mpl.rc_context(STYLE):
            drawn = draw()
            _place(drawn)
            # Without Matplotlib's version in the PNG and the time in the PDF, equal figures are equal files.
            picture = io.BytesIO()
            drawn.savefig(picture, format="png", dpi=DPI, metadata={"Software": None}, pil_kwargs={"compress_level": 0})
            save_png(picture.getvalue(), beside[0], DPI)
            drawn.savefig(beside[1], format="pdf", metadata={"CreationDate": None})
            # Once it was drawn, since until then ticks have no places.
            cut = tuple(cut_names(drawn))
        for file, place in zip(beside, (png, pdf), strict=True):
            file.replace(place)
    finally:
        for file in beside:
            file.unlink(missing_ok=True)
    return Saved(png, pdf, cut)


def _place(drawn: Figure) -> None:
    """Lay the figure out once: each saving would do it again, twice, and take as long for that as for drawing."""
    engine = drawn.get_layout_engine()
    if engine is not None:
        engine.execute(drawn)
        drawn.set_layout_engine("none")
