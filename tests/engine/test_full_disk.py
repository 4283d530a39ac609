"""A disk that is full, or not ours, gives one plain sentence; with room again, the run goes on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bigdata.engine.observer import Silent
from bigdata.errors import DiskFull
from bigdata.run.status import status
from tests.bench import PROGRAM, Bench, chunks, events, until
from tests.disk import small_disk

TASKS, ROWS = 12, 25_000


@pytest.fixture
def disk(bench: Bench) -> Iterator[Path]:
    with small_disk(bench.folder / "runs", "20m") as disk:
        yield disk


def fill(disk: Path, leave: int = 0) -> Path:
    """Fill the disk up to some bytes."""
    found = os.statvfs(disk)
    filler = disk / "filler"
    with suppress(OSError):  # the run may have taken the last of it meanwhile
        filler.write_bytes(b"x" * (found.f_bavail * found.f_frsize - leave))
    return filler


def check_sentence(said: str, disk: Path) -> None:
    assert "Traceback" not in said
    last = said.splitlines()[-1]
    assert last.startswith("bigdata: ")
    assert f"mounted at {disk} (" in last
    assert "): No space left on device. " in last
    assert "submit again: what is done stays done" in last


def test_a_disk_that_fills_up_during_the_tasks(bench: Bench, disk: Path) -> None:
    spec = bench.trial(tasks=TASKS, rows=ROWS, seconds=0.3)
    running = bench.start("submit", spec)
    (folder,) = until(lambda: list(disk.glob("*/journal.jsonl")))
    until(lambda: len(events(folder.parent, "done")) > 2)
    filler = fill(disk, leave=ROWS * 8)
    family = running.family()
    assert running.wait() == 8
    assert until(lambda: not [p for p in family if p.is_running()], 5)
    check_sentence(running.err.read_text(), disk)
    assert status(folder.parent).state == "disk-full"
    assert not (folder.parent / "lock.json").exists()
    filler.unlink()
    run = bench.submit(spec)
    assert chunks(run.folder.path).keys() >= {f"value/c/{i}" for i in range(TASKS)}
    assert len(events(folder.parent, "done")) == TASKS + 1
    assert run.folder.n_files() == bench.plan(spec).n_files


def test_a_disk_too_full_for_the_journal(bench: Bench, disk: Path) -> None:
    """Tasks that write nothing, and a record that can't grow; nor can the marks of what runs."""
    spec = bench.trial(tasks=60, write=False, seconds=0.1)
    running = bench.start("submit", spec)
    (folder,) = until(lambda: list(disk.glob("*/journal.jsonl")))
    until(lambda: len(events(folder.parent, "done")) > 2)
    filler = fill(disk)
    assert running.wait() == 8
    check_sentence(running.err.read_text(), disk)
    now = status(folder.parent)
    assert now.state == "disk-full", "the journal has room in reserve for its last word"
    assert f"bigdata: {now.error}" == running.err.read_text().splitlines()[-1]
    page = bench.bigdata("status", folder.parent).stdout
    assert now.error in page
    assert page.endswith("submit the same study again to go on\n")
    filler.unlink()
    assert len(bench.submit(spec).history.done) == 61


def test_a_controller_in_the_background_leaves_the_word_for_whoever_watches(bench: Bench, disk: Path) -> None:
    """Its own log has no room for it."""
    running = bench.start(
        "submit", bench.trial(tasks=60, write=False, seconds=0.1), "--controller", "detached", "--watch"
    )
    (folder,) = until(lambda: list(disk.glob("*/journal.jsonl")))
    until(lambda: len(events(folder.parent, "done")) > 2)
    fill(disk)
    assert running.wait() == 8
    check_sentence(running.err.read_text(), disk)


@pytest.mark.parametrize("files", [3, 12])
def test_a_disk_without_room_for_another_file(files: int, bench: Bench) -> None:
    """Before the first task: the plan looks at bytes only, and finds enough."""
    with small_disk(bench.folder / "runs", "20m", files=files) as disk:
        done = bench.bigdata("submit", bench.trial(), "--site", "process")
        assert done.returncode == 8
        check_sentence(done.stderr, disk)
        assert f"all of its {files} files are there already" in done.stderr
        assert not list(disk.glob("*/lock.json"))
        subprocess.run(["mount", "-o", "remount,nr_inodes=1000", str(disk)], check=True)
        assert bench.submit(bench.folder / "trial.yaml")["total"].shape == (1,)


