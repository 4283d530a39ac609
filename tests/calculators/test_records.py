"""Whether Fortran's files of records are whole."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from bigdata.calculators.records import is_whole


def records(*lengths: int) -> bytes:
    return b"".join(struct.pack("<i", n) + bytes(n) + struct.pack("<i", n) for n in lengths)


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        pytest.param(records(8, 0, 1000), True, id="whole"),
        pytest.param(b"", False, id="empty"),
        pytest.param(records(8, 1000)[:-1], False, id="cut in its last mark"),
        pytest.param(records(8, 1000)[:-400], False, id="cut in a record"),
        pytest.param(records(8)[:-4] + records(8), False, id="marks that differ"),
        pytest.param(b"\x07" * 800, False, id="of other bytes"),
    ],
)
def test_fortran_files_are_whole_where_their_records_are(tmp_path: Path, data: bytes, whole: bool) -> None:
    (tmp_path / "STATE.OUT").write_bytes(data)
    assert is_whole(tmp_path / "STATE.OUT") == whole
