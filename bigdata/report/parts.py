"""What a study kind gives to its report: tables, figures and interactive panels, as plain data."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

    from bigdata.store.reading import View


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
    """A figure: drawn when asked for, saved as `name`.png and `name`.pdf."""

    name: str
    caption: str
    draw: Callable[[], Drawing]


@dataclass(frozen=True)
class Panel:
    """An interactive part of the page: `script` names a JavaScript file of the report room, `data` is its JSON input."""

    title: str
    caption: str
    script: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class ReportParts:
    """All that one variant of a study shows."""

    summary: Sequence[str] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()
    panels: Sequence[Panel] = ()


def report_parts(view: View) -> ReportParts:
    """Call the kind's own `report` function."""
    if not view.model.report_at:
        return ReportParts()
    module, _, function = view.model.report_at.partition(":")
    parts: ReportParts = getattr(importlib.import_module(module), function)(view)
    return parts
