"""The study kinds, known by their entry points only: a kind's model is imported when a spec names it."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution, entry_points

from bigdata.errors import SpecError
from bigdata.spec.study import StudyModel

GROUP = "bigdata.studies"


@cache
def _ours() -> dict[str, EntryPoint]:
    """The kinds that come with bigdata: one file tells them, where those of all packages are hundreds of files."""
    try:
        points = distribution("bigdata").entry_points
    except PackageNotFoundError:
        return {}
    return {point.name: point for point in points.select(group=GROUP)}


@cache
def _registered() -> dict[str, EntryPoint]:
    return {point.name: point for point in sorted(entry_points(group=GROUP))}


def is_installed(name: str) -> bool:
    """Whether there is such a kind by now: a process that lives long, such as a worker of a cluster, looks again."""
    if not is_known(name):
        _registered.cache_clear()
    return is_known(name)


def is_known(name: str) -> bool:
    """Whether this word may stand after `study:`."""
    return name in _ours() or name in _registered()


def kinds() -> tuple[str, ...]:
    """The words that may stand after `study:`."""
    return tuple(_registered())


def variables() -> tuple[str, ...]:
    """The variables of the environment that tasks of any kind read: jobs get them from whoever submits."""
    return tuple(sorted({variable for name in kinds() for variable in _of_kind(name)}))


def _of_kind(name: str) -> tuple[str, ...]:
    try:
        return kind(name).variables
    except Exception:  # a kind of somebody's that can't be imported must not stop the others
        return ()


def is_ours(name: str) -> bool:
    """Whether a kind comes with bigdata."""
    return name in _ours()


@cache
def kind(name: str) -> type[StudyModel]:
    """The model of a kind's YAML. Raises KeyError for a kind that isn't installed."""
    point = _ours().get(name) or _registered()[name]
    try:
        model: type[StudyModel] = point.load()
        if not (isinstance(model, type) and issubclass(model, StudyModel)):
            raise TypeError("it is no class of StudyModel's")
    except Exception as error:  # somebody's package may raise anything when it is loaded
        what = f"the study kind `{name}` can't be loaded from {point.value}: {type(error).__name__}: {error}"
        raise SpecError(f"{what}. Mend or remove its package.") from error
    return model
