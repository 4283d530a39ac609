"""The folder of a high-throughput run: the densities of states of its calculations.

Of `dos[structure, setting, energy]` every calculation that is done is an entry, with the setting's functional, k-points
and basis as fields; energies count from the Fermi energy, and the valence-band maximum is known where the code says it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bigdata.data.calculated import files, opened
from bigdata.data.problem import BadEntry, Remark
from bigdata.data.spectra.formats.entry import Entry, Uniform

NAMED_BY_FILE = False


def recognises(name: str, head: bytes) -> bool:
    return False


def sources(path: Path) -> list[Path]:
    return files(path, "dos", "energy", "fermi_energy", "valence_maximum")


def read(path: Path, label: str) -> Iterator[Entry | BadEntry | Remark]:
    """The entries, structure by structure."""
    run = opened(path, "dos")
    energy, fermi, vbm = (run.view[name][...] for name in ("energy", "fermi_energy", "valence_maximum"))
    axis = Uniform(float(energy[0]), float(energy[-1] - energy[0]) / (len(energy) - 1))
    yield run.remark()
    for structure, setting in run.done():
        dos = run.view["dos"][structure, setting].astype(np.float64)
        name, fields = run.name(structure, setting), {"structure": run.structures[structure], **run.settings[setting]}
        if np.isnan(dos).all():
            yield BadEntry(name, label, 0, "the calculation left no density of states")
            continue
        zeros = float(vbm[structure, setting]), float(fermi[structure, setting])
        yield Entry(name, label, 0, axis, dos, fields, "fermi", *zeros)
