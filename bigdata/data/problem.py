"""What can be wrong with data, in words: datasets that can't be had, entries that can't be used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bigdata.errors import Place, Problem, SpecError
from bigdata.spec.study import Finding

N_SHOWN = 20


class DataProblem(SpecError):
    """`dataset:` of a spec names data that can't be had or used so.

    The paths of `findings` start inside `dataset:` (`("file",)`, `("where", "xc")`), so that whoever holds
    the spec can put them behind its own path and locate them.
    """

    def __init__(self, *findings: Finding) -> None:
        self.findings = findings
        super().__init__("\n".join(f"dataset.{'.'.join(map(str, f.path))}: {_sentences(f)}" for f in findings))


def _sentences(finding: Finding) -> str:
    return " ".join(f"{part.rstrip('.')}." for part in (finding.what, finding.right) if part)


@dataclass(frozen=True)
class BadEntry:
    """An entry that can't be used: its name (may be empty), file, line (0: the whole file) and why."""

    entry: str
    file: str
    line: int
    what: str

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    def problem(self) -> Problem:
        name = f"entry `{self.entry}`: " if self.entry else ""
        return Problem(Place(self.file, self.line, 1 if self.line else 0), "", name + self.what)


def refuse(bad: list[BadEntry], file: str, n_all: int) -> SpecError:
    """The error that names the first bad entries and counts the others."""
    return SpecError([*(b.problem() for b in bad[:N_SHOWN]), _summary(bad, file, n_all)])


def _summary(bad: list[BadEntry], file: str, n_all: int) -> Problem:
    shown = f", the first {N_SHOWN} of them above" if len(bad) > N_SHOWN else ""
    return Problem(
        Place(file),
        "",
        f"{len(bad)} of {n_all} entries can't be used{shown}",
        "Correct them, or say `on_bad_entry: skip` under `dataset:` to go on without them",
    )


def first(values: Iterable[object], n: int = 12) -> str:
    """`a, b, c, …`: the first few of many, for a sentence."""
    words = [str(v) for v in values]
    return ", ".join(words[:n]) + (f", … ({len(words)} in all)" if len(words) > n else "")
