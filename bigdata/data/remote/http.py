"""Questions over HTTP that outlast what servers do: busy spells, cut connections, bodies that break off.

A question is put again, after growing pauses, when the connection fails, when the server says that it is
busy or broken (408, 425, 429, 5xx), and when an answer that should be JSON isn't. `Retry-After` is kept to.
Headers never get into errors or logs, nor does the query part of an address.
"""

from __future__ import annotations

import json
import logging
import random
import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.exceptions import (
    DecodeError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ResponseError,
    SSLError,
    TimeoutError,
)

from bigdata.errors import SiteError
from bigdata.version import VERSION

LOG = logging.getLogger("bigdata")
MAX_PAUSE_S = 60.0
MAX_RETRY_AFTER_S = 900.0
MAX_BODY = 1 << 30
_BODY_TIMEOUTS = 10
_CHUNK = 1 << 16
_N_SHOWN = 400
# Cloudflare and its like add numbers of their own above 504 that mean the same.
_AGAIN = frozenset({408, 425, 429, *range(500, 600)} - {501, 505})
T = TypeVar("T")
# Only gzip, which urllib3 unpacks without further packages.
_OURS = {"User-Agent": f"bigdata/{VERSION}", "Accept-Encoding": "gzip"}
_WORDS = {
    NameResolutionError: "isn't known to this machine's name server",
    NewConnectionError: "can't be reached",
    TimeoutError: "doesn't answer in time",
    ResponseError: "sends from one address to another without end",
    DecodeError: "packs an answer that can't be unpacked",
}
# urllib3 knows the first three by itself; a server that a redirect leads to must see none of these.
_SECRET_HEADERS = ("Authorization", "Cookie", "Proxy-Authorization", "X-API-KEY", "Upload-Token")


class Refused(SiteError):
    """The server won't answer such a question, however often it is put; `status` is the HTTP status, and `words`
    are the server's own, or ""."""

    def __init__(self, sentence: str, status: int, words: str = "") -> None:
        self.status, self.words = status, words
        super().__init__(sentence)


class Unanswered(SiteError):
    """What was sent had no answer, or one that says to try again: the server may or may not have got it. `after_s` is
    how long it wants to be left alone (None: it doesn't say)."""

    def __init__(self, sentence: str, after_s: float | None) -> None:
        self.after_s = after_s
        super().__init__(sentence)


class _Again(Exception):
    """The question may be put again: why, and how long the server wants to be left alone (None: it doesn't say)."""

    def __init__(self, why: str, after_s: float | None = None) -> None:
        self.after_s = after_s
        super().__init__(why)


class _Question(NamedTuple):
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | Iterable[bytes] | None = None

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc.rpartition("@")[2]

    @property
    def shown(self) -> str:
        return f"{self.method} {urlsplit(self.url)._replace(netloc=self.host, query='', fragment='').geturl()}"


