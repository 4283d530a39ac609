"""How many bytes a study's part of the report will take: its figures by what they draw, and its words and tables.

A figure's axes and letters take so much whatever it shows, each mark that it draws a little more, less where marks lie
upon each other. The numbers that kinds give are measured in runs of the specs that the package ships, and held against
others; of the whole run they leave some percent open.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

# The PNG stands on the page as well, in base64: four letters for three bytes.
BASE64 = 4 / 3


class Drawn(NamedTuple):
    """Bytes of a figure's two files."""

    png: float
    pdf: float

    @property
    def n_bytes(self) -> float:
        """With the copy on the page."""
        return (1 + BASE64) * self.png + self.pdf


# Of a figure that nobody measured: a panel or two with lines.
USUAL = Drawn(16_000, 15_000)


def page_bytes(figures: Iterable[str], drawn: Mapping[str, Drawn], words: float) -> int:
    """Bytes of these figures and of their page's words and tables, which are `words` long."""
    return round(words + sum(drawn.get(name, USUAL).n_bytes for name in figures))


def crowded(marks: float, room: float) -> float:
    """How many of so many marks are seen where there is room for so many."""
    return room * -math.expm1(-marks / room)
