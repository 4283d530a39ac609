"""What is said of the entries before anything is computed: how far they reach, and which settings are of two kinds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bigdata
from bigdata.data.spectra.dataset import open_import
from bigdata.errors import SpecError
from bigdata.planning import Plan
from bigdata.studies.similarity.fingerprint import covered, heights
from bigdata.studies.similarity.grid import Grid
from tests.report.made import made

GRID = "uniform:0:0.5:2:-5:5:16"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGDATA_CACHE", str(tmp_path / "cache"))
    open_import.cache_clear()


def spectrum(name: str, low: float = -8, high: float = 8, **more: Any) -> dict[str, Any]:
    energies = np.arange(low, high + 0.1, 0.25)
    return {"name": name, "energies_eV": energies.tolist(), "dos_states_per_eV_cell": [2.0] * len(energies), **more}


class Folder:
    """A folder with spectra and a study of them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def study(self, *entries: dict[str, Any], **more: Any) -> bigdata.Study:
        (self.path / "s.jsonl").write_text("".join(json.dumps(e) + "\n" for e in entries))
        given = {
            "study": "similarity",
            "name": "s",
            "dataset": {"file": "s.jsonl", "on_bad_entry": "skip"},
            "spectrum": {"zero": "none"},
            "fingerprint": {"grid": GRID},
        }
        (self.path / "s.yaml").write_text(json.dumps(given | more))
        return bigdata.load_study(self.path / "s.yaml")

    def plan(self, *entries: dict[str, Any], **more: Any) -> Plan:
        return bigdata.plan(self.study(*entries, **more), runs=self.path)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_spectra_that_cover_all_columns_are_no_matter_to_note(folder: Folder) -> None:
    assert folder.plan(spectrum("a"), spectrum("b", -5.5, 5.5)).notes == ()


@pytest.mark.parametrize(
    ("low", "high", "said"), [(-8, 4, "b, to 4 eV"), (-3.25, 8, "b, from -3.25 eV"), (-3, 3, "b, from -3 to 3 eV")]
)
def test_entries_short_of_columns_are_counted_and_the_first_is_named(
    folder: Folder, low: float, high: float, said: str
) -> None:
    (note,) = folder.plan(spectrum("a"), spectrum("b", low, high)).notes
    assert note.startswith("1 of 2 entries don't reach over all columns (first ")
    assert said in note
    assert "a pair is compared on the columns that both cover" in note


def test_most_accurate_entries_among_them_are_named(folder: Folder) -> None:
    entries = [spectrum("low", n=1, xc="LDA"), spectrum("best", -8, 2, n=2, xc="LDA")]
    (note,) = folder.plan(*entries, order_by=["xc", "n"]).notes
    assert note.endswith("Among them, the most accurate of their kind: best")


def test_an_entry_that_covers_no_column_is_skipped_or_refused(folder: Folder) -> None:
    entries = spectrum("a"), spectrum("far", 20, 30)
    plan = folder.plan(*entries)
    assert "far" in plan.notes[0]
    assert "covers none of the fingerprint's columns, which reach from -5 to 5 eV" in plan.notes[0]
    assert plan.variants[0].workload.sizes["entries"] == 1
    with pytest.raises(SpecError, match="1 of 2 entries can't be used"):
        folder.plan(*entries, dataset={"file": "s.jsonl"})


def test_nothing_but_such_entries_is_an_error(folder: Folder) -> None:
    with pytest.raises(SpecError, match="no spectrum that can be used is left"):
        folder.plan(spectrum("far", 20, 30))


@pytest.mark.parametrize("columns", [slice(0, 20), slice(3, 15)])
def test_coverage_is_that_of_the_fingerprints(columns: slice) -> None:
    grid, random = Grid.from_id(GRID), np.random.default_rng(1)
    limits = np.sort(random.uniform(-8, 8, (300, 2)), axis=1)
    begin, end = covered(limits - grid.e_ref, grid, columns)
    for i, (low, high) in enumerate(limits):
        found = heights(np.array([low, high]), np.ones((1, 2)), 0.0, grid, columns)
        assert (found.first[0], found.last[0]) == (begin[i] - columns.start, end[i] - columns.start)


def test_a_setting_of_numbers_and_text_is_text_everywhere(folder: Folder) -> None:
    sizes = [100, 20, "big", None, 3]
    entries = [spectrum(f"e{i}", n=n) for i, n in enumerate(sizes)]
    study = folder.study(*entries, order_by=["n"], convergence={"within": ["n"]})
    plan = bigdata.plan(study, runs=folder.path)
    assert plan.notes[0] == "n is a number in 3 of 4 entries and text in 1 (first `big` in e2): it is taken as text"
    run = bigdata.submit(study, site="process", runs=folder.path)
    assert run["n"][...].tolist() == ["100", "20", "big", "", "3"]
    names = run["entry"][...][run["order"][...]].tolist()
    assert names == ["e3", "e2", "e4", "e1", "e0"]
    in_order = run.tables["Similarity to the most accurate entry"]
    assert [row[0] for row in in_order.rows] == names


def test_a_window_wider_than_the_grid_says_where_the_columns_end(folder: Folder) -> None:
    window = {"zero": "none", "window": ["-20 eV", "20 eV"]}
    (note,) = folder.plan(spectrum("a"), spectrum=window).notes
    assert "the window from -20 to 20 eV is wider than the fingerprint" in note
    assert "columns reach from -5 to 5 eV" in note


def test_fingerprints_without_a_bit_are_counted_and_named(folder: Folder) -> None:
    empty = spectrum("e", dos_states_per_eV_cell=[5.0] + [0.0] * 64)
    run = bigdata.submit(folder.study(spectrum("a"), empty), site="process", runs=folder.path)
    parts = made(run)
    assert any("1 fingerprint has no bit set (e)" in sentence for sentence in parts.summary)
    row = run.tables["Quality of the fingerprints"].rows[-1]
    assert (row[0], row[4]) == ("empty", "e")
    assert row[5].startswith("1 of 2 fingerprints")
