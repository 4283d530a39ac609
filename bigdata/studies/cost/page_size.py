"""How many bytes the report of a cost study will take, as measured."""

from __future__ import annotations

from bigdata.kind import Drawn, page_bytes
from bigdata.studies.cost.model import Cost

WORDS, WORDS_STAGE = 2_500, 300


def report_bytes(model: Cost) -> int:
    """The limits show each stage as a bar, the search is one sum of its own."""
    n = len(model.stages)
    drawn = {"limits": Drawn(1_000 + 5_000 * n, 10_400 + 2_950 * n), "search": Drawn(23_200, 20_600)}
    return page_bytes(model.figures(), drawn, WORDS + WORDS_STAGE * n)
