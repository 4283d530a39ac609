"""The datasets known by name: what they hold, where they come from and under which terms.

`registered.yaml` beside this module is the table of them. It has a document for each, of which only those that are
asked for are parsed: what a document begins with, its `name:` and its `kind:`, can be told without a parser.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import pydantic
from pydantic import BeforeValidator, PositiveInt, StringConstraints

from bigdata.data.label import Label
from bigdata.data.model import Kind
from bigdata.data.problem import DataProblem
from bigdata.errors import SpecError
from bigdata.spec.checked import checked
from bigdata.spec.node import in_order
from bigdata.spec.source import read_file
from bigdata.spec.study import Finding, SpecModel

__all__ = ["TABLE", "Field", "Kind", "Mirrored", "Registered", "Source", "names", "read", "registered"]

TABLE = Path(__file__).with_name("registered.yaml")
_DOCUMENT = re.compile("^---\n", re.MULTILINE)
_HEAD = re.compile(r"^---\nname: (\S+)\nkind: (\S+)\n", re.MULTILINE)
Digest = Annotated[str, StringConstraints(pattern="^([0-9a-f]{64})?$")]


class Field(SpecModel):
    """A column of a dataset: its name, unit ("" for none) and meaning in one line.

    `label` has what the dataset's own doesn't say, or says otherwise. `values` are all that it has, where these are a
    few words: a spec's conditions are checked against them without the data being read.
    """

    name: str
    unit: str = ""
    meaning: str = ""
    label: Label = Label()
    values: list[str] = pydantic.Field(default=[])


def _named(fields: Any) -> Any:
    """The table's fields with the keys that they stand at as names; what isn't a mapping is left for the model."""
    if not isinstance(fields, dict):
        return fields
    return {name: {"name": name, **about} if isinstance(about, dict) else about for name, about in fields.items()}


class Source(SpecModel):
    """An original file: its address, its name in the cache, and its format's name.

    `sha256` is empty where nobody has stated it; the first download records it. `member` is the file wanted
    out of a zip archive. `names` gives the names that columns have in the dataset where the file calls them
    otherwise. `n_bytes` is about what is downloaded, 0 where that isn't known.
    """

    url: str
    file: str
    reader: str
    sha256: Digest = ""
    n_bytes: int = 0
    member: str = ""
    names: dict[str, str] = pydantic.Field(default={})


class Mirrored(SpecModel):
    """A file of a mirror that holds the dataset's rows, its path in the mirror's folder; else as `Source`."""

    file: str
    reader: str
    sha256: Digest = ""
    names: dict[str, str] = pydantic.Field(default={})


class Registered(SpecModel):
    """A dataset known by name.

    Its data are the file `shipped` inside the package, with digest `sha256`; or else the files of `mirror`
    where the user has a mirror; or else those of `sources`, whose rows follow each other in that order.
    Neither `mirror` nor `sources` may be complete: a dataset without sources comes from a mirror only.
    `elements` are those of all its structures, where somebody counted them: a spec's species are checked against them.
    `fetch_only` marks data without a licence that would let anyone pass them on. `label` says how the values were
    calculated or measured, those of all fields that don't say it themselves.
    """

    name: str
    title: str
    reader: str
    n_entries: PositiveInt
    licence: str
    citation: str
    fields: Annotated[dict[str, Field], BeforeValidator(_named)]
    kind: Kind
    sha256: Digest = ""
    shipped: str = ""
    sources: tuple[Source, ...] = ()
    mirror: tuple[Mirrored, ...] = ()
    fetch_only: bool = False
    has_structures: bool = True
    elements: tuple[str, ...] = ()
    label: Label = Label()
    notes: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The dataset's file in the package."""
        return TABLE.parent / "shipped" / self.shipped

    @property
    def url(self) -> str:
        """The address of the (first) original, "" where there is none."""
        return self.sources[0].url if self.sources else ""

    @property
    def n_bytes(self) -> int:
        """About what a download takes, 0 where that isn't known."""
        return sum(source.n_bytes for source in self.sources) if all(s.n_bytes for s in self.sources) else 0

    def label_of(self, field: str) -> Label:
        """How the values of a field came to be; of one that isn't in the table, what holds for all."""
        return self.fields[field].label.over(self.label) if field in self.fields else self.label

    @property
    def folder(self) -> str:
        """The name of the dataset's own folder in a mirror."""
        return self.name.replace("-", "_")


@cache
def names(kind: Kind | None = None) -> tuple[str, ...]:
    """The registered names, of one kind where that is given."""
    return tuple(name for name, its in _HEAD.findall(_text(TABLE)) if kind in (None, its))


def registered(name: str) -> Registered:
    """The dataset of that name; raises DataProblem, with the names that exist, where there is none."""
    if name not in names():
        raise DataProblem(
            Finding(
                ("name",),
                f"there is no dataset `{name}`",
                "`bigdata datasets list` shows those that exist",
                given=name,
                known=names(),
            )
        )
    return read(name, TABLE)


def of_kind(name: str, kind: Kind) -> Registered:
    """The dataset of that name; raises DataProblem where there is none, or it holds data of the other kind."""
    found = registered(name)
    if found.kind != kind:
        those = ", ".join(names(kind))
        raise DataProblem(Finding(("name",), f"`{name}` holds {found.kind}, no {kind}", f"those of {kind} are {those}"))
    return found


@cache
def read(name: str, table: Path) -> Registered:
    """A dataset of a table. Raises SpecError with all that is wrong with its document."""
    root, problems = read_file(_document(name, _text(table)), str(table))
    dataset = checked(Registered, root, problems)
    if dataset is None or problems:
        raise SpecError(in_order(problems))
    return dataset


def _document(name: str, text: str) -> str:
    """A dataset's document below as many empty lines as there are lines above it: problems say the table's line."""
    above, found = text.split(f"---\nname: {name}\n", 1)
    return "\n" * (above.count("\n") + 1) + f"name: {name}\n" + _DOCUMENT.split(found, 1)[0]


@cache
def _text(table: Path) -> str:
    return table.read_text(encoding="utf-8")
