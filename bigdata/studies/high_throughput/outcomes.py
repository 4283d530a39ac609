"""What a calculation's pack holds beside the code's own files: its results, reasons, and a hash of every file."""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.calculators.calculation import Bands, Outcome, Results, Spectrum
from bigdata.data.materials.structures import Structure
from bigdata.studies.high_throughput.quantities import WORDS

OUTCOME, DOS, BANDS = "outcome.json", "dos.npy", "bands.npz"
Floats = NDArray[np.float64]
# A reason is a row of the store, and a row is short; all of them stand in the pack.
MOST_REASON = 300
# Results that are arrays of their own, or are told otherwise.
_APART = {"structure", "spectrum", "bands", "forces"}


def calculated(outcome: Outcome) -> list[float]:
    """The numbers of one calculation, in the order of `quantities.QUANTITIES`; physics is NaN where it failed."""
    steps, results = outcome.steps, outcome.results if outcome.status != "failed" else None
    return [
        float(WORDS.index(outcome.status)),
        *_physics(results),
        float(sum(step.n_files for step in steps)),
        float(sum(step.n_bytes for step in steps)),
        sum(step.seconds for step in steps),
        sum(step.cpu_seconds for step in steps),
        float(max((step.memory for step in steps), default=0)),
        float(sum(step.attempts for step in steps)),
        float(sum(step.loops for step in steps)),
    ]


def _physics(results: Results | None) -> list[float]:
    if results is None:
        return [math.nan] * 8
    return [
        results.total_energy,
        results.band_gap,
        results.fermi_energy,
        results.valence_maximum,
        results.n_electrons,
        results.lost_charge,
        max_force(results),
        results.structure.volume,
    ]


def max_force(results: Results) -> float:
    """The largest force on an atom, in eV/angstrom; NaN where there are none."""
    return math.nan if results.forces is None else float(np.linalg.norm(results.forces, axis=1).max())


def reason(outcome: Outcome) -> str:
    """All reasons in one text, cut where it is long."""
    whole = "; ".join(dict.fromkeys(text.rstrip(".") for text in outcome.reasons))
    return whole if len(whole) <= MOST_REASON else whole[: MOST_REASON - 1] + "…"


def radii(outcome: Outcome) -> str:
    """`B 0.7023 N 0.7023`: muffin-tin radii by element, in angstrom; "" where there are none."""
    found = outcome.results.radii if outcome.results else {}
    return " ".join(f"{symbol} {radius:.4f}" for symbol, radius in sorted(found.items()))


def outcome_json(outcome: Outcome, folder: Path) -> bytes:
    """All that is known of a calculation whose steps lie in `folder`, each in its own, as JSON; NaN is null."""
    found: dict[str, Any] = {
        "status": outcome.status,
        "reasons": list(outcome.reasons),
        "steps": [asdict(step) for step in outcome.steps],
        "files": {file.relative_to(folder).as_posix(): _described(file) for file in _files(outcome, folder)},
    }
    if outcome.results is not None:
        found |= {"results": _results(outcome.results), "structure": _listed(outcome.results.structure)}
    return json.dumps(_plain(found), indent=1, allow_nan=False).encode()


def _files(outcome: Outcome, folder: Path) -> Iterator[Path]:
    for record in outcome.steps:
        yield from sorted(path for path in (folder / record.step).rglob("*") if path.is_file())


def _described(file: Path) -> dict[str, Any]:
    with file.open("rb") as opened:
        return {"bytes": file.stat().st_size, "sha256": hashlib.file_digest(opened, "sha256").hexdigest()}


def _results(results: Results) -> dict[str, Any]:
    whole = {name: value for name, value in vars(results).items() if name not in _APART}
    return whole | {"forces": None if results.forces is None else results.forces.tolist()}


def _listed(structure: Structure) -> dict[str, Any]:
    """Lattice in angstrom, atomic numbers, positions in fractions."""
    lattice, numbers, positions = structure
    return {"lattice": lattice.tolist(), "numbers": numbers.tolist(), "positions": positions.tolist()}


def structure_of(text: bytes) -> Structure | None:
    """The last structure of a calculation, from its `outcome.json`; None where it has none."""
    listed = json.loads(text).get("structure")
    if listed is None:
        return None
    lattice, positions = (np.array(listed[name], dtype=np.float64) for name in ("lattice", "positions"))
    return Structure(lattice, np.array(listed["numbers"], dtype=np.uint8), positions.reshape(-1, 3))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def spectrum_bytes(spectrum: Spectrum) -> bytes:
    """A `.npy` of (1 + s, n): absolute energies in eV, then states/eV and cell of each spin channel."""
    return _npy(np.vstack([spectrum.energies, spectrum.values]))


def spectrum_of(data: bytes) -> Spectrum:
    """What `spectrum_bytes` made."""
    rows = np.load(io.BytesIO(data), allow_pickle=False)
    return Spectrum(rows[0], rows[1:])


def bands_bytes(bands: Bands) -> bytes:
    """An `.npz` of the fields of `Bands`, the labels in two arrays: `label` and `label_distance`."""
    file = io.BytesIO()
    distances, names = [at for at, _ in bands.labels], [name for _, name in bands.labels]
    np.savez_compressed(
        file,
        k_points=bands.k_points,
        distances=bands.distances,
        energies=bands.energies,
        label=np.array(names, dtype=np.str_),
        label_distance=np.array(distances, dtype=np.float64),
    )
    return file.getvalue()


def _npy(values: Floats) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=False)
    return file.getvalue()


def on_grid(spectrum: Spectrum, zero: float, energies: Floats) -> Floats:
    """The density of states (n,), spins summed, at `energies` in eV from `zero`; NaN where the spectrum doesn't reach.

    Where the code's energies are these, its values are taken as they are. Else each is the mean over the cell around
    it, half a step to either side, of the spectrum between its points as straight lines: so states are neither lost nor
    made.
    """
    own, values = spectrum.energies - zero, spectrum.values.sum(axis=0)
    step = float(energies[1] - energies[0])
    start = round(float(energies[0] - own[0]) / step)
    if 0 <= start <= len(own) - len(energies):
        same = own[start : start + len(energies)]
        # Codes write energies with seven digits or more.
        if np.abs(same - energies).max() < 1e-4 * step:
            return np.asarray(values[start : start + len(energies)])
    edges = np.append(energies - step / 2, energies[-1] + step / 2)
    return (
        np.where(
            (energies < own[0] - step / 2) | (energies > own[-1] + step / 2),
            np.nan,
            np.diff(_states(own, values, edges)),
        )
        / step
    )


def _states(own: Floats, values: Floats, edges: Floats) -> Floats:
    """The states below each edge (eV): the integral of straight lines between the points."""
    inside = np.clip(edges, own[0], own[-1])
    whole = np.concatenate([[0.0], np.cumsum(np.diff(own) * (values[1:] + values[:-1]) / 2)])
    left = np.clip(np.searchsorted(own, inside, side="right") - 1, 0, len(own) - 2)
    along = inside - own[left]
    slope = (values[left + 1] - values[left]) / (own[left + 1] - own[left])
    return np.asarray(whole[left] + along * (values[left] + slope * along / 2))
