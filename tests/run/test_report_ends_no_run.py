"""A run ends, and then its report is drawn: whatever goes wrong in it, nothing is lost and nothing runs again."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from bigdata.run.status import status
from bigdata.store.folder import RunFolder
from bigdata.store.reading import Run
from tests.bench import Bench, Running, events, until

FAULT = "The figure `surface` could not be made: ValueError: the draw was told to <fail>. `bigdata report "
WRITING = "writing figures and report"


def drawn(bench: Bench, trouble: str = "", **fields: Any) -> Path:
    """Write a study of the kind `drawn` (see tests/plugin) whose report is troubled so."""
    file = bench.folder / "trouble"
    file.write_text(trouble)
    return bench.write("drawn.yaml", {"study": "drawn", "name": "d", "trouble": str(file), **fields})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A folder with a run whose figure can't be drawn."""
    bench = Bench(tmp_path_factory.mktemp("made"))
    done = bench.bigdata("submit", drawn(bench, "draw"), "--site", "process")
    assert done.returncode == 0, done.stderr
    (bench.folder / "err").write_text(done.stderr)
    return bench


@pytest.fixture
def ran(made: Bench, tmp_path: Path) -> Bench:
    """A copy of it; its study still names the `trouble` of the first."""
    shutil.copytree(made.folder, tmp_path, dirs_exist_ok=True)
    (made.folder / "trouble").write_text("draw")
    return Bench(tmp_path)


def trouble(made: Bench, words: str) -> None:
    (made.folder / "trouble").write_text(words)


def files(folder: RunFolder) -> dict[str, int]:
    """When each file was written."""
    return {str(p): p.stat().st_mtime_ns for p in folder.path.rglob("*") if p.is_file()}


def test_a_figure_that_raises_is_said_in_one_line_and_the_run_is_done(made: Bench) -> None:
    folder = made.run_folder()
    lines = (made.folder / "err").read_text().splitlines()
    assert len([line for line in lines if line.startswith(FAULT)]) == 1
    assert lines.index(WRITING) < len(lines) - 2
    assert "Traceback" not in "\n".join(lines)
    assert status(folder.path).state == "done"
    assert "bigdata_drawn_report.py" in folder.report_log.read_text()


def test_the_run_has_ended_and_its_record_is_whole_before_the_report_is_drawn(ran: Bench, made: Bench) -> None:
    """A journal without what follows its end is that of a run killed as it drew."""
    folder = ran.run_folder()
    order = [json.loads(line)["event"] for line in folder.journal.read_text().splitlines()]
    assert order[-2:] == ["end", "report"]
    about = Run(folder.path).attributes
    assert {"written", "versions", "task_seconds"} <= set(about)
    assert '"consolidated_metadata"' in (folder.store / "zarr.json").read_text()
    assert (folder.store / "zarr.json").stat().st_mtime_ns < folder.report.stat().st_mtime_ns


def test_submitted_again_a_run_whose_figure_cannot_be_drawn_stays_as_it_is(ran: Bench) -> None:
    folder, spec = ran.run_folder(), ran.folder / "drawn.yaml"
    before = files(folder)
    done = ran.bigdata("submit", spec, "--site", "process")
    assert (done.returncode, files(folder)) == (0, before)
    assert len([line for line in done.stderr.splitlines() if line.startswith(FAULT)]) == 1
    assert ran.plan(spec).n_files == folder.n_files() + 2 - 1  # two of the figure, less the log that tells of it


def test_the_verb_report_tries_again_and_the_record_follows(ran: Bench, made: Bench) -> None:
    folder, spec = ran.run_folder(), ran.folder / "drawn.yaml"
    done = ran.bigdata("report", folder.path)
    assert (done.returncode, done.stdout) == (0, f"{folder.report}\n")
    assert done.stderr.startswith(FAULT)
    assert len(done.stderr.splitlines()) == 1
    trouble(made, "")
    done = ran.bigdata("report", folder.path)
    assert (done.returncode, done.stderr) == (0, "")
    reports = events(folder.path, "report")
    assert [list(r["missing"]) for r in reports] == [["surface"], ["surface"], []]
    assert reports[-1]["drawn"] == ["surface", "steps"]
    assert folder.n_files() == ran.plan(spec).n_files
    before = files(folder)
    ran.submit(spec)
    assert files(folder) == before


def test_a_figure_that_was_drawn_and_is_gone_is_drawn_anew_and_nothing_runs(ran: Bench, made: Bench) -> None:
    folder, spec = ran.run_folder(), ran.folder / "drawn.yaml"
    (folder.figures / "steps.pdf").unlink()
    ran.submit(spec)
    assert (folder.figures / "steps.pdf").exists()
    assert len(events(folder.path, "done")) == 3


