"""What isn't a plain file of a user's is neither waited for nor shown, wherever a spec or a folder names it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from bigdata.files import NotPlain, open_plain, parsed, read_json, read_plain
from tests.bench import Bench

SECRET = "my-secret-key"


def _socket(path: Path) -> None:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.close()


def _key(path: Path) -> None:
    """A link that is named as a spec, to a key that isn't."""
    key = path.parent / "id_ed25519"
    key.touch(0o600)
    key.write_text(f"{SECRET}:\n  - 1\n")
    path.symlink_to(key)


STRANGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe": (os.mkfifo, "is a pipe, and no plain file"),
    "a socket": (_socket, "is a socket, and no plain file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "is a device, and no plain file"),
    "the passwords": (lambda path: path.symlink_to("/etc/shadow"), "is a file of the system's"),
    "the users": (lambda path: path.symlink_to("/etc/passwd"), "is a file of the system's"),
    "the environment": (lambda path: path.symlink_to("/proc/self/environ"), "is a file of the system's"),
}


@pytest.mark.parametrize("case", [*STRANGE, "a key"])
@pytest.mark.parametrize("role", ["spec", "parent"])
def test_a_spec_is_a_plain_file_of_a_user(role: str, case: str, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    make, said = (STRANGE | {"a key": (_key, "is private, and no spec by its name")})[case]
    monkeypatch.chdir(bench.folder)  # a socket's path is short
    make(Path("other.yaml"))
    spec = bench.write("a.yaml", {"study": "trial", "name": "t", "extends": "other.yaml"})
    done = bench.bigdata("validate", "other.yaml" if role == "spec" else spec)
    assert done.returncode == 2
    assert said in done.stdout + done.stderr
    _shows_nothing(done.stdout + done.stderr)


@pytest.mark.parametrize("form", ["", "jsonl", "csv", "npz"])
@pytest.mark.parametrize("case", STRANGE)
def test_data_are_a_plain_file_of_a_users(case: str, form: str, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    make, said = STRANGE[case]
    monkeypatch.chdir(bench.folder)
    make(Path("data.csv"))
    data = {"file": "data.csv"} | ({"format": form} if form else {})
    done = bench.bigdata("plan", bench.write("a.yaml", {"study": "similarity", "name": "t", "dataset": data}))
    assert done.returncode == 2
    assert said in done.stderr
    _shows_nothing(done.stderr)


def _shows_nothing(text: str) -> None:
    assert not any(word in text for word in (SECRET, "root:", "/bin/", "PATH=", "Traceback"))


def test_a_private_spec_is_read_under_a_specs_name(bench: Bench) -> None:
    spec = bench.trial()
    spec.chmod(0o600)
    assert bench.bigdata("validate", spec).returncode == 0
    nameless = spec.rename(bench.folder / "trial")
    assert "Name it such as `trial.yaml` if it is one" in bench.bigdata("validate", nameless).stderr
    nameless.chmod(0o644)
    assert bench.bigdata("validate", nameless).returncode == 0


def test_a_file_is_read_as_far_as_it_may_go(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"[1]\n")
    assert read_plain(path, 4) == b"[1]\n"
    assert read_json(path) == [1]
    with pytest.raises(NotPlain, match="is larger than 3 bytes"):
        read_plain(path, 3)


def test_a_link_is_followed_where_nothing_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "link").symlink_to("a")
    with open_plain(tmp_path / "link") as file:
        assert file.read() == b"x"
    with pytest.raises(NotPlain, match="is a link"):
        open_plain(tmp_path / "link", links=False)


@pytest.mark.parametrize("text", [b"[" * 100_000, b"\xff", b"secret", b"1" * 5000])
def test_json_that_is_none_says_so_without_its_text(text: bytes) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - whichever words Python has for it
        parsed(text)
    assert "secret" not in str(error.value)
