"""An overlap study as a user runs it, on the two databases of alloys that come with bigdata."""

from __future__ import annotations

import gzip
import html
import json
import shutil
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigdata import load_study
from bigdata.data.registry import registered
from bigdata.errors import PlanRefused, SpecError
from bigdata.places import cache_folder
from bigdata.run.at_once import at_once
from bigdata.store.reading import Run
from bigdata.studies.overlap.results import Results
from tests.bench import ROOT, Bench
from tests.report.told import told

# The tests' own use of spglib: that it will raise errors one day, which these structures don't give.
pytestmark = pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING:DeprecationWarning")
NAMES = ("emt-prototypes", "emt-random-alloys")
SPEC = {
    "study": "overlap",
    "name": "alloys",
    "datasets": {
        "prototypes": {"name": "emt-prototypes", "target": "formation_energy_per_atom"},
        "random": {"name": "emt-random-alloys", "target": "formation_energy_per_atom"},
    },
    "target": {"quantity": "formation energy", "units": "eV/atom", "range": [-1, 1]},
    "split": {"train": 0.8, "validation": 0.1, "test": 0.1, "seed": 0},
}


def rows(name: str) -> list[dict[str, Any]]:
    """The lines of a shipped file, read without bigdata."""
    path = Path(str(files("bigdata") / f"data/shipped/emt_alloys/{name}.jsonl.gz"))
    return [json.loads(line) for line in gzip.open(path)]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("overlap"))


@pytest.fixture(scope="module")
def run(bench: Bench) -> Run:
    """By workers, as a user's runs are."""
    return bench.submit(bench.write("study.yaml", SPEC), site="local")


def independent_groups(name: str) -> dict[str, str]:
    """Groups by another program: spglib's spacegroup and primitive cell."""
    spglib = pytest.importorskip("spglib", reason="spglib isn't installed: no second opinion on symmetry")
    groups = {}
    for row in rows(name):
        if abs(row["formation_energy_per_atom"]) > 1:
            continue
        kinds = sorted(set(row["species"]))
        cell = (row["lattice"], row["frac_coords"], [kinds.index(s) for s in row["species"]])
        number = spglib.get_symmetry_dataset(cell, symprec=0.1).number
        primitive = spglib.standardize_cell(cell, to_primitive=True, symprec=0.1)
        count = Counter(kinds[i] for i in primitive[2])
        groups[row["id"]] = "_".join([*(f"{s}{count[s]}" for s in kinds), str(number)])
    return groups


def test_common_groups_are_those_that_another_program_finds(run: Run) -> None:
    mine = {
        name: dict(zip(run[f"entry_{name}"][...], run[f"group_{name}"][...], strict=True)) for name in SPEC["datasets"]
    }
    other = {name: independent_groups(name) for name in SPEC["datasets"]}
    assert {n: set(map(str, g)) for n, g in mine.items()} == {n: set(g) for n, g in other.items()}
    named: dict[int, set[str]] = {}
    for name, groups in mine.items():
        for entry, group in groups.items():
            named.setdefault(int(group), set()).add(other[name][str(entry)])
    assert all(len(labels) == 1 for labels in named.values()), "one group for what the other program tells apart"
    assert len({next(iter(labels)) for labels in named.values()}) == len(named)
    shared = set(mine["prototypes"].values()) & set(mine["random"].values())
    assert run["overlap"][...].tolist() == [[351, len(shared)], [len(shared), 679]]


def test_no_group_is_in_two_parts_of_the_split(run: Run) -> None:
    parts: dict[int, set[int]] = {}
    for name in SPEC["datasets"]:
        for group, part in zip(run[f"group_{name}"][...], run[f"split_{name}"][...], strict=True):
            parts.setdefault(int(group), set()).add(int(part))
    assert all(len(p) == 1 for p in parts.values())
    sizes = np.bincount(np.concatenate([run[f"split_{name}"][...] for name in SPEC["datasets"]]))
    assert np.abs(sizes / sizes.sum() - [0.8, 0.1, 0.1]).max() < 0.02