class Client:
    """Puts questions to servers.

    `timeout_s` is waited for a connection and between two pieces of an answer (ten times that for the whole
    of it), `attempts` is how often a question is put, `pause_s` the first pause, doubled each time, and
    `per_second` the most questions in a second.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 60,
        attempts: int = 6,
        pause_s: float = 1.0,
        per_second: float = 10,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._timeout_s, self._attempts, self._pause_s, self._sleep = timeout_s, attempts, pause_s, sleep
        self._spacing_s, self._next_at = 1 / per_second, 0.0
        self._pools: dict[str, urllib3.PoolManager] = {}

    def get(
        self, url: str, params: Mapping[str, str | int] | None = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """The body of the answer; raises Refused, or SiteError when all attempts failed."""
        return self._answer(_Question("GET", _with(url, params), dict(headers or {})), bytes)

    def get_json(
        self, url: str, params: Mapping[str, str | int] | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """The JSON document in the answer; raises as `get` does."""
        accept = {"Accept": "application/json, */*;q=0.1", **(headers or {})}
        return self._answer(_Question("GET", _with(url, params), accept), _document)

    def post_json(self, url: str, body: Any, headers: Mapping[str, str] | None = None) -> Any:
        """The JSON document that answers a JSON document; only for questions, which may be put twice."""
        kind = {"Accept": "application/json", "Content-Type": "application/json"}
        question = _Question("POST", url, {**kind, **(headers or {})}, json.dumps(body).encode())
        return self._answer(question, _document)

    def delete(self, url: str, headers: Mapping[str, str]) -> None:
        """Have something removed; may be put twice."""
        self._answer(_Question("DELETE", url, headers), bytes)

    def send_json(
        self,
        url: str,
        params: Mapping[str, str | int],
        headers: Mapping[str, str],
        body: Iterable[bytes] = (),
        n_bytes: int = 0,
    ) -> Any:
        """The JSON document that answers `n_bytes` of data, sent piece by piece, once.

        Raises Refused as `get` does, and Unanswered where the caller has to look what became of it.
        """
        sized = {"Content-Length": str(n_bytes), "Content-Type": "application/octet-stream", **headers}
        question = _Question("POST", _with(url, params), {"Accept": "application/json", **sized}, body)
        self._keep_the_rate()
        try:
            return _document(self._put(question))
        except _Again as e:
            raise Unanswered(f"{question.host} {e} ({question.shown}).", e.after_s) from None

    def pause(self, attempt: int, after_s: float | None = None) -> None:
        """Wait before something is tried once more: longer each time, and as long as the server wants."""
        self._sleep(max(after_s or 0.0, min(self._pause_s * 2**attempt, MAX_PAUSE_S)))

    def _answer(self, question: _Question, read: Callable[[bytes], T]) -> T:
        if not _is_address(question.url):
            raise SiteError(f"`{question.url}` is no address: one begins with https:// and names a server.")
        why = ""
        for attempt in range(self._attempts):
            self._keep_the_rate()
            try:
                return read(self._put(question))
            except _Again as e:
                why = str(e)
                if attempt + 1 < self._attempts:
                    self._wait(question, e, attempt)
        raise SiteError(_gave_up(question, self._attempts, why))

    def _keep_the_rate(self) -> None:
        now = time.monotonic()
        wait, self._next_at = self._next_at - now, max(now, self._next_at) + self._spacing_s
        if wait > 0:
            self._sleep(wait)

    def _wait(self, question: _Question, e: _Again, attempt: int) -> None:
        if e.after_s is not None and e.after_s > MAX_RETRY_AFTER_S:
            raise SiteError(
                f"{question.host} {e} and wants to be left alone for {e.after_s / 60:.0f} minutes ({question.shown}). "
                "Start again after that: what has come so far is kept."
            )
        # Jitter, so that many clients turned away at once don't come back at once.
        pause = min(self._pause_s * 2**attempt, MAX_PAUSE_S) * random.uniform(0.5, 1.0)
        pause = pause if e.after_s is None else max(e.after_s, pause)
        LOG.info("%s %s; asking again in %.1f s", question.host, e, pause)
        self._sleep(pause)

    def _put(self, question: _Question) -> bytes:
        try:
            response = self._pool(question.url).request(
                question.method,
                question.url,
                body=question.body,
                headers={**_OURS, **question.headers},
                timeout=urllib3.Timeout(connect=self._timeout_s, read=self._timeout_s),
                retries=urllib3.Retry(
                    None, connect=0, read=0, redirect=5, status=0, other=0, remove_headers_on_redirect=_SECRET_HEADERS
                ),
                # Read in pieces below, so that size and time stay bounded.
                preload_content=False,
            )
            try:
                body = self._body(response, question)
            except BaseException:
                response.close()
                raise
            response.release_conn()
        except HTTPError as e:
            raise _failed(question, e) from None
        if response.status == 200:
            return body
        raise _unwilling(question, response, body)

    def _body(self, response: urllib3.BaseHTTPResponse, question: _Question) -> bytes:
        pieces, n_bytes, late = [], 0, time.monotonic() + _BODY_TIMEOUTS * self._timeout_s
        for piece in response.stream(_CHUNK):
            pieces.append(piece)
            n_bytes += len(piece)
            if n_bytes > MAX_BODY:
                raise SiteError(f"{question.host} answers more than {MAX_BODY >> 30} GiB at once ({question.shown}).")
            if time.monotonic() > late:
                raise _Again(f"sends so slowly that {_BODY_TIMEOUTS * self._timeout_s:.0f} s aren't enough")
        return b"".join(pieces)

    def _pool(self, url: str) -> urllib3.PoolManager:
        proxy = _proxy(url)
        if proxy not in self._pools:
            self._pools[proxy] = urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager()
        return self._pools[proxy]


def _proxy(url: str) -> str:
    """The proxy that the environment names for an address; clusters often let nothing out without."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    # A proxy doesn't lead back to this machine.
    if host == "localhost" or host.startswith("127.") or urllib.request.proxy_bypass(host):
        return ""
    return urllib.request.getproxies().get(parts.scheme, "")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _with(url: str, params: Mapping[str, str | int] | None) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(params)}" if params else url


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        shown = body[:60].decode(errors="replace").strip()
        raise _Again(f"answers what isn't JSON: `{shown}`" if shown else "answers nothing") from None


