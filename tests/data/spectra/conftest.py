"""What the tests of spectra share: small spectra."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bigdata.data.spectra.dataset import SpectraDataset, open_spectra
from bigdata.data.spectra.origin import SpectraFile


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., SpectraDataset]:
    """Open a file below the test's folder."""

    def open_(file: str, **more: Any) -> SpectraDataset:
        return open_spectra(SpectraFile(file=file, **more), tmp_path)

    return open_


@pytest.fixture
def entry() -> Callable[..., dict[str, Any]]:
    """A good entry of a JSON-lines file, changed as told; `None` leaves a key out."""

    def make(name: str = "a", **more: Any) -> dict[str, Any]:
        uniform = {} if "energies_eV" in more else {"energy_start_eV": -1.0, "energy_step_eV": 0.5}
        data: dict[str, Any] = {"name": name, **uniform, "dos_states_per_eV_cell": [0.0, 1.0, 2.0, 1.0, 0.0]}
        return {key: value for key, value in (data | more).items() if value is not None}

    return make


@pytest.fixture
def lines(tmp_path: Path, opened: Callable[..., SpectraDataset]) -> Callable[..., SpectraDataset]:
    """Write entries (or raw lines) to `s.jsonl` and open it."""

    def make(*entries: dict[str, Any] | str, **more: Any) -> SpectraDataset:
        text = "".join((e if isinstance(e, str) else json.dumps(e)) + "\n" for e in entries)
        (tmp_path / "s.jsonl").write_text(text, encoding="utf-8")
        return opened("s.jsonl", **more)

    return make