def test_histograms_count_every_entry_once_and_shared_ones_again(run: Run) -> None:
    n = [len(run[f"entry_{name}"]) for name in SPEC["datasets"]]
    assert run["histogram"][...].sum(axis=1).tolist() == n
    shared = run["shared_entries"][...]
    assert run["histogram_shared"][...].sum(axis=1).tolist() == [shared[0, 1], shared[1, 0]]
    edges = np.append(run["bin"][...], np.inf)
    energies = run["target_random"][...]
    assert run["histogram"][1].tolist() == np.histogram(energies, edges)[0].tolist()
    assert run["bin"].units == "eV/atom"


def test_what_the_range_drops_is_named(run: Run) -> None:
    (note,) = run.resolved["notes"]
    assert "formation_energy_per_atom >= -1 and <= 1 drops 6 entries" in note


def test_files_were_predicted_exactly(bench: Bench, run: Run) -> None:
    plan = bench.plan(bench.folder / "study.yaml")
    assert plan.n_todo == 0
    assert run.folder.n_files() == plan.n_files


def test_mean_targets_of_common_groups_differ_as_computed_by_hand(run: Run) -> None:
    means = []
    for name in SPEC["datasets"]:
        sums: dict[int, list[float]] = {}
        for group, value in zip(run[f"group_{name}"][...], run[f"target_{name}"][...], strict=True):
            sums.setdefault(int(group), []).append(float(value))
        means.append({group: float(np.mean(values)) for group, values in sums.items()})
    difference = np.array([means[0][g] - means[1][g] for g in means[0].keys() & means[1].keys()])
    (row,) = run.tables["How targets differ in common groups"].rows
    assert row[1] == len(difference)
    np.testing.assert_allclose(row[2:5], [difference.mean(), np.abs(difference).mean(), np.median(np.abs(difference))])


def test_every_dataset_is_cited_with_its_licence_on_the_page_and_in_the_json(bench: Bench, run: Run) -> None:
    page = html.unescape(bench.submit(bench.folder / "study.yaml").folder.report.read_text())
    shown = json.loads(bench.bigdata("results", run.folder.path, "--json").stdout)["data"]
    assert [row["name"] for row in shown] == list(NAMES)
    for row in shown:
        known = registered(row["name"])
        assert (row["title"], row["licence"], row["citation"]) == (known.title, known.licence, known.citation)
        assert f"{known.citation.rstrip('.')}. Licence: {known.licence.rstrip('.')}." in page


def test_an_emptied_cache_fills_itself_and_gives_the_same_numbers(bench: Bench, run: Run) -> None:
    before = run["group_random"][...]
    shutil.rmtree(cache_folder() / "symmetry")
    again = bench.submit(bench.write("again.yaml", {**SPEC, "name": "again"}))
    assert (again["group_random"][...] == before).all()


def test_results_are_shown_also_where_the_cache_is_gone(
    bench: Bench, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIGDATA_CACHE", str(tmp_path))
    elsewhere = shutil.copytree(run.folder.path, tmp_path / "run")
    resolved = elsewhere / "resolved.json"
    resolved.write_text(resolved.read_text().replace(str(cache_folder().parent), "").replace("/materials/", "/gone/"))
    shown = bench.bigdata("results", elsewhere)
    assert shown.returncode == 0, shown.stderr
    assert "What is shared" in shown.stdout
    assert "met unequally often" not in shown.stdout


def test_entries_that_cannot_be_used_are_listed_with_place_and_reason(bench: Bench) -> None:
    rows_ = [
        {"formula": "AlNi", "x_eV": 1.0, "id": "a"},
        {"formula": "AlQq", "x_eV": 1.0, "id": "b"},
        {"formula": "Al", "id": "c"},
    ]
    (bench.folder / "bad.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows_))
    asked: dict[str, Any] = {
        "study": "overlap",
        "name": "bad",
        "datasets": {"mine": {"file": "bad.jsonl", "target": "x_eV"}},
        "identity": {"by": ["reduced_formula"]},
    }
    with pytest.raises(SpecError, match=r"bad.jsonl:2:1: entry `b`: .*there is no element `Qq`"):
        bench.plan(bench.write("bad.yaml", asked))
    asked["datasets"]["mine"]["on_bad_entry"] = "skip"
    found = bench.submit(bench.write("bad.yaml", asked))
    left_out = found.tables["Entries left out"].rows
    assert [row[:3] for row in left_out] == [("mine", "b", "bad.jsonl:2"), ("mine", "c", "bad.jsonl:3")]
    assert found.resolved["notes"] == [
        "mine: 1 entry (b) is unusable and left out",
        "mine: 1 entry (c) is without a value of x_eV and left out",
    ]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (("--folds", "4"), "has the parts fold-0, fold-1, fold-2, fold-3"),
        (("--symprec", "0.01"), "was made for materials told apart by formula, spacegroup within 0.01 Å"),
        (("--by", "reduced_formula"), "was made for materials told apart by reduced_formula"),
    ],
)
def test_a_split_file_that_does_not_fit_the_study_is_refused(bench: Bench, how: tuple[str, ...], said: str) -> None:
    done = bench.bigdata("datasets", "split", "emt-prototypes", "emt-random-alloys", *how, "--out", "other.json")
    assert done.returncode == 0, done.stderr
    with pytest.raises(SpecError) as raised:
        bench.plan(bench.write("other.yaml", {**SPEC, "split": {"file": "other.json"}}))
    assert said in str(raised.value)


