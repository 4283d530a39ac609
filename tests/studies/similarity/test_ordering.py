"""The order of the entries, what is known of their settings, and who is the most accurate."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bigdata
from bigdata.errors import SpecError
from bigdata.studies.similarity.kinds import of_one_kind
from bigdata.studies.similarity.model import By
from bigdata.studies.similarity.ordering import order, references
from tests.report.made import made
from tests.studies.similarity.test_entries import Folder, folder, own_cache, spectrum

__all__ = ["folder", "own_cache"]


def ordered(values: list[Any], *, descending: bool = False) -> list[Any]:
    found = order({"n": values}, len(values), [By(field="n", descending=descending)])
    return [values[i] for i in found]


@pytest.mark.parametrize(
    "right",
    [
        ["4x4x4", "8x8x8", "12x12x4", "16x16x16"],
        ["light 2", "light 10", "tight 1"],
        [None, "", "tight", "8", 9, 10.5, "100"],
        ["0.10x0.9", "0.9x0.9", "1.0x1.0"],
        [False, True],
    ],
)
def test_numbers_inside_of_text_count_as_numbers_and_what_is_unknown_comes_first(right: list[Any]) -> None:
    for seed in range(5):
        shuffled = random.Random(seed).sample(right, len(right))
        assert [v for v in ordered(shuffled) if v not in (None, "")] == [v for v in right if v not in (None, "")]
        assert all(v in (None, "") for v in ordered(shuffled)[: sum(v in (None, "") for v in right)])


def test_descending_puts_the_least_last_and_what_is_unknown_still_first() -> None:
    assert ordered([0.2, None, 0.1, "NA?", 0.4], descending=True) == [None, "NA?", 0.4, 0.2, 0.1]


def test_equal_entries_stay_in_the_order_of_the_dataset_either_way() -> None:
    for descending in (False, True):
        found = order({"n": [2, 1, 2, 1]}, 4, [By(field="n", descending=descending)])
        assert found == ([0, 2, 1, 3] if descending else [1, 3, 0, 2])


def test_an_entry_that_misses_any_setting_of_the_order_is_no_reference_where_another_is_whole() -> None:
    settings = {"xc": ["A", "A", "B"], "n": [8, 16, 4], "basis": [100, None, None]}
    by = [By(field=f) for f in settings]
    found = order(settings, 3, by)
    assert found == [0, 1, 2]
    assert references(settings, ["xc"], found, list(settings)) == [0, 0, 2]


@pytest.mark.parametrize(
    ("values", "read", "said"),
    [
        ([4, 8, "100"], [4, 8, 100], "n says a number as text in 1 of 3 entries (first `100` in c)"),
        (["4", "NA", "8"], [4, None, 8], "n says that it isn't known in 1 of 3 entries (first `NA` in b)"),
        ([4, "n/a", None], [4, None, None], "taken as missing there"),
        (["4", "8", "1e-3"], ["4", "8", "1e-3"], ""),
        (["NaN", "BN", "GaN"], ["NaN", "BN", "GaN"], ""),
        ([4, 8, "big"], ["4", "8", "big"], "n is a number in 2 of 3 entries and text in 1 (first `big` in c)"),
        ([1 << 70, 1, 2], [str(1 << 70), "1", "2"], "more than 64 bits"),
        ([True, None, False], ["true", None, "false"], ""),
        ([True, False, True], [True, False, True], ""),
    ],
)
def test_mixed_values_become_of_one_kind_and_that_is_said(values: list[Any], read: list[Any], said: str) -> None:
    found, note = of_one_kind("n", values, ["a", "b", "c"])
    assert found == read
    assert (said in note) if said else note == ""


def kinds(folder: Folder, entries: list[dict[str, Any]], **more: Any) -> tuple[list[str], str]:
    """The reference of each entry, and the notes."""
    study = folder.study(*entries, **{"order_by": ["xc", "n"], **more})
    plan = bigdata.plan(study, runs=folder.path)
    coordinates = {c.name: c.values for c in plan.variants[0].workload.coordinates}
    return [entries[i]["name"] for i in coordinates["reference"]], "\n".join(plan.notes)


def test_the_entry_without_a_setting_is_no_reference(folder: Folder) -> None:
    entries = [spectrum("k4", xc="PBE", n=4), spectrum("k8", xc="PBE", n=8), spectrum("unknown", xc="PBE")]
    found, notes = kinds(folder, entries)
    assert found == ["k8"] * 3
    assert "n isn't known for 1 of 3 entries (unknown)" in notes


def test_meshes_are_ordered_by_their_numbers(folder: Folder) -> None:
    entries = [spectrum(f"k{k}", xc="PBE", n=[k, k, k]) for k in (16, 8, 12)]
    assert kinds(folder, entries)[0] == ["k16"] * 3


def test_the_least_spacing_is_the_most_accurate_where_descending(folder: Folder) -> None:
    entries = [spectrum(f"k{k}", xc="PBE", n=k / 10) for k in (3, 1, 2)]
    found, _ = kinds(folder, entries, order_by=["xc", {"field": "n", "descending": True}])
    assert found == ["k1"] * 3


@pytest.mark.parametrize(("descending", "said"), [(True, "n 2 instead of 1"), (False, "n 2 instead of 3")])
def test_a_step_below_the_most_accurate_goes_the_way_of_the_order(folder: Folder, descending: bool, said: str) -> None:
    entries = [spectrum(f"k{k}", dos_states_per_eV_cell=[1 + 0.1 * k] * 65, xc="PBE", n=k) for k in (1, 2, 3)]
    study = folder.study(*entries, order_by=["xc", {"field": "n", "descending": descending}])
    run = bigdata.submit(study, site="process", runs=folder.path)
    assert any(said in sentence for sentence in made(run).summary)


def test_tables_have_meshes_in_the_order_of_their_numbers(folder: Folder) -> None:
    entries = [spectrum(f"k{k}", xc="PBE", n=[k, k, k]) for k in (16, 4, 12)]
    run = bigdata.submit(folder.study(*entries, order_by=["xc", "n"]), site="process", runs=folder.path)
    table = next(t for t in made(run).tables if t.title == "How converged is each setting")
    assert [row[2] for row in table.rows] == ["4x4x4", "12x12x12", "16x16x16"]


def test_ties_at_the_top_are_said(folder: Folder) -> None:
    entries = [spectrum("k8", xc="PBE", n=8), spectrum("k16", xc="PBE", n=16), spectrum("other16", xc="PBE", n=16)]
    found, notes = kinds(folder, entries)
    assert found == ["other16"] * 3
    assert "other16 stands for 2 entries (k16, other16)" in notes
    assert "stands for" not in kinds(folder, entries[:2])[1]


def test_a_field_that_no_entry_has_is_an_error_at_its_place_in_either_form(folder: Folder, tmp_path: Path) -> None:
    for by, place in (("m", "order_by[0]"), ({"field": "m"}, "order_by[0].field")):
        with pytest.raises(SpecError, match="the dataset has no field `m`") as caught:
            folder.plan(spectrum("a", n=1), order_by=[by])
        assert place in str(caught.value)


def test_entries_of_which_the_kind_is_not_known_are_a_kind_of_their_own_and_said_so(folder: Folder) -> None:
    entries = [spectrum("a", xc="PBE", n=1), spectrum("b", n=2), spectrum("c", n=1)]
    study = folder.study(*entries, order_by=["xc", "n"])
    assert any(
        "xc isn't known for 2 of 3 entries (b, c)" in note for note in bigdata.plan(study, runs=folder.path).notes
    )
    run = bigdata.submit(study, site="process", runs=folder.path)
    assert run["block_label"][...].tolist() == ["xc unknown, n 1", "xc unknown, n 2", "PBE, n 1"]
    assert any("xc unknown: " in sentence for sentence in made(run).summary)


def test_of_many_kinds_the_median_and_the_worst_are_said(folder: Folder) -> None:
    """Five materials with three settings each, recomputed from the stored similarities."""
    entries = [
        spectrum(f"m{m}k{k}", dos_states_per_eV_cell=[1 + 0.1 * (3 - k) * (m + 1)] * 65, xc=f"m{m}", n=k)
        for m in range(5)
        for k in (1, 2, 3)
    ]
    run = bigdata.submit(folder.study(*entries, order_by=["xc", "n"]), site="process", runs=folder.path)
    similar = run["similarity"][...]
    names = run["entry"][...].tolist()
    to_best = {(m, k): similar[names.index(f"m{m}k{k}"), names.index(f"m{m}k3")] for m in range(5) for k in (1, 2)}
    medians = [np.median([to_best[m, 1], to_best[m, 2]]) for m in range(5)]
    of_kinds, of_steps, *_ = made(run).summary
    assert f"The median entry is {np.median(list(to_best.values())):.3f} similar" in of_kinds
    assert (
        f"over the 5 kinds (by xc) the median lies between {min(medians):.3f} (m4) and {max(medians):.3f}" in of_kinds
    )
    assert f"the least similarity is {min(to_best.values()):.3f} (m4)" in of_kinds
    assert f"in {sum(min(to_best[m, 1], to_best[m, 2]) >= 0.9 for m in range(5))} of them all" in of_kinds
    steps = [to_best[m, 2] for m in range(5)]
    assert f"a similarity of {np.median(steps):.3f} in the median of 5" in of_steps
    assert f"and {min(steps):.3f} in the worst (m4: 2 instead of 3)" in of_steps
