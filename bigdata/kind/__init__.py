"""All that the author of a study kind imports."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bigdata.display import duration as duration
    from bigdata.display import size as size
    from bigdata.errors import Paused as Paused
    from bigdata.errors import SiteError as SiteError
    from bigdata.errors import SpecError as SpecError
    from bigdata.errors import VerificationFailed as VerificationFailed
    from bigdata.kind.arrays import Triangle as Triangle
    from bigdata.kind.arrays import by_rows as by_rows
    from bigdata.kind.arrays import covering as covering
    from bigdata.kind.arrays import every as every
    from bigdata.kind.arrays import whole as whole
    from bigdata.kind.checkpoint import Checkpoint as Checkpoint
    from bigdata.kind.context import Context as Context
    from bigdata.kind.named_fields import unknown_fields as unknown_fields
    from bigdata.kind.proposer import Ask as Ask
    from bigdata.kind.proposer import Proposer as Proposer
    from bigdata.kind.report import Figure as Figure
    from bigdata.kind.report import Headline as Headline
    from bigdata.kind.report import Panel as Panel
    from bigdata.kind.report import ReportParts as ReportParts
    from bigdata.kind.report import Table as Table
    from bigdata.kind.results import StudyResults as StudyResults
    from bigdata.kind.stage import BUILT_IN as BUILT_IN
    from bigdata.kind.stage import PROCESS_BYTES as PROCESS_BYTES
    from bigdata.kind.stage import Kept as Kept
    from bigdata.kind.stage import Pack as Pack
    from bigdata.kind.stage import Rate as Rate
    from bigdata.kind.stage import Stage as Stage
    from bigdata.kind.stage import TaskId as TaskId
    from bigdata.kind.stage import Workload as Workload
    from bigdata.kind.target import Target as Target
    from bigdata.spec.study import Finding as Finding
    from bigdata.spec.study import Findings as Findings
    from bigdata.spec.study import Input as Input
    from bigdata.spec.study import PathInSpec as PathInSpec
    from bigdata.spec.study import SpecModel as SpecModel
    from bigdata.spec.study import StudyModel as StudyModel
    from bigdata.spec.whereabouts import located as located
    from bigdata.spec.whereabouts import named as named
    from bigdata.store.arrays import ArraySpec as ArraySpec
    from bigdata.store.arrays import Coordinate as Coordinate
    from bigdata.store.arrays import blocks as blocks
    from bigdata.store.flat import FlatStore as FlatStore
    from bigdata.store.flat import FlatWriter as FlatWriter
    from bigdata.store.reading import View as View
    from bigdata.store.rows import Row as Row
    from bigdata.units import Angle as Angle
    from bigdata.units import Energy as Energy
    from bigdata.units import Length as Length
    from bigdata.units import Seconds as Seconds
    from bigdata.units import States as States

# Each is loaded when it is asked for: the model of a kind must not wait for what its report or its tasks need.
_HOMES = {
    "display": ("duration", "size"),
    "errors": ("Paused", "SiteError", "SpecError", "VerificationFailed"),
    "kind.arrays": ("Triangle", "by_rows", "covering", "every", "whole"),
    "kind.checkpoint": ("Checkpoint",),
    "kind.context": ("Context",),
    "kind.named_fields": ("unknown_fields",),
    "kind.proposer": ("Ask", "Proposer"),
    "kind.report": ("Figure", "Headline", "Panel", "ReportParts", "Table"),
    "kind.results": ("StudyResults",),
    "kind.stage": ("BUILT_IN", "PROCESS_BYTES", "Kept", "Pack", "Rate", "Stage", "TaskId", "Workload"),
    "kind.target": ("Target",),
    "spec.study": ("Finding", "Findings", "Input", "PathInSpec", "SpecModel", "StudyModel"),
    "spec.whereabouts": ("located", "named"),
    "store.arrays": ("ArraySpec", "Coordinate", "blocks"),
    "store.flat": ("FlatStore", "FlatWriter"),
    "store.reading": ("View",),
    "store.rows": ("Row",),
    "units": ("Angle", "Energy", "Length", "Seconds", "States"),
}
_HOME = {name: f"bigdata.{module}" for module, names in _HOMES.items() for name in names}

__all__ = [*_HOME]


def __dir__() -> list[str]:
    return [*globals(), *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'bigdata.kind' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
