"""`bigdata submit SPEC|RUN`: check, plan, run, report; the run's folder is the last line on stdout."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from bigdata.cli.options import plan_options, private_option
from bigdata.cli.plan import as_text
from bigdata.display import span
from bigdata.errors import Cancelled, PlanRefused, SpecError, TasksFailed
from bigdata.planning import Plan
from bigdata.spec.site import local

if TYPE_CHECKING:
    from bigdata.run.orders import Orders
    from bigdata.run.status import Status

# Above this predicted time a person is asked first.
ASK_SECONDS = 3600


@click.command()
@plan_options
@click.option("--yes", is_flag=True, help="Don't ask before long runs.")
@click.option(
    "--controller",
    type=click.Choice(["inline", "detached", "job"]),
    help="Where the controller runs: in this terminal, in the background, or in a small job.  [default: the site's]",
)
@click.option("--dashboard", is_flag=True, help="Open Dask's dashboard, on this machine only, and say how to reach it.")
@click.option("--watch", is_flag=True, help="Stay and show how the run goes, where its controller is elsewhere.")
@private_option
def command(
    plan: Plan,
    yes: bool,
    controller: str | None,
    dashboard: bool,
    watch: bool,
    private: bool,
) -> None:
    """Run the study SPEC. Submitting again goes on where the run stopped.

    SPEC may be a run's folder: the run is done again, or to its end. Its own files are looked for where they were,
    beside the run, and in the cache; --data says where else they are.

    With a controller in the background or in a job, this returns as soon as that lives.
    """
    plan = _with_controller(plan, controller) if controller else plan
    plan = _with_dashboard(plan) if dashboard else plan
    click.echo(as_text(plan), err=True)
    plan.refuse()
    if plan.site.controller == "inline" or not plan.n_todo:
        _ask(plan, yes)
        _here(plan, private)
    else:
        _elsewhere(plan, watch, private)


def _with_controller(plan: Plan, controller: str) -> Plan:
    if controller == "job" and not plan.site.has_jobs:
        raise SpecError(
            f"--controller job: the site `{plan.site.site}` has no batch system. Use `--controller detached`, which "
            "survives a logout, or name another --site."
        )
    return _with(plan, controller=controller)


def _with_dashboard(plan: Plan) -> Plan:
    """With Dask, whose dashboard it is: a site that nobody named becomes this machine's."""
    if plan.site.scheduler == "process" and not plan.site_because:
        raise SpecError("--dashboard: the site `process` has no Dask, whose dashboard it is. Use `--site local`.")
    plan = replace(plan, site=local(), site_because="") if plan.site.scheduler == "process" else plan
    return _with(plan, dashboard=True)


def _with(plan: Plan, **fields: Any) -> Plan:
    """The plan with its site changed."""
    return replace(plan, site=plan.site.model_copy(update=fields).read_from(plan.site.file))


def _here(plan: Plan, private: bool) -> None:
    """Run it in this process."""
    from bigdata.cli.progress import Bars
    from bigdata.run import submit

    try:
        with Bars() as bars:
            submit(plan, observer=bars, private=private)
    except (TasksFailed, Cancelled) as error:
        again = f"\nTo go on: bigdata {shlex.join(sys.argv[1:])}" if isinstance(error, Cancelled) else ""
        click.echo(plan.folder.path)
        # Of the same class, on which the exit code depends.
        raise type(error)(f"{error}{again}") from error
    click.echo(f"{'' if plan.n_todo else 'all tasks were done before; '}report: {plan.folder.report}", err=True)
    click.echo(plan.folder.path)


def _elsewhere(plan: Plan, watch: bool, private: bool) -> None:
    """Launch its controller; nothing is asked, as nobody has to wait."""
    from bigdata.cli.watch import follow, until_ended
    from bigdata.run.launch import launch
    from bigdata.run.status import status

    path = plan.folder.path
    orders = launch(plan, private=private)
    click.echo(f"{_where(orders, status(path))}; you may log out", err=True)
    click.echo(f"    bigdata status {path} --watch\n    bigdata logs {path} -f\n    bigdata cancel {path}", err=True)
    click.echo(path)
    if watch:
        until_ended(follow(path, err=True), path)


def _where(orders: Orders, now: Status) -> str:
    if now.state == "held" and now.job:
        return f"the controller's job {orders.job} is held ({now.job.reason or 'no reason given'})"
    if now.state == "queued" and now.job:
        return f"the controller waits in the queue as job {orders.job} ({now.job.reason or 'no reason given'})"
    if orders.process:
        return f"the controller runs in the background (process {orders.process.pid})"
    return f"the controller runs in job {orders.job}"


def _ask(plan: Plan, yes: bool) -> None:
    if yes or plan.seconds.middle < ASK_SECONDS:
        return
    question = f"this will take about {span(*plan.seconds.ends)}"
    # In a script nobody would answer.
    if not sys.stdin.isatty():
        raise PlanRefused(f"{question}; say --yes to run it without being asked")
    click.confirm(f"{question}. Run it?", abort=True, err=True)
