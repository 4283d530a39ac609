"""A report that is passed on tells no absolute path, host or user, and a private one all of them."""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bigdata.report.page import write_report
from bigdata.report.privacy import Privacy
from bigdata.store.reading import Run
from tests import called
from tests.bench import Bench
from tests.report.told import told

HOST, USER, FOLDER = "secret-host-17.uni.example", "secretuser", "secret-user-folder"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """In a folder, on a machine and as a user that would be noticed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "gethostname", lambda: HOST)
        for name in ("LOGNAME", "USER"):
            patch.setenv(name, USER)
        patch.setenv("HOME", f"/home/{USER}")
        folder = tmp_path_factory.mktemp("at") / FOLDER
        folder.mkdir()
        yield Bench(folder)


@pytest.fixture(scope="module")
def run(bench: Bench) -> Run:
    """A task fails in it, a figure can't be drawn, and its study names files by their absolute paths."""
    trouble = bench.folder / "trouble"
    trouble.write_text("draw")
    study = {"study": "drawn", "name": "d", "fail": [1], "trouble": str(trouble)}
    spec = bench.write("study.yaml", study | {"description": f"Of {bench.folder}/a.csv and /home/{USER}/b.csv."})
    assert bench.bigdata("submit", spec, "--site", "process", "--runs", bench.folder / "runs").returncode == 5
    return Run(bench.run_folder().path)


SECRETS = (HOST, "secret-host-17", USER, FOLDER)


def test_nothing_of_the_machine_is_told(run: Run) -> None:
    write_report(run)
    assert told(run, *SECRETS) == set()


def test_where_things_are_is_told_from_the_study_the_run_and_the_package(run: Run) -> None:
    page = write_report(run).page.read_text()
    assert "Of a.csv and …/b.csv." in page
    assert "trouble: trouble\n" in page
    assert f"bigdata debug {run.folder.path.name} trial/1" in page
    assert "File &quot;bigdata/engine/execute.py&quot;" in page
    assert "File &quot;…/bigdata_drawn_kind.py&quot;" in page
    assert "1 node of pool cpu" in page


def test_a_private_report_tells_all(run: Run) -> None:
    page = write_report(run, private=True).page.read_text()
    for secret in (HOST, f"user {USER}", str(run.folder.path), f"/home/{USER}/b.csv", str(Path(sys.path[0]).parent)):
        assert secret in page


def test_the_verbs_draw_the_page_that_is_asked_for(run: Run, bench: Bench) -> None:
    def shown(*words: str) -> bool:
        assert bench.bigdata(*words).returncode in (0, 5)
        return FOLDER in run.folder.report.read_text()

    report, submit = ("report", str(run.folder.path)), ("submit", str(bench.folder / "study.yaml"))
    assert [shown(*report, "--private"), shown(*report)] == [True, False]
    assert [shown(*submit, "--private"), shown(*submit)] == [True, False]


def test_what_is_finished_is_drawn_again_where_its_page_tells_too_much_or_too_little(bench: Bench) -> None:
    spec = bench.write("ended.yaml", {"study": "drawn", "name": "ended"})
    is_private = [True, True, False, False]
    pages = []
    for private in is_private:
        run = bench.submit(spec, private=private)
        pages.append((HOST in run.folder.report.read_text(), run.folder.report.stat().st_mtime_ns))
    assert [has for has, _ in pages] == is_private
    assert [pages[0][1] == pages[1][1], pages[2][1] == pages[3][1]] == [True, True]


def test_json_tells_it_where_it_is_asked_to(run: Run, bench: Bench) -> None:
    words = ["results", str(run.folder.path), "failed_traceback", "--json"]
    open_, kept = (called.call([*words, *more], bench.folder, bench.environment()) for more in ([], ["--private"]))
    plugin = str(Path(__file__).parents[1] / "plugin")
    assert plugin not in open_.stdout
    assert plugin in kept.stdout
    assert json.loads(open_.stdout)["shape"] == json.loads(kept.stdout)["shape"]


TEXTS = {
    "a formula": "(x/home/y) / (a/b)/tmp/c, eV/atom, 1/data/2",
    "an address": "https://doi.org/10.1039/d4fd00102h and http://x.org/home/a/b",
    "a chemical family": "LiCoO2/LiNiO2/LiMnO2",
    "words that are hosts elsewhere": "secret-host-17 beats secretuser",
    "the first folder alone": "what lies in /tmp or /home",
    "a rate": "3 /s and 5 /home",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_is_no_path_and_no_machine_stays(text: str, run: Run) -> None:
    assert Privacy(run).text(text) == text


PATHS = {
    "another's file": ("see /scratch/alice/big data", "see …/big data"),
    "in quotes, with blanks": ("open '/scratch/alice/my data/x.csv'!", "open '…/x.csv'!"),
    "a list": ("/usr/bin:/opt/elk/bin,/home/a/b", "…/bin:…/bin,…/b"),
    "an address of a file": ("at file:///home/alice/x.html.", "at …/x.html."),
    "a home": ("~alice/data/x.csv and ~/thesis/x.csv", "…/x.csv and …/x.csv"),
    "an installed package": ('"/opt/py/lib/python3.12/site-packages/numpy/linalg/x.py"', '"numpy/linalg/x.py"'),
    "Python's own": ("/usr/lib/python3.11/json/decoder.py:3", "json/decoder.py:3"),
    "a working copy": ("/home/alice/src/bigdata/report/page.py", "bigdata/report/page.py"),
}


@pytest.mark.parametrize(("text", "shown"), PATHS.values(), ids=PATHS)
def test_of_a_path_is_left_what_says_which_file_it_is(text: str, shown: str, run: Run) -> None:
    assert Privacy(run).text(text) == shown
    assert Privacy(run, keeps=True).text(text) == text


def test_paths_below_known_folders_are_relative(run: Run, bench: Bench) -> None:
    name = run.folder.path.name
    study, its = bench.folder, run.folder.path
    text = f"{study}/a b/c.csv, {its}/logs/x.log, {its}: {its}-2, {study}"
    assert Privacy(run).text(text) == f"a b/c.csv, {name}/logs/x.log, {name}: runs/{name}-2, ."


SAID = {
    "a worker": (f"worker {HOST}:4711 died", "worker node 1 of pool cpu:4711 died"),
    "without its domain": ("ssh: secret-host-17: no route", "ssh: node 1 of pool cpu: no route"),
    "an address": ("tcp://10.1.2.3:4567 is gone", "tcp://an address is gone"),
    "a user": (f"{USER} may not", "… may not"),
    "another host's beginning": (f"secret-host-170 by {USER}2", f"secret-host-170 by {USER}2"),
}


@pytest.mark.parametrize(("text", "shown"), SAID.values(), ids=SAID)
def test_programs_name_machines_and_users_in_every_word(text: str, shown: str, run: Run) -> None:
    assert Privacy(run).said(text) == shown


def test_a_host_is_seen_in_any_text_where_it_is_named_as_one(run: Run) -> None:
    assert Privacy(run).text(f"`elk` isn't found on {HOST}: no") == "`elk` isn't found on node 1 of pool cpu: no"


def test_numbers_of_a_panel_stay_as_they_are(hbn: Run) -> None:
    """They are base64, whose slashes are no paths."""
    packed = [json.loads(text) for text in re.findall(r'-data">(\{.*?)</script>', hbn.folder.report.read_text())]
    assert packed
    private = write_report(hbn, private=True).page.read_text()
    assert [json.loads(text) for text in re.findall(r'-data">(\{.*?)</script>', private)] == packed
