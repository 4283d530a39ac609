"""Every error that `bigdata` raises on purpose, with the exit code that the command line gives it.

BigdataError               1   never raised itself
├── SpecError              2   the spec, an option or the data it names are wrong; carries all the problems found
├── PlanRefused            3   the study is well formed and must not run: a limit, a missing resource
├── SiteError              4   the machine or the scheduler says no: locked, unwritable, unreachable
│   └── DiskFull           8   a file system has no room left
├── TasksFailed            5   some tasks failed; everything else finished
├── ProgramFailed          5   a program that a task called wasn't found, failed, or had to be ended
│   ├── ProgramKilled          it was killed, most likely by the kernel for its memory
│   └── ProgramTimedOut        it ran longer than it was given
├── Cancelled              6   the user stopped the run
└── VerificationFailed     7   what is stored is not what was written, or must not be used this way

Paused stands beside them: a task that raises it hasn't failed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class BigdataError(Exception):
    """An error whose message is written for the user: what is wrong and what to do next."""

    exit_code = 1


@dataclass(frozen=True)
class Place:
    """Where a value was written.

    `file` names a file as the user would (or an origin such as ``--set a.b=c``); `line` and `column` count from 1,
    or are 0 where the origin has no lines; `text` is the offending line without its newline, and `width` the number of
    characters to underline.
    """

    file: str
    line: int = 0
    column: int = 0
    text: str = ""
    width: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def excerpt(self) -> str:
        """The offending line and carets below the value, indented; empty where the line isn't known."""
        if not self.text:
            return ""
        # Tabs are kept so that the caret stands below its column in any terminal.
        margin = "".join("\t" if c == "\t" else " " for c in self.text[: self.column - 1])
        return f"    {self.text}\n    {margin}{'^' * max(1, self.width)}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, at which path, what, what would be right, and a guess at what was meant."""

    place: Place
    path: str
    what: str
    right: str = ""
    hint: str = ""

    def __str__(self) -> str:
        """`file:line:col: path: what is wrong. What would be right. Did you mean …?` and the excerpt."""
        path = f"{self.path}: " if self.path else ""
        excerpt = self.place.excerpt()
        return f"{self.place}: {path}{self.sentences}" + (f"\n{excerpt}" if excerpt else "")

    @property
    def sentences(self) -> str:
        """What is wrong, without its place."""
        return " ".join(_sentence(part) for part in (self.what, self.right, self.hint) if part)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else text + "."


class SpecError(BigdataError):
    """The spec, the command line or the data that they name are wrong; `problems` holds all of them, in file order."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        self.problems = () if isinstance(problems, str) else tuple(problems)
        super().__init__(problems if isinstance(problems, str) else "\n".join(map(str, self.problems)))


class PlanRefused(BigdataError):
    """The study is well formed but must not run as planned; the message holds the arithmetic."""

    exit_code = 3


class SiteError(BigdataError):
    """The machine, its file system or its scheduler refuses."""

    exit_code = 4


class DiskFull(SiteError):
    """A file system has no room left for what was to be written; the message says which."""

    exit_code = 8


class TasksFailed(BigdataError):
    """Some tasks failed; the others are done and stored."""

    exit_code = 5


class ProgramFailed(BigdataError):
    """A program that a task called wasn't found, ended with an error, or had to be ended."""

    exit_code = 5


class ProgramKilled(ProgramFailed, MemoryError):
    """A program was killed, not by us: most likely for its memory, so its task is tried again where there is more."""


class ProgramTimedOut(ProgramFailed):
    """A program ran longer than its caller gave to it, and was ended."""


class Cancelled(BigdataError):
    """The run was stopped on purpose and can be resumed."""

    exit_code = 6


class VerificationFailed(BigdataError):
    """Stored data are damaged, or a result must not be used in the way asked for."""

    exit_code = 7


class DamagedData(VerificationFailed):
    """Stored data can't be read back: a checksum disagrees, or a file is missing or has the wrong size.

    `array` is the array's path in the store, `shard` the index of the shard in question.
    """

    def __init__(self, array: str, shard: tuple[int, ...], what: str) -> None:
        self.array, self.shard = array, shard
        super().__init__(
            f"the stored data of `{array}`, shard {'/'.join(map(str, shard))}, {what}. "
            "Submit the study again: the tasks that write them will be run anew."
        )


class MissingData(DamagedData):
    """A file of stored data isn't there: its task isn't done, or somebody removed the file."""


class Paused(Exception):
    """Raised by a task that has saved its progress and stops before its end: it isn't done, and it hasn't failed."""
