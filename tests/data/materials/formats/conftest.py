"""What the tests of formats share: small files read, and random crystals in ASE's form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.materials.formats.reading import Read, sorted_out


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Read]:
    """Write a file and read it: its entries, the bad ones, and the remarks."""

    def make(name: str, content: str | bytes) -> Read:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return sorted_out(path)

    return make


@pytest.fixture
def random_atoms() -> Callable[[int], Any]:
    """`ase.Atoms` by the number of the random crystal, molecule, wire or slab."""
    ase = pytest.importorskip("ase", reason="ase isn't installed")

    def make(seed: int) -> Any:
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 7))
        cell = np.diag(rng.uniform(4, 9, 3)) + rng.uniform(-1, 1, (3, 3))
        # Thirds of the cell, each atom in another one.
        places = rng.permutation(27)[:n]
        scaled = np.array(np.unravel_index(places, (3, 3, 3))).T / 3 + rng.uniform(-0.02, 0.02, (n, 3))
        pbc = [True] * 3 if rng.random() < 0.5 else rng.random(3) < 0.5
        return ase.Atoms(rng.integers(1, 95, n), cell=cell, scaled_positions=scaled, pbc=pbc)

    return make
