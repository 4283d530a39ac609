"""The image that tests run in: built once by `bigdata sites image build`, from a base of Debian's packages.

`BIGDATA_TEST_IMAGES=FOLDER` keeps base and image there, for as long as nothing that is built in changes.
"""

from __future__ import annotations

import atexit
import fcntl
import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from packaging.markers import Marker

from bigdata.environment import environment, version
from bigdata.jobs.image import pinned, write_pins_here
from tests.bench import PROGRAM, ROOT

PACKED_IN_MEMORY_BYTES = 8 * 2**30
MEMORY = Path("/dev/shm")
BUILD_SECONDS = 1200


def image() -> Path:
    """An image with the packages of this environment: the pinned ones where they are the same."""
    skip_where_nothing_can_be_built()
    with _one_at_a_time():
        return _image(variant_here() if _pins_are_here() else "")


def variant_here() -> str:
    """The variant with as much as there is in this environment."""
    return "tensorflow" if version("tensorflow") else "cpu"


def tensorflow_image() -> Path:
    skip_where_nothing_can_be_built()
    with _one_at_a_time():
        return _image("tensorflow")


def build(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`bigdata sites image build`, with this machine's certificates, which downloads may need."""
    certificates = Path("/etc/ssl/certs")
    binds = ["--bind", str(certificates)] if certificates.is_dir() else []
    with tempfile.TemporaryDirectory(dir=_room()) as packed:
        variables = {**os.environ, "APPTAINER_TMPDIR": packed}
        command = [*PROGRAM, "sites", "image", "build", str(path), *options, *binds, "--zstd"]
        return subprocess.run(
            command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
        )


@functools.cache
def base() -> Path:
    """Debian with Python."""
    program = ROOT / "containers/base.sh"
    path = _folder() / f"base-{hashlib.sha256(program.read_bytes()).hexdigest()[:12]}"
    if not path.exists():
        unfinished = path.with_suffix(f".{os.getpid()}")
        done = subprocess.run([program, unfinished], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        unfinished.rename(path)
    return path


@functools.cache
def _image(variant: str) -> Path:
    here = environment(imported=False)
    digest = hashlib.sha256(f"{here.code} {'' if variant else sorted(here.packages.items())}".encode())
    for path in (ROOT / "Apptainer.def", ROOT / "pyproject.toml", ROOT / pinned(variant or "cpu")):
        digest.update(path.read_bytes())
    name = variant or "here"
    path = _folder() / f"{name}-{digest.hexdigest()[:12]}.sif"
    if not path.exists():
        done = build(path, "--from", str(base()), "--force", *(["--variant", variant] if variant else ["--as-here"]))
        # An image of other packages than this environment's is said to differ, and is there all the same.
        assert path.exists(), done.stderr
    return path


@functools.cache
def _folder() -> Path:
    if kept := os.environ.get("BIGDATA_TEST_IMAGES"):
        Path(kept).mkdir(parents=True, exist_ok=True)
        return Path(kept).absolute()
    folder = (_room() or Path(tempfile.gettempdir())) / f"bigdata-images-{_session()}"
    folder.mkdir(exist_ok=True)
    if _session() == os.getpid():
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _session() -> int:
    """The process of all tests: with several (`-n`), the one that started them."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


def clear() -> None:
    """Remove what the processes of this session have built."""
    for room in (MEMORY, Path(tempfile.gettempdir())):
        shutil.rmtree(room / f"bigdata-images-{_session()}", ignore_errors=True)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Of several processes that want the same image one builds it, and the others wait for that."""
    with (_folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _room() -> Path | None:
    """Where base and image are made: in memory where there is enough, which takes a part of the time."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > PACKED_IN_MEMORY_BYTES else None


@functools.cache
def _pins_are_here() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder, "here.txt")
        write_pins_here(here, ROOT / pinned(variant_here()))
        installed = {_normal(line) for line in here.read_text().splitlines()}
    return installed <= {
        _normal(pin) for pin, _, marker in pins(variant_here()) if not marker or Marker(marker).evaluate()
    }


def _normal(pin: str) -> str:
    return re.sub(r"[-_.]+", "-", pin.partition("==")[0]).lower() + "==" + pin.partition("==")[2]


def pins(variant: str) -> list[tuple[str, list[str], str]]:
    """`name==version`, hashes and marker of all that a variant pins."""
    found = []
    text = re.sub(r" \\\n", " ", (ROOT / pinned(variant)).read_text())
    for line in text.splitlines():
        if line and not line.startswith("#"):
            what, *hashes = line.split(" --hash=sha256:")
            pin, _, marker = what.partition(" ; ")
            found.append((pin.strip(), [h.strip() for h in hashes], marker.strip()))
    return found


def skip_where_nothing_can_be_built() -> None:
    for program in ("apptainer", "mmdebstrap"):
        if not shutil.which(program):
            (pytest.fail if os.environ.get("BIGDATA_SKIP_NOTHING") else pytest.skip)(f"{program} isn't installed")
