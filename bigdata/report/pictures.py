"""A figure on the page: drawn, saved as PNG and PDF beside the page, and carried inside it."""

from __future__ import annotations

import base64
from pathlib import Path

from bigdata.kind.report import Figure
from bigdata.report.html import Markup, element, join
from bigdata.report.parts import report_figure
from bigdata.store.reading import View


def picture(view: View, name: str) -> Markup:
    """Draw and save a figure of the study; the HTML that shows it and links the PDF."""
    from bigdata.kind.drawing import DPI

    figure, png, pdf = _saved(view, name)
    data = png.read_bytes()
    # Bytes 16 to 19 of a PNG are its width in pixels; of a page's own pixels, an inch has 96.
    width = int.from_bytes(data[16:20], "big") * 96 // DPI
    image = element(
        "img",
        src=f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}",
        alt=figure.alt,
        width=int(width * 1.2),
    )
    # A box to tick, which the style sheet reads: enlarging needs no script, and the keyboard can do it.
    box = element("input", type="checkbox", aria_label=f"Enlarge: {figure.title}")
    return element(
        "figure",
        element("label", box, image, class_="enlarge"),
        element("figcaption", element("b", figure.title + ". "), figure.caption, " ", join("(", _link(pdf), ")")),
        id=pdf.stem,
    )


def link_to_picture(view: View, name: str) -> Markup:
    """Draw and save a figure that a panel of the page shows already; the HTML that links its PDF."""
    figure, _, pdf = _saved(view, name)
    return element("p", join("On paper: ", figure.title, " (", _link(pdf), ")."), class_="quiet", id=pdf.stem)


def _saved(view: View, name: str) -> tuple[Figure, Path, Path]:
    """A figure, drawn, and its PNG and PDF."""
    # Here, so that a Matplotlib that can't be loaded costs the page its figures only.
    from bigdata.kind.drawing import save_as

    figure = report_figure(view, name)
    return figure, *save_as(figure.draw, view.run.folder.figure(view.group, name))


def _link(pdf: Path) -> Markup:
    return element("a", "PDF", href=f"figures/{pdf.name}")
