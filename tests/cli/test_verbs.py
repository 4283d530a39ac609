"""The program's words and exit codes: data on stdout, all else on stderr, one plain sentence for what is wrong."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from contextlib import suppress

import psutil
import pytest

from bigdata.cli.main import VERBS
from tests.bench import PROGRAM, Bench, Running, until

RUN_VERBS = ("status", "logs", "cancel", "results", "report", "verify", "debug")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("ran"))
    bench.submit(bench.trial(name="trial-1"))
    return bench


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, bench: Bench) -> None:
    done = bench.bigdata(verb, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Usage: bigdata {verb}" in done.stdout


def test_a_process_of_its_own_says_the_same_as_a_call_in_this_one(ran: Bench) -> None:
    folder = ran.run_folder().path
    for words, code in ((("status", folder), 0), (("plan", "x.yaml", "--jsn"), 2), (("verify", "nowhere"), 4)):
        own, here = ran.program(*words), ran.bigdata(*words)
        assert own.returncode == here.returncode == code
        assert (own.stdout, own.stderr) == (here.stdout, here.stderr)


def test_the_programs_own_verb_is_hidden_and_says_what_people_use(ran: Bench) -> None:
    assert "controller" not in ran.bigdata("--help").stdout
    folder = ran.run_folder().path
    done = ran.bigdata("controller", folder)
    assert done.returncode == 4
    assert f"no controller was launched in {folder}, or it has ended. Use `bigdata submit`" in done.stderr


def test_the_verbs_are_listed(bench: Bench) -> None:
    done = bench.bigdata("--help")
    assert all(f"  {verb} " in done.stdout for verb in VERBS)
    assert bench.bigdata("--version").stdout.startswith("bigdata, version ")


WRONG = {
    ("submti", "x.yaml"): "there is no verb `submti`. Did you mean `submit`?",
    ("frobnicate",): "there is no verb `frobnicate`. `bigdata --help` lists the verbs.",
    ("plan",): "Missing argument 'SPEC'",
    ("plan", "x.yaml", "--jsn"): "No such option",
    ("--verbose", "plan"): "No such option",
    ("results", "x", "y", "z"): "Got unexpected extra argument (z)",
    ("results", "x", "--variant", "two"): "Invalid value for '--variant'",
    ("plan", "nowhere.yaml"): "nowhere.yaml: there is no such file.",
    ("submit", "nowhere.yaml"): "nowhere.yaml: there is no such file.",
    ("plan", "trial.yaml", "--site", "nowhere"): "there is no site `nowhere`. Known: ",
    ("plan", "trial.yaml", "--set", "tsks=3"): "--set tsks=3: tsks: unknown key.",
}


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_a_wrong_command_line_is_explained_with_exit_code_2(words: tuple[str, ...], bench: Bench) -> None:
    bench.trial()
    done = bench.bigdata(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert WRONG[words].rstrip(".") in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", RUN_VERBS)
def test_a_folder_that_is_no_run_is_said_to_be_none(verb: str, bench: Bench) -> None:
    for folder in (".", "nowhere"):
        done = bench.bigdata(verb, folder, *(["first/0"] if verb == "debug" else []))
        assert (done.returncode, done.stdout) == (4, "")
        assert f"bigdata: there is no run in {folder}. `bigdata status` lists" in done.stderr
        assert "Traceback" not in done.stderr


def test_tasks_arrays_and_variants_that_are_not_there(ran: Bench) -> None:
    folder = ran.run_folder().path
    wrong = {
        ("debug", folder, "first/9"): f"{folder} has no task `first/9`; it has first/0 … first/3, last/0 … last/0.",
        ("debug", folder, "nine"): "`nine` names no task; write STAGE/NUMBER",
        ("logs", folder, "first/9"): f"{folder} has no record of a task `first/9`.",
        (
            "results",
            folder,
            "valeu",
        ): f"{folder} holds no array `valeu`; it has mean, row, surroundings, told, ",
        ("results", folder, "--variant", "1"): f"{folder} has variants 0 to 0, not 1.",
    }
    for words, said in wrong.items():
        done = ran.bigdata(*words)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr


def test_debug_shows_the_traceback(ran: Bench) -> None:
    done = ran.program("--debug", "results", "nowhere")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "SiteError" in done.stderr


def test_results_as_text_and_as_data(ran: Bench) -> None:
    folder = ran.run_folder().path
    page = ran.bigdata("results", folder)
    assert (page.returncode, page.stderr) == (0, "")
    assert "value         row         8      float64        eV" in page.stdout
    data = json.loads(ran.bigdata("results", folder, "--json").stdout)
    assert data["tables"] == []
    assert data["arrays"][-1] == {
        "array": "value", "dims": ["row"], "shape": [8], "dtype": "float64", "units": "eV", "about": ""
    }  # fmt: skip
    array = json.loads(ran.bigdata("results", folder, "value", "--json").stdout)
    assert len(array["values"]) == 8
    assert ran.bigdata("results", folder, "value").stdout.startswith("<value[row: 8] float64, eV>\n[0.")


def test_status_lists_runs(ran: Bench, bench: Bench) -> None:
    (row,) = json.loads(ran.bigdata("status", "--json").stdout)
    assert (row["run"], row["state"]) == (f"runs/{ran.run_folder().path.name}", "done")
    assert row["stages"]["first"] == {"tasks": 4, "done": 4, "failed": 0}
    assert bench.bigdata("status").stdout == "no runs in runs\n"


def test_verify_and_cancel_and_report(ran: Bench) -> None:
    folder = ran.run_folder().path
    assert ran.bigdata("verify", folder).stdout.startswith(f"{folder}: all 6 arrays are whole (")
    assert ran.bigdata("cancel", folder).stdout == f"{folder} is not running (done)\n"
    assert ran.bigdata("report", folder).stdout == f"{folder}/report.html\n"
    assert ran.run_folder().n_files() == ran.plan(ran.folder / "trial.yaml").n_files


def test_a_reader_that_has_enough_gets_no_complaint(ran: Bench) -> None:
    command = [*PROGRAM, "schema"]
    program = subprocess.Popen(command, env=ran.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert program.stdout
    assert program.stderr
    program.stdout.close()
    program.wait(30)
    assert program.stderr.read() == b""
    program.stderr.close()


def test_ctrl_c_during_plan(bench: Bench) -> None:
    """A dataset that never ends keeps the plan waiting."""
    os.mkfifo(bench.folder / "data")
    running = bench.start("plan", bench.trial(file="data"))
    until(lambda: _sleeps(running))
    running.process.send_signal(signal.SIGINT)
    assert running.wait() == 6
    assert running.err.read_text().strip() == "bigdata: cancelled"


def _sleeps(running: Running) -> bool:
    """Whether the program has done nothing for a while."""
    process = psutil.Process(running.process.pid)
    before = process.cpu_times().user
    time.sleep(0.5)
    return bool(before > 0.1 and process.cpu_times().user == before)


def test_a_terminal_gets_bars_and_no_colour_where_none_is_wanted(bench: Bench) -> None:
    leader, terminal = pty.openpty()
    done = subprocess.Popen(
        [*PROGRAM, "submit", str(bench.trial())],
        cwd=bench.folder,
        env=bench.environment(TERM="xterm-256color"),
        stdout=subprocess.DEVNULL,
        stderr=terminal,
    )
    os.close(terminal)
    said = b""
    with suppress(OSError):  # the terminal is gone
        while more := os.read(leader, 4096):
            said += more
    os.close(leader)
    assert done.wait(60) == 0
    assert b"first" in said
    assert b"4/4" in said
    assert b"\x1b[3" not in said  # colours; those that move the cursor are the bars


def test_a_batch_system_that_is_not_here_is_planned_for_but_not_run_on(bench: Bench) -> None:
    pools = {"cpu": {"cores": 4, "memory": "8 GiB"}}
    site = bench.write("site.yaml", {"site": "far", "scheduler": "lsf", "pools": pools})
    spec = bench.trial()
    assert bench.bigdata("plan", spec, "--site", site).returncode == 0
    for controller in ("inline", "job"):
        done = bench.bigdata("submit", spec, "--site", site, "--controller", controller)
        assert done.returncode == 4
        assert done.stderr.splitlines()[-1] == (
            "bigdata: `bsub` isn't found here, and jobs are handed in with it. Submit from a login node of the site; "
            "load the module that brings it, where there is one."
        )
        assert not (bench.folder / "runs").exists()


def test_a_long_run_is_not_begun_unasked(bench: Bench) -> None:
    spec = bench.trial(tasks=100, seconds=1000)
    done = bench.bigdata("submit", spec, BIGDATA_CACHE=str(bench.folder))  # where nothing has been measured
    assert done.returncode == 3
    assert "say --yes to run it without being asked" in done.stderr
    assert not (bench.folder / "runs").exists()
