"""Options and arguments that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from bigdata.store.named import RUNS, named_run

F = TypeVar("F", bound=Callable[..., Any])


def plan_options(function: Callable[..., None]) -> Callable[..., None]:
    """SPEC, --data, --site, --runs, --fresh, --budget and --set, of which `function` gets the plan that they make."""

    # `wraps` hands on the docstring, which click shows as the verb's help.
    @wraps(function)
    def planned(
        spec: Path,
        site: str | None,
        runs: Path | None,
        overrides: tuple[str, ...],
        data: tuple[Path, ...],
        fresh: bool,
        budget: tuple[str, ...],
        **more: Any,
    ) -> None:
        from bigdata.cli.budget import overrides as of_budget
        from bigdata.planning import plan
        from bigdata.planning.again import load_study

        study = load_study(_named(spec, runs), (*overrides, *of_budget(budget)), data)
        made = plan(study, site=site, runs=runs, fresh=fresh)
        function(plan=made, **more)

    return _plan_options(planned)


def _plan_options(function: F) -> F:
    function = click.option(
        "--budget",
        multiple=True,
        metavar="AMOUNT",
        help='What may be used up: "2 USD", "3 core-hours", "1 GPU-hours" or, of wall time, "12 h".',
    )(function)
    function = click.option(
        "--fresh", is_flag=True, help="Take no results over from other runs, and do a finished one anew."
    )(function)
    function = _study_options(click.argument("spec", type=click.Path(path_type=Path))(function))
    function = click.option(
        "--site", help="A site's name or its file.  [default: the site recognised here, else local]"
    )(function)
    return click.option(
        "--runs",
        type=click.Path(path_type=Path),
        help="Folder of the runs.  [default: runs, or where the run lies that is repeated]",
    )(function)


def specs_options(function: F) -> F:
    """SPEC…, --data and --set."""
    specs = click.argument("specs", metavar="SPEC...", nargs=-1, required=True, type=click.Path(path_type=Path))
    return _study_options(specs(function))


def _study_options(function: F) -> F:
    """--data and --set: what makes a study of a spec."""
    function = click.option(
        "--data",
        multiple=True,
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="A file that the run has read, where it is now; known by its content.",
    )(function)
    return click.option(
        "--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Override a field of the spec."
    )(function)


def json_option(function: F) -> F:
    """--json: the same as data."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def private_option(function: F) -> F:
    """--private: tell of the machine and its user."""
    about = "Tell absolute paths, hosts and the user, which what is passed on leaves out."
    return click.option("--private", is_flag=True, help=about)(function)


def run_argument(function: F) -> F:
    """RUN: a run's folder, or its name."""
    return click.argument("run", type=RunPath())(function)


class RunPath(click.ParamType[Path]):
    """A run's folder, by its path or by its name below `runs`; where a name was said, which run that is, is told."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        return _named(value, ctx.params.get("runs") if ctx else None)


def _named(said: str | Path, runs: Path | None) -> Path:
    found = named_run(said, runs or RUNS)
    if found.n_of_name:
        latest = f", the latest of {found.n_of_name} of that name" if found.n_of_name > 1 else ""
        click.echo(f"run    {found.path}{latest}", err=True)
    return found.path