def _failed(question: _Question, e: HTTPError) -> Exception:
    """What a failure below HTTP means: `_Again`, or an error that trying again won't mend."""
    cause: Exception = e.reason if isinstance(e, MaxRetryError) and e.reason else e
    if isinstance(cause, SSLError) and "CERTIFICATE" in str(cause).upper():
        return SiteError(
            f"{question.host} shows a certificate that this machine doesn't trust. "
            "Where a proxy is in between, set SSL_CERT_FILE to the file of its certificates."
        )
    return _Again(_words_for(cause))


def _words_for(cause: Exception) -> str:
    for kind, words in _WORDS.items():
        if isinstance(cause, kind):
            return words
    return "cuts the connection"


def _unwilling(question: _Question, response: urllib3.BaseHTTPResponse, body: bytes) -> Exception:
    words = _without_secrets(server_words(body), question.headers)
    said = f"answers {response.status}" + (f": {words}" if words else f" {response.reason or ''}".rstrip())
    if response.status in _AGAIN:
        return _Again(said, _retry_after(response.headers.get("Retry-After")))
    sentence = f"{question.host} {said.rstrip('.')} ({question.shown}).{_advice(response.status)}"
    return Refused(sentence, response.status, words)


def _advice(status: int) -> str:
    if status in (401, 403):
        return " Check the key or password in the environment, and that it may see this."
    if status in (404, 410):
        return " Check the address."
    return ""


def _retry_after(text: str | None) -> float | None:
    """Seconds from now, of a header that holds seconds or a date."""
    if text is None:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def server_words(body: bytes) -> str:
    """What a server says is wrong, in one line: from the JSON forms in use, or short plain text."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        text = body[: _N_SHOWN + 1].decode(errors="replace").strip()
        # A web page has nothing to say in one line.
        return "" if text.startswith("<") else _line(text)
    return _line(_said(document))


def _said(document: Any) -> str:
    if isinstance(document, list):
        return "; ".join(filter(None, map(_said, document[:3])))
    if not isinstance(document, dict):
        return document if isinstance(document, str) else ""
    # OPTIMADE puts it under `errors`, FastAPI (NOMAD's and the Materials Project's) under `detail`.
    for key in ("errors", "detail", "msg", "message", "error", "title"):
        if words := _said(document.get(key)):
            at = document.get("loc")
            return f"{'.'.join(map(str, at))}: {words}" if isinstance(at, list) else words
    return ""


def _line(text: str) -> str:
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= _N_SHOWN else text[:_N_SHOWN] + "…"


def _without_secrets(words: str, headers: Mapping[str, str]) -> str:
    """A server may repeat the key it was given."""
    for value in headers.values():
        for secret in value.split():
            # Nothing as short as `Bearer` is a key.
            words = words.replace(secret, "…") if len(secret) >= 8 else words
    return words


def _gave_up(question: _Question, attempts: int, why: str) -> str:
    times = "once" if attempts == 1 else f"{attempts} times"
    return (
        f"{question.host} {why.rstrip('.')}; asked {times} ({question.shown}). "
        "Start again later, or where there is a network: what has come so far is kept."
    )
