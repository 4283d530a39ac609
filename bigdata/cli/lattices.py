"""`bigdata lattices [NAME]`: the parent lattices known by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from bigdata.cli.options import json_option
from bigdata.cli.text import table

if TYPE_CHECKING:
    from bigdata.lattices.prototypes import Prototype


@click.command()
@click.argument("name", required=False)
@json_option
def command(name: str | None, as_json: bool) -> None:
    """List the prototypes, or show the site classes and sites of one."""
    from bigdata.lattices.prototypes import PROTOTYPES, prototype

    found = list(PROTOTYPES.values()) if name is None else [prototype(name)]
    if as_json:
        click.echo(json.dumps([_described(p) for p in found], indent=2))
    elif name is None:
        rows = [(p.name, ", ".join(p.lengths), ", ".join(p.labels), p.spacegroup, p.title) for p in found]
        click.echo(table(("prototype", "parameters", "site classes", "spacegroup", "what"), rows))
    else:
        click.echo(_page(found[0]))


def _page(p: Prototype) -> str:
    classes = [(i + 1, c.label, c.what) for i, c in enumerate(p.classes)]
    sites = [(p.classes[o.site_class].label, *map(str, o.position)) for o in p.orbits]
    internal = ", ".join(f"{name} = {value:g}" for name, value in p.internal.items())
    example = ", ".join(f"{key}: … {'deg' if key == 'beta' else 'angstrom'}" for key in p.lengths)
    return "\n".join(
        [
            f"{p.name}: {p.title}",
            "",
            f"lattice: {{prototype: {p.name}, {example}}}",
            f"spacegroup {p.spacegroup}",
            *([f"coordinates {internal}"] if internal else []),
            f"source {p.source}",
            "",
            table(("sublattice", "label", "what"), classes),
            "",
            table(("label", "x", "y", "z"), sites),
        ]
    )


def _described(p: Prototype) -> dict[str, Any]:
    return {
        "prototype": p.name,
        "title": p.title,
        "spacegroup": p.spacegroup,
        "parameters": list(p.lengths),
        "sublattices": [{"label": c.label, "what": c.what} for c in p.classes],
        "sites": [{"label": p.classes[o.site_class].label, "position": list(o.position)} for o in p.orbits],
        "coordinates": dict(p.internal),
        "source": p.source,
    }
