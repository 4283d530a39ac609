"""The variants of a sweep side by side, each in its few headline numbers."""

from __future__ import annotations

from collections.abc import Sequence

from bigdata.kind.report import Headline, Table
from bigdata.report.faults import Faults
from bigdata.report.html import Markup, element
from bigdata.report.over_seeds import over_seeds
from bigdata.report.table import table_element
from bigdata.report.variant import VariantPart

CAPTION = "Each variant of the sweep in a few numbers; more of each in its own part below."


def comparison(variants: Sequence[VariantPart], faults: Faults) -> Markup:
    """A row for each variant; numbers that can't be had are dashes, and the reasons stand below."""
    headlines, said = zip(*(variant.headline() for variant in variants), strict=True)
    table = faults.shown("comparison of the variants", lambda: _table(variants, headlines))
    means = faults.shown("means over seeds", lambda: _means(variants, headlines))
    return element("section", table, means, *said)


def _means(variants: Sequence[VariantPart], headlines: Sequence[Headline]) -> Markup:
    settings = [variant.settings for variant in variants[0].view.run.study.variants]
    table = over_seeds(settings, headlines)
    return Markup("") if table is None else table_element(table, "h2")


def _table(variants: Sequence[VariantPart], headlines: Sequence[Headline]) -> Markup:
    names = list(dict.fromkeys(name for headline in headlines for name in headline))
    rows = [
        [variant.view.label, *(headline.get(name) for name in names)]
        for variant, headline in zip(variants, headlines, strict=True)
    ]
    return table_element(Table("The variants compared", ["variant", *names], rows, caption=CAPTION), "h2")
