"""Uploads to a server that answers as NOMAD documents, and that fails as servers do."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from threading import Event

import pytest

from bigdata.archives.limits import in_words
from bigdata.archives.nomad import Journal, Nomad
from bigdata.archives.parts import Part, parts_of
from bigdata.archives.zipped import n_zip_bytes, text_member, zip_stream
from bigdata.data.remote.http import Client
from bigdata.errors import PlanRefused, SiteError, VerificationFailed
from bigdata.store.folder import RunFolder
from bigdata.store.packs import PackWriter, TaskPack
from tests.archives.server import TOKEN, Stand, served


@pytest.fixture
def stand() -> Iterator[Stand]:
    with served() as stand:
        yield stand


def packs(folder: Path, n: int = 3) -> list[tuple[str, TaskPack]]:
    run = RunFolder(folder)
    for i in range(n):
        (folder / "INFO.OUT").write_bytes(b"energy %d\n" % i * 1000)
        (folder / "noise").write_bytes(hashlib.sha512(b"%d" % i).digest() * 8)
        writer = PackWriter(run.pack("calculate", i), print)
        writer.add(folder / "INFO.OUT")
        writer.add(folder / "noise", "scf/noise")
        writer.finish()
    return [(f"calculate/{i}", TaskPack(run, "calculate", i)) for i in range(n)]


def nomad(stand: Stand, slept: list[float] | None = None, token: str = TOKEN) -> Nomad:
    sleep = ([] if slept is None else slept).append
    return Nomad(stand.url, token, Client(per_second=1e6, pause_s=0.01, sleep=sleep), sleep=sleep)


def sent(stand: Stand, folder: Path) -> tuple[Part, Journal]:
    (part,) = parts_of(packs(folder))
    journal = Journal(folder / "uploads.jsonl")
    nomad(stand).send(part, "name", {"comment": "ours"}, journal)
    return part, journal


def test_the_stream_is_a_zip_of_the_length_said_before_with_the_packs_own_files(tmp_path: Path) -> None:
    (part,) = parts_of(packs(tmp_path))
    folders, text = part.folders(), text_member("nomad.json", "{}")
    data = b"".join(zip_stream([text], folders))
    assert len(data) == n_zip_bytes([text, *(m for f in folders for m in f.members)])
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert archive.testzip() is None
        expected = {f"{name}/{file}": pack[file] for name, pack in part.tasks for file in pack} | {"nomad.json": b"{}"}
        assert {name: archive.read(name) for name in archive.namelist()} == expected
    (tmp_path / "a.zip").write_bytes(data)
    subprocess.run(["unzip", "-tq", tmp_path / "a.zip"], check=True)


def test_each_task_is_in_one_upload_and_none_is_too_large(tmp_path: Path) -> None:
    largest = 10**6 + 25_000
    parts = parts_of(packs(tmp_path, 5), largest)
    assert [[name for name, _ in part.tasks] for part in parts] == [
        ["calculate/0", "calculate/1"],
        ["calculate/2", "calculate/3"],
        ["calculate/4"],
    ]
    assert [part.n_files for part in parts] == [4, 4, 2]
    # Unpacked they are more than as zips: 1,000 lines of 9 bytes, and 512 bytes that don't compress.
    assert [part.n_bytes for part in parts] == [2 * 9_512, 2 * 9_512, 9_512]


def test_a_task_above_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanRefused, match="calculate/0 are 9,512 bytes, and an upload takes 1,000,100 at most"):
        parts_of(packs(tmp_path, 1), 10**6 + 100)


def test_the_papers_8_1_terabytes_are_254_uploads_in_26_rounds() -> None:
    assert in_words(-(-8_100_000_000_000 // 32_000_000_000)) == (
        "254 uploads of at most 32 GB in 26 rounds of 10 unpublished"
    )


def test_files_arrive_once_and_are_verified_and_hashed(stand: Stand, tmp_path: Path) -> None:
    part, journal = sent(stand, tmp_path)
    assert journal[part.digest]["state"] == "verified"
    assert journal[part.digest]["sha256"] == hashlib.sha256(stand.bodies[0]).hexdigest()
    assert journal[part.digest]["bytes"] == len(stand.bodies[0])
    sent(stand, tmp_path)
    assert (stand.n_made, stand.n_whole_bodies) == (1, 1)


@pytest.mark.parametrize("fault", ["busy", "cut", "mute"])
def test_what_passes_is_outlasted_and_nothing_is_sent_twice(stand: Stand, tmp_path: Path, fault: str) -> None:
    setattr(stand, fault, 2)
    sent(stand, tmp_path)
    assert (stand.n_made, stand.n_whole_bodies) == (1, 1)


def test_a_busy_server_is_left_alone_as_long_as_it_says(stand: Stand, tmp_path: Path) -> None:
    stand.busy, slept = 1, list[float]()
    (part,) = parts_of(packs(tmp_path))
    nomad(stand, slept).send(part, "name", {}, Journal(tmp_path / "j"))
    assert max(slept) == 2.0


def test_a_lost_upload_is_made_anew(stand: Stand, tmp_path: Path) -> None:
    part, _ = sent(stand, tmp_path)
    stand.uploads.clear()
    sent(stand, tmp_path)
    assert Journal(tmp_path / "uploads.jsonl")[part.digest]["upload_id"] == "upload-2"
    assert stand.n_whole_bodies == 2


def test_a_wrong_token_is_one_sentence_without_the_token(stand: Stand, tmp_path: Path) -> None:
    (part,) = parts_of(packs(tmp_path))
    with pytest.raises(SiteError, match=r"answers 401.*key or password") as error:
        nomad(stand, token="wrong-token-of-tests").send(part, "name", {}, Journal(tmp_path / "j"))
    assert "wrong-token" not in str(error.value)


@pytest.mark.parametrize(
    ("fault", "value", "words"),
    [
        ("failing_process", True, "couldn't process upload upload-1: no space"),
        ("failing_entry", True, "entry of calculate/0/INFO.OUT in upload-1 failed"),
        ("short", "calculate/1/INFO.OUT", "lacks or has other bytes in calculate/1/INFO.OUT"),
    ],
)
def test_what_nomad_has_wrong_is_said_and_not_called_verified(
    stand: Stand, tmp_path: Path, fault: str, value: object, words: str
) -> None:
    setattr(stand, fault, value)
    with pytest.raises(VerificationFailed, match=words):
        sent(stand, tmp_path)
    (part,) = parts_of(packs(tmp_path))
    assert Journal(tmp_path / "uploads.jsonl")[part.digest]["state"] == "sent"


def test_publishing_is_noted_and_not_done_twice(stand: Stand, tmp_path: Path) -> None:
    part, journal = sent(stand, tmp_path)
    stand.mute = 1
    nomad(stand).publish(part, 3, journal)
    assert journal[part.digest]["state"] == "published"
    assert stand.uploads["upload-1"]["published"]


def test_an_uploader_that_is_killed_while_sending_goes_on_with_its_upload(stand: Stand, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tests.archives.test_nomad import *\n"
        "stand = Stand(url=sys.argv[1]); sent(stand, Path(sys.argv[2]))"
    )
    stand.hold = Event()
    killed = subprocess.Popen([sys.executable, "-c", script, stand.url, str(tmp_path)])
    assert stand.begun.wait(30)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    stand.hold.set()
    stand.hold = None
    part, journal = sent(stand, tmp_path)
    assert journal[part.digest]["upload_id"] == "upload-1"
    assert stand.n_made == 1
