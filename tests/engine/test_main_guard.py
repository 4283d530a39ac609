"""A script without a `__main__` guard: its workers stay silent, and it is told what to write."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import Bench

STEPS = "r = bigdata.submit(bigdata.load_study('trial.yaml'), site='local', runs='runs')\n"
GUARDED = f"import bigdata\nif __name__ == '__main__':\n    {STEPS}    print(r)\n"


def script(bench: Bench, text: str) -> subprocess.CompletedProcess[str]:
    bench.trial(tasks=2)
    Path(bench.folder / "script.py").write_text(text)
    return subprocess.run(
        [sys.executable, "script.py"],
        cwd=bench.folder,
        env=bench.environment(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("guarded", [False, True])
def test_a_script_is_told_that_it_needs_a_guard(bench: Bench, guarded: bool) -> None:
    done = script(bench, GUARDED if guarded else f"import bigdata\n{STEPS}")
    if guarded:
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("<run runs/t-")
        return
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("bigdata.errors.SiteError: workers import")
    assert 'Put its last steps behind `if __name__ == "__main__":`' in last
    assert done.stderr.count("Traceback") == 1
    assert len(done.stderr.splitlines()) < 30
