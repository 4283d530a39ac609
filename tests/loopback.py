"""An HTTP server on loopback that answers as a test says, and fails as a test says."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import NamedTuple, Self


class Question(NamedTuple):
    """What was asked: `path` with the query part."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Reply(NamedTuple):
    """What is answered. `cut_at`: break off after so many bytes; `delay_s`: wait before answering."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = {}  # noqa: RUF012
    cut_at: int | None = None
    delay_s: float = 0.0


# What does without a reply writes to the connection itself.
Answer = Reply | Callable[[BaseHTTPRequestHandler], None]
Fault = Callable[[Reply], Answer]


class Loopback:
    """Answers with `respond`; each of `faults` spoils one answer, in order, None spoiling none. `asked` is kept."""

    def __init__(self, respond: Callable[[Question], Answer]) -> None:
        self.respond = respond
        self.faults: list[Fault | None] = []
        self.asked: list[Question] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server._give(self, Question(self.command, self.path, dict(self.headers), body))

            do_GET = do_POST = do_DELETE = _answer

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def _give(self, handler: BaseHTTPRequestHandler, question: Question) -> None:
        self.asked.append(question)
        reply = self.respond(question)
        fault = self.faults.pop(0) if self.faults else None
        reply = fault(reply) if fault else reply
        if callable(reply):
            return reply(handler)
        self._closing.wait(reply.delay_s)
        # The client may have hung up while it waited.
        with contextlib.suppress(ConnectionError):
            self._send(handler, reply)

    @staticmethod
    def _send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        handler.send_response(reply.status)
        for name, value in ({"Content-Length": str(len(reply.body))} | reply.headers).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(reply.body[: reply.cut_at])
        if reply.cut_at is not None:
            handler.wfile.flush()
            handler.connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, at: TracebackType | None) -> None:
        self._closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class Scripted(Loopback):
    """Gives the answers of `script` one after the other, the last for ever."""

    def __init__(self, *script: Answer) -> None:
        super().__init__(lambda question: self.script.pop(0) if len(self.script) > 1 else self.script[0])
        self.script = list(script)


def busy(reply: Reply) -> Reply:
    """503, as rate limits are told."""
    return Reply(b"<html>busy</html>", 503)


def busy_for_a_second(reply: Reply) -> Reply:
    """429 with the pause that the server wants."""
    return Reply(b"", 429, {"Retry-After": "1"})


def cut(reply: Reply) -> Reply:
    """The connection breaks in the middle of the answer."""
    return reply._replace(cut_at=len(reply.body) // 2)


def slam(reply: Reply) -> Answer:
    """The connection breaks before the answer."""
    return lambda handler: handler.connection.shutdown(socket.SHUT_RDWR)


def slow(reply: Reply) -> Reply:
    """The answer comes later than anyone waits."""
    return reply._replace(delay_s=0.6)


def db_fail(reply: Reply) -> Reply:
    """AFLOW's word for trouble, with status 200."""
    return Reply(b"DB Fail!null")
