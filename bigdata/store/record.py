"""What a line of a journal has to be before anything is made of it: whoever made the folder may have written it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bigdata.files import parsed

Record = dict[str, Any]
_NUMBER = (int, float)
# Of seconds and of bytes; what isn't a number isn't less than it either.
_MOST = 1e18
# The types of what is read of records, whichever event they tell of. A whole number of a task is looked at on its own.
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("event", "stage", "key", "why", "state", "class", "error", "traceback", "from"), str),
    **dict.fromkeys(("worker", "host", "site", "scheduler", "version"), str),
    **dict.fromkeys(("time", "seconds", "memory"), _NUMBER),
    **dict.fromkeys(("tasks", "stages", "rows", "missing", "unbegun"), dict),
    **dict.fromkeys(("n_skipped", "index", "pid"), int),
    **dict.fromkeys(("figures", "faults", "drawn", "skipped"), list),
}
_ADDRESS = re.compile(r"\w[\w.+-]*(/\w[\w.+-]*)*")
_KEY = re.compile("[0-9a-f]{16,128}")
_OF_TASKS = ("done", "failed", "stale", "asked")


def record_of(line: bytes) -> Record:
    """The record that a line holds. ValueError, which shows nothing of the line, for what none of ours says."""
    record = parsed(line)
    if not isinstance(record, dict) or "event" not in record or "time" not in record:
        raise ValueError("is no record of an event")
    for name, value in record.items():
        wanted = _TYPES.get(name)
        if wanted and (not isinstance(value, wanted) or isinstance(value, bool)):
            raise ValueError(f"`{name}` can't be a {type(value).__name__}")
        if wanted is _NUMBER and not 0 <= value <= _MOST:
            raise ValueError(f"`{name}` is out of all bounds")
    if record["event"] in _OF_TASKS:
        _refuse_no_task(record)
    _refuse_no_mappings(record)
    return record


def _refuse_no_task(record: Record) -> None:
    """A task's address becomes part of paths, and the key of one that is done a number."""
    if record.get("index", -1) < 0 or not is_address(record.get("stage", "")):
        raise ValueError("names no task")
    if record["event"] == "done" and not _KEY.fullmatch(record.get("key", "")):
        raise ValueError("has no task's key")


def is_address(text: str) -> bool:
    """Whether a text can be a stage's address in a run, and no way out of its folder."""
    return _ADDRESS.fullmatch(text) is not None


def _refuse_no_mappings(record: Record) -> None:
    if not all(type(n) is int for n in record.get("tasks", {}).values()):
        raise ValueError("`tasks` holds no numbers")
    if not all(isinstance(stage, dict) for stage in record.get("stages", {}).values()):
        raise ValueError("`stages` holds no descriptions of stages")
