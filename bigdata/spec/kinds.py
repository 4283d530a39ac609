"""The study kinds, known by their entry points only: a kind's model is imported when a spec names it."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from bigdata.spec.study import StudyModel

GROUP = "bigdata.studies"


@cache
def _registered() -> dict[str, EntryPoint]:
    return {point.name: point for point in sorted(entry_points(group=GROUP))}


def is_installed(name: str) -> bool:
    """Whether there is such a kind by now: a process that lives long, such as a worker of a cluster, looks again."""
    if name not in _registered():
        _registered.cache_clear()
    return name in _registered()


def kinds() -> tuple[str, ...]:
    """The words that may stand after `study:`."""
    return tuple(_registered())


@cache
def kind(name: str) -> type[StudyModel]:
    """The model of a kind's YAML. Raises KeyError for a kind that isn't installed."""
    model: type[StudyModel] = _registered()[name].load()
    return model
