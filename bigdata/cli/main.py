"""`bigdata VERB …`: finds the verb's file, and turns errors into one message on stderr and an exit code."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import click

from bigdata.cli.harmless import guard_terminal
from bigdata.disks import disk_full, is_full
from bigdata.errors import BigdataError, Cancelled, SiteError
from bigdata.version import VERSION

VERBS = {
    "validate": "Check specs; say all that is wrong with them.",
    "plan": "Show what a study will do and cost.",
    "submit": "Run a study.",
    "status": "Show how runs stand.",
    "logs": "Print the log of a run or of one task.",
    "cancel": "Stop a run; what is done is kept.",
    "results": "Print a run's tables and arrays.",
    "predict": "Predict a property of new structures with a run's model.",
    "export": "Write a run's model for other programs.",
    "upload": "Send a run's raw files to an archive, NOMAD.",
    "report": "Write figures and report anew.",
    "verify": "Read all data of a run and compare their checksums.",
    "debug": "Run one task in this process.",
    "init": "Write a commented starter spec.",
    "schema": "Print the JSON schema of all specs, or of site files.",
    "datasets": "List and show the registered datasets.",
    "lattices": "List the parent lattices known by name.",
    "sites": "List, show and check the sites.",
    "cost": "Count a folder's files and bytes, and how they pack.",
}


# For the program itself, not for people.
HIDDEN = ("controller",)
# Verbs that fetch and read data, and say on the way how far that is.
WAITING = ("plan", "submit", "controller", "predict", "datasets", "cost", "upload")


class Verbs(click.Group):
    """A group that imports a verb's module when the verb is used: `validate` must not wait for what `submit` needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in (*VERBS, *HIDDEN):
            return None
        command: click.Command = importlib.import_module(f"bigdata.cli.{cmd_name}").command
        command.name = cmd_name
        if cmd_name in WAITING:
            _listen()
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in (*VERBS, *HIDDEN) and not args[0].startswith("-"):
            import difflib

            close = difflib.get_close_matches(args[0], VERBS, 1)
            hint = f" Did you mean `{close[0]}`?" if close else " `bigdata --help` lists the verbs."
            raise click.UsageError(f"there is no verb `{args[0]}`.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="bigdata")
@click.option("--debug", is_flag=True, help="Show tracebacks of errors.")
def cli(debug: bool) -> None:
    """Studies of materials data: one YAML file in, one Zarr store with figures and a full record out."""


def _listen() -> None:
    """Print on stderr what is said through the logger."""
    import logging

    logger = logging.getLogger("bigdata")
    logger.setLevel(logging.INFO)
    logger.handlers = [logging.StreamHandler()]  # also where this process has run the program before


def _refusal(error: OSError) -> SiteError:
    """What the machine says, with the exit code for it."""
    if is_full(error):
        return disk_full(error, Path(), then="write to another one, and start again")
    where = f"{error.filename}: " if error.filename else ""
    return SiteError(f"{where}{os.strerror(error.errno or 0)}")


def main() -> None:
    """The `bigdata` program."""
    # Looked for here, since what goes wrong may do so before click has read it.
    debug = "--debug" in sys.argv[1:2]
    guard_terminal()
    try:
        # By itself click would end the process, with exit codes of its own.
        cli(prog_name="bigdata", standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        if debug:
            raise
        click.echo("bigdata: cancelled", err=True)
        sys.exit(Cancelled.exit_code)
    except OSError as error:
        if debug or (error.errno is None and not is_full(error)):
            raise
        refusal = _refusal(error)
        click.echo(f"bigdata: {refusal}", err=True)
        sys.exit(refusal.exit_code)
    except BigdataError as error:
        if debug:
            raise
        # Where a SpecError knows its place in a file, its lines begin with that, where editors look for it.
        click.echo(str(error) if type(error).__name__ == "SpecError" else f"bigdata: {error}", err=True)
        sys.exit(error.exit_code)
