"""How many bytes the report of many calculations will take: each is a mark in two figures and a line in the third."""

from __future__ import annotations

from bigdata.kind import Drawn, crowded, page_bytes
from bigdata.studies.high_throughput.model import HighThroughput

# Of more, lines and marks lie upon each other.
ROOM = 60.0
WORDS, WORDS_CALCULATION, ROWS = 2_200, 380, 500


def report_bytes(model: HighThroughput, n: int) -> int:
    """About what the page and the figures take, for n calculations."""
    seen = crowded(n, ROOM)
    drawn = {
        "effort": Drawn(3_600 + 640 * seen, 19_500 + 300 * n),
        "settings": Drawn(6_500 + 380 * seen, 19_700 + 340 * n),
        "spectra": Drawn(21_900 + 2_970 * seen, 20_500 + 1_930 * n),
    }
    return page_bytes(model.figures(), drawn, WORDS + WORDS_CALCULATION * min(n, ROWS))
