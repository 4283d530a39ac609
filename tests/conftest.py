"""What all tests share: a cache of their own, and the study kind `trial`, registered as users' own kinds are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.bench import PLUGIN, Bench

sys.path.insert(0, str(PLUGIN))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(PLUGIN), os.environ.get("PYTHONPATH"))))


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
