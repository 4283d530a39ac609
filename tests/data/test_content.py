"""A file or folder is known again by what it holds."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from bigdata.data.content import content_digest, n_bytes


def test_a_files_digest_is_what_sha256sum_prints(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\n")
    assert content_digest(tmp_path / "a") == hashlib.sha256(b"one\n").hexdigest()
    assert n_bytes(tmp_path / "a") == 4


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\n")
    before = content_digest(tmp_path / "a")
    (tmp_path / "a").write_bytes(b"two\n")
    os.utime(tmp_path / "a", ns=(1, 1))
    assert content_digest(tmp_path / "a") != before


def test_a_folder_is_its_names_and_contents_without_hidden_files(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder / "below").mkdir(parents=True)
        (tmp_path / folder / "below/b").write_text("b")
        (tmp_path / folder / "a").write_text("a")
    (tmp_path / "two/.hidden").write_text("x")
    (tmp_path / "two/.git").mkdir()
    (tmp_path / "two/.git/config").write_text("x")
    one, two = tmp_path / "one", tmp_path / "two"
    assert content_digest(one) == content_digest(two)
    assert n_bytes(one) == n_bytes(two) == 2
    (two / "a").rename(two / "c")
    assert content_digest(one) != content_digest(two)
