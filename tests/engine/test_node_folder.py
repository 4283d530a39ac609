"""What workers leave on a node is removed: at once where they can, else by who comes next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bigdata.engine.node_folder import NodeFolder, remove_left
from bigdata.engine.semaphores import PLACE
from tests.bench import ROOT, all_gone, until

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


def test_a_folder_whose_maker_was_killed_at_once_goes_when_it_is_old(place: Path) -> None:
    unmade, own = place / "bigdata-unmade", place / "bigdata-own"
    for folder in (unmade, own):
        folder.mkdir()
    (unmade / "alive.new").touch()
    (own / "notes").touch()
    remove_left()
    assert unmade.exists()
    for folder in (unmade, own):
        os.utime(folder, (0, 0))
    remove_left()
    assert list(place.iterdir()) == [own]


FAMILY = """
import multiprocessing, sys, time
from bigdata.engine.node_folder import NodeFolder
def hold(queue):
    inner = multiprocessing.get_context("spawn").Queue()
    queue.put("here")
    time.sleep(60)
if __name__ == "__main__":
    folder = NodeFolder()
    spawn = multiprocessing.get_context("spawn")
    queue = spawn.Queue()
    spawn.Process(target=hold, args=(queue,)).start()
    queue.get()
    print(folder.path.name, flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not PLACE.is_dir(), reason="semaphores have no files here")
def test_semaphores_of_a_family_that_was_killed_are_removed(place: Path) -> None:
    program = place / "family.py"
    program.write_text(FAMILY)
    family = subprocess.Popen([sys.executable, program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert family.stdout
    name = family.stdout.readline().decode().strip()
    children = psutil.Process(family.pid).children(recursive=True)
    assert len(list(PLACE.glob(f"sem.{name}-*"))) >= 6  # of parent and child: three each
    remove_left()
    assert len(list(PLACE.glob(f"sem.{name}-*"))) >= 6
    for process in (*children, family):
        process.kill()
    family.communicate()
    until(lambda: all_gone(children))
    assert list(PLACE.glob(f"*{name}*"))
    remove_left()
    assert not list(PLACE.glob(f"*{name}*"))


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
