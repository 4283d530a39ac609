"""A part of a report that raises is one sentence in its place, and everything else is shown."""

from __future__ import annotations

import base64
import html
import re
from pathlib import Path

import pytest

from bigdata.report.page import Report, write_report
from bigdata.store.journal import Journal
from bigdata.store.reading import Run
from tests.bench import Bench
from tests.report.test_page import Outline

FAILED = "ValueError: the {} was told to <fail>."


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="module")
def run(bench: Bench) -> Run:
    study = {"study": "drawn", "name": "d", "trouble": str(bench.folder / "trouble")}
    return bench.submit(bench.write("drawn.yaml", study))


@pytest.fixture(scope="module")
def swept(bench: Bench) -> Run:
    study = {"study": "drawn", "name": "swept", "trouble": str(bench.folder / "trouble")}
    return bench.submit(bench.write("swept.yaml", study | {"sweep": {"grid": {"scale": [1.0, 2.0]}}}))


@pytest.fixture
def trouble(bench: Bench) -> Path:
    path = bench.folder / "trouble"
    path.unlink(missing_ok=True)
    return path


def drawn(run: Run, trouble: Path, *words: str) -> tuple[Report, str]:
    """The report drawn while these parts misbehave, and the text of its page."""
    trouble.write_text(" ".join(words))
    report = write_report(run)
    page = report.page.read_text()
    assert Outline(page).open == []
    return report, html.unescape(re.sub("</?code>", "`", page))


PARTS = {
    "report": "The summary and the tables could not be made: " + FAILED.format("report"),
    "sentence": "The 1st sentence of the summary could not be made: " + FAILED.format("sentence"),
    "table": "The 1st table could not be made: " + FAILED.format("table"),
    "tables": "The rest of the tables could not be made: " + FAILED.format("tables"),
    "rows": "The 1st table could not be made: ValueError: ",
    "panel": "The panel `Trials to explore` could not be made: " + FAILED.format("panel"),
    "json": "The panel `Trials to explore` could not be made: TypeError: Object of type set is not JSON serializable.",
    "surface": "The figure `surface` could not be made: " + FAILED.format("surface"),
    "draw": "The figure `surface` could not be made: " + FAILED.format("draw"),
    "limits": "The figure `surface` could not be made: ValueError: Axis limits cannot be NaN or Inf.",
    "saving": "The figure `surface` could not be made: ValueError: ",
    "exit": "The figure `surface` could not be made: SystemExit: 3.",
}
SHOWN = {
    "sentence": "Trial 1 is best.",
    "second sentence": "3 trials were made.",
    "table": "Errors</h3>",
    "second table": "Trials</h3>",
    "panel": 'data-panel="matrix"',
    "figure": 'id="surface"',
    "second figure": 'id="steps"',
    "source": "Nobody, Nowhere 1 (2026).",
}
LOST = {
    "report": {"sentence", "second sentence", "table", "second table", "panel", "source"},
    "sentence": {"sentence"},
    "table": {"table"},
    "tables": set(),
    "rows": {"table"},
    "panel": {"panel"},
    "json": {"panel"},
}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_raises_is_a_sentence_and_the_others_are_shown(part: str, run: Run, trouble: Path) -> None:
    report, page = drawn(run, trouble, part)
    again = "`bigdata report {}` tries again, and logs/report.log in the run's folder has the traceback."
    (fault,) = report.faults
    assert fault.sentence(run.folder).startswith(PARTS[part])
    # On the page, which is passed on, the run has its name alone.
    where, name = str(run.folder.path), run.folder.path.name
    assert f"{fault.sentence(run.folder).replace(where, name)}</p>" in page
    assert fault.sentence(run.folder).endswith(again.format(where))
    assert {what for what, text in SHOWN.items() if text not in page} == LOST.get(part, {"figure"})
    log = run.folder.report_log.read_text()
    assert log.startswith(f"The {fault.part} could not be made:\nTraceback")
    assert "bigdata_drawn_report.py" in log or part in ("rows", "json", "saving")


