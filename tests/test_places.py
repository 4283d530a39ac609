"""The cache: of one user, or a folder that several share, each with their own part of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bigdata.data.shared_downloads import put, taken
from bigdata.errors import SiteError
from bigdata.places import cache_folder, is_shared, secrets_folder

# Nobody's numbers; a group that both are in.
ALICE, BOB, GROUP = 54_321, 54_322, 54_320
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BIGDATA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@contextmanager
def acting_as(uid: int, umask: int = 0o022) -> Iterator[None]:
    """Be another user of the group for a while, with an ordinary mask."""
    groups, group, before = os.getgroups(), os.getegid(), os.umask(umask)
    os.setgroups([])
    os.setegid(GROUP)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)
        os.umask(before)


def share(cache: Path, mode: int = 0o2770) -> None:
    """A folder of the group, as its administrator makes it."""
    cache.mkdir()
    os.chown(cache, 0, GROUP)
    cache.chmod(mode)
    for folder in cache.parents:  # those of the tests are closed
        if folder.stat().st_mode & 0o011 != 0o011:
            folder.chmod(0o711)


@pytest.mark.parametrize("umask", [0o002, 0o022, 0o077], ids=oct)
def test_a_cache_that_is_made_here_is_the_users_own_whatever_the_mask(cache: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        assert [cache_folder(), cache_folder()] == [cache, cache]
    finally:
        os.umask(before)
    assert not is_shared(cache)


def test_where_others_may_write_each_user_has_a_folder_that_nobody_else_reads(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir()
    cache.chmod(0o777)
    own = cache_folder()
    assert (own.parent, own.name[:3], own.stat().st_mode & 0o777) == (cache, "of-", 0o700)
    # What a job is told stays what it is there.
    monkeypatch.setenv("BIGDATA_CACHE", str(own))
    assert cache_folder() == own


@as_root
@pytest.mark.parametrize("umask", [0o002, 0o022], ids=oct)
def test_two_users_share_a_cache(cache: Path, umask: int) -> None:
    share(cache)
    found = []
    for uid in (ALICE, BOB, ALICE):
        with acting_as(uid, umask):
            found.append(cache_folder())
            (found[-1] / "spectra").mkdir(exist_ok=True)
    assert found == [cache / f"of-{ALICE}", cache / f"of-{BOB}", cache / f"of-{ALICE}"]
    assert all(own.stat().st_mode & 0o777 == 0o700 for own in found)


@as_root
def test_a_folder_that_another_user_put_in_ones_place_is_refused(cache: Path) -> None:
    share(cache)
    with acting_as(BOB):
        (cache / f"of-{ALICE}").mkdir()
    with acting_as(ALICE), pytest.raises(SiteError) as refused:
        cache_folder()
    assert str(refused.value).startswith(f"{cache}/of-{ALICE} was made by {BOB}, or others may write in it")
    assert "Remove it, or ask its owner to" in str(refused.value)


@as_root
def test_a_link_in_ones_place_is_refused(cache: Path, tmp_path: Path) -> None:
    share(cache)
    with acting_as(BOB):
        (cache / f"of-{ALICE}").symlink_to("/tmp")
    with acting_as(ALICE), pytest.raises(SiteError, match=f"was made by {BOB}"):
        cache_folder()


@as_root
@pytest.mark.parametrize("what", ["a folder", "a folder for all", "a link"])
def test_keys_are_kept_where_nobody_else_can_put_any(what: str, cache: Path) -> None:
    """What lies in a cache since others could write there; it is this user's own now."""
    share(cache, 0o2777)
    with acting_as(ALICE if what == "a folder for all" else BOB, 0):
        (cache / "tls").symlink_to("/tmp") if what == "a link" else (cache / "tls").mkdir(mode=0o777)
    os.chown(cache, ALICE, -1)
    cache.chmod(0o755)
    with acting_as(ALICE), pytest.raises(SiteError, match=f"{cache}/tls was made by .*, or others may write in it"):
        secrets_folder()
    (cache / "tls").unlink() if what == "a link" else (cache / "tls").rmdir()
    with acting_as(ALICE):
        assert secrets_folder().stat().st_mode & 0o777 == 0o700


@as_root
def test_a_cache_that_is_closed_to_a_user_says_whose_it_is(cache: Path) -> None:
    share(cache, 0o755)
    said = f"the cache {cache} belongs to root, and your own folder can't be made in it \\(Permission denied\\)"
    with acting_as(ALICE), pytest.raises(SiteError, match=said):
        cache_folder()


@as_root
@pytest.mark.parametrize("content", [b"good", b"bad"], ids=["the same", "another file"])
def test_a_download_of_another_user_is_taken_as_far_as_its_digest_goes(cache: Path, content: bytes) -> None:
    share(cache)
    digest = hashlib.sha256(b"good").hexdigest()
    with acting_as(BOB):
        (cache / "b").write_bytes(content)
        put(digest, cache / "b")
    with acting_as(ALICE):
        assert taken(digest, cache / "a") == (content == b"good") == (cache / "a").exists()


def test_in_ones_own_cache_nothing_is_kept_twice(cache: Path, tmp_path: Path) -> None:
    cache_folder()
    (tmp_path / "file").write_bytes(b"good")
    put(hashlib.sha256(b"good").hexdigest(), tmp_path / "file")
    assert list(cache.iterdir()) == []
    assert not taken(hashlib.sha256(b"good").hexdigest(), tmp_path / "other")


def test_a_cache_that_cannot_be_made_is_left_to_who_writes_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("BIGDATA_CACHE", str(tmp_path / "file/cache"))
    assert cache_folder() == tmp_path / "file/cache"


def test_the_sentence_is_an_error_of_the_machine(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.mkdir()
    cache.chmod(0o777)
    cache_folder().chmod(0o777)
    with pytest.raises(SiteError, match="others may write in it"):
        cache_folder()
