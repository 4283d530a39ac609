"""`bigdata schema`: the JSON schemas of specs and of site files, for editors."""

from __future__ import annotations

import json

import click


@click.command()
@click.option("--sites", is_flag=True, help="The schema of site files instead.")
def command(sites: bool) -> None:
    """Print the JSON schema of all specs, or of site files. Editors find it by a file's first line,

    # yaml-language-server: $schema=schema.json
    """
    from bigdata.spec.schema import schema, site_schema

    made, left_out = (site_schema(), []) if sites else schema()
    for why in left_out:
        click.echo(f"left out: {why}", err=True)
    click.echo(json.dumps(made, indent=2, ensure_ascii=False))
