"""What the tasks of a study import beyond bigdata's own packages: whether it is here, and the command that gets it."""

from __future__ import annotations

import sys

from bigdata.environment import EXTRAS, version
from bigdata.errors import Problem, SpecError
from bigdata.spec.load import Study
from bigdata.spec.site import Site
from bigdata.spec.study import Finding, StudyModel
from bigdata.spec.words import each, listed

# The last Python that TensorFlow has wheels for; the markers of the extras in pyproject.toml say the same.
LAST_PYTHON = (3, 13)


def missing_here(model: StudyModel) -> Finding | None:
    """The packages of the study's extra that aren't installed here; None where nothing is missing.

    SpecError where its kind names an extra that there isn't.
    """
    if model.extra and model.extra not in EXTRAS:
        what = f"the study kind `{model.study}` needs the extra `{model.extra}`, and bigdata has {each(EXTRAS)}"
        raise SpecError(f"{what}. That is for its author.")
    missing = [name for name in EXTRAS.get(model.extra, ()) if not version(name)]
    if not missing:
        return None
    what = f"`{model.study}` needs {listed(missing)}, which this environment lacks"
    return Finding(("study",), what, command(model.extra))


def refused_here(study: Study, site: Site) -> Problem | None:
    """Why a site can't run a study's tasks with what is installed here; None where it can, or has its own packages."""
    if site.has_own_packages:
        return None
    found = missing_here(study.variants[0].model)
    return study.found(found) if found else None


def require(model: StudyModel) -> None:
    """SpecError where this process can't run the study's tasks, nor use its models, for want of packages."""
    if found := missing_here(model):
        raise SpecError(f"{found.what}. {found.right}.")


def command(extra: str, python: tuple[int, int] = sys.version_info[:2]) -> str:
    """What to type so that the packages of an extra are there, with this Python."""
    install = f"`pip install '.[{extra}]'`"
    if python > LAST_PYTHON:
        return f"{no_wheels(python)}: make an environment with one of these, and run {install} there"
    return f"Run {install}"


def no_wheels(python: tuple[int, int] = sys.version_info[:2]) -> str:
    """Why nothing can be installed for a later Python than the last one."""
    return "TensorFlow has no wheel for Python {}.{} yet, but for 3.11 to {}.{}".format(*python, *LAST_PYTHON)


def build_command(site: Site, extra: str) -> str:
    """What to type for an image in which a site's workers find the packages of an extra, or of "", which is none."""
    gpus = any(pool.gpus for pool in site.pools.values())
    variant = f" --variant {'cuda' if gpus else 'tensorflow'}" if extra else ""
    return f"bigdata sites image build {site.file}{variant}"
