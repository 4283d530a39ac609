"""How many bytes the report of a cost study will take, as measured."""

from __future__ import annotations

from bigdata.kind import Drawn, page_bytes
from bigdata.studies.cost.model import Calculations, Cost

WORDS, WORDS_STAGE = 2_500, 300


def report_bytes(model: Cost) -> int:
    """The limits show the bars of calculations, the search is one sum of its own."""
    n = len(model.stages)
    bars = sum(isinstance(stage, Calculations) for stage in model.stages.values())
    drawn = {"limits": Drawn(8_500 + 3_100 * bars, 13_700 + 2_700 * bars), "search": Drawn(23_200, 20_600)}
    return page_bytes(model.figures(), drawn, WORDS + WORDS_STAGE * n)
