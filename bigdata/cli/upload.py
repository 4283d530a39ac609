"""`bigdata upload RUN`: the packed files of a run to a public archive."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

from bigdata.cli.options import run_argument
from bigdata.display import size
from bigdata.errors import SiteError, SpecError
from bigdata.store import open_run

_VARIABLE = re.compile(r"\$\{env:(\w+)\}")


@click.command()
@run_argument
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@click.option("--publish", is_flag=True, help="Publish each upload once it is verified; that can't be taken back.")
def command(run: Path, dry_run: bool, publish: bool) -> None:
    """Send the packed files of RUN to NOMAD, as its spec says under `upload`; what is there isn't sent again."""
    from bigdata.archives.limits import MOST_UNPUBLISHED, in_words
    from bigdata.archives.nomad import Journal, Nomad
    from bigdata.archives.parts import packs_of, parts_of
    from bigdata.store.lock import Lock

    opened = open_run(run)
    upload = getattr(opened.variants[0].model, "upload", None)
    if upload is None:
        raise SpecError(f"the spec of {run} has no `upload`, which says where to. Add it, and submit once more.")
    to, parts = upload.nomad, parts_of(packs_of(opened))
    n_files, n_bytes = sum(part.n_files for part in parts), sum(part.n_bytes for part in parts)
    click.echo(f"upload: {in_words(len(parts))}; {n_files:,} files, {size(n_bytes)}")
    if dry_run:
        return
    nomad = Nomad(_from_environment(to.url), _from_environment(to.token))
    fields = {"comment": to.comment, "references": to.references, "datasets": to.datasets, "coauthors": to.coauthors}
    metadata = {name: value for name, value in fields.items() if value}
    with Lock(run / "upload.lock"):
        journal = Journal(opened.folder.uploads)
        n_unpublished = 0
        for i, part in enumerate(parts):
            if n_unpublished == MOST_UNPUBLISHED:
                raise SiteError(
                    f"{n_unpublished} uploads are unpublished, and NOMAD takes no more; {len(parts) - i:,} are left. "
                    "Publish these with `--publish`, which goes on with the others."
                )
            name = f"{run.resolve().name} {i + 1}/{len(parts)} {part.digest[:16]}"
            upload_id = nomad.send(part, name, metadata, journal)
            if publish:
                nomad.publish(part, to.embargo, journal)
            n_unpublished += journal[part.digest]["state"] != "published"
            click.echo(f"{i + 1}/{len(parts)}: {upload_id} {journal[part.digest]['state']}")
    if n_unpublished:
        click.echo(f"{n_unpublished} not published: look at them in NOMAD, then `bigdata upload {run} --publish`")


def _from_environment(text: str) -> str:
    """What a text says once variables of the environment are put in."""
    for name in _VARIABLE.findall(text):
        if not os.environ.get(name):
            raise SpecError(f"the environment has no {name}, which `upload` names. Set it, and start again.")
    return _VARIABLE.sub(lambda match: os.environ[match[1]], text)
