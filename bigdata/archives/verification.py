"""Whether NOMAD has what was sent, and has understood it: files by their bytes, entries by their state."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bigdata.archives.nomad import NomadServer
from bigdata.data.problem import first
from bigdata.store.zipped import Member

SUCCESS = "SUCCESS"


@dataclass(frozen=True)
class Checked:
    """What was found: `lost` are files that aren't there as they were sent, the others are calculations."""

    n_entries: int
    lost: list[str]
    failed: list[str]
    unrecognised: list[str]

    @property
    def wrong(self) -> str:
        """What is wrong, as sentences; "" where all is well."""
        said = [
            (self.lost, "files aren't there as they were sent"),
            (self.failed, "entries couldn't be processed"),
            (self.unrecognised, "calculations have no file that NOMAD recognises"),
        ]
        return " ".join(f"{len(which):,} {what}: {first(which, 5)}." for which, what in said if which)


def checked(server: NomadServer, upload_id: str, folders: Iterable[str], members: Iterable[Member]) -> Checked:
    """Compare an upload with the files that were sent, and its entries with the calculations.

    All sizes are compared, which NOMAD lists; the contents of the zip's last file, since a zip that is cut lacks that.
    """
    entries = list(server.entries(upload_id))
    good = [str(e["mainfile"]) for e in entries if e.get("process_status") == SUCCESS]
    failed = [str(e["mainfile"]) for e in entries if e.get("process_status") != SUCCESS]
    recognised = {folder for mainfile in (*good, *failed) for folder in _above(mainfile)}
    return Checked(
        n_entries=len(entries),
        lost=lost_files(server, upload_id, members),
        failed=failed,
        unrecognised=[folder for folder in folders if folder not in recognised],
    )


def lost_files(server: NomadServer, upload_id: str, members: Iterable[Member]) -> list[str]:
    """The files that were sent and aren't there, or with other contents."""
    there, last, lost = dict(server.files(upload_id)), None, []
    for member in members:
        last = member
        if there.get(member.name) != member.n_bytes:
            lost.append(member.name)
    if last is not None and not lost and zlib.crc32(server.file(upload_id, last.name)) != last.crc:
        lost.append(last.name)
    return lost


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:i]) for i in range(1, len(parts))]


def is_failed(upload: dict[str, Any]) -> bool:
    """Whether NOMAD couldn't process an upload."""
    return upload.get("process_status") == "FAILURE"


def reasons(upload: dict[str, Any]) -> str:
    """NOMAD's own words for it."""
    said = [*map(str, upload.get("errors", [])), str(upload.get("last_status_message", ""))]
    return first(filter(None, said), 3) or "it doesn't say why"
