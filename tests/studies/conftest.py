"""What these tests share: the mirrored datasets, where there are any."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The folder of mirrored datasets."""
    folder = os.environ.get("BIGDATA_MIRROR")
    if not folder:
        pytest.skip("BIGDATA_MIRROR isn't set: the mirrored datasets aren't on this machine")
    return Path(folder)
