"""What readers say beside entries: notes on single ones, counted by kind, and what is passed over in their files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bigdata.data.problem import Remark


class Remarks:
    """The remarks on a growing import. Distinct texts are kept once: a million entries may have the same note."""

    def __init__(self) -> None:
        self.columns: dict[str, None] = {}
        self.files: dict[str, None] = {}
        self.said: dict[str, None] = {}
        self._codes: dict[str, int] = {}
        self._rows: list[tuple[int, int]] = []

    def add(self, remark: Remark) -> None:
        """Take what is said of a file."""
        self.columns |= dict.fromkeys(remark.columns)
        self.files |= dict.fromkeys(remark.files)
        if remark.what:
            self.said[remark.what] = None

    def of_entry(self, row: int, notes: Iterable[str]) -> None:
        """Take the notes on the entry of a row."""
        for note in notes:
            self._rows.append((row, self._codes.setdefault(note, len(self._codes))))

    def stored(self) -> dict[str, Any]:
        """As JSON, for an import's attributes: see `Said`."""
        notes = [[text, []] for text in self._codes]
        for row, code in self._rows:
            notes[code][1].append(row)  # type: ignore[attr-defined]
        return {"said": list(self.said), "passed_over": list(self.files), "notes": notes}


class Said:
    """The remarks on an import: `said`, sentences on its files; `files` passed over; `notes`, (text, rows) of each."""

    def __init__(self, about: Mapping[str, Any]) -> None:
        self.said: list[str] = about["said"]
        self.files: list[str] = about["passed_over"]
        self.notes: list[tuple[str, list[int]]] = [(text, rows) for text, rows in about["notes"]]

    def of_row(self, row: int) -> list[str]:
        """The notes on one entry."""
        return [text for text, rows in self.notes if row in rows]
