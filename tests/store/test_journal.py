"""The journal: whole lines only, whatever was killed or full, and the last word counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bigdata.store import journal
from bigdata.store.done import heads
from bigdata.store.journal import Journal
from tests.disk import small_disk


def done(index: int) -> dict[str, object]:
    return {"event": "done", "stage": "first", "index": index, "key": f"{index:016x}"}


def write(path: Path, *records: dict[str, object]) -> None:
    record = Journal(path)
    record.append(records)
    record.close()


@pytest.mark.parametrize("torn", [1, 5, 40])
def test_a_torn_line_is_dropped_and_written_over(torn: int, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    write(path, done(0), done(1))
    path.write_bytes(path.read_bytes()[:-torn])
    assert [r["index"] for _, _, r in heads(path)] == [0]
    write(path, done(2))
    assert [json.loads(line)["index"] for line in path.read_text().splitlines()] == [0, 2]


def test_a_full_disk_tears_nothing(tmp_path: Path) -> None:
    """Also not the lines that follow once there is room again."""
    with small_disk(tmp_path / "disk", "64k") as disk:
        path, filler = disk / "journal.jsonl", disk / "filler"
        record = Journal(path)
        record.append([done(0)])
        filler.write_bytes(b"x" * 50_000)
        with pytest.raises(OSError, match="No space"):
            record.append([{**done(1), "error": "e" * 30_000}])
        filler.unlink()
        record.append([done(2)])
        record.close()
        assert [r["index"] for _, _, r in heads(path)] == [0, 2]


def test_the_last_word_on_a_task_counts(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    stale = {"event": "stale", "stage": "first", "index": 1, "why": "it was damaged"}
    write(path, {"event": "submit"}, done(0), {**done(1), "event": "failed"}, done(1), stale)
    h = journal.read_history(path)
    assert (set(h.done), h.failed, h.stale) == ({("first", 0)}, {}, {("first", 1): "it was damaged"})
    assert h.state == "interrupted"
    write(path, done(1), {"event": "end", "state": "done"})
    h = journal.read_history(path)
    assert (set(h.done), h.stale, h.state) == ({("first", 0), ("first", 1)}, {}, "done")
    write(path, {"event": "submit"}, {"event": "of a later version"})
    assert journal.read_history(path).state == "interrupted"


def test_any_text_survives(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    write(path, {"event": "failed", "stage": "a", "index": 0, "error": "tab\t, line\n, Å, \u2028 and \udcff"})
    ((_, _, record),) = heads(path)
    assert record["error"] == "tab\t, line\n, Å, \u2028 and ?"
