"""How many bytes the report of a transferability study will take, as measured with two datasets and three models."""

from __future__ import annotations

from bigdata.kind import Drawn, page_bytes
from bigdata.studies.transferability.model import Transferability

DRAWN = {
    "parity": Drawn(55_500, 27_000),
    "loss_parts": Drawn(16_700, 18_200),
    "curves": Drawn(21_000, 12_600),
    "ladder": Drawn(23_500, 19_500),
    "elements": Drawn(44_000, 25_000),
    "histograms": Drawn(16_500, 18_200),
}
WORDS, WORDS_DATASET = 7_000, 13_500


def report_bytes(model: Transferability) -> int:
    """About what the page and the figures take."""
    return page_bytes(model.figures(), DRAWN, WORDS + WORDS_DATASET * len(model.datasets))
