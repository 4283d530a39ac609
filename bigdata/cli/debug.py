"""`bigdata debug RUN TASK`: run one task here, in this process, with its full traceback."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from bigdata.cli.logs import task_id
from bigdata.cli.options import run_argument
from bigdata.errors import SpecError, TasksFailed
from bigdata.store.folder import RunFolder
from bigdata.store.ownership import require_own


@click.command()
@run_argument
@click.argument("task")
def command(run: Path, task: str) -> None:
    """Run TASK (STAGE/NUMBER, such as `fit/3`) of RUN in this process. Its data are written, the journal isn't."""
    from bigdata.engine.execute import attempt, order_of
    from bigdata.run.status import status
    from bigdata.spec.extras import require
    from bigdata.store import open_run

    path, index = task_id(task)
    require_own(RunFolder(run), "A task writes into its run's folder: copy the folder to run one there")
    stages = status(run).stages
    if index >= stages.get(path, {"tasks": 0})["tasks"]:
        known = ", ".join(f"{name}/0 … {name}/{c['tasks'] - 1}" for name, c in stages.items())
        raise SpecError(f"{run} has no task `{task}`; it has {known}.")
    require(open_run(run).model)
    token = attempt(RunFolder(run), order_of(RunFolder(run), path, index), partial(click.echo, err=True))
    click.echo(f"{task}: {token['event']} after {token['seconds']} s, {token['memory'] / 2**20:.0f} MiB at most")
    if token["event"] == "failed":
        raise TasksFailed(f"{task} failed: {token['error']}")
