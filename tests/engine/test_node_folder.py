"""What workers leave on a node is removed: at once where they can, else by who comes next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bigdata.engine.node_folder import NodeFolder, remove_left
from tests.bench import ROOT, until

HOLD = (
    "from bigdata.engine.node_folder import NodeFolder\nfolder = NodeFolder()\nprint(folder.path, flush=True)\ninput()"
)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """TMPDIR, for this process and those that it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


def test_a_folder_goes_when_it_is_left(place: Path) -> None:
    with NodeFolder() as path:
        (Path(path) / "scratch").mkdir()
        assert list(place.iterdir()) == [Path(path)]
    assert not list(place.iterdir())


def test_the_next_removes_what_the_dead_left_and_nothing_of_the_living(place: Path) -> None:
    held = subprocess.Popen([sys.executable, "-c", HOLD], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert held.stdout
    path = Path(held.stdout.readline().decode().strip())
    others = place / "bigdata-notes"
    others.mkdir()
    (path / "scratch").mkdir()
    with NodeFolder():
        remove_left()
        assert (path / "scratch").is_dir()
    held.kill()
    held.communicate()
    with NodeFolder():
        until(lambda: not path.exists(), 5)
    assert list(place.iterdir()) == [others]


@pytest.mark.parametrize("is_link", [False, True])
def test_what_others_put_there_is_neither_waited_for_nor_followed(is_link: bool, place: Path) -> None:
    """TMPDIR is everybody's."""
    other = place / "bigdata-other"
    other.mkdir()
    mine = place / "mine"
    mine.touch()
    (other / "alive").symlink_to(mine) if is_link else os.mkfifo(other / "alive")
    remove_left()
    assert other.is_dir()
