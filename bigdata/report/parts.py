"""What a study kind gives to its report: tables, figures and interactive panels, as plain data."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from bigdata.errors import DamagedData

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

    from bigdata.store.reading import Run, View

T = TypeVar("T")


@dataclass(frozen=True)
class Table:
    """Rows under named columns; `units` by column, where a column has one."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    units: Mapping[str, str] = field(default_factory=dict)
    caption: str = ""


@dataclass(frozen=True)
class Figure:
    """A figure: drawn when asked for, saved as `name`.png and `name`.pdf. `alt` says what a reader would
    see.
    """

    name: str
    title: str
    caption: str
    alt: str
    draw: Callable[[], Drawing]


@dataclass(frozen=True)
class Panel:
    """An interactive part of the page: `script` names a JavaScript file of the report room; `data`, its JSON
    input, is made when asked for.
    """

    title: str
    caption: str
    script: str
    data: Callable[[], Mapping[str, Any]]


@dataclass(frozen=True)
class ReportParts:
    """All that one variant of a study shows.

    `headline` are the few numbers by which variants of a sweep are compared; `sources` the publications to cite.
    """

    summary: Sequence[str] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()
    panels: Sequence[Panel] = ()
    sources: Sequence[str] = ()
    headline: Mapping[str, float | int | str] = field(default_factory=dict)


def report_parts(view: View) -> ReportParts:
    """Call the kind's own `report` function."""
    if not view.model.report_at:
        return ReportParts()
    module, _, function = view.model.report_at.partition(":")
    parts: ReportParts = getattr(importlib.import_module(module), function)(view)
    return parts


def whole(run: Run, makers: Iterable[Callable[[], T]]) -> Iterator[T]:
    """What can be made of a run's data.

    In a run with tasks that aren't done, a part whose data aren't there is left out; in a finished one that
    is damage, and raises DamagedData.
    """
    for make in makers:
        try:
            made = make()
        except DamagedData:
            if is_finished(run):
                raise
        else:
            yield made


def is_finished(run: Run) -> bool:
    """Whether all tasks of the last submission are done."""
    history = run.history
    return len(history.done) >= sum(history.tasks.values())
