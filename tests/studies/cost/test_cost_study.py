"""A cost study from its spec to the report, and what is wrong with specs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.bench import Bench
from tests.report.made import made
from tests.report.told import told
from tests.studies.cost.test_sums import PAPER

DFT, SEARCH = PAPER["stages"].values()
SPEC = Path(__file__).parents[3] / "specs/cost.yaml"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("cost")).submit(SPEC)


def test_the_arrays_hold_every_quantile_of_every_stage(run):
    assert run["stage"][...].tolist() == ["dft", "search"]
    assert run["quantile"][...].tolist() == [0.05, 0.5, 0.95]
    assert run["files"].dims == ("stage", "quantile")
    assert run["files"][0].tolist() == [11_070_000.0] * 3
    np.testing.assert_allclose(run["hours"][1], 2000 * 2_000_000 * 0.0033 / 3600)
    np.testing.assert_allclose(run["dollars"][1], 11_000)
    assert (run["limit_files"][0], run["limit_bytes"][0]) == (1e6, 2e12)
    assert run["total_files"][1] == 11_070_000


def test_the_report_says_what_does_not_fit_and_what_would(run):
    page = (run.folder.path / "report.html").read_text()
    for said in (
        "dft: 270,000 calculations leave 11,070,000 files and 8.1 TB.",
        "search: 2,000 trainings take 3,667 GPU-hours, 11,000 USD, 0.42 years with 1 GPU at work.",
        "It doesn't fit: 11,070,000 files are 11.1 times the limit of 1,000,000 files and 8.1 TB are 4.0",
        "dft fits in 12 waves of at most 24,390 calculations",
        "its price: printed 120,000 USD, 11,000 USD by its inputs",
    ):
        assert said in page.replace("&#x27;", "'")
    table = run.tables["The paper's own sums"]
    assert [row[4] for row in table.rows].count("agrees") == 7


@pytest.mark.parametrize(("changes", "what"), [
    ({"stages": {"a": {"files_each": 3}}}, "stages.a: is incomplete. Write `{calculations: …"),
    ({"stages": {"a": {**SEARCH, "seconds_step": [3, 2, 4]}}}, "stages.a.seconds_step: 3, 2, 4 don't rise"),
    ({"stages": {"a": {**DFT, "bytes_each": "30 M"}}}, "stages.a.bytes_each"),
    ({"prices": {"core_hour": "1 USD"}}, "search works on GPUs, and `gpu_hour:` has no price"),
    ({"limits": {"files": 0}}, "limits.files"),
    ({"stages": {"a": {"trials": 3, "steps": 9}}}, "stages.a: says not how long a training takes"),
    ({"stages": {"a": {**SEARCH, "like": {"network": "schnet"}}}}, "stages.a.seconds_batch: stands beside `like:`"),
    ({"stages": {"a": {"trials": 3, "steps": 10**6, "like": {"network": "schnet", "batch": 4096}}}}, "stages.a.like: "),
])  # fmt: skip
def test_what_is_wrong_is_said_at_its_place(bench, changes, what):
    said = bench.bigdata("validate", bench.write("cost.yaml", {**PAPER, **changes}))
    assert said.returncode == 2
    assert what in said.stderr
    assert "Traceback" not in said.stderr


def test_its_report_tells_nothing_of_the_machine(run):
    assert told(run) == set()


def test_the_first_sentence_says_whether_it_fits_and_by_how_much(run, tmp_path):
    first = made(run).summary[0]
    assert first.startswith("It doesn't fit: 11,070,000 files are 11.1 times the limit of 1,000,000 files and 8.1 TB")
    stage = {"calculations": {"structures": 100, "settings": 2}, "files_each": 41, "bytes_each": "3 MB"}
    limits = {"limits": {"files": 100_000, "bytes": "1 TB"}}
    bench = Bench(tmp_path)
    fits = bench.write("fits.yaml", {"study": "cost", "name": "f", "stages": {"a": stage}, **limits})
    shares = 100 * 200 * 41 / 100_000, 100 * 200 * 3e6 / 1e12
    assert made(bench.submit(fits)).summary[0] == (
        f"It fits: 8,200 files are {shares[0]:.1f} % of the limit of 100,000 files and 600 MB are {shares[1]:.2f} % of "
        "the limit of 1 TB."
    )
    unsaid = bench.write("unsaid.yaml", {"study": "cost", "name": "u", "stages": {"a": SEARCH}, **limits})
    first = made(bench.submit(unsaid)).summary[0]
    assert "Its files have a limit, and the plan doesn't say how many it takes." in first
