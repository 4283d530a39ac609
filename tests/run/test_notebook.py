"""Progress in a notebook: a real kernel runs cells, and what they show is one text without control codes."""

from __future__ import annotations

import pytest

from bigdata.engine.observer import Silent
from bigdata.run.notebook import usual_observer
from tests.bench import Bench


def test_without_a_notebook_nobody_is_told() -> None:
    assert isinstance(usual_observer(), Silent)


def test_a_cell_shows_one_text_that_tells_the_progress(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ipykernel")
    client, form = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    bench.trial(tasks=3)
    monkeypatch.chdir(bench.folder)
    steps = "import bigdata\nrun = bigdata.submit(bigdata.load_study('trial.yaml'), site='process')"
    page = form.v4.new_notebook(cells=[form.v4.new_code_cell(steps)])
    client.NotebookClient(page, timeout=60, kernel_name="python3").execute()
    (shown,) = page.cells[0].outputs
    text = shown["data"]["text/plain"]
    assert text.splitlines()[:2] == ["first: 3 of 3 tasks ended", "last: 1 of 1 tasks ended"]
    assert "\x1b" not in text
    assert "\r" not in text
