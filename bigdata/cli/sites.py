"""`bigdata sites list | show`: the machines that studies can run on."""

from __future__ import annotations

import json

import click

from bigdata.cli.options import json_option
from bigdata.cli.text import table
from bigdata.display import size
from bigdata.spec.site import load_site, site_names


@click.group()
def command() -> None:
    """The sites that studies can run on; `local` is this machine."""


@command.command("list")
@json_option
def list_sites(as_json: bool) -> None:
    """List the sites by name."""
    names = site_names()
    click.echo(json.dumps(names) if as_json else "\n".join(names))


@command.command("show")
@click.argument("site")
@json_option
def show(site: str, as_json: bool) -> None:
    """Show a site's pools, limits and prices."""
    found = load_site(site)
    if as_json:
        click.echo(json.dumps(found.model_dump(mode="json"), indent=2))
        return
    rows = [(name, found.cores(name), size(found.worker_memory(name))) for name in found.pools]
    click.echo(f"{found.site} ({found.scheduler})\n\n" + table(("pool", "cores", "memory per worker"), rows))
