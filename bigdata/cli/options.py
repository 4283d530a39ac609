"""Options and arguments that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def study_options(function: F) -> F:
    """SPEC, --site, --runs and --set: what makes a plan."""
    function = click.argument("spec", type=click.Path(path_type=Path))(function)
    function = click.option(
        "--site", help="A site's name or its file.  [default: the site recognised here, else local]"
    )(function)
    function = click.option(
        "--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of the runs."
    )(function)
    return click.option(
        "--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Override a field of the spec."
    )(function)


def json_option(function: F) -> F:
    """--json: the same as data."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def run_argument(function: F) -> F:
    """RUN: a run's folder."""
    return click.argument("run", type=click.Path(path_type=Path))(function)
