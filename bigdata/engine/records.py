"""The records of tasks that another scheduler ran: a file for each process, until they are in the journal.

The journal has one writer, and a graph in somebody else's hands has many processes.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator, Mapping

from bigdata.engine.execute import Token
from bigdata.errors import SiteError
from bigdata.files import open_plain
from bigdata.kind.stage import TaskId
from bigdata.store.folder import RunFolder
from bigdata.store.journal import Journal, read_history
from bigdata.store.record import record_of


def write_record(run: RunFolder, token: Token) -> None:
    """Leave the record of a task that this process has run."""
    run.records.mkdir(exist_ok=True)
    with (run.records / f"{socket.gethostname()}-{os.getpid()}.jsonl").open("a") as file:
        file.write(json.dumps({"time": round(time.time(), 3), **token}) + "\n")


def read_records(run: RunFolder) -> Iterator[Token]:
    """Those that aren't in the journal yet."""
    for path in sorted(run.records.glob("*.jsonl")) if run.records.exists() else ():
        try:
            with open_plain(path) as file:
                lines = file.read().split(b"\n")[:-1]  # what follows the last newline was torn by a kill
            yield from map(record_of, lines)
        except (OSError, ValueError) as error:
            raise SiteError(
                f"{path} holds no records of tasks ({error}). Remove it: its tasks are run again."
            ) from None


def fold(run: RunFolder) -> None:
    """Put the records of tasks that another scheduler ran into the journal, where everybody looks."""
    found = list(read_records(run))
    if found:
        done = read_history(run.journal).done
        journal = Journal(run.journal)
        journal.append(t for t in found if not _is_known(t, done))
        journal.close()
    for path in run.records.glob("*.jsonl") if run.records.exists() else ():
        path.unlink()
    if run.records.exists():
        run.records.rmdir()


def _is_known(token: Token, done: Mapping[TaskId, Token]) -> bool:
    before = done.get((token["stage"], token["index"]))
    return before is not None and before.get("key") == token.get("key")
