"""The datasets known by name: what they hold, where they come from and under which terms."""

from __future__ import annotations

from bigdata.data.problem import DataProblem
from bigdata.data.registered.alloys import ALLOYS
from bigdata.data.registered.compositions import COMPOSITIONS
from bigdata.data.registered.entry import Field, Kind, Mirrored, Registered, Source
from bigdata.data.registered.matbench import MATBENCH
from bigdata.data.registered.spectra import SPECTRA
from bigdata.data.registered.structures import STRUCTURES
from bigdata.spec.study import Finding

__all__ = ["Field", "Kind", "Mirrored", "Registered", "Source", "names", "registered"]

_REGISTERED = {dataset.name: dataset for dataset in (*SPECTRA, *ALLOYS, *STRUCTURES, *COMPOSITIONS, *MATBENCH)}


def names(kind: Kind | None = None) -> tuple[str, ...]:
    """The registered names, of one kind where that is given."""
    return tuple(name for name, dataset in _REGISTERED.items() if kind in (None, dataset.kind))


def registered(name: str) -> Registered:
    """The dataset of that name; raises DataProblem, with the names that exist, where there is none."""
    if name not in _REGISTERED:
        raise DataProblem(
            Finding(
                ("name",),
                f"there is no dataset `{name}`",
                "`bigdata datasets list` shows those that exist",
                given=name,
                known=names(),
            )
        )
    return _REGISTERED[name]
