"""`bigdata status [RUN]`: how one run stands, or all runs of a folder; once, or until it ends."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigdata.cli.options import RunPath, json_option
from bigdata.cli.status_page import page
from bigdata.cli.text import table
from bigdata.display import duration
from bigdata.errors import SiteError, SpecError
from bigdata.run.findings import findings
from bigdata.run.status import Status, status
from bigdata.store.accounts import compared, held, idle
from bigdata.store.named import RUNS, find_runs

if TYPE_CHECKING:
    from bigdata.report.differing import Differing

# In the place of a state, for a folder that is no run of ours.
UNREADABLE = "unreadable"


@click.command()
@click.argument("run", type=RunPath(), required=False)
# Eager, since RUN may be a name in it.
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=RUNS,
    show_default=True,
    is_eager=True,
    help="Folder of the runs.",
)
@click.option("--changed", is_flag=True, help="List runs by the fields and the headline numbers that tell them apart.")
@click.option("--watch", is_flag=True, help="Stay until RUN ends; the exit code is then the run's.")
@json_option
def command(run: Path | None, runs: Path, changed: bool, watch: bool, as_json: bool) -> None:
    """Show how RUN stands, or all runs where none is named."""
    if changed:
        _changed(run, runs, as_json)
    elif watch:
        _watch(run, as_json)
    elif run is None:
        found, unreadable = _seen(find_runs(runs))
        click.echo(_as_json(found, unreadable) if as_json else _list(found, unreadable, runs))
        for why in unreadable.values():
            click.echo(why, err=True)
    else:
        one = status(run)
        click.echo(json.dumps(_data(one) | _found(one), indent=2) if as_json else page(one))


def _watch(run: Path | None, as_json: bool) -> None:
    from bigdata.cli.watch import follow, looks, until_ended

    if run is None:
        raise SpecError("--watch needs a RUN; `bigdata status` lists the runs.")
    if not as_json:
        until_ended(follow(run), run)
        return
    said = ""
    for now in looks(lambda: status(run)):
        data = _data(now) | _found(now)
        # How long the controller has been silent changes with every look, and is no news.
        line = json.dumps({name: value for name, value in data.items() if name != "silent"})
        if line != said:
            click.echo(json.dumps(data))
            said = line
    until_ended(now, run)


def _changed(run: Path | None, runs: Path, as_json: bool) -> None:
    from bigdata.report.differing import differing

    found, unreadable = differing(find_runs(runs) if run is None else [run])
    if as_json:
        rows = [
            {"run": str(v.run), "variant": v.label, "study": t.kind, **t.values(v)} for t in found for v in t.variants
        ]
        click.echo(json.dumps(rows, indent=2))
    else:
        click.echo("\n\n".join(map(_apart, found)) or f"no runs in {runs}")
    for why in unreadable.values():
        click.echo(why, err=True)


def _apart(differing: Differing) -> str:
    """Runs of one kind, a line each; variants of a sweep are told apart by the fields, too."""
    rows = [(str(v.run), *map(_word, differing.values(v).values())) for v in differing.variants]
    return f"{differing.kind}\n\n{table(('run', *differing.fields, *differing.numbers), rows)}"


def _word(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _data(s: Status) -> dict[str, Any]:
    failed = [
        {"task": f"{path}/{index}", "class": record.get("class", ""), "error": record.get("error", "")}
        for (path, index), record in s.failed.items()
    ]
    return {
        "run": str(s.folder.path),
        "state": s.state,
        "controller": s.owner,
        "silent": round(s.silent, 1),
        "job": vars(s.job) if s.job else {"id": s.launch.job} if s.launch and s.launch.job else None,
        "waiting": list(s.waiting),
        "stages": s.stages,
        "failed": failed,
        "skipped": s.skipped,
        "again": s.again,
        "taken_over": s.taken,
        "error": s.error or None,
        "task_seconds": round(s.seconds, 2),
        "updated": s.updated,
        "compared": [] if s.is_live else [{**vars(row), "holds": row.holds} for row in compared(s.folder, s.past)],
        "idle_core_hours": idle(s.past),
        "held": held(s.past),
    }


def _found(s: Status) -> dict[str, Any]:
    """Of one run: reading it costs more than its state, of which a folder shows many."""
    told = findings(s)
    budget = [{"what": b.what, "allowed": b.allowed, "used": b.needed, "left": b.left} for b in told.budget]
    return {"found": list(told.lines), "budget": budget}


def _seen(paths: list[Path]) -> tuple[list[Status], dict[Path, str]]:
    """How runs stand, and why others can't be read: one of somebody's must not hide the others."""
    found, unreadable = [], {}
    for path in paths:
        try:
            found.append(status(path))
        except SiteError as error:
            unreadable[path] = str(error)
    return found, unreadable


def _as_json(found: list[Status], unreadable: dict[Path, str]) -> str:
    others = [{"run": str(path), "state": UNREADABLE, "error": why} for path, why in unreadable.items()]
    return json.dumps([*map(_data, found), *others], indent=2)


def _list(found: list[Status], unreadable: dict[Path, str], runs: Path) -> str:
    if not found and not unreadable:
        return f"no runs in {runs}"
    rows = [
        (str(s.folder.path), s.state, s.n_done, s.n_tasks, f"{duration(time.time() - s.updated)} ago") for s in found
    ]
    others = [(str(path), UNREADABLE, "", "", "") for path in unreadable]
    return table(("run", "state", "done", "tasks", "last word"), [*rows, *others])
