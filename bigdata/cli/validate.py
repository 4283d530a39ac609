"""`bigdata validate SPEC|RUN…`: check specs and say all that is wrong with them."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bigdata.cli.options import json_option, specs_options
from bigdata.cli.verdicts import recall, remember
from bigdata.errors import Place, Problem, SpecError


@click.command()
@specs_options
@json_option
def command(specs: tuple[Path, ...], overrides: tuple[str, ...], data: tuple[Path, ...], as_json: bool) -> None:
    """Check specs, or the studies of runs; say all that is wrong with them."""
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
    if not data and (summary := recall(path, overrides)):
        return summary, ()
    from bigdata.planning.again import load_study

    try:
        study = load_study(path, overrides, data)
    except SpecError as error:
        return "", error.problems or (Problem(Place(str(path)), "", str(error)),)
    n = len(study.variants)
    summary = f"{study.kind}, {n:,} variant{'s' * (n != 1)}"
    if study.repeated is None:  # where a run's data are found doesn't depend on them alone
        remember(path, overrides, summary, [*study.files, *study.data_files()])
    return summary, ()


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
