"""`bigdata logs RUN [TASK]`: what the workers wrote, of all tasks or of one."""

from __future__ import annotations

from pathlib import Path

import click

from bigdata.cli.options import run_argument
from bigdata.errors import SpecError
from bigdata.store import journal
from bigdata.store.folder import RunFolder


@click.command()
@run_argument
@click.argument("task", required=False)
def command(run: Path, task: str | None) -> None:
    """Print the log of RUN, or only of TASK (such as `similarity/3`)."""
    folder = RunFolder(run)
    folder.read_resolved()
    lines = [line for log in sorted(folder.logs.glob("*.log")) for line in log.read_text(errors="replace").splitlines()]
    if task is None:
        click.echo("\n".join(lines) if lines else f"nothing was logged in {run}")
        return
    path, index = task_id(task)
    past = journal.history(journal.read(folder.journal))
    record = past.failed.get((path, index)) or past.done.get((path, index))
    if record is None:
        raise SpecError(f"{run} has no record of a task `{task}`. `bigdata status {run}` lists its stages.")
    for line in lines:
        if f" {task} " in line:
            click.echo(line)
    click.echo(f"{task}: {record['event']} after {record['seconds']} s on {record.get('worker', '?')}")
    if record["event"] == "failed":
        click.echo(f"{record['error']}\n{record['traceback']}")


def task_id(task: str) -> tuple[str, int]:
    """`similarity/3` → ("similarity", 3)."""
    path, _, index = task.rpartition("/")
    if not path or not index.isdigit():
        raise SpecError(f"`{task}` names no task; write STAGE/NUMBER, for example `similarity/3`.")
    return path, int(index)
