"""Variants that differ in a seed alone have their mean and spread beside each other's numbers."""

from __future__ import annotations

import math

from bigdata.report.over_seeds import over_seeds

SETTINGS = [{"model": m, "split.seed": s} for m in ("a", "b") for s in (1, 2, 3)]


def test_the_mean_and_the_standard_deviation_are_those_of_the_seeds() -> None:
    values = [1.0, 2.0, 6.0, 10.0, 10.5, 11.0]
    table = over_seeds(SETTINGS, [{"MAE": v, "best": "x"} for v in values])
    assert table is not None
    assert list(table.columns) == ["variant", "seeds", "MAE"]
    mean = sum(values[:3]) / 3
    spread = math.sqrt(sum((v - mean) ** 2 for v in values[:3]) / 2)
    assert table.rows[0] == ("model=a", 3, f"{mean:.5g} ± {spread:.2g}")
    assert table.rows[1] == ("model=b", 3, "10.5 ± 0.5")


def test_a_number_that_a_seed_lacks_is_said() -> None:
    table = over_seeds(SETTINGS[:3], [{"MAE": 1.0}, {"MAE": 3.0}, {"MAE": math.nan}])
    assert table is not None
    assert table.rows == [("model=a", 3, "2 ± 1.4 (of 2)")]


def test_seeds_alone_make_one_row() -> None:
    table = over_seeds([{"split.seed": s} for s in (1, 2)], [{"n": 4}, {"n": 6}])
    assert table is not None
    assert table.rows == [("all", 2, "5 ± 1.4")]


def test_other_variants_have_no_means() -> None:
    assert over_seeds([{"model": "a"}, {"model": "b"}], [{"MAE": 1.0}, {"MAE": 2.0}]) is None
