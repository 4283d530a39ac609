"""What the reader of spectra understood of a file, as plain data."""

from __future__ import annotations

from typing import Any

from bigdata.data.spectra.dataset import SpectraDataset


def shown(dataset: SpectraDataset, row: int) -> dict[str, Any]:
    """One entry; energies in eV as the file counts them from its `zero`."""
    low, high = dataset.limits([row])[0].tolist()
    settings = {name: column[row] for name, column in dataset.columns.items() if column[row] is not None}
    return {
        "id": dataset.names[row],
        "n_points": len(dataset.spectrum(row).energies),
        "energy_min_eV": low,
        "energy_max_eV": high,
        **dataset.meaning(row),
        "settings": settings,
        "line": dataset.line(row),
        "notes": dataset.remarks.of_row(row),
    }