@pytest.mark.parametrize("part", ["surface", "draw", "limits", "saving", "exit"])
def test_of_a_figure_that_fails_no_file_is_left(part: str, run: Run, trouble: Path) -> None:
    """One that was drawn before may show other data."""
    assert drawn(run, trouble)[0].drawn == ("surface", "steps")
    report, _ = drawn(run, trouble, part)
    assert (report.drawn, list(report.missing)) == (("steps",), ["surface"])
    assert {path.name for path in run.folder.figures.iterdir()} == {"steps.png", "steps.pdf"}


def test_drawn_again_without_the_trouble_all_is_shown(run: Run, trouble: Path) -> None:
    drawn(run, trouble, "draw", "table")
    report, page = drawn(run, trouble)
    assert (report.faults, report.missing) == ((), {})
    assert all(text in page for text in SHOWN.values())
    assert 'class="fault"' not in page
    assert not run.folder.report_log.exists()


def test_what_is_missing_is_named_at_the_top_too(run: Run, trouble: Path) -> None:
    _, page = drawn(run, trouble, "draw", "table")
    said = "This page lacks the figure `surface` and the 1st table; the reason stands where each would be.</p>"
    assert page.index(said) < page.index('id="variant-0"')


def test_numbers_that_are_none_are_shown_as_they_are(run: Run, swept: Run, trouble: Path) -> None:
    for of in (run, swept):
        report, page = drawn(of, trouble, "nan")
        assert report.faults == ()
        assert '{"rows":[null,null]}' in page
        assert "inf</th>" in page
    assert page.index('class="number">-</td>') < page.index('id="variant-0"')


def test_images_are_the_files_beside_the_page_also_where_one_is_missing(run: Run, trouble: Path) -> None:
    _, page = drawn(run, trouble, "saving")
    found = [base64.b64decode(data) for data in re.findall(r"data:image/png;base64,([^\"]+)", page)]
    assert found == [(run.folder.figures / "steps.png").read_bytes()]


def test_links_lead_to_parts_that_are_there(run: Run, trouble: Path) -> None:
    for words in ((), ("report",), ("report", "draw")):
        outline = Outline(drawn(run, trouble, *words)[0].page.read_text())
        assert {a[1:] for a in outline.addresses if a.startswith("#")} <= set(outline.ids)


def test_of_a_sweep_the_variant_is_named_and_the_others_are_compared(swept: Run, trouble: Path) -> None:
    report, page = drawn(swept, trouble, "headline", "draw")
    labels = [view.label for view in swept.variants]
    assert [fault.part for fault in report.faults] == [
        *(f"1st number to compare by of {label}" for label in labels),
        *("figure `variant-0-surface`", "figure `variant-1-surface`"),
    ]
    assert report.drawn == ("variant-0-steps", "variant-1-steps")
    table = page[page.index("The variants compared</h2>") : page.index('id="variant-0"')]
    assert all(label in table for label in labels)
    assert "trials</th>" in table


def test_of_many_faults_the_first_are_named_at_the_top(swept: Run, trouble: Path) -> None:
    _, page = drawn(swept, trouble, "headline", "draw", "table", "sentence", "panel")
    assert "and 5 more parts; the reason stands where each would be." in page


def test_a_stop_while_drawing_is_a_stop(run: Run, trouble: Path) -> None:
    before = run.folder.report.read_text()
    with pytest.raises(KeyboardInterrupt):
        drawn(run, trouble, "stop")
    assert run.folder.report.read_text() == before


def test_failed_tasks_are_said_first_though_more_tasks_are_done_than_the_study_has(run: Run, trouble: Path) -> None:
    """A journal also has the tasks of stages that an earlier version of the kind had."""
    whole = run.folder.journal.read_bytes()
    records = [{"event": "done", "stage": "older", "index": i, "key": f"{i:016x}"} for i in range(9)]
    journal = Journal(run.folder.journal)
    journal.append([*records, {"event": "failed", "stage": "trial", "index": 1, "error": "Boom", "traceback": "t"}])
    journal.close()
    try:
        _, page = drawn(run, trouble, "report")
    finally:
        run.folder.journal.write_bytes(whole)
    assert "1 of 3 tasks failed. What needs their data" in page
    assert page.index("What failed</h2>") < page.index("This page lacks") < page.index('id="variant-0"')