def test_formulas_alone_are_refused_at_planning_where_structures_are_needed(bench: Bench) -> None:
    (bench.folder / "only.csv").write_text("formula\nAlNi\n")
    asked = {"study": "overlap", "name": "only", "datasets": {"mine": {"file": "only.csv"}}}
    with pytest.raises(SpecError, match=r"datasets.mine: has formulas only.*by: \[reduced_formula\]"):
        bench.plan(bench.write("only.yaml", asked))


def test_what_a_conversion_takes_for_granted_is_said(bench: Bench) -> None:
    row = rows("prototypes")[0] | {"e_eV": 1.0, "e_per_atom_eV": 1.0}
    (bench.folder / "one.jsonl").write_text(json.dumps(row))
    asked: dict[str, Any] = {"study": "overlap", "name": "one", "target": {"units": "eV/atom", "per": "atom"}}
    notes = {}
    for field in ("e_eV", "e_per_atom_eV"):
        asked["datasets"] = {"mine": {"file": "one.jsonl", "target": field}}
        notes[field] = bench.plan(bench.write("one.yaml", asked)).notes
    assert "divided by the cell's atoms" in notes["e_eV"][0]
    assert notes["e_per_atom_eV"] == ()


def test_databases_without_a_common_material_are_drawn_too(bench: Bench, recwarn: pytest.WarningsRecorder) -> None:
    (bench.folder / "others.csv").write_text("formula,x_eV\nNaCl,1\nKBr,2\n")
    asked = {
        "study": "overlap",
        "name": "strangers",
        "datasets": {
            "salts": {"file": "others.csv", "target": "x_eV"},
            "metals": {"name": "emt-prototypes", "target": "formation_energy_per_atom"},
        },
        "target": {"units": ""},
        "identity": {"by": ["reduced_formula"]},
    }
    with pytest.raises(SpecError, match="the targets have several units: salts eV, metals eV/atom"):
        bench.plan(bench.write("strangers.yaml", asked))
    asked["datasets"]["salts"]["units"] = {"x_eV": "eV/atom"}  # type: ignore[index]
    found = bench.submit(bench.write("strangers.yaml", asked))
    assert found["overlap"][0, 1] == 0
    assert (found.folder.figures / "agreement.png").is_file()
    assert not [w for w in recwarn if "legend" in str(w.message)]


