"""A server that answers as NOMAD's API v1 documents, with faults that tests set."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "a-token-of-tests"


@dataclass
class Stand:
    """What the server holds, and how it misbehaves: `busy` times 503, `cut` bodies or `mute` answers cut off."""

    url: str = ""
    uploads: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    n_made: int = 0
    n_whole_bodies: int = 0
    bodies: list[bytes] = field(default_factory=list)
    busy: int = 0
    cut: int = 0
    mute: int = 0
    failing_entry: bool = False
    failing_process: bool = False
    short: str = ""
    main: str = "INFO.OUT"
    hold: Event | None = None
    begun: Event = field(default_factory=Event)


@contextmanager
def served() -> Iterator[Stand]:
    stand = Stand()

    class Handler(_Handler):
        state = stand

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand.url = f"http://127.0.0.1:{server.server_port}/api/v1"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stand
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    state: Stand
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Tests have no use for it."""

    def do_GET(self) -> None:
        self._do()

    do_POST = do_PUT = do_GET

    def _do(self) -> None:
        parts = urlsplit(self.path)
        place = [unquote(p) for p in parts.path.removeprefix("/api/v1/").split("/")]
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if self.command == "PUT" and self.state.cut:
            self.state.cut -= 1
            self.rfile.read(10)
            self.close_connection = True
            return None
        body = self._body()
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return self._say(401, {"detail": f"Could not validate {self.headers['Authorization']}"})
        if self.state.busy:
            self.state.busy -= 1
            return self._say(503, {"detail": "busy"})
        status, answer = self._answer(place, query, body)
        if self.command != "GET" and self.state.mute:
            self.state.mute -= 1
            self.close_connection = True
            return None
        return self._say(status, answer)

    def _body(self) -> bytes:
        n = int(self.headers.get("Content-Length", 0))
        if self.command == "PUT" and self.state.hold:
            self.rfile.read(10)
            self.state.begun.set()
            self.state.hold.wait(20)
        return self.rfile.read(n) if n else b""

    def _say(self, status: int, answer: Any) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if status == 503:
            self.send_header("Retry-After", "2")
        self.end_headers()
        self.wfile.write(data)

    def _answer(self, place: list[str], query: dict[str, str], body: bytes) -> tuple[int, Any]:
        s = self.state
        if place == ["uploads"]:
            if self.command == "GET":
                named = query.get("upload_name")
                return 200, {"data": [u for u in s.uploads.values() if named in (None, u["upload_name"])]}
            if sum(not u["published"] for u in s.uploads.values()) >= 10:
                return 400, {"detail": "Limit of unpublished uploads exceeded for user."}
            s.n_made += 1
            upload_id = f"upload-{s.n_made}"
            new = {"upload_id": upload_id, "upload_name": query["upload_name"], "published": False}
            s.uploads[upload_id] = new | {"process_running": False, "process_status": "READY", "errors": []}
            s.files[upload_id] = {}
            return 200, {"upload_id": upload_id, "data": s.uploads[upload_id]}
        if place[1] not in s.uploads:
            return 404, {"detail": "The specified upload_id was not found."}
        return self._of_upload(s.uploads[place[1]], s.files[place[1]], place[2:], query, body)

    def _of_upload(
        self, upload: dict[str, Any], files: dict[str, bytes], rest: list[str], query: dict[str, str], body: bytes
    ) -> tuple[int, Any]:
        s = self.state
        if rest[:1] == ["raw"]:
            s.n_whole_bodies += 1
            s.bodies.append(body)
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                files.update({n: archive.read(n) for n in archive.namelist() if n != s.short})
            upload["process_status"] = "FAILURE" if s.failing_process else "SUCCESS"
            upload["errors"] = ["no space"] if s.failing_process else []
        if rest[:1] == ["action"]:
            upload["published"] = True
        if rest[:1] == ["entries"]:
            mains = [n for n in sorted(files) if n.endswith(s.main)]
            status = "FAILURE" if s.failing_entry else "SUCCESS"
            page = mains[100 * (int(query["page"]) - 1) :][:100]
            rows = [{"mainfile": n, "process_status": status, "errors": []} for n in page]
            return 200, {"pagination": {"total": len(mains)}, "data": rows}
        if rest[:1] == ["rawdir"]:
            prefix = "/".join([*rest[1:], ""]).lstrip("/")
            there = {n[len(prefix) :]: len(b) for n, b in files.items() if n.startswith(prefix)}
            content = [{"name": n, "is_file": True, "size": b} for n, b in there.items() if "/" not in n]
            return (200, {"directory_metadata": {"content": content}}) if there else (404, {"detail": "no such path"})
        return 200, {"upload_id": upload["upload_id"], "data": upload}
