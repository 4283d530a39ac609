"""`bigdata status [RUN]`: how one run stands, or all runs of a folder; once, or until it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from bigdata.cli.options import json_option
from bigdata.cli.text import table
from bigdata.display import duration
from bigdata.errors import SpecError
from bigdata.run.launch import last_words
from bigdata.run.status import LONG_SILENCE_SECONDS, Status, find_runs, status
from bigdata.spec.site import WITHOUT_JOBS

LAST_LINES = 5


AGAIN = {
    "lost": "their jobs were cancelled, preempted or lost",
    "worker-died": "their workers died",
    "memory": "they ran out of memory",
    "timeout": "their jobs' time was over",
    "paused": "they paused before their jobs ended",
}


@click.command()
@click.argument("run", type=click.Path(path_type=Path), required=False)
@click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of the runs."
)
@click.option("--watch", is_flag=True, help="Stay until RUN ends; the exit code is then the run's.")
@json_option
def command(run: Path | None, runs: Path, watch: bool, as_json: bool) -> None:
    """Show how RUN stands, or all runs where none is named."""
    if watch:
        _watch(run, as_json)
    elif run is None:
        found = [status(p) for p in find_runs(runs)]
        click.echo(json.dumps([_data(s) for s in found], indent=2) if as_json else _list(found, runs))
    else:
        one = status(run)
        click.echo(json.dumps(_data(one), indent=2) if as_json else page(one))


def _watch(run: Path | None, as_json: bool) -> None:
    from bigdata.cli.watch import follow, looks, until_ended

    if run is None:
        raise SpecError("--watch needs a RUN; `bigdata status` lists the runs.")
    if not as_json:
        until_ended(follow(run), run)
        return
    said = ""
    for now in looks(lambda: status(run)):
        data = _data(now)
        line = json.dumps({name: value for name, value in data.items() if name != "silent"})
        if line != said:
            click.echo(json.dumps(data))
            said = line
    until_ended(now, run)


def _data(s: Status) -> dict[str, Any]:
    failed = [{"task": f"{p}/{i}", "class": t["class"], "error": t["error"]} for (p, i), t in s.failed.items()]
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
    }


def _list(found: list[Status], runs: Path) -> str:
    if not found:
        return f"no runs in {runs}"
    rows = [
        (str(s.folder.path), s.state, s.n_done, s.n_tasks, f"{duration(time.time() - s.updated)} ago") for s in found
    ]
    return table(("run", "state", "done", "tasks", "last word"), rows)


def page(s: Status) -> str:
    """A run's status for a person."""
    rows = [(name, c["tasks"], c["done"], c["failed"]) for name, c in s.stages.items()]
    lines = [f"{s.folder.path}  {s.state}{_by(s)}", ""]
    if rows:
        lines.append(table(("stage", "tasks", "done", "failed"), rows))
    lines += [f"waiting: {reason}" for reason in s.waiting]
    lines += [f"{n} results were taken over from {name}" for name, n in s.taken.items()]
    if s.again:
        why = ", ".join(f"{n} because {AGAIN.get(word, word)}" for word, n in s.again.items())
        lines.append(f"tasks tried again: {why}")
    if s.skipped:
        lines.append(f"{s.skipped} tasks skipped because tasks that they need failed")
    for (path, index), token in s.failed.items():
        lines += [f"{path}/{index}: {token['error']}", f"    bigdata debug {s.folder.path} {path}/{index}"]
    if s.folder.damaged.exists():
        lines.append("some of its data were found damaged; submit the same study again to make them anew")
    lines += filter(None, [s.error])
    lines += _what_to_do(s)
    return "\n".join(lines).rstrip()


def _by(s: Status) -> str:
    """Who works on it: ` by me on node1 (process 4711, job 12)`."""
    job = f"job {s.launch.job}" if s.launch and s.launch.job else ""
    if s.state == "running" and s.owner:
        silent = f", silent for {duration(s.silent)}" if s.silent > LONG_SILENCE_SECONDS else ""
        where = ", ".join(filter(None, (f"process {s.owner['pid']}", job)))
        return f" by {s.owner['user']} on {s.owner['host']} ({where}){silent}"
    if s.state == "queued" and s.job:
        return f": the controller's {job} waits in the queue ({s.job.reason or 'no reason given'})"
    if s.state == "starting":
        return f": its controller begins ({job or 'in the background'})"
    return ""


def _what_to_do(s: Status) -> Iterator[str]:
    if s.state == "interrupted" and (s.owner or s.launch):
        yield from _death(s)
    if s.state in ("interrupted", "cancelled", "refused"):
        yield "submit the same study again to go on"


def _death(s: Status) -> Iterator[str]:
    """A controller that is gone without a word: which, since when, its last lines, and what it may have left."""
    job = f"job {s.launch.job}" if s.launch and s.launch.job else ""
    ended = f" (its job: {s.job.reason})" if s.job and s.job.reason else ""
    if s.owner:
        which = ", ".join(filter(None, (f"process {s.owner['pid']} on {s.owner['host']}", job)))
        yield f"its controller ({which}) died{ended}; it was last heard of {duration(s.silent)} ago"
    else:
        yield f"its controller ({job or 'in the background'}) ended before it began to work{ended}"
    if said := last_words(s.folder.controller_log).splitlines()[-LAST_LINES:]:
        yield from (f"its last words, in {s.folder.controller_log}:", *(f"    {line}" for line in said))
    if s.scheduler not in WITHOUT_JOBS:
        yield f"jobs that it left end by themselves, or at once by `bigdata cancel {s.folder.path}`"
