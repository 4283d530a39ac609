"""What the tests of materials share: small crystals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigdata.data.materials.dataset import MaterialsDataset, open_materials
from bigdata.data.materials.origin import MaterialsFile


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., MaterialsDataset]:
    """Open a file below the test's folder."""

    def open_(file: str, **more: Any) -> MaterialsDataset:
        return open_materials(MaterialsFile(file=file, **more), tmp_path)

    return open_


@pytest.fixture
def salt() -> Callable[..., dict[str, Any]]:
    """Rock salt as a line of a JSON-lines file, changed as told; `None` leaves a key out."""

    def make(name: Any = "a", **more: Any) -> dict[str, Any]:
        data: dict[str, Any] = {
            "id": name,
            "formula": "NaCl",
            "lattice": [[0.0, 2.82, 2.82], [2.82, 0.0, 2.82], [2.82, 2.82, 0.0]],
            "species": ["Na", "Cl"],
            "frac_coords": [[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]],
            "band_gap_eV": 5.0,
        }
        return {key: value for key, value in (data | more).items() if value is not None}

    return make


@pytest.fixture
def lines(tmp_path: Path, opened: Callable[..., MaterialsDataset]) -> Callable[..., MaterialsDataset]:
    """Write entries (or raw lines) to `m.jsonl` and open it."""

    def make(*entries: dict[str, Any] | str, **more: Any) -> MaterialsDataset:
        text = "".join((e if isinstance(e, str) else json.dumps(e)) + "\n" for e in entries)
        (tmp_path / "m.jsonl").write_text(text, encoding="utf-8")
        return opened("m.jsonl", **more)

    return make


@pytest.fixture
def is_salt() -> Callable[[MaterialsDataset, int], None]:
    """Assert that a row is rock salt, whatever the choice of cell vectors' direction."""

    def check(dataset: MaterialsDataset, row: int = 0) -> None:
        structure = dataset.structures[row]
        assert structure.numbers.tolist() == [11, 17]
        assert structure.volume == pytest.approx(2 * 2.82**3)
        (difference,) = np.diff(structure.positions % 1, axis=0)
        apart = np.abs(difference - np.round(difference)) @ np.ones(3)
        assert apart == pytest.approx(1.5)
        shortest = np.linalg.norm((difference - np.round(difference)) @ structure.lattice)
        assert shortest in (pytest.approx(2.82), pytest.approx(2.82 * np.sqrt(3)))

    return check