def test_runs_of_before_reports_were_recorded_are_finished_as_they_are(ran: Bench, made: Bench) -> None:
    """Their journals say nothing of figures, and their ends come last."""
    folder, spec = ran.run_folder(), ran.folder / "drawn.yaml"
    trouble(made, "")
    assert ran.bigdata("report", folder.path).returncode == 0
    records = [json.loads(line) for line in folder.journal.read_text().splitlines()]
    older = [{k: v for k, v in r.items() if k != "figures"} for r in records if r["event"] != "report"]
    folder.journal.write_text("".join(json.dumps(r) + "\n" for r in older))
    before = files(folder)
    ran.submit(spec)
    assert files(folder) == before
    for verb in ("verify", "report", "status", "results"):
        done = ran.bigdata(verb, folder.path)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_run_killed_between_its_end_and_its_report_is_drawn_and_nothing_runs(ran: Bench, made: Bench) -> None:
    folder, spec = ran.run_folder(), ran.folder / "drawn.yaml"
    lines = folder.journal.read_text().splitlines(keepends=True)
    folder.journal.write_text("".join(line for line in lines if '"event":"report"' not in line))
    before = folder.report.stat().st_mtime_ns  # of an earlier submission, it might show other numbers
    assert status(folder.path).state == "done"
    ran.submit(spec)
    assert folder.report.stat().st_mtime_ns > before
    assert len(events(folder.path, "done")) == 3


def test_damaged_data_are_said_and_the_next_submission_mends_them(ran: Bench, made: Bench) -> None:
    folder, spec = ran.run_folder(), ran.folder / "drawn.yaml"
    trouble(made, "")
    chunk = folder.store / "error/c/1"
    right = chunk.read_bytes()
    chunk.write_bytes(bytes(len(right)))
    done = ran.bigdata("report", folder.path)
    assert (done.returncode, done.stdout) == (7, f"{folder.report}\n")
    assert "the stored data of `error`, shard 1, are damaged" in done.stderr
    assert "Stored data of this run are damaged" in folder.report.read_text()
    ran.submit(spec)
    assert chunk.read_bytes() == right
    assert [r["index"] for r in events(folder.path, "done")[3:]] == [1]
    assert 'class="fault"' not in folder.report.read_text()


def test_damage_met_as_a_run_is_drawn_has_exit_code_5_and_is_mended(ran: Bench, made: Bench) -> None:
    """Found by the report of a submission that had nothing to run."""
    folder, spec = ran.run_folder(), ran.folder / "drawn.yaml"
    trouble(made, "")
    folder.report.unlink()
    chunk = folder.store / "error/c/1"
    chunk.write_bytes(bytes(chunk.stat().st_size))
    done = ran.bigdata("submit", spec, "--site", "process")
    assert done.returncode == 5
    assert "the stored data of `error`, shard 1, are damaged" in done.stderr
    assert ran.plan(spec).stages[0].reasons == {"its data were found damaged": 1}
    assert ran.bigdata("submit", spec, "--site", "process").returncode == 0
    assert folder.n_files() == ran.plan(spec).n_files


@pytest.fixture
def waiting(bench: Bench) -> Running:
    """A submission whose figure is being drawn and takes long."""
    running = bench.start("submit", drawn(bench, "wait"), "--site", "process")
    until(lambda: WRITING in running.err.read_text())
    return running


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 6), (signal.SIGTERM, 6), (signal.SIGKILL, -9)])
def test_a_stop_while_drawing_leaves_a_run_that_is_done(how: int, code: int, waiting: Running, bench: Bench) -> None:
    waiting.process.send_signal(how)
    assert waiting.wait() == code
    assert "Traceback" not in waiting.err.read_text()
    folder = bench.run_folder()
    assert status(folder.path).state == "done"
    assert not folder.report.exists()
    spec = drawn(bench)
    done = bench.bigdata("submit", spec, "--site", "process")
    assert done.returncode == 0
    assert len(events(folder.path, "done")) == 3
    assert folder.n_files() == bench.plan(spec).n_files


def test_where_all_tasks_failed_that_is_said_though_the_report_fails_too(bench: Bench) -> None:
    """A report that looks for the best of no trials."""
    done = bench.bigdata("submit", drawn(bench, fail=[0, 1, 2]), "--site", "process")
    folder = bench.run_folder()
    assert done.returncode == 5
    assert "3 of 3 tasks failed:" in done.stderr
    assert "trial/1: ZeroDivisionError: trial 1 was told to fail" in done.stderr
    assert "The summary and the tables could not be made: ValueError: min() " in done.stderr
    assert "Traceback" not in done.stderr
    assert status(folder.path).state == "failed"
    assert len(Run(folder.path)["failed_task"][...]) == 3
    page = folder.report.read_text()
    assert page.index("What failed</h2>") < page.index("3 of 3 tasks failed.") < page.index("This page lacks")
    assert "Not drawn, as their data aren&#x27;t there: <code>surface</code>." in page
    results = bench.bigdata("results", folder.path)
    assert (results.returncode, "failed_task" in results.stdout) == (0, True)
    assert results.stderr.startswith("The summary and the tables could not be made: ValueError: min() ")
    (report,) = events(folder.path, "report")
    assert (report["drawn"], list(report["missing"])) == (["steps"], ["surface"])


def test_a_report_module_that_cannot_be_imported_costs_the_report_only(bench: Bench) -> None:
    done = bench.program("submit", drawn(bench), "--site", "process", DRAWN_TROUBLE="module")
    assert done.returncode == 0
    said = "could not be made: ModuleNotFoundError: No module named 'a_package_that_is_not_there'."
    lines = [line for line in done.stderr.splitlines() if said in line]
    assert [line.split(" could")[0] for line in lines] == [
        "The summary and the tables",
        "The figure `surface`",
        "The figure `steps`",
    ]
    folder = bench.run_folder()
    assert status(folder.path).state == "done"
    assert "How to cite</h2>" in folder.report.read_text()
    assert bench.bigdata("report", folder.path).stderr == ""
