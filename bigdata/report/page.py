"""The report of a run: one HTML file that needs no network, beside its figures as PNG and PDF."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bigdata.errors import DamagedData
from bigdata.report.comparison import comparison
from bigdata.report.faults import Fault, Faults
from bigdata.report.html import Markup, element, join, packaged, worded
from bigdata.report.privacy import Privacy
from bigdata.report.record import citation, costs, failures, notes, provenance
from bigdata.report.variant import VariantPart
from bigdata.store.folder import figure_files, write_whole
from bigdata.store.reading import Run

# Nothing is loaded from anywhere, whatever a name in the data may look like.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


@dataclass(frozen=True)
class Report:
    """A report as it was written.

    `drawn` and `missing`, the latter with the reason, are figures by the names of their files. `faults` are all parts
    that can't be shown; `damage` are stored data that can't be read back, where some were met: they have to be written
    anew.
    """

    page: Path
    drawn: tuple[str, ...]
    missing: dict[str, str]
    faults: tuple[Fault, ...]
    damage: DamagedData | None


def write_report(run: Run, *, private: bool = False) -> Report:
    """Draw the figures of a run and write its report.html, whatever parts of it raise.

    A page to be passed on tells no absolute path, host or user; a `private` one does. Of a run with tasks that failed
    or aren't done, the page shows what there is and what failed. A part that can't be shown is one sentence in its
    place, and its traceback goes to the run's logs. Raises OSError where the disk refuses.
    """
    # Opened anew: nothing is shown that was read before and isn't there any more.
    run = Run(run.folder.path)
    privacy = Privacy(run, keeps=private)
    faults = Faults(run, privacy)
    variants = [VariantPart(view, faults) for view in run.variants]
    with worded(privacy.text):
        body = _body(run, variants, faults, privacy)
        scripts = {name: code for variant in variants for name, code in variant.scripts.items()}
        page = _document(run.model.name, body, list(scripts.values()))
    report = _report(run, variants, faults)
    _remove(run, report.missing)
    _write_log(run, faults.found)
    write_whole(run.folder.report, page)
    return report


def _body(run: Run, variants: Sequence[VariantPart], faults: Faults, privacy: Privacy) -> list[Markup]:
    compared = comparison(variants, faults) if len(variants) > 1 else Markup("")
    shown = join(compared, *(variant.section() for variant in variants))
    sources = [source for variant in variants for source in variant.sources()]
    record = {
        "notes": partial(notes, run, privacy),
        "account of its costs": partial(costs, run),
        "provenance": partial(provenance, run, privacy),
        "list of what to cite": partial(citation, run, sources),
    }
    below = join(*(faults.shown(part, make) for part, make in record.items()))
    failed = faults.shown("list of failed tasks", partial(failures, run, privacy))
    return [_header(run, shown + below), failed, faults.overview(), shown, below]


def _report(run: Run, variants: Sequence[VariantPart], faults: Faults) -> Report:
    names = [name for variant in variants for name in variant.figures]
    missing = {name: why for variant in variants for name, why in variant.missing.items()}
    drawn = tuple(name for name in names if name not in missing)
    return Report(run.folder.report, drawn, missing, tuple(faults.found), faults.damage)


def _remove(run: Run, figures: Iterable[str]) -> None:
    """Figures that were drawn before and can't be now may show other data."""
    for name in figures:
        for file in figure_files(run.folder.figures / name):
            file.unlink(missing_ok=True)


def _write_log(run: Run, faults: Sequence[Fault]) -> None:
    """The tracebacks of this report, in place of those of an earlier one."""
    told = [f"The {fault.part} could not be made:\n{fault.traceback}" for fault in faults if fault.traceback]
    if told:
        write_whole(run.folder.report_log, "\n".join(told))
    else:
        run.folder.report_log.unlink(missing_ok=True)


def _document(title: str, body: Sequence[Markup], scripts: Sequence[Markup]) -> str:
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{title} - report"),
        element("link", rel="icon", href="data:,"),  # or a browser asks for /favicon.ico
        element("style", packaged("bigdata.report:page.css")),
    )
    code = [element("script", text) for text in scripts]
    return f"<!doctype html>\n{element('html', head, element('body', *body, *code), lang='en')}\n"


def _header(run: Run, shown: str) -> Markup:
    """The study's name, and links to those parts that the page has."""
    model = run.model
    labels = [(f"variant-{i}", view.label) for i, view in enumerate(run.variants)]
    parts = labels if len(labels) > 1 else [("figures", "Figures"), ("tables", "Tables")]
    links = [*parts, ("costs", "Costs"), ("provenance", "Provenance"), ("cite", "How to cite")]
    items = (element("li", element("a", text, href=f"#{to}")) for to, text in links if f'id="{to}"' in shown)
    return element(
        "header",
        element("p", f"{model.study} study", class_="kind"),
        element("h1", model.name),
        *([element("p", model.description, class_="lead")] if model.description else []),
        element("nav", element("ul", *items), aria_label="Contents"),
    )
