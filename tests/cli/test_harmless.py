"""What files, tasks and servers say is shown on a terminal, and steers it nowhere."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import time
from pathlib import Path

import pytest

from bigdata.cli.harmless import harmless
from bigdata.store.folder import RunFolder
from tests.bench import PROGRAM, Bench

# The window's title, a question that the terminal answers as if typed, an erased screen, C1's form of the same, and a
# line that is shown backwards.
HOSTILE = "\x1b]0;title\x07\x1b[6n\x1b[2J\x9b2J\x08\u202etxt"
SHOWN = "\ufffd]0;title\ufffd\ufffd[6n\ufffd[2J\ufffd2J\ufffd\ufffdtxt"


def on_terminal(bench: Bench, *words: object) -> str:
    """What the program writes to a terminal that is its output and its errors."""
    mine, its = pty.openpty()
    command = [*PROGRAM, *map(str, words)]
    environment = bench.environment(TERM="xterm", COLUMNS="200")
    done = subprocess.Popen(command, cwd=bench.folder, env=environment, stdin=its, stdout=its, stderr=its)
    os.close(its)
    said = b""
    while True:
        try:
            more = os.read(mine, 65536)
        except OSError:  # the other end is closed
            break
        if not more:
            break
        said += more
    done.wait()
    os.close(mine)
    return said.decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run whose log and journal say such things."""
    bench = Bench(tmp_path_factory.mktemp("hostile"))
    run = bench.submit(bench.trial())
    run.folder.logs.joinpath("tasks.log").write_text(f"2026 first/0 {HOSTILE}\n")
    token = {"event": "failed", "stage": "first", "index": 0, "class": "error", "error": HOSTILE, "traceback": HOSTILE}
    with run.folder.journal.open("a") as journal:
        journal.write(json.dumps({"time": time.time(), **token}) + "\n")
    return run.folder


def test_what_steers_is_marked_and_the_rest_is_kept() -> None:
    assert harmless(HOSTILE) == SHOWN
    assert harmless("true\rfalse") == "true\ufffdfalse"
    assert harmless("a\tb\nΔE = 1 Å, 中文 🙂") == "a\tb\nΔE = 1 Å, 中文 🙂"


@pytest.mark.parametrize("words", [("logs",), ("status",), ("logs", "first/0"), ("status", "--watch")], ids=" ".join)
def test_a_verb_shows_what_it_reads_and_obeys_none_of_it(words: tuple[str, ...], folder: RunFolder) -> None:
    verb, *more = words
    said = on_terminal(Bench(folder.path.parents[1]), verb, folder.path, *more)
    assert SHOWN in said
    assert not {"\x07", "\x9b", "\x08", "\u202e"} & set(said)
    assert "\x1b]" not in said
    assert "\x1b[6n" not in said


def test_a_column_of_somebodys_table_steers_nothing(bench: Bench) -> None:
    (bench.folder / "own.csv").write_text(f"formula,kind\nMgO,{HOSTILE}\nNaCl,b\n")
    said = on_terminal(bench, "datasets", "show", "own.csv")
    assert "NaCl" in said or "2 " in said
    assert "\x1b" not in said


def test_what_goes_into_a_file_stays_as_it_is(folder: RunFolder, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        subprocess.run([*PROGRAM, "status", "--json", str(folder.path)], stdout=file, check=True)
    assert json.loads((tmp_path / "log").read_text())["failed"]


def test_a_file_with_such_a_name_is_shown_in_an_error(bench: Bench) -> None:
    name: Path = bench.folder / "a\x1b[2J.yaml"
    said = on_terminal(bench, "validate", name)
    assert "a\ufffd[2J.yaml" in said
    assert "\x1b" not in said
