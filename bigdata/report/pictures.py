"""A figure on the page: drawn, saved as PNG and PDF beside the page, and carried inside it."""

from __future__ import annotations

import base64

from bigdata.report import drawing
from bigdata.report.html import Markup, element, join
from bigdata.report.parts import Figure
from bigdata.store.folder import RunFolder


def picture(figure: Figure, folder: RunFolder, prefix: str = "") -> Markup:
    """Draw and save a figure; the HTML that shows it and links the PDF."""
    png = drawing.save(figure, folder, prefix)
    data = base64.b64encode(png).decode("ascii")
    width = int.from_bytes(png[16:20], "big") * 96 // drawing.DPI
    link = element("a", "PDF", href=f"figures/{prefix}{figure.name}.pdf")
    return element(
        "figure",
        element("img", src=f"data:image/png;base64,{data}", alt=figure.alt, width=int(width * 1.2)),
        element("figcaption", element("b", figure.title + ". "), figure.caption, " ", join("(", link, ")")),
        id=f"{prefix}{figure.name}",
    )
