"""What is known of a dataset before it is read: what it holds, where it comes from and under which terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["spectra", "materials"]

UNLICENSED = "none stated: not redistributed here, only ever fetched by the user; ask the authors before passing it on"


@dataclass(frozen=True)
class Field:
    """A column of a dataset: its name, unit ("" for none) and meaning in one line."""

    name: str
    unit: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class Source:
    """An original file: its address, its name in the cache, and its format's name.

    `sha256` is empty where nobody has stated it; the first download records it. `member` is the file wanted
    out of a zip archive. `names` gives the names that columns have in the dataset where the file calls them
    otherwise. `n_bytes` is about what is downloaded, 0 where that isn't known.
    """

    url: str
    file: str
    reader: str
    sha256: str = ""
    n_bytes: int = 0
    member: str = ""
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mirrored:
    """A file of a mirror that holds the dataset's rows, its path in the mirror's folder; else as `Source`."""

    file: str
    reader: str
    sha256: str = ""
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Registered:
    """A dataset known by name.

    Its data are the file `shipped` inside the package, with digest `sha256`; or else the files of `mirror`
    where the user has a mirror; or else those of `sources`, whose rows follow each other in that order.
    Neither `mirror` nor `sources` may be complete: a dataset without sources comes from a mirror only.
    `fetch_only` marks data without a licence that would let anyone pass them on.
    """

    name: str
    title: str
    reader: str
    n_entries: int
    licence: str
    citation: str
    fields: Mapping[str, Field]
    kind: Kind = "materials"
    sha256: str = ""
    shipped: str = ""
    sources: tuple[Source, ...] = ()
    mirror: tuple[Mirrored, ...] = ()
    fetch_only: bool = False
    has_structures: bool = True
    notes: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The dataset's file in the package."""
        return Path(__file__).parent.parent / "shipped" / self.shipped

    @property
    def url(self) -> str:
        """The address of the (first) original, "" where there is none."""
        return self.sources[0].url if self.sources else ""

    @property
    def n_bytes(self) -> int:
        """About what a download takes, 0 where that isn't known."""
        return sum(source.n_bytes for source in self.sources) if all(s.n_bytes for s in self.sources) else 0

    @property
    def folder(self) -> str:
        """The name of the dataset's own folder in a mirror."""
        return self.name.replace("-", "_")


def fields(*rows: tuple[str, str, str]) -> Mapping[str, Field]:
    """Fields from (name, unit, meaning)."""
    return {name: Field(name, unit, meaning) for name, unit, meaning in rows}


def raw(repository: str, commit: str, path: str) -> str:
    """The address of a file on GitHub as it was at a commit."""
    return f"https://raw.githubusercontent.com/{repository}/{commit}/{path}"
