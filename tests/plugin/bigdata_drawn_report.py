"""The report of the kind `drawn`; what the study's file `trouble` says goes wrong in it."""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bigdata.kind import Figure, Panel, ReportParts, Table, View

if "module" in os.environ.get("DRAWN_TROUBLE", ""):
    import a_package_that_is_not_there  # noqa: F401

CAPTION = "Errors of all trials."


def troubled(view: View, part: str) -> bool:
    path = Path(view.model.trouble)
    return bool(view.model.trouble) and path.exists() and part in path.read_text().split()


def check(view: View, part: str) -> None:
    if troubled(view, part):
        raise ValueError(f"the {part} was told\nto <fail>")


def report(view: View) -> ReportParts:
    check(view, "report")
    found = view.rows("trial")
    rows = list(zip(found.numbers, found["found"].tolist(), strict=True))
    # Of no rows there is no least: kinds forget that all trials may fail.
    best = min(rows, key=lambda row: row[1])
    return ReportParts(
        summary=[lambda: sentence(view, best), lambda: f"{len(rows)} trials were made."],
        tables=tables(view, rows),
        panels=[Panel("Trials to explore", CAPTION, "bigdata.studies.similarity:matrix.js", lambda: data(view, rows))],
        sources=["Nobody, Nowhere 1 (2026)."],
        headline=[lambda: headline(view, best[1]), lambda: {"trials": len(rows)}],
    )


def sentence(view: View, best: tuple[int, float]) -> str:
    check(view, "sentence")
    return f"Trial {best[0]} is best."


def headline(view: View, best: float) -> dict[str, float]:
    check(view, "headline")
    return {"least error": math.nan if troubled(view, "nan") else best}


def tables(view: View, rows: list[Any]) -> Iterator[Callable[[], Table]]:
    yield lambda: table(view, rows)
    yield lambda: Table("Trials", ("trial", "error"), rows, {"error": "eV"})
    check(view, "tables")


def table(view: View, rows: list[Any]) -> Table:
    check(view, "table")
    if troubled(view, "rows"):
        return Table("Errors", ("error",), [(1, 2, 3)])
    return Table("Errors", ("error",), [(math.inf if troubled(view, "nan") else row[1],) for row in rows])


def data(view: View, rows: list[Any]) -> dict[str, Any]:
    check(view, "panel")
    if troubled(view, "json"):
        return {"rows": {1, 2}}
    return {"rows": [math.nan, math.inf] if troubled(view, "nan") else rows}


def surface(view: View) -> Figure:
    check(view, "surface")
    return Figure("Errors", CAPTION, "points", lambda: draw(view))


def steps(view: View) -> Figure:
    return Figure("Steps", CAPTION, "points", lambda: points([0.0, 1.0]))


def draw(view: View) -> Any:
    """The stored errors, drawn; or a drawing that raises, stops, exits, hangs, or that Matplotlib can't save."""
    values = view["error"][...].tolist()
    check(view, "draw")
    if troubled(view, "stop"):
        os.kill(os.getpid(), signal.SIGINT)
    if troubled(view, "exit"):
        sys.exit(3)
    if troubled(view, "wait"):
        time.sleep(60)
    drawing = points([math.nan, math.inf] if troubled(view, "nan") else values)
    if troubled(view, "limits"):
        drawing.axes[0].set_ylim(math.nan, 1.0)
    if troubled(view, "saving"):
        drawing.axes[0].set_title("$\\frac{$", parse_math=True)
    return drawing


def points(values: list[float]) -> Any:
    from matplotlib.figure import Figure as Drawing

    drawing = Drawing(figsize=(4, 2.5))
    drawing.subplots().plot(values, "o")
    return drawing
