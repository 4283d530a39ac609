"""A server on loopback that answers as NOMAD documents its interface, version 1, and fails as a test says.

It unpacks what it gets, takes files of `MAINFILES` for entries, and holds ten unpublished uploads.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.loopback import Answer, Loopback, Question, Reply

TOKEN, APP_TOKEN = "a-token-of-a-user", "a-token-for-a-month"
MAINFILES = ("out.json", "INFO.OUT")
MOST_UNPUBLISHED = 10


@dataclass
class Stored:
    """An upload as the server has it; `looks` are how often it is still said to be under way."""

    upload_id: str
    name: str
    body: bytes
    embargo: int
    looks: int = 1
    published: bool = False
    status: str = "SUCCESS"
    failing: tuple[str, ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            with zipfile.ZipFile(io.BytesIO(self.body)) as archive:
                self.files = {name: archive.read(name) for name in archive.namelist()}
        except zipfile.BadZipFile:
            self.status = "FAILURE"

    @property
    def data(self) -> dict[str, Any]:
        self.looks -= 1
        running = self.looks >= 0
        status = "RUNNING" if running else self.status
        words = f"Process process_upload failed: {self.status}" if self.status == "FAILURE" else "completed"
        return {
            "upload_id": self.upload_id,
            "upload_name": self.name,
            "process_running": running,
            "process_status": status,
            "last_status_message": words,
            "errors": [],
            "published": self.published,
            "embargo_length": self.embargo,
            "upload_create_time": f"2026-11-22T12:00:{len(self.upload_id):02}+00:00",
        }

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [
            {"mainfile": name, "process_status": "FAILURE" if name in self.failing else "SUCCESS", "entry_id": name}
            for name in sorted(self.files)
            if name.rpartition("/")[2] in MAINFILES
        ]


class NomadStandIn(Loopback):
    """`sending` spoils answers to uploads, in order: `busy`, `before` and `after` cut the connection before or after
    the upload is stored, `torn` stores half of it, `failing` fails to process it, `entry` one entry of it."""

    def __init__(self) -> None:
        super().__init__(self._respond)
        self.stored: dict[str, Stored] = {}
        self.tokens = {TOKEN, APP_TOKEN}
        self.sending: list[str] = []
        self.delay_s = 0.0
        self.n_sent = 0
        self.n_busy = 0

    @property
    def base(self) -> str:
        return f"{self.url}/prod/v1/api/v1"

    def _respond(self, question: Question) -> Answer:
        if question.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return _json({"detail": "Could not validate credentials"}, 401)
        if self.n_busy:
            self.n_busy -= 1
            return Reply(b"", 503, {"Retry-After": "3"})
        parts = urlsplit(question.path)
        params = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        path = unquote(parts.path).partition("/api/v1/")[2].split("/")
        if path == ["auth", "app_token"]:
            return _json({"app_token": APP_TOKEN})
        if path == ["uploads"]:
            return self._receive(question, params) if question.method == "POST" else self._list(params)
        if path[0] != "uploads" or path[1] not in self.stored:
            return _json({"detail": "The specified upload_id was not found."}, 404)
        return self._one(question, self.stored[path[1]], path[2:], params)

    def _list(self, params: dict[str, str]) -> Answer:
        wanted = [u for u in self.stored.values() if params.get("upload_name", u.name) == u.name]
        if params.get("is_published") == "false":
            wanted = [u for u in wanted if not u.published]
        return _page([u.data for u in wanted], params)

    def _receive(self, question: Question, params: dict[str, str]) -> Answer:
        how = self.sending.pop(0) if self.sending else ""
        is_whole = len(question.body) == int(question.headers["Content-Length"])
        if how == "before" or not is_whole:
            return lambda handler: handler.connection.close()
        if how == "busy":
            return Reply(b"", 503, {"Retry-After": "7"})
        if sum(not u.published for u in self.stored.values()) >= MOST_UNPUBLISHED:
            return _json({"detail": "Limit of unpublished uploads exceeded for user."}, 400)
        body = question.body[: len(question.body) // 2] if how == "torn" else question.body
        self.n_sent += 1
        stored = Stored(f"upload-{self.n_sent}", params["upload_name"], body, int(params["embargo_length"]))
        if how == "failing":
            stored.status = "FAILURE"
        if how == "entry":
            stored.failing = (stored.entries[0]["mainfile"],)
        self.stored[stored.upload_id] = stored
        if how == "after":
            return lambda handler: handler.connection.close()
        return _json({"upload_id": stored.upload_id, "data": stored.data})._replace(delay_s=self.delay_s)

    def _one(self, question: Question, stored: Stored, path: list[str], params: dict[str, str]) -> Answer:
        if question.method == "DELETE":
            del self.stored[stored.upload_id]
            return _json({"upload_id": stored.upload_id, "data": stored.data})
        if path == ["action", "publish"]:
            if stored.published:
                return _json({"detail": "Upload already published."}, 400)
            stored.published, stored.embargo = True, int(params["embargo_length"])
        if path == ["entries"]:
            return _page(stored.entries, params)
        if path[:1] == ["rawdir"]:
            return _page(_listing(stored.files, "/".join(path[1:]).strip("/")), params, in_folder=True)
        if path[:1] == ["raw"]:
            return Reply(stored.files["/".join(path[1:])])
        return _json({"upload_id": stored.upload_id, "data": stored.data})


def _listing(files: dict[str, bytes], folder: str) -> list[dict[str, Any]]:
    start = f"{folder}/" if folder else ""
    below = {name.removeprefix(start): len(data) for name, data in files.items() if name.startswith(start)}
    found = {name.split("/")[0]: {"is_file": "/" not in name, "size": size} for name, size in below.items()}
    return [{"name": name, **what} for name, what in sorted(found.items())]


def _page(rows: list[dict[str, Any]], params: dict[str, str], *, in_folder: bool = False) -> Reply:
    page, size = int(params.get("page", 1)), int(params.get("page_size", 10))
    shown = rows[(page - 1) * size : page * size]
    content = {"directory_metadata": {"content": shown}} if in_folder else {"data": shown}
    return _json({**content, "pagination": {"page": page, "page_size": size, "total": len(rows)}})


def _json(data: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(data).encode(), status)
