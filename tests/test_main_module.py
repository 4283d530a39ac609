"""A script that starts processes without a guard."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import bigdata

HEAD = "from bigdata.data.all_cores import on_all_cores\n"
CALL = "on_all_cores([dict, dict], lambda done, n: print(done, n))\n"
INSIDE = f"def work():\n    {CALL}"


def _run(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "study.py").write_text(HEAD + text)
    # The folder of these sources, as for the processes that pytest itself runs.
    environ = os.environ | {"PYTHONPATH": str(Path(bigdata.__file__).parent.parent)}
    return subprocess.run(
        [sys.executable, "study.py"], cwd=folder, capture_output=True, text=True, env=environ, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [(CALL, 2), (f"{INSIDE}work()\n", 4), (f"if True:\n    {CALL}", 3), (f"try:\n    {CALL}finally:\n    pass\n", 3)],
    ids=["the call itself", "a function's call", "an if that asks something else", "a try"],
)
def test_a_script_without_a_guard_is_told_so_once_and_starts_nothing(tmp_path: Path, text: str, line: int) -> None:
    ended = _run(tmp_path, text)
    assert ended.returncode == 1
    assert ended.stdout == ""
    *_, last = ended.stderr.splitlines()
    assert f"study.py:{line} starts processes" in last
    assert 'below `if __name__ == "__main__":`' in last
    assert ended.stderr.count("Traceback") == 1


@pytest.mark.parametrize(
    "text",
    [f'if __name__ == "__main__":\n    {CALL}', f'{INSIDE}if "__main__" == __name__:\n    work()\n'],
    ids=["the call itself", "a function's call, the other way round"],
)
def test_a_script_with_a_guard_runs(tmp_path: Path, text: str) -> None:
    ended = _run(tmp_path, text)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "2 2"


def test_text_given_to_python_has_no_file_and_runs(tmp_path: Path) -> None:
    environ = os.environ | {"PYTHONPATH": str(Path(bigdata.__file__).parent.parent)}
    ended = subprocess.run(
        [sys.executable, "-c", HEAD + CALL], cwd=tmp_path, capture_output=True, text=True, env=environ, check=False
    )
    assert ended.stdout.splitlines()[-1] == "2 2", ended.stderr


def test_dir_lists_what_users_call_and_nothing_else() -> None:
    assert [name for name in dir(bigdata) if not name.startswith("_")] == sorted(bigdata.__all__)
