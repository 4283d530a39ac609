"""A figure on the page: drawn, saved as PNG and PDF beside the page, and carried inside it."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from bigdata.kind.report import Figure
from bigdata.report.html import Markup, element, join
from bigdata.report.parts import report_figure
from bigdata.store.reading import View

if TYPE_CHECKING:
    from bigdata.kind.drawing import Saved
    from bigdata.kind.names import Cut

# Of the page's own pixels, an inch of a figure has so many: letters of 8 points are as high as those of captions.
PIXELS_PER_INCH = 115


def picture(view: View, name: str) -> Markup:
    """Draw and save a figure of the study; the HTML that shows it and links the PDF."""
    from bigdata.kind.drawing import DPI

    figure, saved = _saved(view, name)
    data = saved.png.read_bytes()
    # Bytes 16 to 19 of a PNG are its width in pixels.
    width = int.from_bytes(data[16:20], "big") * PIXELS_PER_INCH // DPI
    image = element(
        "img",
        src=f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}",
        alt=figure.alt,
        width=width,
    )
    # A box to tick, which the style sheet reads: enlarging needs no script, and the keyboard can do it.
    box = element("input", type="checkbox", aria_label=f"Enlarge: {figure.title}")
    shown = element("span", image, _whole_names(saved.cut), class_="image")
    return element(
        "figure",
        element("label", box, shown, class_="enlarge", style=f"--width: {width}px"),
        element("figcaption", element("b", figure.title + ". "), figure.caption, " ", join("(", _link(saved.pdf), ")")),
        id=saved.pdf.stem,
    )


def link_to_picture(view: View, name: str) -> Markup:
    """Draw and save a figure that a panel of the page shows already; the HTML that links its PDF."""
    figure, saved = _saved(view, name)
    return element("p", f"On paper: {figure.title} (", _link(saved.pdf), ").", class_="quiet", id=saved.pdf.stem)


def _saved(view: View, name: str) -> tuple[Figure, Saved]:
    # Here, so that a Matplotlib that can't be loaded costs the page its figures only.
    from bigdata.kind.drawing import save_as

    figure = report_figure(view, name)
    return figure, save_as(figure.draw, view.run.folder.figure(view.group, name))


def _link(pdf: Path) -> Markup:
    return element("a", "PDF", href=f"figures/{pdf.name}")


def _whole_names(cut: Iterable[Cut]) -> Markup:
    """Over each name that had no room, a place that says the whole of it where one points."""
    shown = [element("span", title=one.name, style=_place(*one.box)) for one in cut]
    return element("span", *shown, class_="names") if shown else Markup("")


def _place(left: float, top: float, width: float, height: float) -> str:
    sides = {"left": left, "top": top, "width": width, "height": height}
    return "; ".join(f"{side}: {100 * share:.2f}%" for side, share in sides.items())
