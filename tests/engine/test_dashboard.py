"""Dask's dashboard: off, unless it is asked for; then it answers on this machine, and the way to it is said."""

from __future__ import annotations

import re
import urllib.request

import pytest

from tests.bench import ROOT, Bench, events, until

pytest.importorskip("bokeh", reason="the dashboard needs bokeh")


def test_a_dashboard_that_is_asked_for_answers(bench: Bench) -> None:
    running = bench.start("submit", bench.trial(tasks=20, seconds=0.5), "--dashboard")
    said = until(lambda: re.search(r"the dashboard: `ssh -N -L 8787:127.0.0.1:(\d+) ", running.err.read_text()))
    with urllib.request.urlopen(f"http://127.0.0.1:{said[1]}/status", timeout=30) as page:
        assert b"Dask" in page.read()
    assert running.wait() == 0


def test_a_site_may_ask_for_it_and_without_bokeh_it_is_refused(bench: Bench) -> None:
    pools = {"cpu": {"cores": 1, "memory": "1 GiB"}}
    site = bench.write("site.yaml", {"site": "here", "scheduler": "local", "dashboard": True, "pools": pools})
    (bench.folder / "sitecustomize.py").write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'bokeh' else find(name, *more)\n"
    )
    path = f"{bench.folder}:{bench.environment()['PYTHONPATH']}"
    done = bench.program("submit", bench.trial(), "--site", site, PYTHONPATH=path)
    assert done.returncode == 4
    assert done.stderr.splitlines()[-1].startswith("bigdata: the dashboard needs bokeh, which isn't installed")
    assert not events(bench.run_folder().path, "done")


def test_a_dashboard_needs_dask(bench: Bench) -> None:
    """A small study that would run in this process gets workers; one that is told to run there can't have both."""
    from bigdata.cli.submit import _with_dashboard

    small = bench.plan(ROOT / "specs/similarity.yaml")
    assert small.site.scheduler == "process"
    assert _with_dashboard(small).site.scheduler == "local"
    done = bench.bigdata("submit", ROOT / "specs/similarity.yaml", "--site", "process", "--dashboard")
    assert (done.returncode, done.stderr) == (
        2,
        "--dashboard: the site `process` has no Dask, whose dashboard it is. Use `--site local`.\n",
    )
