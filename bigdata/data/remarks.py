"""What readers say beside entries: notes on single ones, counted by kind, and what is passed over in their files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from bigdata.data.problem import Remark

N_NAMES = 5


class Remarks:
    """The remarks on a growing import. Distinct texts are kept once: a million entries may have the same note."""

    def __init__(self) -> None:
        self.columns: dict[str, None] = {}
        self.files: dict[str, None] = {}
        self.said: dict[str, None] = {}
        self.units: dict[str, str] = {}
        self._codes: dict[str, int] = {}
        self._rows: list[tuple[int, int]] = []

    def add(self, remark: Remark) -> None:
        """Take what is said of a file."""
        self.columns |= dict.fromkeys(remark.columns)
        self.files |= dict.fromkeys(remark.files)
        for name, unit in remark.units.items():
            # What two formats of a folder say otherwise isn't known.
            self.units[name] = unit if self.units.get(name, unit) == unit else ""
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
    """The remarks on an import: `said`, sentences on its files; `files` passed over; `notes`, (text, rows) of each.

    Imports of older readers, which finished runs may have, have none.
    """

    def __init__(self, about: Mapping[str, Any]) -> None:
        self.said: list[str] = about.get("said", [])
        self.files: list[str] = about.get("passed_over", [])
        self.notes: list[tuple[str, list[int]]] = [(text, rows) for text, rows in about.get("notes", [])]

    def of_row(self, row: int) -> list[str]:
        """The notes on one entry."""
        return self._by_row.get(row, [])

    @cached_property
    def _by_row(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for text, rows in self.notes:
            for row in rows:
                found.setdefault(row, []).append(text)
        return found

    def sentences(self, names: Sequence[str]) -> list[str]:
        """What is said of the files, and each kind of note with how many entries have it, and the first of their
        `names`."""
        kinds: dict[str, dict[int, None]] = {}
        for text, rows in self.notes:
            kinds.setdefault(text.partition(": ")[0], {}).update(dict.fromkeys(rows))
        return [*self.said, *(f"{_counted(sorted(rows), names)}: {kind}" for kind, rows in kinds.items())]


def _counted(rows: list[int], names: Sequence[str]) -> str:
    """`3 entries (a, b, c)`."""
    noun = "entry" if len(rows) == 1 else "entries"
    shown = ", ".join(names[row] for row in rows[:N_NAMES]) + (", …" if len(rows) > N_NAMES else "")
    return f"{len(rows):,} {noun} ({shown})"
