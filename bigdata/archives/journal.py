"""What was sent to an archive, in the run's `uploads.jsonl`: a killed upload goes on with what is missing.

Each record tells a package by its name, and its `state`: begun (with its calculations by folder and key), then with the
archive's id, sent, verified and published, or dropped. The last one counts.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigdata.errors import SiteError
from bigdata.files import open_plain, parsed
from bigdata.store.journal import Journal


@dataclass
class Sent:
    """How a package stands; `url` is where it was sent to."""

    name: str
    url: str
    holds: dict[str, str]
    n_files: int
    n_bytes: int
    state: str = "begun"
    upload_id: str = ""


class Uploads:
    """The packages of a run that were sent to one address, by name."""

    def __init__(self, path: Path, url: str) -> None:
        self._path, self._url = path, url
        self._journal: Journal | None = None
        self.sent = {sent.name: sent for sent in _read(path) if sent.url == url}

    def held(self) -> set[tuple[str, str]]:
        """Folder and key of all calculations in packages that were begun."""
        return {item for sent in self.sent.values() for item in sent.holds.items()}

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the journal; SiteError where another process sends the same run."""
        with self._path.open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SiteError(f"{self._path.parent} is being uploaded by another process; wait for it.") from None
            self._journal = Journal(self._path)
            self.sent = {sent.name: sent for sent in _read(self._path) if sent.url == self._url}
            try:
                yield
            finally:
                self._journal.close()

    def begin(self, sent: Sent) -> None:
        """Note a package before anything of it is sent."""
        self.sent[sent.name] = sent
        told = {"holds": sent.holds, "files": sent.n_files, "bytes": sent.n_bytes}
        self._append({"upload": sent.name, "url": self._url, "state": "begun", **told})

    def note(self, name: str, state: str, upload_id: str = "", **more: Any) -> None:
        """A package stands otherwise now."""
        sent = self.sent[name]
        sent.state, sent.upload_id = state, upload_id
        self._append({"upload": name, "url": self._url, "state": state, "upload_id": upload_id, **more})

    def drop(self, name: str) -> None:
        """Forget a package that isn't at the archive, and whose calculations are others by now."""
        self.note(name, "dropped")
        del self.sent[name]

    def _append(self, record: dict[str, Any]) -> None:
        assert self._journal is not None
        self._journal.append([record])


def _read(path: Path) -> Iterator[Sent]:
    """The packages of a journal; a line that a kill tore is passed over. SiteError for other lines."""
    found: dict[tuple[str, str], Sent] = {}
    try:
        lines = open_plain(path).read().splitlines(keepends=True)
    except FileNotFoundError:
        return
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            break
        try:
            record = parsed(line)
            key = record["url"], record["upload"]
            if record["state"] == "begun":
                found[key] = Sent(key[1], key[0], record["holds"], record["files"], record["bytes"])
            else:
                found[key].state, found[key].upload_id = record["state"], record["upload_id"]
                if record["state"] == "dropped":
                    del found[key]
        except (ValueError, KeyError, TypeError):
            raise SiteError(
                f"{path}:{number}: this is no record of an upload. Remove the file: what was sent is found "
                "at NOMAD by its name."
            ) from None
    yield from found.values()
