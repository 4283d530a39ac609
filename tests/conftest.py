"""What all tests share: a cache of their own, and the study kind `trial`, registered as users' own kinds are."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import costs, examples
from tests.bench import PLUGIN, Bench
from tests.gridengine import cluster as gridengine
from tests.slurm.cluster import Slurm, missing

sys.path.insert(0, str(PLUGIN))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(PLUGIN), os.environ.get("PYTHONPATH"))))
examples.load()


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(costs.Meter())
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(costs.Bill())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Images that several processes (`-n`) have shared go with the last of them."""
    if getattr(config.option, "numprocesses", None):
        from tests.containers import built

        built.clear()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Building an image takes minutes."""
    for item in items:
        if "image" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", autouse=True)
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that no run outside of these tests sees."""
    cache = tmp_path_factory.mktemp("cache")
    os.environ["BIGDATA_CACHE"] = str(cache)
    return cache


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A folder to write studies in and to run them from."""
    return Bench(tmp_path)


def skip(reason: str) -> None:
    """Skip a test that something is missing for, unless BIGDATA_SKIP_NOTHING is set."""
    (pytest.fail if os.environ.get("BIGDATA_SKIP_NOTHING") else pytest.skip)(reason)


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A real cluster, where Slurm is installed."""
    if absent := missing():
        skip(f"Slurm isn't installed here ({', '.join(absent)})")
    cluster = Slurm(tmp_path_factory.mktemp("slurm"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        os.environ.pop("SLURM_CONF", None)


@pytest.fixture(scope="session")
def grid_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[gridengine.GridEngine]:
    """Another real cluster, where Grid Engine is installed."""
    if absent := gridengine.missing():
        skip(f"Grid Engine isn't installed here ({', '.join(absent)})")
    cluster = gridengine.GridEngine(tmp_path_factory.mktemp("gridengine"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def image() -> Path:
    """An image with the packages of this environment, built once."""
    from tests.containers import built

    return built.image()
