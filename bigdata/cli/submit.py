"""`bigdata submit SPEC`: check, plan, run, report; the run's folder is the last line on stdout."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from bigdata.cli.options import study_options
from bigdata.cli.plan import as_text
from bigdata.display import duration
from bigdata.errors import Cancelled, PlanRefused, TasksFailed
from bigdata.planning import Plan
from bigdata.planning import plan as make_plan
from bigdata.spec import load_study

# Above this predicted time a person is asked first.
ASK_SECONDS = 3600


@click.command()
@study_options
@click.option("--yes", is_flag=True, help="Don't ask before long runs.")
def command(spec: Path, site: str, runs: Path, overrides: tuple[str, ...], yes: bool) -> None:
    """Run the study SPEC. Submitting again goes on where the run stopped."""
    plan = make_plan(load_study(spec, overrides), site=site, runs=runs)
    click.echo(as_text(plan), err=True)
    plan.refuse()
    _ask(plan, yes)
    from bigdata.cli.progress import Bars
    from bigdata.run import submit

    try:
        with Bars() as bars:
            submit(plan, observer=bars)
    except (TasksFailed, Cancelled) as error:
        again = f"\nTo go on: bigdata {shlex.join(sys.argv[1:])}" if isinstance(error, Cancelled) else ""
        click.echo(plan.folder.path)
        raise type(error)(f"{error}{again}") from error
    click.echo(f"report: {plan.folder.report}", err=True)
    click.echo(plan.folder.path)


def _ask(plan: Plan, yes: bool) -> None:
    if yes or plan.seconds < ASK_SECONDS:
        return
    question = f"this will take about {duration(plan.seconds)}"
    if not sys.stdin.isatty():
        raise PlanRefused(f"{question}; say --yes to run it without being asked")
    click.confirm(f"{question}. Run it?", abort=True, err=True)
