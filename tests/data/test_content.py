"""A file is known again by what it holds."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from bigdata.data.content import sha256


def test_a_files_digest_is_what_sha256sum_prints(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\n")
    assert sha256(tmp_path / "a") == hashlib.sha256(b"one\n").hexdigest()


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\n")
    before = sha256(tmp_path / "a")
    (tmp_path / "a").write_bytes(b"two\n")
    os.utime(tmp_path / "a", ns=(1, 1))
    assert sha256(tmp_path / "a") != before
