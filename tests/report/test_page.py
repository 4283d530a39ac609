"""The page as text: complete, escaped, without addresses to load, and honest about what failed."""

from __future__ import annotations

import base64
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bigdata.report.page import write_report
from bigdata.store.journal import Journal
from bigdata.store.reading import Run
from bigdata.studies.similarity.stages import stages
from tests.report.conftest import HOSTILE, Submit

LOADS = {"src", "href", "action", "data", "poster", "srcset", "background"}


class Outline(HTMLParser):
    """Tags that don't close each other, ids that occur twice, addresses that load something, images without a text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.alts: list[str | None] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [str(given["id"])] if "id" in given else []
        self.addresses += [str(v) for k, v in attrs if k in LOADS]
        self.alts += [given.get("alt")] if tag == "img" else []
        if tag not in ("meta", "link", "img", "br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def text(run: Run) -> str:
    return run.folder.report.read_text()


@pytest.fixture
def copied(hbn: Run, tmp_path: Path) -> Run:
    """A copy of the run, to be damaged."""
    return Run(shutil.copytree(hbn.folder.path, tmp_path / "copy"))


def test_is_well_formed_and_names_every_part_once(hbn: Run) -> None:
    outline = Outline(text(hbn))
    assert outline.open == []
    assert len(set(outline.ids)) == len(outline.ids)
    assert {"matrix", "convergence", "groups", "fingerprints", "provenance", "cite"} <= set(outline.ids)


def test_loads_nothing_from_elsewhere(hbn: Run) -> None:
    for address in Outline(text(hbn)).addresses:
        assert address.startswith(("data:", "#")) or (hbn.folder.path / address).is_file()
    assert "default-src &#x27;none&#x27;" in text(hbn)


def test_every_image_says_what_it_shows(hbn: Run) -> None:
    alts = Outline(text(hbn)).alts
    assert len(alts) == 3
    assert all(alts)


def test_images_are_the_figures_beside_the_page_but_for_what_a_panel_shows(hbn: Run) -> None:
    found = [base64.b64decode(data) for data in re.findall(r"data:image/png;base64,([^\"]+)", text(hbn))]
    assert sorted(found) == sorted(
        path.read_bytes() for path in hbn.folder.figures.glob("*.png") if path.stem != "matrix"
    )
    assert 'href="figures/matrix.pdf"' in text(hbn)


def test_a_second_time_the_figures_are_the_same(hbn: Run) -> None:
    before = {path.name: path.read_bytes() for path in hbn.folder.figures.iterdir()}
    write_report(hbn)
    assert {path.name: path.read_bytes() for path in hbn.folder.figures.iterdir()} == before


def test_tells_where_the_numbers_come_from(hbn: Run) -> None:
    page = text(hbn)
    assert hbn.inputs["spectra"].digest in page
    assert "min_similarity: 0.9" in page
    assert "10.1039/d4fd00102h" in page
    assert "GPAW" in page


def test_is_small(hbn: Run) -> None:
    assert hbn.folder.report.stat().st_size < 2e6


def test_names_from_files_are_escaped(hostile: Run) -> None:
    page = text(hostile)
    assert HOSTILE not in page
    assert "<script>document.title" not in page
    assert "<img src=x" not in page
    assert Outline(page).open == []


def test_a_sweep_has_a_section_and_figures_for_each_variant(hostile: Run) -> None:
    page = text(hostile)
    for number, view in enumerate(hostile.variants):
        assert view.label in page
        assert (hostile.folder.figures / f"variant-{number}-matrix.pdf").is_file()
    assert page.count('data-panel="matrix"') == 3


def test_a_sweep_begins_with_its_variants_compared(hostile: Run) -> None:
    page = text(hostile)
    start, end = page.index("The variants compared</h2>"), page.index('id="variant-0"')
    table = page[start:end]
    assert all(view.label in table for view in hostile.variants)
    assert "largest group" in table
    assert "median similarity to the most accurate" in table
    assert page.count("Figures</h3>") == page.count("Blocks of settings</h4>") == 3
    assert "Figures</h2>" not in page


def test_a_single_study_has_nothing_to_compare(hbn: Run) -> None:
    assert "The variants compared" not in text(hbn)
    assert "Figures</h2>" in text(hbn)


def test_takes_about_as_many_bytes_as_planned(hbn: Run) -> None:
    figures = sum(path.stat().st_size for path in hbn.folder.figures.iterdir())
    planned = stages(hbn.model, hbn.inputs).report_bytes
    assert planned == pytest.approx(figures + hbn.folder.report.stat().st_size, rel=0.3)


def test_long_tables_are_cut_and_say_so(submit: Submit) -> None:
    run = submit(1200, "order_by: [kind, n_basis]\nblocks: null\n")
    page = text(run)
    assert "The first 500 of 1,200 rows" in page
    assert '"total":1200,"n":1200' in page  # the panel shows all, which the picture in the files has no room for
    assert max(map(len, re.findall(r"<tbody>.*?</tbody>", page))) < 500 * 400


def test_what_failed_is_told_with_the_command_that_runs_it_again(copied: Run) -> None:
    error = {"event": "failed", "stage": "groups", "index": 0, "error": "<b> & more", "traceback": "Traceback <here>"}
    journal = Journal(copied.folder.journal)
    journal.append([error])
    journal.close()
    shutil.rmtree(copied.folder.store / "group" / "c")
    page = write_report(copied).page.read_text()
    assert "1 of 5 tasks failed" in page
    assert f"<code>bigdata debug {copied.folder.path.name} groups/0</code>" in page
    assert "&lt;b&gt; &amp; more" in page
    assert "Traceback &lt;here&gt;" in page
    assert "Homogeneous groups</h3>" not in page
    assert "Blocks of settings</h3>" in page
    assert Outline(page).open == []


def test_missing_data_of_a_finished_run_are_said_first_and_all_else_is_drawn(copied: Run) -> None:
    shutil.rmtree(copied.folder.store / "group" / "c")
    report = write_report(copied)
    assert report.damage is not None
    assert report.damage.array == "group"
    assert report.drawn == ("matrix", "convergence", "fingerprints")
    assert {path.name.partition(".")[0] for path in copied.folder.figures.iterdir()} == set(report.drawn)
    page = text(copied)
    first = page.index(
        "Stored data of this run are damaged: the stored data of <code>group</code>, shard 0, are not there."
    )
    assert first < page.index('id="variant-0"')
    assert "The figure <code>groups</code> can&#x27;t be shown: the stored data of <code>group</code>" in page
    assert "Blocks of settings</h3>" in page
