"""What is to be said of data, in words: datasets that can't be had, entries that can't be used, what is passed over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bigdata.errors import Place, Problem, SpecError
from bigdata.spec.node import dotted
from bigdata.spec.study import Finding, Findings

N_SHOWN = 20


class DataProblem(SpecError):
    """`dataset:` of a spec names data that can't be had or used so.

    The paths of `findings` start inside `dataset:` (`("file",)`, `("where", "xc")`), so that whoever holds
    the spec can put them behind its own path and locate them.
    """

    def __init__(self, *findings: Finding) -> None:
        self.findings = findings
        super().__init__("\n".join(map(sentences, findings)))

    def at(self, *path: str | int) -> tuple[Finding, ...]:
        """The findings at their places in a spec whose `dataset:` stands at `path`."""
        return tuple(replace(finding, path=(*path, *finding.path)) for finding in self.findings)

    def of_key(self, key: str) -> DataProblem:
        """The same of a file that the spec names under another key than `file`."""
        own = (replace(f, path=(key, *f.path[1:])) if f.path[:1] == ("file",) else f for f in self.findings)
        return DataProblem(*own)


class BadEntries(SpecError):
    """Entries can't be used, and are to be refused: of `n_all` of a file, all those of `bad`.

    Each reason is named once, with the entry that it is first met in, and the others are counted. `way_out` says what
    goes on without them.
    """

    def __init__(self, bad: list[BadEntry], file: str, n_all: int, way_out: str = "") -> None:
        self.bad, self.file, self.n_all = bad, file, n_all
        super().__init__(_refused(bad, file, n_all, way_out or _skipping("dataset")))

    def at(self, *path: str | int) -> BadEntries:
        """The same for a spec whose `dataset:` stands at `path`."""
        return self.told(_skipping(dotted(path)))

    def told(self, way_out: str) -> BadEntries:
        """The same with another way out."""
        return BadEntries(self.bad, self.file, self.n_all, way_out)


@contextmanager
def placed(*path: str | int) -> Iterator[None]:
    """What is wrong with data, at the place in the spec where they are named: Findings, or BadEntries."""
    try:
        yield
    except DataProblem as problem:
        raise Findings(*problem.at(*path)) from problem
    except BadEntries as bad:
        raise bad.at(*path) from None


def sentences(finding: Finding) -> str:
    """The finding, where there is no spec to show its place in."""
    from difflib import get_close_matches

    close = get_close_matches(finding.given, finding.known, 1) if finding.given else []
    parts = (finding.what, finding.right, f"Did you mean `{close[0]}`?" if close else "")
    what, *others = (part if part.endswith("?") else f"{part.rstrip('.')}." for part in parts if part)
    return " ".join((what, *(other[:1].upper() + other[1:] for other in others)))


def unreadable(path: Path, e: OSError) -> Finding:
    """That a file can't be had, with its neighbours' names where it isn't there."""
    if not isinstance(e, FileNotFoundError):
        return Finding(("file",), f"{path} can't be read: {e.strerror or e}", "give a file that you may read")
    beside = tuple(sorted(p.name for p in path.parent.iterdir())) if path.parent.is_dir() else ()
    return Finding(("file",), f"there is no file {path}", "paths start at the spec's folder", path.name, beside)


def refuse_older(reader: int, now: int, file: str) -> None:
    """DataProblem where an import was made by an older reader, which may have understood the file otherwise."""
    if reader != now:
        what = f"{file} is what an older version of bigdata read of a file (reader {reader}, now {now})"
        raise DataProblem(Finding(("file",), what, "give the file itself, for a run by `submit RUN --data FILE`"))


def none_usable(bad: list[BadEntry], file: str, key: str, what: str) -> DataProblem:
    """The error that a file holds nothing (no spectrum, no material) that can be used, with the first reason."""
    reason = f"The first entry, {bad[0].where}: {bad[0].what}" if bad else ""
    return DataProblem(Finding((key,), f"{file} holds no {what} that can be used", reason))


class EntryError(Exception):
    """Why one entry can't be used, as a sentence; `line` where it is known better than by the entry."""

    def __init__(self, what: str, line: int = 0) -> None:
        self.line = line
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class BadEntry:
    """An entry that can't be used: its name (may be empty), file, line (0: the whole file) and why."""

    name: str
    file: str
    line: int
    what: str

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    def problem(self) -> Problem:
        name = f"entry `{self.name}`: " if self.name else ""
        return Problem(Place(self.file, self.line, 1 if self.line else 0), "", name + self.what)


@dataclass(frozen=True, slots=True)
class Remark:
    """What a reader says of a file beside its entries: a sentence (`what`), the columns (tags, tables) and files that
    it passes over, and units of properties that a file's format documents."""

    what: str = ""
    columns: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)


def _refused(bad: list[BadEntry], file: str, n_all: int, way_out: str) -> list[Problem]:
    reasons: dict[str, list[BadEntry]] = {}
    for entry in bad:
        reasons.setdefault(entry.what, []).append(entry)
    # A mistake of the program that wrote a file is often in each of its thousands of entries.
    shown = list(reasons.values())[:N_SHOWN]
    more = f", for {len(reasons)} reasons, the first {N_SHOWN} of them above" if len(reasons) > N_SHOWN else ""
    what = f"{len(bad)} of {n_all} entries can't be used{more}"
    return [*map(_reason, shown), Problem(Place(file), "", what, f"Correct them, or {way_out}")]


def _skipping(key: str) -> str:
    return f"say `on_bad_entry: skip` under `{key}:` to go on without them"


def _reason(entries: list[BadEntry]) -> Problem:
    problem = entries[0].problem()
    others = f"The same holds for {first((b.name or b.where for b in entries[1:]), 5)}" if len(entries) > 1 else ""
    return replace(problem, right=others)


def first(values: Iterable[object], n: int = 12) -> str:
    """`a, b, c, …`: the first few of many, for a sentence."""
    words = [str(v) for v in values]
    return ", ".join(words[:n]) + (f", … ({len(words)} in all)" if len(words) > n else "")
