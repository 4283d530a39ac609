"""What the tests of data share: a cache of their own, and the mirror where there is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bigdata.data.materials import dataset as materials
from bigdata.data.spectra import dataset as spectra


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that no other test sees."""
    materials.open_import.cache_clear()
    spectra.open_import.cache_clear()
    monkeypatch.setenv("BIGDATA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The folder of mirrored datasets."""
    folder = os.environ.get("BIGDATA_MIRROR")
    if not folder:
        pytest.skip("BIGDATA_MIRROR isn't set: the mirrored datasets aren't on this machine")
    return Path(folder)


@pytest.fixture
def no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without mirrored datasets."""
    monkeypatch.delenv("BIGDATA_MIRROR", raising=False)
