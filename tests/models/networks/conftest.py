"""Crystals that the package ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from bigdata.data.materials.dataset import open_materials
from bigdata.data.materials.origin import NamedMaterials


@pytest.fixture(scope="session")
def alloys():
    """The first 60 of the relaxed structure types of the fcc metals."""
    return open_materials(NamedMaterials(name="emt-prototypes"), Path()).structures.between(0, 60)
