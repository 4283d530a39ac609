"""Runs are found by their path, by the name of their folder, and by that of their study."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bigdata import open_run
from bigdata.errors import SiteError
from bigdata.store.named import NamedRun, named_run
from tests.bench import Bench

NAMES = ("hbn-00000001", "hbn-00000002", "hbn-more-00000003", "copied")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """The first of these was submitted last."""
    for age, name in enumerate(NAMES):
        (tmp_path / name).mkdir()
        record = tmp_path / name / "resolved.json"
        record.write_text("{}")
        os.utime(record, (1e9 - age, 1e9 - age))
    return tmp_path


@pytest.mark.parametrize(
    ("said", "found", "n"),
    [
        ("hbn", "hbn-00000001", 2),
        ("hbn-more", "hbn-more-00000003", 1),
        ("hbn-00000002", "hbn-00000002", 1),
        ("copied", "copied", 1),
    ],
)
def test_a_name_means_the_latest_run_of_it(runs: Path, said: str, found: str, n: int) -> None:
    assert named_run(said, runs) == NamedRun(runs / found, n)


@pytest.mark.parametrize("said", ["hb", "", ".", "..", "../x", "/", "hbn-0000000", "*", "a/hbn"])
def test_what_is_no_name_of_a_run_stays_as_it_is(runs: Path, said: str) -> None:
    assert named_run(said, runs) == NamedRun(Path(said))


def test_every_verb_takes_a_name_and_says_which_run_it_found(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    first = bench.submit(bench.trial(rows=2))
    second = bench.submit(bench.trial(rows=3))
    os.utime(first.folder.resolved, (1e9, 1e9))
    latest = f"run    runs/{second.folder.path.name}, the latest of 2 of that name\n"
    for verb in ("status", "results", "verify", "logs", "report", "plan"):
        said = bench.bigdata(verb, "t")
        assert said.returncode == 0, said.stderr
        assert said.stderr.startswith(latest), verb
    one = bench.bigdata("results", first.folder.path.name, "value")
    assert one.stderr == f"run    runs/{first.folder.path.name}\n"
    elsewhere = bench.bigdata("status", "t", "--runs", "nowhere")
    assert elsewhere.returncode == 4
    monkeypatch.chdir(bench.folder)
    assert open_run("t").folder.path.name == second.folder.path.name
    with pytest.raises(SiteError, match="there is no run in other"):
        open_run("other")
