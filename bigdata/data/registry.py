"""The datasets known by name: what they hold, where they come from and under which terms."""

from __future__ import annotations

from collections.abc import Iterator

from bigdata.data.problem import DataProblem
from bigdata.data.registered.entry import Field, Kind, Mirrored, Registered, Source
from bigdata.spec.study import Finding

__all__ = ["Field", "Kind", "Mirrored", "Registered", "Source", "names", "registered"]


def _tables() -> Iterator[tuple[Registered, ...]]:
    """All datasets, in parts: whoever finds one in the first parts needn't load the others."""
    from bigdata.data.registered.spectra import SPECTRA

    yield SPECTRA
    from bigdata.data.registered.alloys import ALLOYS

    yield ALLOYS
    from bigdata.data.registered.structures import STRUCTURES

    yield STRUCTURES
    from bigdata.data.registered.compositions import COMPOSITIONS

    yield COMPOSITIONS
    from bigdata.data.registered.matbench import MATBENCH

    yield MATBENCH


def names(kind: Kind | None = None) -> tuple[str, ...]:
    """The registered names, of one kind where that is given."""
    return tuple(dataset.name for table in _tables() for dataset in table if kind in (None, dataset.kind))


def registered(name: str) -> Registered:
    """The dataset of that name; raises DataProblem, with the names that exist, where there is none."""
    found = next((dataset for table in _tables() for dataset in table if dataset.name == name), None)
    if found is None:
        what, right = f"there is no dataset `{name}`", "`bigdata datasets list` shows those that exist"
        raise DataProblem(Finding(("name",), what, right, given=name, known=names()))
    return found
