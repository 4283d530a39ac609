"""The page's record of the run: what failed, what was left out, where the numbers come from, and how to cite
them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

from ruamel.yaml import YAML

from bigdata.display import size
from bigdata.report.html import Markup, element, join, sentence
from bigdata.report.privacy import Privacy
from bigdata.store.accounts import amounts, compared, held_sentence, idle, idle_sentence
from bigdata.store.reading import Run

# One mistake often fails all tasks, and a traceback each would be most of the page.
SHOWN_FAILURES = 20


def failures(run: Run, privacy: Privacy) -> Markup:
    """What failed, the command that runs it again here, and the traceback folded; nothing where all is
    done.
    """
    if run.is_finished:
        return Markup("")
    history = run.history
    n_tasks = sum(history.tasks.values())
    # A study that was made smaller has records of tasks that it no longer has.
    n_done = sum(index < history.tasks.get(stage, 0) for stage, index in history.done)
    n_open = n_tasks - n_done - len(history.failed)
    word = f"This run is not finished: it is {history.state}."
    said = [f"{len(history.failed)} of {n_tasks} tasks failed." if history.failed else word]
    if n_open > 0:
        said.append(f"{n_open} more weren't run, because they need those that failed or because the run ended before.")
    said.append("What needs their data is missing on this page. Submit the study again to go on; what is done is kept.")
    shown = list(history.failed.items())[:SHOWN_FAILURES]
    more = len(history.failed) - len(shown)
    return element(
        "section",
        element("h2", "What failed" if history.failed else "What is missing"),
        element("p", " ".join(said)),
        *(_failure(privacy, f"{path}/{index}", record) for (path, index), record in shown),
        *([sentence(f"{more} more: `bigdata status {privacy.folder}` lists them.")] if more > 0 else []),
        class_="failed",
        id="failed",
    )


def _failure(privacy: Privacy, task: str, record: dict[str, Any]) -> Markup:
    return join(
        element("p", element("code", task), " ", privacy.said(str(record.get("error", ""))), class_="task"),
        element(
            "details",
            element("summary", "Traceback, and the command that runs it alone"),
            element("p", element("code", f"bigdata debug {privacy.folder} {task}")),
            element("pre", privacy.said(str(record.get("traceback", "")))),
        ),
    )


def notes(run: Run, privacy: Privacy) -> Markup:
    """What was filtered, skipped or fell back."""
    found = [*_ended_by_budget(run), *run.resolved.get("notes", [])]
    if not found:
        return Markup("")
    return element(
        "section",
        element("h2", "Notes"),
        element("ul", *(element("li", privacy.said(note)) for note in found)),
        id="notes",
    )


def _ended_by_budget(run: Run) -> Iterator[str]:
    """That the study's budget ended a search before its time."""
    end = run.history.ends[-1] if run.history.ends else {}
    for path, n in end.get("unbegun", {}).items():
        yield (
            f"The study's budget ended it: {n:,} tasks of {path} weren't begun, since with the next one {end['spent']} "
            "would have been used."
        )


def provenance(run: Run, privacy: Privacy) -> Markup:
    """How these numbers came to be."""
    return element(
        "section",
        element("h2", "Provenance"),
        element(
            "div",
            element(
                "table",
                element("tbody", *(_row(name, value) for name, value in _facts(run, privacy))),
                class_="record",
            ),
            class_="table",
        ),
        element(
            "details",
            element("summary", "The study, every default filled"),
            element("pre", _yaml(privacy.data(run.resolved["study"]))),
        ),
        id="provenance",
    )


def costs(run: Run) -> Markup:
    """What the last submission was predicted to cost, and what it took until this page was drawn."""
    history = run.history
    # The page is one of the files, and isn't there yet, or is that of an earlier submission.
    rows = list(compared(run.folder, history, besides=not run.folder.report.exists()))
    if not rows:
        return Markup("")
    head = element("tr", *(element("th", name, scope="col") for name in ("", "predicted", "measured", "", "source")))
    body = (
        element("tr", *(element("td", text) for text in (*amounts(r), "held" if r.holds else "missed", r.source)))
        for r in rows
    )
    hours = idle(history)
    said = [held_sentence(history), "" if hours is None else idle_sentence(*hours)]
    return element(
        "section",
        element("h2", "Predicted against measured"),
        element("div", element("table", element("thead", head), element("tbody", *body)), class_="table"),
        *(element("p", f"{one[0].upper()}{one[1:]}.") for one in said if one),
        id="costs",
    )


def _facts(run: Run, privacy: Privacy) -> Iterator[tuple[str, str]]:
    about = run.attributes
    yield "folder", privacy.folder
    if "written" in about:
        yield "finished", str(about["written"])
        yield (
            "time",
            f"{about['seconds']:g} s of the last submission; {about['task_seconds']:g} s in tasks, of all submissions",
        )
        if about["peak_memory_bytes"]:
            yield "peak memory", f"{size(about['peak_memory_bytes'])} in the largest task"
    n_files, n_bytes = _on_disk(run)
    yield "on disk", f"{n_files:,} files, {size(n_bytes)}, beside this page"
    for row in run.resolved["variants"]:
        for name, given in row["inputs"].items():
            yield f"{row['group']} {name}".strip(), f"sha256 {given['digest']}"
    if taken := about.get("taken_over"):
        yield "taken over", ", ".join(f"{n:,} tasks' results from {name}" for name, n in taken.items())
    if "versions" in about:
        yield "versions", ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    yield from privacy.facts()


def _on_disk(run: Run) -> tuple[int, int]:
    """Files and bytes of the run's folder without the page and the lock of whoever writes it."""
    folder = run.folder
    found = [p for p in folder.path.rglob("*") if p.is_file() and p not in (folder.report, folder.lock)]
    return len(found), sum(p.stat().st_size for p in found)


def _row(name: str, value: str) -> Markup:
    return element("tr", element("th", name, scope="row"), element("td", value))


def _yaml(study: Any) -> str:
    text = io.StringIO()
    yaml: Any = YAML()
    yaml.dump(study, text)
    return text.getvalue()


def citation(run: Run, sources: Iterable[str]) -> Markup:
    """What to name in a publication."""
    version = run.attributes.get("versions", {}).get("bigdata", "")
    own = (
        f"bigdata {version}".strip()
        + f", run {run.folder.path.name}: the software and the run that made these numbers."
    )
    items = [element("li", source) for source in dict.fromkeys((own, *sources))]
    return element("section", element("h2", "How to cite"), element("ul", *items), id="cite")
