"""`bigdata cost scan` as a user types it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.bench import Bench

RUN = {"INCAR": 100, "OUTCAR": 3000, "WAVECAR": 60000}


def tree(folder: Path, n_runs: int) -> Path:
    for number in range(n_runs):
        run = folder / f"tree/{number}"
        run.mkdir(parents=True)
        for name, n_bytes in RUN.items():
            (run / name).write_bytes(b"0" * n_bytes)
    (folder / "tree/notes.txt").write_text("seven\n")
    return folder / "tree"


def test_files_bytes_runs_and_packing_are_shown(tmp_path: Path) -> None:
    tree(tmp_path, 150)
    done = Bench(tmp_path).bigdata("cost", "scan", "tree", "--files", 100)
    assert done.returncode == 0, done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0].startswith("tree: 451 files in 150 folders, 9.0 MiB, ")
    assert lines[0].endswith("; 602 inodes")
    assert "runs of codes, a folder each: 150, VASP 150; 1 file (6 B) in none" in lines
    assert "files 3 3 3 3 3" in lines
    assert any(line.startswith("it is 451 150 ") and line.endswith("no: too many files") for line in lines)
    assert "an archive for each run 151 0 9.0 MiB no: too many files" in lines
    assert "an archive for 2 runs 76 0 9.0 MiB yes" in lines
    assert "an archive for 100 runs 3 0 9.0 MiB yes" in lines


def test_the_same_as_data(tmp_path: Path) -> None:
    tree(tmp_path, 3)
    said = json.loads(Bench(tmp_path).bigdata("cost", "scan", "tree", "--runs-each", 2, "--json").stdout)
    assert (said["files"], said["folders"], said["bytes"]) == (10, 3, 3 * 63100 + 6)
    assert {p["for"]: (p["files"], p["bytes"]) for p in said["purposes"]} == {
        "wavefunctions": (3, 180000),
        "log": (3, 9000),
        "input": (3, 300),
        "other": (1, 6),
    }
    assert said["runs"]["bytes"]["median"] == 63100
    assert [(way["runs_each"], way["files"]) for way in said["ways"]] == [(0, 10), (1, 4), (2, 3)]


def test_the_limits_are_those_of_a_site(tmp_path: Path) -> None:
    tree(tmp_path, 3)
    bench = Bench(tmp_path)
    bench.write(
        "site.yaml",
        {
            "site": "here",
            "scheduler": "local",
            "pools": {"cpu": {"cores": 1, "memory": "1 GiB"}},
            "limits": {"files": 5, "bytes": "100 kB"},
        },
    )
    ways = json.loads(bench.bigdata("cost", "scan", "tree", "--site", "site.yaml", "--json").stdout)["ways"]
    assert [way["exceeds"] for way in ways] == [["files", "bytes"], ["bytes"], ["bytes"]]


def test_what_belongs_to_no_run_can_be_more_than_is_allowed(tmp_path: Path) -> None:
    tree(tmp_path, 2)
    shown = Bench(tmp_path).bigdata("cost", "scan", "tree", "--files", 0).stdout
    assert "no archives of runs are enough: 1 file in none" in shown


def test_a_site_without_limits_and_a_size_without_unit_are_refused(tmp_path: Path) -> None:
    tree(tmp_path, 1)
    bench = Bench(tmp_path)
    nothing = bench.bigdata("cost", "scan", "tree", "--site", "local")
    assert nothing.returncode == 2
    assert "limits neither files nor bytes" in nothing.stderr
    unit = bench.bigdata("cost", "scan", "tree", "--bytes", "5")
    assert unit.returncode == 2
    assert '--bytes: 5 has no unit. Write an amount of bytes with its unit, such as "5 B".' in unit.stderr


def test_names_that_disturb_a_terminal_are_shown_without_what_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tree" / os.fsdecode(b"closed\x1b[31m\xff")).mkdir(parents=True)
    scandir = os.scandir

    def refusing(path: str) -> object:
        if "closed" in path:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    shown = Bench(tmp_path).bigdata("cost", "scan", "tree")
    assert shown.returncode == 0, shown.stderr
    assert "not counted: 1 that can't be read\n  tree/closed\ufffd[31m\ufffd: Permission denied\n" in shown.stdout


def test_an_empty_folder_and_one_that_isnt_there(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    bench = Bench(tmp_path)
    assert "empty: 0 files in 0 folders" in bench.bigdata("cost", "scan", "empty").stdout
    missing = bench.bigdata("cost", "scan", "missing")
    assert missing.returncode == 2
    assert "missing isn't there" in missing.stderr
