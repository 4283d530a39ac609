"""Where a dataset's files are taken from, and downloads from a server on loopback."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import socket
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bigdata.data import DataProblem
from bigdata.data.fetch import home, located, recorded
from bigdata.data.registry import Mirrored, Registered, Source, names, registered
from bigdata.errors import SiteError, VerificationFailed
from tests.loopback import Reply, Scripted, busy, cut

TEXT = b"formula,gap\nMgO,4.5\n"
MIRROR = os.environ.get("BIGDATA_MIRROR", "")
SHA256 = hashlib.sha256(TEXT).hexdigest()

pytestmark = pytest.mark.usefixtures("no_mirror")


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted(Reply(TEXT)) as server:
        yield server


@pytest.fixture
def entry(server: Scripted) -> Registered:
    """A dataset of one file, which the server has."""
    source = Source(
        url=f"{server.url}/data/gaps.csv", file="gaps.csv", reader="csv", sha256=SHA256, names={"gap": "band_gap"}
    )
    return Registered(
        name="small-gaps",
        kind="materials",
        title="Gaps",
        reader="csv",
        n_entries=1,
        licence="CC0",
        citation="Nobody.",
        fields={},
        sources=(source,),
    )


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bytes], Path]:
    """Put a file into a mirror."""
    monkeypatch.setenv("BIGDATA_MIRROR", str(tmp_path / "mirror"))

    def put(name: str, text: bytes = TEXT) -> Path:
        path = tmp_path / "mirror" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
        return path

    return put


def changed(entry: Registered, **more: object) -> Registered:
    """The dataset with another source."""
    return with_sources(entry, entry.sources[0].model_copy(update=more))


def with_sources(entry: Registered, *sources: Source) -> Registered:
    """The dataset with other sources."""
    return entry.model_copy(update={"sources": sources})


def test_a_shipped_dataset_is_in_the_package():
    entry = registered("hbn-dos-gpaw")
    assert located(entry) == [(entry.path, "jsonl", {})]
    assert (home(entry), entry.path.is_file()) == ("package", True)


def test_a_download_is_kept_and_not_repeated(entry, server, own_cache):
    assert home(entry) == "web"
    (file,) = located(entry)
    assert (file.path, file.reader, file.names) == (
        own_cache / "downloads" / "small-gaps" / "gaps.csv",
        "csv",
        {"gap": "band_gap"},
    )
    assert file.path.read_bytes() == TEXT
    assert (located(entry), home(entry), len(server.asked)) == ([file], "cache", 1)


def test_a_mirror_comes_before_the_cache_and_the_web(entry, server, mirror):
    located(entry)
    path = mirror("tables/small.csv")
    prepared = Mirrored(file="tables/small.csv", reader="csv", sha256=SHA256)
    entry = entry.model_copy(update={"mirror": (prepared,)})
    assert (home(entry), located(entry)[0].path) == ("mirror", path)


def test_originals_in_the_mirror_s_folder_count_too(entry, server, mirror):
    path = mirror("small_gaps/gaps.csv")
    assert (home(entry), located(entry)[0].path, server.asked) == ("mirror", path, [])


def test_a_mirror_without_the_file_is_passed_over(entry, server, mirror):
    mirror("small_gaps/other.csv")
    assert located(entry)[0].path.read_bytes() == TEXT
    assert len(server.asked) == 1


def test_a_changed_file_in_the_mirror_is_refused(entry, mirror):
    path = mirror("small_gaps/gaps.csv", TEXT + b"x")
    found = hashlib.sha256(TEXT + b"x").hexdigest()
    with pytest.raises(VerificationFailed, match=rf"{path} isn't the file .* {found}, not {SHA256}") as raised:
        located(entry)
    assert raised.value.exit_code == 7


def test_several_files_keep_their_order(entry, server):
    (whole,) = entry.sources
    parts = [whole.model_copy(update={"file": f"{part}.csv"}) for part in ("val", "test")]
    found = located(with_sources(entry, *parts))
    assert [file.path.name for file in found] == ["val.csv", "test.csv"]


def test_an_unknown_digest_is_recorded_and_said(entry, caplog):
    caplog.set_level(logging.INFO, "bigdata")
    entry = changed(entry, sha256="")
    located(entry)
    assert recorded(entry) == {"gaps.csv": SHA256}
    assert f"that of this download is recorded: sha256 {SHA256}" in caplog.text


def test_a_later_download_that_differs_from_the_record_is_refused(entry, server, own_cache):
    entry = changed(entry, sha256="")
    (file,) = located(entry)
    file.path.unlink()
    server.script = [Reply(b"other")]
    other = hashlib.sha256(b"other").hexdigest()
    with pytest.raises(VerificationFailed, match=f"{other}, recorded at the first download.*is {SHA256}"):
        located(entry)
    assert not file.path.exists()
    assert recorded(entry) == {"gaps.csv": SHA256}


def test_a_download_that_differs_from_the_registered_digest_is_refused(entry, server, own_cache):
    server.script = [Reply(b"other")]
    with pytest.raises(VerificationFailed, match=f"registered is {SHA256}"):
        located(entry)
    assert home(entry) == "web"


def test_a_cut_connection_leaves_nothing_half_and_is_tried_again(entry, server, own_cache):
    slept: list[float] = []
    server.faults = [cut, busy]
    assert located(entry, sleep=slept.append)[0].path.read_bytes() == TEXT
    assert (slept, len(server.asked)) == ([1.0, 2.0], 3)
    assert [path.name for path in (own_cache / "downloads" / "small-gaps").iterdir()] == ["gaps.csv"]


def test_a_connection_cut_each_time_leaves_nothing(entry, server, own_cache):
    server.faults = [cut] * 4
    with pytest.raises(SiteError, match="the connection was cut"):
        located(entry, sleep=lambda _: None)
    assert list((own_cache / "downloads").iterdir()) == []


def test_a_missing_original_is_said_at_once(entry, server):
    server.script = [Reply(b"", 404)]
    with pytest.raises(SiteError, match="the server answers 404 Not Found") as raised:
        located(entry, sleep=lambda _: None)
    assert len(server.asked) == 1
    assert "set BIGDATA_MIRROR to a folder that holds small_gaps/gaps.csv" in str(raised.value)


def test_a_server_that_never_answers_is_given_up(entry, server, monkeypatch):
    monkeypatch.setattr("bigdata.data.fetch.TIMEOUT_S", 0.1)
    server.script = [Reply(b"", delay_s=0.3)]
    with pytest.raises(SiteError, match="doesn't answer in time"):
        located(entry, sleep=lambda _: None)
    assert len(server.asked) == 4


def test_no_network_says_what_to_do(entry):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        entry = changed(entry, url=f"http://127.0.0.1:{held.getsockname()[1]}/gaps.csv")
        with pytest.raises(SiteError, match=r"can't be reached .*`bigdata datasets fetch small-gaps`"):
            located(entry, sleep=lambda _: None)


def test_a_dataset_of_a_mirror_only_says_so(mirror):
    with pytest.raises(DataProblem, match=r"comes from a mirror\. Set BIGDATA_MIRROR .* nomad2018_algainO/structures"):
        located(registered("nomad2018-algainO"))
    assert home(registered("nomad2018-algainO")) == "nowhere"


def packed(*members: str) -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w") as archive:
            for name in members:
                archive.writestr(name, TEXT)
        return file.getvalue()


def test_the_member_wanted_is_taken_out_of_an_archive(entry, server):
    server.script = [Reply(packed("readme", "folder/gaps.csv"))]
    entry = changed(entry, sha256="", file="gaps.zip", member="gaps.csv")
    (file,) = located(entry)
    assert (file.path.name, file.path.read_bytes()) == ("gaps.csv", TEXT)
    assert [path.name for path in file.path.parent.iterdir()] == ["gaps.csv"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [(packed("readme"), "holds no gaps.csv; it holds readme"), (b"PKxx", "isn't a zip archive")],
    ids=["another archive", "no archive"],
)
def test_an_archive_without_the_member_is_refused(entry, server, body, sentence):
    server.script = [Reply(body)]
    with pytest.raises(SiteError, match=sentence):
        located(changed(entry, sha256="", file="gaps.zip", member="gaps.csv"))
    assert recorded(entry) == {}


@pytest.mark.parametrize(
    ("status", "body", "what"), [(200, b"\n<!DOCTYPE html><p>Log in", "a web page"), (202, b"", "nothing")]
)
def test_a_page_in_place_of_the_file_is_not_kept(entry, server, status, body, what):
    server.script = [Reply(body, status)]
    entry = changed(entry, sha256="")
    with pytest.raises(SiteError, match=f"answers with {what} in place of gaps.csv"):
        located(entry)
    assert (home(entry), recorded(entry)) == ("web", {})


def test_progress_ends_at_the_whole(entry):
    told: list[tuple[int, int | None]] = []
    located(entry, lambda n, total: told.append((n, total)))
    assert told[-1] == (len(TEXT), len(TEXT))


def test_a_cache_that_cannot_be_written_is_said(entry, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("BIGDATA_CACHE", str(tmp_path / "file"))
    with pytest.raises(SiteError, match="BIGDATA_CACHE"):
        located(entry)


@pytest.mark.parametrize("name", [name for name in names() if registered(name).mirror])
def test_the_mirror_on_this_machine_holds(name, monkeypatch):
    if not MIRROR:
        pytest.skip("BIGDATA_MIRROR isn't set: the mirrored datasets aren't on this machine")
    monkeypatch.setenv("BIGDATA_MIRROR", MIRROR)
    assert home(registered(name)) == "mirror"
    assert all(file.path.is_file() for file in located(registered(name)))
