"""A DFT code for tests: in a few hundredths of a second it gives a Morse energy of the cell, and a spectrum.

Its options say how it misbehaves: `fails` and `doubtful` name elements (atomic numbers) whose crystals end so, `sleep`
lets each step take so many seconds, and `strays`, a functional, an rgkmax and eV, shifts an atom's energy there.
Energies depend on functional, k-points and cutoff as simply as can be, so that a test makes them again by hand; see
`energy` and `spectrum`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

PROGRAM = Path(__file__).with_name("instant_program.py")
IN, OUT = "in.json", "out.json"
SHIFTS = {"LDA": 0.0, "PBE": -0.5}


class Instant:
    """See `bigdata.calculators.code.Code`."""

    name = "instant"
    functionals = tuple(SHIFTS)
    measures = ("rgkmax",)

    def __init__(self, command: Sequence[str] = (), species: Path | None = None) -> None:
        self._command = tuple(command) or (sys.executable, "-S", str(PROGRAM))

    def steps(self, workflow: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*(["relax"] if "relax" in workflow else []), "ground-state", *workflow]))

    def prepare(
        self,
        step: str,
        structure: Any,
        setting: Any,
        folder: Path,
        before: Path | None = None,
        restart: Path | None = None,
    ) -> None:
        given = {
            "step": step,
            "lattice": structure.lattice.tolist(),
            "numbers": structure.numbers.tolist(),
            "positions": structure.positions.tolist(),
            "xc": setting.xc,
            "k_grid": list(setting.k_grid),
            "basis": dict(setting.basis),
            "options": dict(setting.options),
            "dos": [*setting.dos_window, setting.dos_points],
        }
        (folder / IN).write_text(json.dumps(given))

    def command(self, step: str, folder: Path) -> Sequence[str]:
        return [*self._command, step]

    def environment(self, cores: int) -> Mapping[str, str]:
        return {"OMP_NUM_THREADS": str(cores)}

    def judge(self, step: str, folder: Path) -> Any:
        from bigdata.calculators.code import Judgement

        given, found = _read(folder / IN), _read(folder / OUT)
        if not found:
            return Judgement(False, ("it left no results",), again=True)
        if set(given["numbers"]) & set(given["options"].get("fails", [])):
            return Judgement(False, ("the self-consistency didn't converge in 50 loops",), loops=50)
        doubtful = set(given["numbers"]) & set(given["options"].get("doubtful", []))
        return Judgement(True, ("forces of 0.3 eV/angstrom are left",) if doubtful else (), loops=7)

    def geometry(self, folder: Path, structure: Any) -> Any:
        from bigdata.data.materials.structures import Structure

        given, found = _read(folder / IN), _read(folder / OUT)
        if "lattice" not in found:
            return None
        return Structure(np.array(found["lattice"]), np.array(given["numbers"], np.uint8), np.array(given["positions"]))

    def results(self, steps: Mapping[str, Path], structure: Any) -> Any:
        from bigdata.calculators.calculation import Results, Spectrum

        found = _read(steps["ground-state"] / OUT)
        dos = _read(steps["density-of-states"] / OUT) if "density-of-states" in steps else {}
        made = Spectrum(np.array(dos["energies"]), np.array(dos["dos"])[None]) if dos else None
        return Results(
            structure,
            found["energy"],
            band_gap=found["gap"],
            fermi_energy=found["fermi"],
            valence_maximum=found["fermi"] - 0.1,
            n_electrons=float(sum(int(n) for n in structure.numbers)),
            lost_charge=0.0,
            forces=np.zeros((len(structure.numbers), 3)),
            # Larger for larger cells, as of a code that fits them to the distances of atoms.
            radii={f"Z{n}": round(0.01 * abs(float(np.linalg.det(structure.lattice))), 4) for n in structure.numbers},
            spectrum=made,
            code_version="instant 1",
        )

    def restart_files(self, step: str, folder: Path) -> list[Path]:
        return [path for path in (folder / IN, folder / OUT) if path.is_file()]

    def keep(self, step: str, folder: Path) -> list[Path]:
        return [path for path in (folder / IN, folder / OUT) if path.is_file()]


def energy(numbers: Sequence[int], volume: float, xc: str, k_grid: Sequence[int], basis: Mapping[str, float]) -> float:
    """In eV: least at 20 angstrom³ an atom; 1/k-points and 1/cutoff above that of a complete basis."""
    off = volume / len(numbers) / 20 - 1
    whole = -10.0 * sum(numbers) + len(numbers) * (5 * off**2 + SHIFTS[xc])
    return whole + 1 / float(np.prod(k_grid)) + 1 / basis["rgkmax"]


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return found
