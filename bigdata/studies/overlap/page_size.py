"""How many bytes the report of an overlap study will take, as measured with two datasets."""

from __future__ import annotations

from bigdata.kind import Drawn, page_bytes
from bigdata.studies.overlap.model import Overlap

DRAWN = {
    "overlap": Drawn(10_750, 13_600),
    "group_sizes": Drawn(5_850, 9_550),
    "histograms": Drawn(15_900, 14_450),
    "agreement": Drawn(12_200, 16_550),
}
WORDS, WORDS_DATASET = 2_300, 3_000


def report_bytes(model: Overlap) -> int:
    """Whatever the datasets hold, since histograms have so many bins."""
    return page_bytes(model.figures(), DRAWN, WORDS + WORDS_DATASET * len(model.datasets))
