"""`bigdata validate`, `schema` and `init` as programs: output, exit codes, and how much they load."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests import called
from tests.benchmarks.validate import BAR, PEER

ROOT = Path(__file__).parents[2]
PROGRAM = "from bigdata.cli.main import main; main()"
UNREAD = "; not looked at: the entries of hbn-dos-gpaw, which `bigdata plan` reads"
GOOD = "study: similarity\nname: x\ndataset: {name: hbn-dos-gpaw}\n"
HEAVY = ("numpy", "dask", "distributed", "zarr", "scipy", "matplotlib", "pandas", "xarray", "psutil", "rich")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "BIGDATA_CACHE": str(tmp_path / "cache"), "NO_COLOR": "1"}


def bigdata(folder: Path, environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return called.call(words, folder, environment)


def test_good_specs_are_said_to_be_so(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD + "sweep: {grid: {similarity.measure: [dice, cosine]}}\n")
    done = bigdata(tmp_path, environment, "validate", "a.yaml", "b.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"a.yaml: ok (similarity, 1 variant){UNREAD}\nb.yaml: ok (similarity, 2 variants){UNREAD}\n"


def test_problems_go_to_stderr_with_a_count(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "a.yaml").write_text(GOOD + "groups: {linkage: ward}\n")
    (tmp_path / "b.yaml").write_text(GOOD)
    done = bigdata(tmp_path, environment, "validate", "a.yaml", "b.yaml", "c.yaml")
    assert done.returncode == 2
    assert done.stdout == f"b.yaml: ok (similarity, 1 variant){UNREAD}\n"
    assert done.stderr == (
        "a.yaml:4:19: groups.linkage: `ward` is not known here. Write `complete`, `average` or `single`.\n"
        "    groups: {linkage: ward}\n"
        "                      ^^^^\n"
        "c.yaml: there is no such file. Did you mean `b.yaml`?\n"
        "2 problems in 2 of 3 files\n"
    )


def test_problems_are_data_with_json(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    done = bigdata(tmp_path, environment, "validate", "a.yaml", "--set", "order_by=[xcs]", "--json")
    (row,) = json.loads(done.stdout)
    assert (done.returncode, row["ok"], row["problems"][0]["path"]) == (2, False, "order_by[0]")
    assert row["problems"][0]["place"]["file"] == "--set order_by=[xcs]"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("groups:", "groups: has no value. Write its value; `groups: null` for none; or leave the key out"),
        ("blocks:", "blocks: has no value."),
        ("similarity: {keep: }", "similarity.keep: has no value. Write"),
    ],
)
def test_a_key_without_a_value_is_refused(tmp_path: Path, environment: dict[str, str], lines: str, words: str) -> None:
    (tmp_path / "a.yaml").write_text(GOOD + lines + "\n")
    done = bigdata(tmp_path, environment, "validate", "a.yaml")
    assert done.returncode == 2
    assert words in done.stderr


def test_what_is_null_in_so_many_words_is_off_and_the_plan_says_so(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "a.yaml").write_text(GOOD + "order_by: [xc, n_basis]\nblocks: null\n")
    assert bigdata(tmp_path, environment, "validate", "a.yaml").returncode == 0
    assert "`blocks: null` turns it off" in bigdata(tmp_path, environment, "plan", "a.yaml").stdout


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("study: similarity\nname: x\ndataset: {name: hbn-dos-gpaw, where: {xc: NO}}\n",
         "a.yaml:3:43: dataset.where.xc: no entry has xc = NO. It is LDA, PBE."),
        ("study: overlap\nname: x\ndatasets: {b: {name: hbn-dos-gpaw}}\n",
         "a.yaml:3:22: datasets.b.name: `hbn-dos-gpaw` holds spectra, no materials."),
        ("study: overlap\nname: x\ndatasets: {b: {file: own.csv, where: {kind: c}}}\n"
         "identity: {by: [reduced_formula]}\n",
         "a.yaml:3:45: datasets.b.where.kind: no entry has kind = c. It is a, b."),
        ("study: overlap\nname: x\ndatasets: {b: {file: own.csv}}\n"
         "identity: {by: [reduced_formula]}\npools: {goups: cpu}\n",
         "a.yaml:5:9: pools.goups: there is no such stage."),
        ("study: overlap\nname: x\ndatasets: {b: {file: own.csv, target: gap_eV}}\nidentity: {by: [reduced_formula]}\n"
         "target: {units: GPa}\n", "a.yaml:5:17: target.units: `gap_eV` of b: eV can't be turned into GPa."),
        ("study: overlap\nname: x\ndatasets: {a: {name: emt-prototypes, target: formation_energy_per_atom}}\n"
         "target: {units: eV}\n", "a.yaml:4:17: target.units: `formation_energy_per_atom` of a is in eV/atom"),
    ],
    ids=[
        *("a value of a shipped dataset", "another kind of data", "a value of a file", "a stage", "a unit"),
        "values of atoms as those of cells",
    ],
)  # fmt: skip
def test_what_can_be_read_is_checked(tmp_path: Path, environment: dict[str, str], spec: str, words: str) -> None:
    (tmp_path / "own.csv").write_text("formula,kind,gap_eV\nMgO,a,4.5\nNaCl,b,5.0\n")
    (tmp_path / "a.yaml").write_text(spec)
    done = bigdata(tmp_path, environment, "validate", "a.yaml")
    assert done.returncode == 2
    assert words in done.stderr


EXPANSION: dict[str, Any] = {
    "study": "cluster-expansion",
    "name": "x",
    "dataset": {"name": "emt-copper-gold"},
    "target": {"field": "mixing_energy", "units": "eV/atom"},
    "parent": {"lattice": {"prototype": "fcc", "a": "3.85 angstrom"}, "sublattices": [["Cu", "Au"]]},
    "clusters": {"cutoffs": {2: "6 angstrom"}},
}
ALLOYS = {"name": "emt-aluminium-vacancies"}
REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "a species that it hasn't": (
        {"parent": {**EXPANSION["parent"], "sublattices": [["No", "Au"]]}},
        "parent.sublattices[0][0]: no structure holds No. Leave it out, or give structures with it; theirs are Cu, Au.",
    ),
    "a unit that it can't be had in": (
        {"target": {"field": "mixing_energy", "units": "GPa"}},
        "target.units: `mixing_energy`",
    ),
    "values divided twice": (
        {"target": {"field": "mixing_energy", "per": "primitive-cell"}},
        "target.per: mixing_energy is in eV/atom, and would be divided a second time.",
    ),
    "more folds than structures": ({"validation": {"folds": 490}}, "490 folds of 489 structures can't be made."),
    "a sample of two": ({"dataset": {**EXPANSION["dataset"], "sample": {"entries": 2}}}, "2 structures are too few"),
    "formulas": ({"dataset": {"name": "emt-binaries"}}, "emt-binaries has formulas only."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_plan_refuses_of_a_dataset_known_by_name_is_refused_without_its_data(
    case: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    change, words = REFUSED[case]
    (tmp_path / "a.yaml").write_text(json.dumps(EXPANSION | change))
    done = bigdata(tmp_path, environment, "validate", "a.yaml")
    assert done.returncode == 2
    assert words in done.stderr
    assert re.search(r"^a.yaml:1:\d+: ", done.stderr), "with its line"
    assert bigdata(tmp_path, environment, "plan", "a.yaml").returncode == 2
    assert loaded(tmp_path, environment, "validate", "a.yaml") == []


def test_a_unit_that_is_none_of_ours_is_taken_as_it_is(tmp_path: Path, environment: dict[str, str]) -> None:
    change = {
        "dataset": ALLOYS,
        "target": {"field": "formation_energy_per_site", "units": "eV/site"},
        "parent": {**EXPANSION["parent"], "sublattices": [["Al", "vacancy"]]},
    }
    (tmp_path / "a.yaml").write_text(json.dumps(EXPANSION | change))
    assert bigdata(tmp_path, environment, "validate", "a.yaml").returncode == 0
    assert bigdata(tmp_path, environment, "plan", "a.yaml").returncode == 0


def test_a_table_cant_be_learned_in_another_kind_of_unit(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "a.yaml").write_text((ROOT / "specs/complexity.yaml").read_text())
    assert bigdata(tmp_path, environment, "validate", "a.yaml", "--set", "target.units=GPa").returncode == 2


SPECS = {"a similarity": "specs/similarity.yaml", "a cluster expansion": "specs/cluster-expansion.yaml"}


def loaded(folder: Path, environment: dict[str, str], *words: str) -> list[str]:
    """The heavy modules that the program has loaded by its end."""
    at_end = f"lambda: print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    code = f"import sys, atexit\natexit.register({at_end})\n{PROGRAM}"
    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    found: list[str] = json.loads(done.stdout.splitlines()[-1].replace("'", '"'))
    return found


def test_a_wrong_spec_is_told_so_without_anything_heavy(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "a.yaml").write_text(GOOD + "groups: {min_similarity: 2}\n")
    for extra in ([], ["--set", "groups.min_similarity=0.5"]):
        assert loaded(tmp_path, environment, "validate", "a.yaml", *extra) == []


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_nothing_heavy_is_loaded_for(spec: str, environment: dict[str, str]) -> None:
    assert loaded(ROOT, environment, "validate", spec) == []


def test_validate_answers_at_once(environment: dict[str, str]) -> None:
    """The strict measurement is in tests/benchmarks/validate.py; here the ratio may be twice as large."""
    seconds = min(_seconds(PROGRAM, environment, "validate", "specs/similarity.yaml") for _ in range(5))
    peer = min(_seconds(PEER, environment) for _ in range(5))
    assert seconds <= 2 * BAR * peer


def _seconds(code: str, environment: dict[str, str], *words: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, env=environment, capture_output=True, check=True)
    return time.perf_counter() - started


def test_init_writes_a_starter_once(tmp_path: Path, environment: dict[str, str]) -> None:
    assert bigdata(tmp_path, environment, "init", "similarity").stdout == "similarity.yaml\n"
    assert bigdata(tmp_path, environment, "validate", "similarity.yaml").returncode == 0
    again = bigdata(tmp_path, environment, "init", "similarity")
    assert again.returncode == 2
    assert again.stderr == "similarity.yaml: exists already. Name another file: `bigdata init KIND FILE`.\n"


def test_schema_prints_json(tmp_path: Path, environment: dict[str, str]) -> None:
    assert json.loads(bigdata(tmp_path, environment, "schema").stdout)["$schema"].endswith("2020-12/schema")
