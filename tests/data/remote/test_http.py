"""The HTTP client against a server on loopback that misbehaves on purpose."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler

import pytest

from bigdata.data.remote.http import Client, Refused
from bigdata.errors import SiteError
from tests.loopback import Reply, Scripted, cut, slam

GOOD = Reply(b'{"n": 1}', 200, {"Content-Type": "application/json"})
SECRET = "k3y-that-nobody-may-see"


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted(GOOD) as server:
        yield server


@pytest.fixture
def client(slept: list[float]) -> Client:
    return Client(timeout_s=2, attempts=4, pause_s=1, per_second=1e6, sleep=slept.append)


def test_parameters_join_those_of_the_address(server, client):
    assert client.get_json(f"{server.url}/a?x=1", {"y": "B N", "z": 2}) == {"n": 1}
    assert server.asked[0][:2] == ("GET", "/a?x=1&y=B+N&z=2")


def test_a_document_is_posted_as_json(server, client):
    assert client.post_json(f"{server.url}/q", {"elements": ["B"]}, {"Authorization": "Bearer x"}) == {"n": 1}
    method, _, headers, body = server.asked[0]
    assert (method, json.loads(body)) == ("POST", {"elements": ["B"]})
    assert (headers["Content-Type"], headers["Authorization"]) == ("application/json", "Bearer x")


def test_packed_answers_are_unpacked(server, client):
    server.script = [Reply(gzip.compress(b'{"n": 2}'), 200, {"Content-Encoding": "gzip"})]
    assert client.get_json(server.url) == {"n": 2}


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 524])
def test_a_busy_server_is_asked_again_after_growing_pauses(server, client, slept, status):
    server.script = [Reply(b"", status), Reply(b"", status), GOOD]
    assert client.get_json(server.url) == {"n": 1}
    assert 0.5 <= slept[0] <= 1 <= slept[1] <= 2


@pytest.mark.parametrize("broken", [cut, slam], ids=["in the middle", "at once"])
def test_a_cut_connection_is_asked_again(server, client, broken):
    server.faults = [broken, broken]
    assert client.get_json(server.url) == {"n": 1}


def test_what_is_not_json_is_asked_again_then_shown(server, client):
    server.script = [Reply(b"DB Fail!null"), GOOD]
    assert client.get_json(server.url) == {"n": 1}
    server.script = [Reply(b"DB Fail!null")]
    with pytest.raises(SiteError, match=r"answers what isn't JSON: `DB Fail!null`; asked 4 times"):
        client.get_json(server.url)


def test_retry_after_in_seconds_is_kept_to(server, client, slept):
    server.script = [Reply(b"", 429, {"Retry-After": "7"}), GOOD]
    client.get_json(server.url)
    assert slept == [7.0]


def test_retry_after_as_a_date_is_kept_to(server, client, slept):
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    server.script = [Reply(b"", 503, {"Retry-After": at}), GOOD]
    client.get_json(server.url)
    assert 28 < slept[0] <= 30


def test_retry_after_that_makes_no_sense_is_passed_over(server, client, slept):
    server.script = [Reply(b"", 503, {"Retry-After": "soon"}), GOOD]
    client.get_json(server.url)
    assert slept[0] <= 1


def test_a_server_that_wants_hours_is_not_waited_for(server, client, slept):
    server.script = [Reply(b"", 429, {"Retry-After": "7200"})]
    with pytest.raises(SiteError, match=r"left alone for 120 minutes .* what has come so far is kept"):
        client.get_json(server.url)
    assert (slept, len(server.asked)) == ([], 1)


def test_a_refusal_is_not_repeated_and_shows_the_server_s_words(server, client):
    server.script = [Reply(b'{"errors": [{"detail": "unknown field _x_y"}]}', 400)]
    with pytest.raises(Refused, match=r"answers 400: unknown field _x_y \(GET http://127") as raised:
        client.get_json(f"{server.url}/v1/structures", {"filter": "x"})
    assert (raised.value.status, raised.value.exit_code, len(server.asked)) == (400, 4, 1)
    assert "filter" not in str(raised.value)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"detail": "no such entry"}', "no such entry"),
        (b'{"detail": [{"loc": ["body", "query"], "msg": "is missing"}]}', "body.query: is missing"),
        (b'{"message": "limit reached"}', "limit reached"),
        (b"plain\nwords\x1b[31m", "plain words [31m"),
        (b"<html>oops</html>", "Bad Request"),
        (b'{"detail": {"a": 1}}', "Bad Request"),
    ],
)
def test_the_server_s_words_are_found_in(server, client, body, words):
    server.script = [Reply(body, 400)]
    with pytest.raises(Refused) as raised:
        client.get(server.url)
    assert f"answers 400: {words} (" in str(raised.value) or f"answers 400 {words} (" in str(raised.value)


def test_secrets_stay_out_of_errors_and_logs(server, client, caplog):
    caplog.set_level(logging.DEBUG)
    server.script = [Reply(b"", 503), Reply(f"bad key {SECRET}".encode(), 403)]
    with pytest.raises(Refused, match="Check the key") as raised:
        client.get(f"{server.url}/x?token={SECRET}", headers={"X-API-KEY": SECRET})
    assert SECRET not in str(raised.value)
    assert SECRET not in "".join(r.getMessage() for r in caplog.records if r.name == "bigdata")
    assert "asking again" in caplog.text


def test_a_key_does_not_follow_to_another_host(server, client):
    server.script = [Reply(b"", 302, {"Location": server.url.replace("127.0.0.1", "localhost") + "/there"}), GOOD]
    client.get_json(server.url, headers={"X-API-KEY": SECRET})
    assert [("X-API-KEY" in headers) for _, _, headers, _ in server.asked] == [True, False]


def test_redirects_without_end_are_given_up(server, client):
    server.script = [Reply(b"", 302, {"Location": "/again"})]
    with pytest.raises(SiteError, match="from one address to another without end"):
        client.get(server.url)


def test_giving_up_names_host_status_and_question(server, client, slept):
    server.script = [Reply(b'{"detail": "resting"}', 503)]
    with pytest.raises(SiteError) as raised:
        client.get_json(f"{server.url}/API/aflux/", {"a": 1})
    host = server.url.removeprefix("http://")
    assert f"{host} answers 503: resting; asked 4 times (GET {server.url}/API/aflux/)" in str(raised.value)
    assert len(slept) == 3


def test_nobody_listening_is_said(client):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(SiteError, match="can't be reached; asked 4 times"):
            client.get(f"http://127.0.0.1:{held.getsockname()[1]}/")


def test_silence_ends_at_the_time_limit(server):
    server.script = [Reply(b"", delay_s=0.5)]
    with pytest.raises(SiteError, match="doesn't answer in time; asked once"):
        Client(timeout_s=0.1, attempts=1).get(server.url)


def test_a_trickle_ends_too(server):
    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000000")
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b" " * 70000)
                time.sleep(0.02)
        except OSError:
            pass

    server.script = [trickle]
    start = time.monotonic()
    with pytest.raises(SiteError, match="sends so slowly"):
        Client(timeout_s=0.05, attempts=1).get(server.url)
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("url", ["nonsense", "file:///etc/passwd", "http://", "http://[::", "http://h:x/"])
def test_what_is_no_address_is_said_at_once(client, slept, url):
    with pytest.raises(SiteError, match="is no address: one begins with https:// and names a server"):
        client.get(url)
    assert slept == []


def test_questions_keep_their_distance(server, slept):
    client = Client(per_second=2, sleep=slept.append)
    for _ in range(3):
        client.get(server.url)
    assert slept == [pytest.approx(0.5, abs=0.1), pytest.approx(1.0, abs=0.1)]
