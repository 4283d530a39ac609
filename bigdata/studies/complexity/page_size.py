"""How many bytes the report of a complexity study will take: its models, and their clouds of samples."""

from __future__ import annotations

from bigdata.kind import Drawn, crowded, page_bytes
from bigdata.studies.complexity.model import Complexity

ROOM = 20_000.0
WORDS, WORDS_MODEL, ROWS = 6_300, 630, 500


def report_bytes(model: Complexity, n_samples: int) -> int:
    """About what the page and the figures take."""
    n, classes = len(model.points), len(model.classes)
    clouds = float(n_samples * classes)
    drawn = {
        "errors": Drawn(9_800 + 175 * n, 12_700 + 95 * n),
        "parity": Drawn(9_000 + 5_000 * classes + 4.6 * crowded(clouds, ROOM), 14_000 + 13.3 * clouds),
        "pareto": Drawn(16_300, 13_450),
        "descriptors": Drawn(6_200, 10_600),
        "importance": Drawn(15_500, 12_150),
    }
    return page_bytes(model.figures(), drawn, WORDS + WORDS_MODEL * min(n, ROWS))