def test_a_folder_that_cannot_be_written(bench: Bench) -> None:
    spec = bench.trial()
    (bench.folder / "file").touch()
    done = bench.bigdata("submit", spec, "--runs", "file/runs")
    assert done.returncode == 4
    assert done.stderr.splitlines()[-1].startswith("bigdata: file/runs")
    assert "Not a directory. Make it writable, or choose another place with --runs" in done.stderr


def test_a_disk_that_may_only_be_read(bench: Bench, disk: Path) -> None:
    spec = bench.trial()
    bench.submit(spec)
    (disk / next(disk.iterdir()) / "report.html").unlink()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    done = bench.bigdata("submit", spec, "--site", "process")
    assert done.returncode == 4
    assert "Read-only file system. Make it writable" in done.stderr.splitlines()[-1]
    # What only reads goes on working.
    folder = bench.run_folder().path
    for words in (("status", folder), ("results", folder), ("verify", folder), ("plan", spec), ("logs", folder)):
        assert bench.bigdata(*words).returncode == 0
    assert bench.bigdata("cancel", folder).returncode == 0


def test_a_cache_that_cannot_be_written(bench: Bench) -> None:
    (bench.folder / "file").touch()
    spec = bench.write("s.yaml", {"study": "similarity", "name": "h", "dataset": {"name": "hbn-dos-gpaw"}})
    done = bench.bigdata("plan", spec, BIGDATA_CACHE=str(bench.folder / "file"))
    assert done.returncode == 4
    assert "Set BIGDATA_CACHE to a folder of yours" in done.stderr
    # A study that imports nothing only loses its measured rates.
    words = ("submit", bench.trial(), "--site", "process")
    assert bench.bigdata(*words, BIGDATA_CACHE=str(bench.folder / "file")).returncode == 0


def test_a_disk_that_fills_up_before_the_report(bench: Bench, disk: Path) -> None:
    """All is done, and the record of it stands."""

    class Filling(Silent):
        def message(self, text: str) -> None:
            if "report" in text:
                fill(disk)

    spec = bench.trial()
    with pytest.raises(DiskFull, match=f"mounted at {disk} .*: No space left on device"):
        bench.submit(spec, observer=Filling())
    (disk / "filler").unlink()
    assert status(bench.run_folder().path).state == "done"
    assert bench.submit(spec).folder.report.exists()


def test_a_full_scratch_disk_is_named_and_not_the_runs(bench: Bench) -> None:
    with small_disk(bench.folder / "node", "1m") as node:
        spec = bench.trial(tasks=2, scratch_bytes=2**21)
        done = bench.program("submit", spec, "--site", "process", TMPDIR=str(node))
        assert done.returncode == 8
        assert "first/0 could not write: there is no room on the file system of " in done.stderr
        check_sentence(done.stderr, node)
        assert status(bench.run_folder().path).state == "disk-full"


def test_a_full_cache_is_named(bench: Bench) -> None:
    spec = bench.write("s.yaml", {"study": "similarity", "name": "h", "dataset": {"name": "hbn-dos-gpaw"}})
    with small_disk(bench.folder / "cache", "40k") as cache:
        done = bench.bigdata("plan", spec, BIGDATA_CACHE=str(cache))
        assert done.returncode == 8
        assert f"mounted at {cache} (" in done.stderr
        assert "or set BIGDATA_CACHE to a folder on another one, and start again." in done.stderr


def test_what_a_verb_prints_finds_no_room(bench: Bench) -> None:
    folder = bench.submit(bench.trial()).folder
    command = [*PROGRAM, "results", str(folder.path), "value"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 8
    assert "No space left on device. Remove something there, or write to another one" in done.stderr
    assert "Traceback" not in done.stderr
