"""`bigdata upload RUN`: send the raw files of a run to NOMAD, go on where that stopped, and verify what came."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bigdata.cli.options import json_option, run_argument
from bigdata.cli.text import table
from bigdata.cli.variants import named_variant
from bigdata.display import size
from bigdata.errors import PlanRefused, SpecError
from bigdata.naming import named
from bigdata.store.folder import RunFolder

if TYPE_CHECKING:
    from bigdata.archives.journal import Sent
    from bigdata.archives.packages import Shipment


@click.command()
@run_argument
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and ask NOMAD nothing.")
@click.option("--publish", is_flag=True, help="Publish what is verified; nobody can change it afterwards.")
@click.option("--variant", type=int, help="Which variant of a sweep, by its number.")
@json_option
def command(run: Path, dry_run: bool, publish: bool, variant: int | None, as_json: bool) -> None:
    """Send the calculations of RUN that ended well to NOMAD, as its spec's `upload` says. Uploads that are there are
    found, and not sent again. Exit code 3 where more can't be sent before some is published, and 7 where NOMAD hasn't
    what was sent, or couldn't process it.
    """
    from bigdata.archives.journal import Uploads
    from bigdata.archives.model import address_of, from_environment
    from bigdata.archives.nomad import NomadServer
    from bigdata.archives.uploading import Uploader

    view = named_variant(run, variant)
    if not view.model.uploads_at:
        raise SpecError(f"{run} is the run of a study of the kind `{view.model.study}`, which has nothing to upload.")
    shipment: Shipment = named(view.model.uploads_at)(view)
    # Without the address, a dry run tells of all that there is.
    url = "" if dry_run and not _is_set(shipment.to.url) else address_of(shipment.to)
    uploads = Uploads(RunFolder(run).uploads, url)
    token = "" if dry_run else from_environment(shipment.to.token, "token")
    uploader = Uploader(shipment, uploads, NomadServer(url, token), is_published=publish)
    packages, waiting = (uploader.packages(), 0) if dry_run else uploader.run()
    click.echo(_data(shipment, packages) if as_json else _text(shipment, packages))
    if waiting:
        raise PlanRefused(
            f"{waiting:,} uploads wait: NOMAD takes 10 unpublished ones of a user. Publish some, by `bigdata upload "
            "--publish` or on NOMAD's pages, and call this again."
        )


def _is_set(text: str) -> bool:
    from bigdata.archives.model import from_environment

    try:
        return bool(from_environment(text, "url"))
    except SpecError:
        return False


def _text(shipment: Shipment, packages: list[Sent]) -> str:
    from bigdata.archives.packages import said

    n_files, n_bytes = sum(p.n_files for p in packages), sum(p.n_bytes for p in packages)
    states = Counter(_state(p) for p in packages)
    rows = [(p.name, f"{len(p.holds):,}", f"{p.n_files:,}", f"{p.n_bytes:,}", _state(p), p.upload_id) for p in packages]
    failed = [f"left out: {shipment.n_failed:,} calculations that failed"] if shipment.n_failed else []
    unpublished = "; what is verified is left unpublished until `--publish`" if states["verified"] else ""
    return "\n".join(
        [
            table(("upload", "calculations", "files", "bytes", "state", "id"), rows),
            "",
            f"upload: {said(len(packages))}; {n_files:,} files, {size(n_bytes)}",
            *failed,
            "state: " + (", ".join(f"{n:,} {word}" for word, n in states.items()) or "nothing to send") + unpublished,
        ]
    )


def _state(sent: Sent) -> str:
    return sent.state if sent.upload_id else "to be sent"


def _data(shipment: Shipment, packages: list[Sent]) -> str:
    from bigdata.archives.packages import n_rounds

    told = [
        {
            "name": p.name,
            "calculations": len(p.holds),
            "files": p.n_files,
            "bytes": p.n_bytes,
            "state": _state(p),
            "upload_id": p.upload_id,
        }
        for p in packages
    ]
    data = {"uploads": told, "rounds": n_rounds(len(told)), "failed_calculations": shipment.n_failed}
    return json.dumps(data, indent=2)