def test_a_split_file_is_used_as_it_stands(bench: Bench, run: Run) -> None:
    done = bench.bigdata(
        *("datasets", "split", "emt-prototypes", "emt-random-alloys", "--seed", 7, "--out", "split.json", "--json")
    )
    assert done.returncode == 0, done.stderr
    asked = {**SPEC, "name": "from-file", "split": {"file": "split.json"}, "target": {}}
    found = bench.submit(bench.write("from-file.yaml", asked))
    parts = json.loads(done.stdout)["parts"]
    sizes = [p["entries"] for p in parts if p["dataset"] == "emt-random-alloys"]
    assert np.bincount(found["split_random"][...], minlength=3).tolist() == sizes


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"folds": 4, "seed": 2}, ("--folds", 4, "--seed", 2)),
        ({"without_element": "Au", "validation": 0.2}, ("--without-element", "Au", "--validation", 0.2)),
    ],
)
def test_a_study_splits_in_the_ways_of_the_verb(bench: Bench, asked: dict[str, Any], words: tuple[Any, ...]) -> None:
    done = bench.bigdata("datasets", "split", *NAMES, *words, "--out", "way.json", "--json")
    assert done.returncode == 0, done.stderr
    spec = {"study": "overlap", "name": "way", "datasets": {f"d{i}": {"name": n} for i, n in enumerate(NAMES)}}
    found = bench.submit(bench.write("way.yaml", {**spec, "split": asked}))
    parts = [tuple(row[1:]) for row in found.tables["Split"].rows]
    assert parts == [tuple(part.values())[1:] for part in json.loads(done.stdout)["parts"]]
    assert found.once(Results).split.digest == json.loads(done.stdout)["digest"]


def test_materials_are_split_by_date_and_stay_without_a_target(bench: Bench) -> None:
    (bench.folder / "dated.csv").write_text(
        "formula,gap_eV,year\nAlNi,0,2001\nNi3Al,,2004\nTiO2,3.2,2009\nNaCl,,2012\n"
    )
    asked: dict[str, Any] = {
        "study": "overlap",
        "name": "dated",
        "datasets": {"mine": {"file": "dated.csv", "target": "gap_eV"}},
        "identity": {"by": ["reduced_formula"]},
        "split": {"by_date": "year", "until": ["2003", "2009"]},
        "without_target": "keep",
    }
    found = bench.submit(bench.write("dated.yaml", asked))
    assert found["split_mine"][...].tolist() == [0, 1, 2, 2]
    assert found["histogram"][...].sum() == 2
    assert found.resolved["notes"] == ["mine: 2 entries (2, 4) are without a value of gap_eV and kept"]


def test_a_study_given_as_plain_data_is_answered_at_once() -> None:
    spec = {"study": "overlap", "name": "now", "datasets": {f"d{i}": {"name": n} for i, n in enumerate(NAMES)}}
    with at_once({**spec, "split": {"folds": 5}}) as run:
        found = run.once(Results)
        assert found.shared.matrix.tolist() == found.common.tolist()
        assert [len(found.split.members(fold)) > 0 for fold in found.split.folds] == [True] * 5
    with pytest.raises(SpecError, match=r"^Extra|^unknown key"), at_once({**spec, "splt": {}}):
        pass


def test_a_split_file_that_was_changed_is_refused(bench: Bench) -> None:
    split = json.loads((bench.folder / "split.json").read_text())
    split["folds"]["train"].append(split["folds"]["test"].pop())
    (bench.folder / "changed.json").write_text(json.dumps(split))
    bench.write("changed.yaml", {**SPEC, "split": {"file": "changed.json"}})
    done = bench.bigdata("submit", "changed.yaml")
    assert done.returncode == 7
    assert "was changed after it was written" in done.stderr


