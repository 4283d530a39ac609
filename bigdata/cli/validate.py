"""`bigdata validate SPEC|RUN…`: check specs and say all that is wrong with them."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from bigdata.cli.brief import leave_garbage
from bigdata.cli.options import json_option, specs_options
from bigdata.errors import Place, Problem, SpecError

if TYPE_CHECKING:
    from bigdata.spec import Study


@click.command()
@specs_options
@json_option
def command(specs: tuple[Path, ...], overrides: tuple[str, ...], data: tuple[Path, ...], as_json: bool) -> None:
    """Check specs, or the studies of runs; say all that is wrong with them, and which data weren't looked at.

    The user's own files are read, and what a study makes of them is tried as far as a plan does; the entries of
    datasets known by name, and answers of databases, are left to `bigdata plan`.

    Wrong is also what `submit` without --site would refuse: that this environment lacks packages which the tasks of a
    study import, unless the site recognised here has an image for its workers.
    """
    leave_garbage()
    checks = [_check(path, overrides, data) for path in specs]
    problems = [problem for check in checks for problem in check.problems]
    if as_json:
        click.echo(json.dumps([_as_data(path, check) for path, check in zip(specs, checks, strict=True)], indent=2))
    else:
        _print(specs, checks)
    if problems:
        sys.exit(SpecError.exit_code)


class Check(NamedTuple):
    """What the study is, in a few words, the data of it that weren't looked at, or what is wrong with it."""

    summary: str = ""
    unread: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def _check(path: Path, overrides: tuple[str, ...], data: tuple[Path, ...]) -> Check:
    try:
        study = _study(path, overrides, data)
        if missing := _missing(study):
            return Check(problems=(missing,))
        unread = _unread(study)
        if not unread:
            _compile(study)
    except SpecError as error:
        return Check(problems=error.problems or (Problem(Place(str(path)), "", str(error)),))
    n = len(study.variants)
    return Check(f"{study.kind}, {n:,} variant{'s' * (n != 1)}", unread)


def _unread(study: Study) -> tuple[str, ...]:
    """The data that a study names and that aren't files of the user's."""
    from bigdata.data.model import NamedDataset, Rows

    values = (value for variant in study.variants for value in vars(variant.model).values())
    datasets = (one for value in values for one in (value.values() if isinstance(value, dict) else [value]))
    others = [one for one in datasets if isinstance(one, Rows) and not hasattr(one, "file")]
    named = (one.name if isinstance(one, NamedDataset) else "a database's answer" for one in others)
    return tuple(dict.fromkeys(named))


def _compile(study: Study) -> None:
    from bigdata.planning.workload import check

    check(study)


def _missing(study: Study) -> Problem | None:
    """What its tasks import and this environment lacks; None where nothing is missing."""
    if not study.extra:  # most studies: nothing more is loaded for them
        return None
    from bigdata.spec.extras import refused_here
    from bigdata.spec.site import site_here

    return refused_here(study, site_here().site)


def _study(path: Path, overrides: tuple[str, ...], data: tuple[Path, ...]) -> Study:
    """The study of a file or a run; a file's is had without importing what finds a run's data."""
    from bigdata.store.folder import run_in

    if data or run_in(path):
        from bigdata.planning import again

        return again.load_study(path, overrides, data)
    from bigdata.spec import load_study

    return load_study(path, overrides)


def _print(specs: tuple[Path, ...], checks: list[Check]) -> None:
    for path, check in zip(specs, checks, strict=True):
        if check.summary:
            click.echo(f"{path}: ok ({check.summary}){_left(check.unread)}")
        for problem in check.problems:
            click.echo(str(problem), err=True)
    n = sum(len(check.problems) for check in checks)
    if n:
        click.echo(f"{n} problem{'s' * (n != 1)} in {_files(checks)}", err=True)


def _left(unread: tuple[str, ...]) -> str:
    return f"; not looked at: the entries of {', '.join(unread)}, which `bigdata plan` reads" if unread else ""


def _files(checks: list[Check]) -> str:
    wrong = sum(bool(check.problems) for check in checks)
    return f"{wrong} of {len(checks)} files" if len(checks) > 1 else "1 file"


def _as_data(path: Path, check: Check) -> dict[str, Any]:
    return {
        "spec": str(path),
        "ok": not check.problems,
        "summary": check.summary,
        "not_looked_at": list(check.unread),
        "problems": [asdict(p) for p in check.problems],
    }
