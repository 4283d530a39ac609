"""`bigdata schema`: the JSON schema of all specs, for editors."""

from __future__ import annotations

import json

import click


@click.command()
def command() -> None:
    """Print the JSON schema of all specs. Editors find it by a spec's first line,

    # yaml-language-server: $schema=schema.json
    """
    from bigdata.spec.schema import schema

    click.echo(json.dumps(schema(), indent=2, ensure_ascii=False))
