"""The answers to a query, kept in the cache as JSON-lines as they come: a broken fetch goes on where it broke."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from bigdata.disks import disk_full, is_full
from bigdata.errors import SiteError
from bigdata.places import cache_folder
from bigdata.spec.study import SpecModel

Progress = Callable[[int, int | None], None]
"""Told how many entries have come, and of how many (None: not known)."""

VERSION = 1
LOG = logging.getLogger("bigdata")
# How many entries come at once and which variable holds the key change nothing in what comes.
_HOW_NOT_WHAT = {"page", "key"}


class Answers:
    """The answers to one query, in the folder `<cache>/remote/<digest of the query>`.

    `answers.jsonl` has one entry a line, as the database gave it. Rows are appended before the state that
    speaks of them, which says how many bytes count: what a kill left behind it is cut off, so that nothing
    is twice and nothing is lost. `state` is what the client needs to go on: {} at the start. `about.json` is
    there once all has come. Raises SiteError where the cache can't be written.
    """

    def __init__(self, query: Mapping[str, Any]) -> None:
        self.query = dict(query)
        text = json.dumps([VERSION, self.query], sort_keys=True, separators=(",", ":"), allow_nan=False)
        self.folder = cache_folder() / "remote" / hashlib.sha256(text.encode()).hexdigest()
        self.path = self.folder / "answers.jsonl"
        self.n = 0
        self.state: dict[str, Any] = {}
        self._n_bytes, self._started, self._has_written = 0, _now(), False
        self._recall()

    @property
    def is_done(self) -> bool:
        """Whether all has come and is still there."""
        return bool(self.about)

    @property
    def about(self) -> dict[str, Any]:
        """What is known of finished answers, else {}: `query`, `started`, `retrieved` (ISO 8601, UTC), `n`, `sha256`,
        `n_bytes`, and what the client told of them, such as `total`."""
        about = _read(self.folder / "about.json")
        return about if about and _size(self.path) == about.get("n_bytes") else {}

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows so far, one at a time, in the order in which they came."""
        if self.n:
            with open(self.path, "rb") as file:
                for _ in range(self.n):
                    yield json.loads(file.readline())

    def append(self, rows: Iterable[Mapping[str, Any]], state: Mapping[str, Any]) -> None:
        """Keep rows, and then the state that a fetch goes on from after them."""
        lines = [json.dumps(row, separators=(",", ":")).encode() + b"\n" for row in rows]
        with self._writing():
            self._write(b"".join(lines))
            self.n, self.state = self.n + len(lines), dict(state)
            known = {"n": self.n, "n_bytes": self._n_bytes, "started": self._started, "state": self.state}
            _put(self.folder / "state.json", known)

    def finish(self, about: Mapping[str, Any]) -> None:
        """Say that all has come; `about` is kept with the query, the date and the sha256 of the rows."""
        with self._writing():
            self._write(b"")
            with open(self.path, "rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            ours = {"query": self.query, "started": self._started, "retrieved": _now(), "n": self.n}
            _put(self.folder / "about.json", {**about, **ours, "sha256": sha256, "n_bytes": self._n_bytes})
            (self.folder / "state.json").unlink(missing_ok=True)

    def forget(self) -> None:
        """Remove what came, so that it is fetched anew."""
        with self._writing():
            for name in ("about.json", "state.json", "answers.jsonl"):
                (self.folder / name).unlink(missing_ok=True)
        self._recall()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """One process at a time fetches a query; the others wait, and then find the answers."""
        with self._writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            file = open(self.folder / "lock", "ab")  # noqa: SIM115
        with file:
            # Where files can't be locked, `_write` notices that another process writes too.
            with contextlib.suppress(OSError):
                _wait_for(file, self.folder)
            self._recall()
            yield

    def _recall(self) -> None:
        known = self.about or _read(self.folder / "state.json")
        if not known or known["n_bytes"] > _size(self.path):
            known = {"n": 0, "n_bytes": 0}
        self._has_written = False
        self.n, self._n_bytes = int(known["n"]), int(known["n_bytes"])
        self.state, self._started = dict(known.get("state", {})), known.get("started", self._started)

    def _write(self, text: bytes) -> None:
        # At the first write, what lies behind is a tail that a kill left, not another process's rows.
        if self._has_written and _size(self.path) != self._n_bytes:
            raise SiteError(f"another process writes the same answers to {self.path}. Start again when it is done.")
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.path, "r+b" if self.path.exists() else "w+b") as file:
            file.truncate(self._n_bytes)
            file.seek(self._n_bytes)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        self._n_bytes, self._has_written = self._n_bytes + len(text), True

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as e:
            if is_full(e):
                then = "set BIGDATA_CACHE to a folder on another one, and start again: what has come is kept"
                raise disk_full(e, self.folder, then=then) from e
            raise SiteError(
                f"the answers of a database can't be kept in {self.folder} ({e.strerror or e}). "
                "Make it writable, or set BIGDATA_CACHE to another folder."
            ) from e


def fetched(query: SpecModel, fetch: Callable[[Answers], None]) -> Path:
    """The file of a query's answers: from the cache where they all are, else completed by `fetch`.

    `fetch` goes on from `answers.state`, appends, and finishes.
    """
    answers = Answers(described(query))
    if not answers.is_done:
        with answers.alone():
            # Another process may have had them all while this one waited.
            if not answers.is_done:
                fetch(answers)
    return answers.path


def described(query: SpecModel) -> dict[str, Any]:
    """A query as what it asks for, without how and without passwords in addresses."""
    asked = query.model_dump(mode="json", exclude=_HOW_NOT_WHAT)
    if url := asked.get("url"):
        asked["url"] = _without_password(url)
    return {"kind": type(query).__name__, **asked}


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _wait_for(file: IO[bytes], folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        LOG.info("another process is fetching the same answers into %s; waiting for it", folder)
        fcntl.flock(file, fcntl.LOCK_EX)


def _read(path: Path) -> dict[str, Any]:
    try:
        known = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _put(path: Path, known: dict[str, Any]) -> None:
    # Without the first fsync, a power failure after the rename can leave the name on an empty file.
    beside = path.with_suffix(".new")
    with open(beside, "w", encoding="utf-8") as file:
        json.dump(known, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
