"""How many bytes the report of a search will take: a line or a mark for each trial."""

from __future__ import annotations

from bigdata.kind import Drawn, crowded, page_bytes
from bigdata.studies.architecture_search.model import ArchitectureSearch

# Lines of so many trials fill the plot of parallel axes.
ROOM = 60.0
WORDS, WORDS_TRIAL, ROWS = 7_500, 190, 500


def report_bytes(model: ArchitectureSearch) -> int:
    """About what the page and the figures take."""
    n = model.search.trials
    drawn = {
        "best_so_far": Drawn(9_700 + 14 * n, 13_000 + 9 * n),
        "parallel": Drawn(9_000 + 1_660 * crowded(n, ROOM), 14_000 + 66 * n),
        "surface": Drawn(14_000 + 17 * n, 12_600 + 33 * n),
        "trials": Drawn(9_500 + 30 * n, 12_000 + 17 * n),
    }
    return page_bytes(model.figures(), drawn, WORDS + WORDS_TRIAL * min(n, ROWS))
