"""What a study kind gives to its report: sentences, tables, figures and interactive panels, made when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

Headline = Mapping[str, float | int | str]


@dataclass(frozen=True)
class Table:
    """Rows under named columns; `units` by column, where a column has one."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    units: Mapping[str, str] = field(default_factory=dict)
    caption: str = ""

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise ValueError(
                    f"row {number} of the table `{self.title}` has {len(row)} values, for {len(self.columns)} columns"
                )


@dataclass(frozen=True)
class Figure:
    """A figure, drawn when asked for. `alt` says what a reader would see.

    Its name, and so its files', is that in the study model's `figures`.
    """

    title: str
    caption: str
    alt: str
    draw: Callable[[], Drawing]


@dataclass(frozen=True)
class Panel:
    """An interactive part of the page: `script` names a JavaScript file of the kind's own package,
    "package:file"; `data`, its JSON input, is made when asked for. `figure` is that of the study model's `figures`
    which shows the same without a script: the page links its PDF, and carries no second picture.
    """

    title: str
    caption: str
    script: str
    data: Callable[[], Mapping[str, Any]]
    figure: str = ""


@dataclass(frozen=True)
class ReportParts:
    """What one variant of a study shows besides its figures.

    Every sentence, table and part of the headline is a function that makes it: one that raises costs the page that
    part and no other. `headline` are the few numbers by which variants of a sweep are compared; `sources` the
    publications to cite. Sentences that are empty are left out.
    """

    summary: Iterable[Callable[[], str]] = ()
    tables: Iterable[Callable[[], Table]] = ()
    panels: Iterable[Panel] = ()
    sources: Iterable[str] = ()
    headline: Iterable[Callable[[], Headline]] = ()
