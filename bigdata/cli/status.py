"""`bigdata status [RUN]`: how one run stands, or all runs of a folder."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from bigdata.cli.options import json_option
from bigdata.cli.text import table
from bigdata.display import duration
from bigdata.run.status import Status, find_runs, status


@click.command()
@click.argument("run", type=click.Path(path_type=Path), required=False)
@click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of the runs."
)
@json_option
def command(run: Path | None, runs: Path, as_json: bool) -> None:
    """Show how RUN stands, or all runs where none is named."""
    if run is None:
        found = [status(p) for p in find_runs(runs)]
        click.echo(json.dumps([_data(s) for s in found], indent=2) if as_json else _list(found, runs))
    else:
        one = status(run)
        click.echo(json.dumps(_data(one), indent=2) if as_json else _page(one))


def _data(s: Status) -> dict[str, Any]:
    failed = [{"task": f"{p}/{i}", "class": t["class"], "error": t["error"]} for (p, i), t in s.failed.items()]
    return {
        "run": str(s.folder.path),
        "state": s.state,
        "controller": s.owner,
        "stages": s.stages,
        "failed": failed,
        "skipped": s.skipped,
        "task_seconds": round(s.seconds, 2),
        "updated": s.updated,
    }


def _list(found: list[Status], runs: Path) -> str:
    if not found:
        return f"no runs in {runs}"
    rows = [
        (str(s.folder.path), s.state, s.n_done, s.n_tasks, f"{duration(time.time() - s.updated)} ago") for s in found
    ]
    return table(("run", "state", "done", "tasks", "last word"), rows)


def _page(s: Status) -> str:
    rows = [(name, c["tasks"], c["done"], c["failed"]) for name, c in s.stages.items()]
    by = f" by {s.owner['user']} on {s.owner['host']} (process {s.owner['pid']})" if s.owner else ""
    lines = [f"{s.folder.path}  {s.state}{by}", "", table(("stage", "tasks", "done", "failed"), rows)]
    if s.skipped:
        lines.append(f"{s.skipped} tasks skipped because tasks that they need failed")
    for (path, index), token in s.failed.items():
        lines += [f"{path}/{index}: {token['error']}", f"    bigdata debug {s.folder.path} {path}/{index}"]
    if s.folder.damaged.exists():
        lines.append("some of its data were found damaged; submit the same study again to make them anew")
    if s.state in ("interrupted", "cancelled"):
        lines.append("submit the same study again to go on")
    return "\n".join(lines)
