"""The tables of the report on the h-BN spectra, against values computed from the stored matrix alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import bigdata
from bigdata.data.spectra.dataset import open_import
from bigdata.kind.report import Table
from bigdata.store.reading import Run
from bigdata.studies.similarity.results import letters, plain
from tests.report.made import Made, made
from tests.report.told import told

SPEC = Path(__file__).parents[3] / "specs" / "similarity.yaml"
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIGDATA_CACHE", str(tmp_path_factory.mktemp("cache")))
        open_import.cache_clear()
        yield tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def run(runs: Path) -> Run:
    return bigdata.submit(bigdata.load_study(SPEC), site="process", runs=runs)


@pytest.fixture(scope="module")
def near(runs: Path) -> Run:
    """The same entries with their five nearest neighbours only."""
    study = bigdata.load_study(SPEC, ["similarity.keep={nearest: 5}", "groups=null"])
    return bigdata.submit(study, site="process", runs=runs)


@pytest.fixture(scope="module")
def parts(run: Run) -> Made:
    return made(run)


@pytest.fixture(scope="module")
def matrix(run: Run) -> NDArray[np.float64]:
    return run["similarity"][...]


def rows(parts: Made, title: str) -> Rows:
    table: Table = next(t for t in parts.tables if t.title == title)
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def number(run: Run, name: str) -> int:
    return run["entry"][...].tolist().index(name)


def test_one_setting_at_a_time(run: Run, parts: Made, matrix: NDArray[np.float64]) -> None:
    found = rows(parts, "How converged is each setting")
    lda = {(r["setting"], r["value"]): r for r in found if r["xc"] == "LDA"}
    reference = number(run, "pw_LDA_12x12x4_ec600")
    expected = {
        ("n_kpts_full", 32): ("pw_LDA_4x4x2_ec600", ""),
        ("n_kpts_full", 128): ("pw_LDA_8x8x2_ec600", ""),
        ("n_kpts_full", 576): ("pw_LDA_12x12x4_ec600", ""),
        ("n_basis", 240): ("pw_LDA_12x12x4_ec200", ""),
        ("n_basis", 942): ("pw_LDA_12x12x4_ec500", ""),
        ("mode", "lcao"): ("lcao_LDA_12x12x4_h0.16_dzp", "n_basis"),
    }
    for key, (name, others) in expected.items():
        assert (lda[key]["entry"], lda[key]["also differs in"]) == (name, others)
        assert lda[key]["similarity"] == matrix[number(run, name), reference]
    assert {value for setting, value in lda if setting == "n_basis"} == {240, 342, 450, 676, 942, 1233}


def test_every_entry_in_order(run: Run, parts: Made, matrix: NDArray[np.float64]) -> None:
    found = rows(parts, "Similarity to the most accurate entry")
    assert [r["entry"] for r in found] == run["entry"][...][run["order"][...]].tolist()
    keys = [(r["xc"], r["n_kpts_full"], r["mode"], r["n_basis"]) for r in found]
    assert keys == sorted(keys)
    for r in found:
        assert r["most accurate entry"] == f"pw_{r['xc']}_12x12x4_ec600"
        assert r["similarity"] == matrix[number(run, r["entry"]), number(run, r["most accurate entry"])]


def test_blocks_inside_and_between(run: Run, parts: Made, matrix: NDArray[np.float64]) -> None:
    kinds = list(zip(run["xc"][...].tolist(), run["n_kpts_full"][...].tolist(), strict=True))
    order = sorted(set(kinds))
    inside, between = rows(parts, "Blocks of settings"), rows(parts, "Mean similarity between blocks")
    assert [r["block"] for r in inside] == list("abcdef")
    for i, a in enumerate(order):
        members = [k for k, kind in enumerate(kinds) if kind == a]
        own = matrix[np.ix_(members, members)][np.triu_indices(len(members), 1)]
        assert inside[i]["entries"] == 18
        found = [inside[i][word] for word in ("mean", "least", "greatest")]
        np.testing.assert_allclose(found, [own.mean(), own.min(), own.max()], rtol=1e-13)
        for j, b in enumerate(order):
            others = [k for k, kind in enumerate(kinds) if kind == b]
            mean = own.mean() if a == b else matrix[np.ix_(members, others)].mean()
            assert between[i][letters(j)] == pytest.approx(mean, rel=1e-13)


def test_groups_are_as_alike_as_asked_for(run: Run, parts: Made, matrix: NDArray[np.float64]) -> None:
    found, group = rows(parts, "Homogeneous groups"), run["group"][...]
    assert sum(r["entries"] for r in found) == 108
    assert [r["entries"] for r in found] == sorted((r["entries"] for r in found), reverse=True)
    for r in found:
        members = np.flatnonzero(group == r["group"])
        pairs = matrix[np.ix_(members, members)][np.triu_indices(len(members), 1)]
        assert r["least"] == (pytest.approx(pairs.min()) if len(pairs) else None)
        assert r["mean"] == (pytest.approx(pairs.mean()) if len(pairs) else None)
        assert len(pairs) == 0 or r["least"] >= 0.9
        assert r["xc"] == ", ".join(sorted(set(run["xc"][...][members])))


def test_quality_names_the_worst_entry(run: Run, parts: Made) -> None:
    found = {r["quantity"]: r for r in rows(parts, "Quality of the fingerprints")}
    assert list(found) == ["coverage", "filling", "overflow", "undersampling"]
    assert (found["coverage"]["mean"], found["coverage"]["least"]) == (1, 1)
    for name in ("filling", "overflow", "undersampling"):
        values = run[name][...]
        assert found[name]["mean"] == pytest.approx(values.mean())
        assert found[name]["worst in"] == run["entry"][...][values.argmax()]


def test_the_headline_has_the_numbers_to_compare(parts: Made) -> None:
    entries, n_groups, largest, median = parts.headline.values()
    sizes = [r["entries"] for r in rows(parts, "Homogeneous groups")]
    assert (entries, n_groups, largest) == (108, len(sizes), sizes[0])
    others = [r["similarity"] for r in rows(parts, "Similarity to the most accurate entry")]
    assert median == pytest.approx(np.median(sorted(others)[:-2]))  # without the two references themselves


def test_the_summary_says_what_was_found(run: Run, parts: Made) -> None:
    said, group = " ".join(parts.summary), run["group"][...]
    assert "108 entries" in said
    assert f"{group.max() + 1} homogeneous groups" in said
    assert "with n_kpts_full 128 instead of 576" in said


def test_nearest_neighbours_in_place_of_the_matrix(near: Run, matrix: NDArray[np.float64]) -> None:
    parts = made(near)
    off = matrix.copy()
    np.fill_diagonal(off, -1)
    for r in rows(parts, "Nearest neighbours"):
        similar = np.sort(off[number(near, r["entry"])])[::-1]
        assert (r["similarity"], r["similarity of the last kept"]) == (similar[0], similar[4])
    assert not parts.panels
    assert "Blocks of settings" not in [t.title for t in parts.tables]
    assert "n_above" not in near
    assert parts.headline == {
        "entries": 108,
        "median similarity to the most accurate": np.median(
            np.delete(matrix[:, near["reference"][...]].diagonal(), sorted(set(near["reference"][...])))
        ),
    }


@pytest.mark.parametrize(
    ("which", "names"),
    [
        ("run", ["matrix", "convergence", "groups", "fingerprints"]),
        ("near", ["neighbors", "convergence", "fingerprints"]),
    ],
)
def test_the_figures_are_those_that_the_study_names(
    which: str, names: list[str], request: pytest.FixtureRequest
) -> None:
    run: Run = request.getfixturevalue(which)
    assert list(run.model.figures()) == names
    assert {path.name for path in run.folder.figures.iterdir()} == {
        f"{n}.{end}" for n in names for end in ("png", "pdf")
    }


def test_the_panel_carries_the_entries_in_order(run: Run, parts: Made) -> None:
    data = parts.panels[0].data()
    assert data["names"] == run["entry"][...][run["order"][...]].tolist()
    assert [(b["letter"], b["first"], b["last"]) for b in data["blocks"]][:2] == [("a", 0, 18), ("b", 18, 36)]
    assert [s["name"] for s in data["settings"]][:4] == ["xc", "n_kpts_full", "mode", "n_basis"]


def test_the_panel_takes_a_sample_where_fingerprints_are_many(parts: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bigdata.studies.similarity.panel.MOST_BYTES", 50 * 205)
    data = parts.panels[0].data()
    assert (data["n"], data["total"], len(data["names"])) == (36, 108, 36)
    assert data["blocks"][-1]["last"] == 36


@pytest.mark.parametrize(("n", "name"), [(0, "a"), (25, "z"), (26, "aa"), (27, "ab"), (702, "aaa")])
def test_letters(n: int, name: str) -> None:
    assert letters(n) == name


@pytest.mark.parametrize(
    ("value", "shown"), [(np.float64(576), 576), (np.float64("nan"), None), (np.float64(0.25), 0.25)]
)
def test_stored_numbers_are_shown_plainly(value: np.float64, shown: float | None) -> None:
    assert plain(value) == shown


def test_its_report_tells_nothing_of_the_machine(run: Run) -> None:
    assert told(run) == set()
