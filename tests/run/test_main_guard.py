"""Scripts that call `bigdata.submit` at their top level: told in a sentence, before a worker runs the script again."""

from __future__ import annotations

import subprocess
import sys

import pytest

CALL = "bigdata.submit(bigdata.load_study({spec!r}), site={site!r}, runs={runs!r})"


def script(bench, call):
    path = bench.folder / "api.py"
    path.write_text(call)
    return subprocess.run([sys.executable, path], cwd=bench.folder, capture_output=True, text=True, check=False)


def call(bench, site):
    return CALL.format(spec=str(bench.trial(tasks=2)), site=site, runs=str(bench.folder / "runs"))


def test_a_call_at_the_top_level_is_refused_with_its_line(bench):
    done = script(bench, f"import bigdata\n\n{call(bench, 'local')}\n")
    assert done.returncode == 1
    *_, last = done.stderr.splitlines()
    assert f"{bench.folder / 'api.py'}:3: this line starts workers" in last
    assert 'Put it below a line `if __name__ == "__main__":`' in last
    assert "RuntimeError" not in done.stderr


@pytest.mark.parametrize(
    ("before", "site"),
    [("if __name__ == '__main__':\n    ", "local"), ("", "process"), ("if '__main__' == __name__: ", "local")],
    ids=["below the guard", "without workers", "in the guard's own line"],
)
def test_others_run(before, site, bench):
    done = script(bench, f"import bigdata\n{before}{call(bench, site)}\n")
    assert done.returncode == 0, done.stderr


def test_a_function_that_is_called_below_the_guard_runs(bench):
    text = f"import bigdata\ndef main():\n    {call(bench, 'local')}\nif __name__ == '__main__':\n    main()\n"
    assert script(bench, text).returncode == 0
