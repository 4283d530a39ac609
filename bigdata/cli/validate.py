"""`bigdata validate SPEC|RUN…`: check specs and say all that is wrong with them."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    """Check specs, or the studies of runs; say all that is wrong with them.

    Wrong is also what `submit` without --site would refuse: that this environment lacks packages which the tasks of a
    study import, unless the site recognised here has an image for its workers.
    """
    leave_garbage()
    checks = [_check(path, overrides, data) for path in specs]
    problems = [problem for _, found in checks for problem in found]
    if as_json:
        click.echo(json.dumps([_as_data(path, *check) for path, check in zip(specs, checks, strict=True)], indent=2))
    else:
        _print(specs, checks)
    if problems:
        sys.exit(SpecError.exit_code)


Check = tuple[str, tuple[Problem, ...]]


def _check(path: Path, overrides: tuple[str, ...], data: tuple[Path, ...]) -> Check:
    """What the study is, in a few words, or what is wrong with it."""
    try:
        study = _study(path, overrides, data)
    except SpecError as error:
        return "", error.problems or (Problem(Place(str(path)), "", str(error)),)
    if missing := _missing(study):
        return "", (missing,)
    n = len(study.variants)
    return f"{study.kind}, {n:,} variant{'s' * (n != 1)}", ()


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
    for path, (summary, problems) in zip(specs, checks, strict=True):
        if summary:
            click.echo(f"{path}: ok ({summary})")
        for problem in problems:
            click.echo(str(problem), err=True)
    n = sum(len(problems) for _, problems in checks)
    if n:
        click.echo(f"{n} problem{'s' * (n != 1)} in {_files(checks)}", err=True)


def _files(checks: list[Check]) -> str:
    wrong = sum(bool(problems) for _, problems in checks)
    return f"{wrong} of {len(checks)} files" if len(checks) > 1 else "1 file"


def _as_data(path: Path, summary: str, problems: tuple[Problem, ...]) -> dict[str, Any]:
    return {
        "spec": str(path),
        "ok": not problems,
        "summary": summary,
        "problems": [asdict(p) for p in problems],
    }
