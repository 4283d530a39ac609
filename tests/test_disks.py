"""Errors that come of a full disk, and those that don't."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bigdata.disks import is_full, no_room
from tests.disk import small_disk


def test_numpy_on_a_full_disk_is_understood(tmp_path: Path) -> None:
    """It gives the error no number."""
    with small_disk(tmp_path / "disk", "100k") as disk:
        with pytest.raises(OSError) as error:  # noqa: PT011 - what it says is looked at next
            np.save(disk / "array.npy", np.zeros(100_000))
        assert error.value.errno is None
        assert is_full(error.value)
        said = no_room(error.value, disk)
    assert said.startswith(
        f"there is no room on the file system of {tmp_path / 'disk'}, mounted at {tmp_path / 'disk'} ("
    )
    assert said.endswith("): No space left on device")


def test_a_file_that_is_not_there_is_no_full_disk() -> None:
    with pytest.raises(FileNotFoundError) as error:
        Path("/nowhere/file").read_text()
    assert not is_full(error.value)
