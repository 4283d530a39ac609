"""How one run stands, as a page for a person."""

from __future__ import annotations

from collections.abc import Iterator

from bigdata.cli.text import table
from bigdata.display import duration
from bigdata.engine.inside import what_ended_it
from bigdata.run.findings import findings
from bigdata.run.launch import last_words
from bigdata.run.status import LONG_SILENCE_SECONDS, Status
from bigdata.spec.site_findings import WITHOUT_JOBS
from bigdata.store.accounts import amounts, compared, held_sentence, idle, idle_sentence

LAST_LINES = 5
AGAIN = {
    "lost": "their jobs were cancelled, preempted or lost",
    "worker-died": "their workers died",
    "memory": "they ran out of memory",
    "timeout": "their jobs' time was over",
    "paused": "they paused before their jobs ended",
}


def page(s: Status) -> str:
    """A run's status for a person."""
    rows = [(name, c["tasks"], c["done"], c["failed"]) for name, c in s.stages.items()]
    lines = [f"{s.folder.path}  {s.state}{_by(s)}", ""]
    if rows:
        lines.append(table(("stage", "tasks", "done", "failed"), rows))
    found = findings(s)
    lines += found.lines
    lines += [f"budget: {b.needed:.3g} of {b.allowed:.3g} {b.what} used, {b.left:.3g} left" for b in found.budget]
    lines += [f"waiting: {reason}" for reason in s.waiting]
    lines += [f"{n} results were taken over from {name}" for name, n in s.taken.items()]
    if s.again:
        why = ", ".join(f"{n} because {AGAIN.get(word, word)}" for word, n in s.again.items())
        lines.append(f"tasks tried again: {why}")
    if s.skipped:
        lines.append(f"{s.skipped} tasks skipped because tasks that they need failed")
    for (path, index), token in s.failed.items():
        lines += [f"{path}/{index}: {token.get('error', '')}", f"    bigdata debug {s.folder.path} {path}/{index}"]
    if s.folder.damaged.exists():
        lines.append("some of its data were found damaged; submit the same study again to make them anew")
    lines += filter(None, [s.error])
    lines += _costs(s)
    lines += _what_to_do(s)
    return "\n".join(lines).rstrip()


def _costs(s: Status) -> Iterator[str]:
    """What the last submission was predicted to cost, and what it took; nothing while one is under way."""
    rows = [] if s.is_live else list(compared(s.folder, s.past))
    if not rows:
        return
    yield ""
    header = ("predicted against measured", "predicted", "measured", "", "source")
    yield table(header, [(*amounts(row), "held" if row.holds else "missed", row.source) for row in rows])
    if (hours := idle(s.past)) is not None:
        yield idle_sentence(*hours)
    if sentence := held_sentence(s.past):
        yield sentence


def _by(s: Status) -> str:
    """Who works on it: ` by me on node1 (process 4711, job 12)`."""
    job = f"job {s.launch.job}" if s.launch and s.launch.job else ""
    if s.state == "running" and s.owner:
        silent = f", silent for {duration(s.silent)}" if s.silent > LONG_SILENCE_SECONDS else ""
        where = ", ".join(filter(None, (f"process {s.owner['pid']}", job)))
        return f" by {s.owner['user']} on {s.owner['host']} ({where}){silent}"
    if s.state == "held" and s.job:
        return f": the controller's {job} won't start by itself ({s.job.reason or 'no reason given'})"
    if s.state == "queued" and s.job:
        return f": the controller's {job} waits in the queue ({s.job.reason or 'no reason given'})"
    if s.state == "starting":
        return f": its controller begins ({job or 'in the background'})"
    return ""


def _what_to_do(s: Status) -> Iterator[str]:
    if s.state == "interrupted" and (s.owner or s.launch):
        yield from _death(s)
    if s.state == "held":
        yield f"release or change it in {s.scheduler}, or take it away by `bigdata cancel {s.folder.path}`"
    if s.state in ("interrupted", "cancelled", "refused", "disk-full"):
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
    if s.scheduler == "process" and (said_of_task := what_ended_it(s.folder)):
        yield said_of_task
    if said := last_words(s.folder.controller_log).splitlines()[-LAST_LINES:]:
        yield from (f"its last words, in {s.folder.controller_log}:", *(f"    {line}" for line in said))
    if s.scheduler not in WITHOUT_JOBS:
        yield f"jobs that it left end by themselves, or at once by `bigdata cancel {s.folder.path}`"
