"""`bigdata validate`, `schema` and `init` as programs: output, exit codes, and how much they load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import called
from tests.benchmarks.validate import BAR, PEER

ROOT = Path(__file__).parents[2]
PROGRAM = "from bigdata.cli.main import main; main()"
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
    assert done.stdout == "a.yaml: ok (similarity, 1 variant)\nb.yaml: ok (similarity, 2 variants)\n"


def test_problems_go_to_stderr_with_a_count(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "a.yaml").write_text(GOOD + "groups: {linkage: ward}\n")
    (tmp_path / "b.yaml").write_text(GOOD)
    done = bigdata(tmp_path, environment, "validate", "a.yaml", "b.yaml", "c.yaml")
    assert done.returncode == 2
    assert done.stdout == "b.yaml: ok (similarity, 1 variant)\n"
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
