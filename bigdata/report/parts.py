"""What a study kind gives to its report: sentences, tables, figures and interactive panels, made when asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from bigdata.errors import MissingData

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

    from bigdata.store.reading import Run, View

T = TypeVar("T")
Headline = Mapping[str, float | int | str]


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
    """A figure, drawn when asked for. `alt` says what a reader would see.

    Its name, and so its files', is that in the study model's `figures`.
    """

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


def report_parts(view: View) -> ReportParts:
    """Call the kind's own `report` function."""
    if not view.model.report_at:
        return ReportParts()
    parts: ReportParts = _named(view.model.report_at)(view)
    return parts


def report_figure(view: View, name: str) -> Figure:
    """Call the function that makes this figure of the study model's `figures`."""
    figure: Figure = _named(view.model.figures()[name])(view)
    return figure


def report_tables(view: View) -> list[Table]:
    """The tables that can be made of a run's data.

    In a run with tasks that aren't done, tables whose data aren't there are left out; in a finished one that is
    damage, and raises DamagedData.
    """
    return list(whole(view.run, report_parts(view).tables))


def whole(run: Run, makers: Iterable[Callable[[], T]]) -> Iterator[T]:
    """What can be made of a run's data. MissingData of tasks that aren't done leave their part out; all else raises."""
    for make in makers:
        try:
            yield make()
        except MissingData:
            if is_finished(run):
                raise


def is_finished(run: Run) -> bool:
    """Whether all tasks of the last submission are done."""
    history = run.history
    return history.state == "done" and not history.failed and not history.stale


def _named(address: str) -> Any:
    """The function at "module:function"."""
    module, _, function = address.partition(":")
    return getattr(importlib.import_module(module), function)