def test_what_the_cache_will_hold_is_predicted(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGDATA_CACHE", str(tmp_path))
    spec = bench.write("cache.yaml", {**SPEC, "name": "cache"})
    before = {kept.what: kept for kept in bench.plan(spec).kept}
    bench.submit(spec, fresh=True)  # or the last stage, which puts the cache together, were known
    after = {kept.what: kept for kept in bench.plan(spec).kept}
    assert (
        before.keys()
        == after.keys()
        == {what for d in SPEC["datasets"] for what in (f"import of {d}", f"symmetry of {d} within 0.1 Å")}
    )
    for what, kept in after.items():
        assert before[what].n_files == kept.n_files
        assert before[what].n_bytes == pytest.approx(kept.n_bytes, rel=0.1)
    files = [p for room in ("materials", "symmetry") for p in (tmp_path / room).rglob("*") if p.is_file()]
    assert len(files) == sum(kept.n_files for kept in after.values())


@pytest.mark.parametrize(("units", "what"), [("eV/atm", "unknown unit `eV/atm`"), ("GPa", "eV/atom can't be turned")])
def test_a_unit_that_does_not_fit_is_shown_where_it_is_asked_for(bench: Bench, units: str, what: str) -> None:
    asked = {**SPEC, "target": {"units": units}}
    with pytest.raises(SpecError, match=rf"target\.units: .*{what}"):
        bench.plan(bench.write("units.yaml", asked))


def test_units_that_the_data_do_not_say_are_said_in_the_spec(bench: Bench) -> None:
    (bench.folder / "mine.csv").write_text("formula,e_form\nAlNi,-40\nNi3Al,-10\n")
    asked: dict[str, Any] = {
        "study": "overlap",
        "name": "units",
        "datasets": {"mine": {"file": "mine.csv", "target": "e_form"}},
        "target": {"units": "eV/atom"},
        "identity": {"by": ["reduced_formula"]},
    }
    with pytest.raises(SpecError, match=r"units: \{e_form: eV/atom\}"):
        bench.plan(bench.write("units.yaml", asked))
    asked["datasets"]["mine"]["units"] = {"e_form": "kJ/mol-atoms"}
    found = bench.submit(bench.write("units.yaml", asked))
    np.testing.assert_allclose(found["target_mine"][...], [-40 / 96.485332, -10 / 96.485332], rtol=1e-6)
    assert found["target_mine"].units == "eV/atom"


def test_composition_tables_are_compared_by_formula(bench: Bench) -> None:
    (bench.folder / "measured.csv").write_text("formula,gap_eV\nAlNi,0\nNi3Al,0\nTiO2,3.2\n")
    asked = {
        "study": "overlap",
        "name": "formulas",
        "datasets": {"measured": {"file": "measured.csv"}, "prototypes": {"name": "emt-prototypes"}},
        "identity": {"by": ["reduced_formula"]},
    }
    found = bench.submit(bench.write("formulas.yaml", asked))
    assert found["overlap"][...][0].tolist() == [3, 2]
    assert "spacegroup_measured" not in found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"identity": {"by": ["formula", "color"]}}, "`color` is not known here"),
        ({"split": {"train": 0.5, "validation": 0.1, "test": 0.1}}, "make 0.7. Let them make 1"),
        ({"split": {"file": "nowhere.json"}}, "there is no file nowhere.json"),
        ({"split": {"folds": 3, "without_element": "Au"}}, "different ways to split: give one of them"),
        ({"split": {"folds": 2}}, "folds"),
        ({"split": {"by_date": "year", "until": ["2009", "2003"]}}, "comes after the one for validation"),
        ({"split": {"by_date": "year", "until": ["2003", "2009"]}}, "prototypes has no field `year`"),
        ({"target": {"range": [2, 1]}}, "begins above its end"),
        ({"datasets": {"a": {"name": "emt-prototype"}}}, "Did you mean `emt-prototypes`?"),
        ({"datasets": {"a": {"name": "emt-prototypes", "target": "energy"}}}, "the dataset has no field `energy`"),
        ({"datasets": {"a": {"nme": "emt-prototypes"}}}, "unknown key"),
        ({"datasets": {}}, "datasets"),
    ],
)
def test_mistakes_are_sentences_with_a_place(bench: Bench, change: dict[str, Any], said: str) -> None:
    path = bench.write("wrong.yaml", {**SPEC, **change})
    with pytest.raises(SpecError) as raised:
        load_study(path)
    assert said in str(raised.value)
    assert "wrong.yaml:1:" in str(raised.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"target": {"units": "GPa"}}, "GPa"),
        ({"target": {"units": "eV/atom", "range": [5, 6]}}, "prototypes"),
    ],
)
def test_what_only_the_data_show_is_said_at_planning(bench: Bench, change: dict[str, Any], said: str) -> None:
    path = bench.write("unfit.yaml", {**SPEC, **change})
    with pytest.raises((SpecError, PlanRefused)) as raised:
        bench.plan(path)
    assert said in str(raised.value)
    assert "unfit.yaml:1:" in str(raised.value)


def test_planning_loads_neither_zarr_nor_moyopy_nor_pymatgen(bench: Bench) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from bigdata import load_study, plan;"
        f"plan(load_study({str(ROOT / 'specs/overlap.yaml')!r}), runs={str(bench.folder / 'r')!r});"
        "print([m for m in ('zarr', 'dask', 'pymatgen', 'scipy', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_its_report_tells_nothing_of_the_machine(run: Run) -> None:
    assert told(run) == set()
