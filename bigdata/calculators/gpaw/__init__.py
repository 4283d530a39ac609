"""GPAW (gpaw.readthedocs.io), projector augmented waves with plane waves or atomic orbitals.

It is a library of another Python, Debian's or that of a module, which `script` runs in. Its energies are relative to
those of its reference atoms. Units are eV and angstrom.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bigdata.calculators.calculation import Bands, Results, Setting, Spectrum, Step, with_ground_state
from bigdata.calculators.code import SAID, Judgement
from bigdata.calculators.eigenvalues import Eigenvalues
from bigdata.calculators.kpath import KPath, kpath
from bigdata.calculators.texts import read
from bigdata.data.materials.structures import Structure
from bigdata.errors import SpecError

FUNCTIONALS = ("LDA", "PBE", "PBEsol")
SCRIPT, JOB, RESULTS = "calculate.py", "job.json", "results.json"
RESTART, GROUND, GEOMETRY, LOG = "restart.gpw", "ground.gpw", "geometry.json", "gpaw.txt"
MOST_STEPS = 100


class Gpaw:
    """`command` is the Python that has GPAW, by default the system's; `species` a folder of its own PAW setups."""

    name = "gpaw"
    functionals = FUNCTIONALS
    measures: tuple[str, ...] = ("cutoff",)

    def __init__(self, command: Sequence[str] = (), species: Path | None = None) -> None:
        self._command, self._species = tuple(command) or ("/usr/bin/python3",), species

    def steps(self, workflow: Sequence[Step]) -> tuple[Step, ...]:
        """The ground state always: it has the eigenvalues."""
        return with_ground_state(workflow)

    def prepare(
        self,
        step: Step,
        structure: Structure,
        setting: Setting,
        folder: Path,
        before: Path | None = None,
        restart: Path | None = None,
    ) -> None:
        """Write the job and the script, and copy the density that it goes on from."""
        if setting.xc not in FUNCTIONALS:
            raise SpecError(f"GPAW isn't asked for the functional {setting.xc}; it can be {', '.join(FUNCTIONALS)}.")
        shutil.copyfile(Path(__file__).with_name("script.py"), folder / SCRIPT)
        (folder / JOB).write_text(json.dumps(_job(step, structure, setting)))
        if restart:
            shutil.copyfile(restart / RESTART, folder / RESTART)
        if step in ("band-structure", "density-of-states"):
            assert before
            shutil.copyfile(before / GROUND, folder / GROUND)

    def command(self, step: Step, folder: Path) -> Sequence[str]:
        """The script in its folder."""
        return (*self._command, SCRIPT)

    def environment(self, cores: int) -> Mapping[str, str]:
        """Without PYTHONPATH: packages of this Python aren't for that one."""
        setups = {"GPAW_SETUP_PATH": str(self._species)} if self._species else {}
        return {"OMP_NUM_THREADS": str(cores), "PYTHONPATH": "", **setups}

    def judge(self, step: Step, folder: Path) -> Judgement:
        """Done where results.json is there, which the script writes last; else the program's last words."""
        if (folder / RESULTS).is_file():
            return Judgement(True, loops=_loaded(folder / RESULTS)["loops"])
        said = read(folder / SAID).strip()
        words = said.splitlines()[-1][:200] if said else "nothing"
        # What is wrong with the input is told before the first loop, and again the next time.
        loops = read(folder / LOG).count("\niter:")
        reason = f'GPAW didn\'t come to its end; its last words are "{words}".'
        return Judgement(False, (reason,), again=loops > 0, loops=loops)

    def geometry(self, folder: Path, structure: Structure) -> Structure | None:
        """The last that the relaxation noted."""
        if not (folder / GEOMETRY).is_file():
            return None
        found = _loaded(folder / GEOMETRY)
        return Structure(np.array(found["lattice"]), structure.numbers, np.array(found["positions"]))

    def results(self, steps: Mapping[Step, Path], structure: Structure) -> Results:
        """What results.json of each step says."""
        found = {step: _loaded(folder / RESULTS) for step, folder in steps.items()}
        ground = found["ground-state"]
        # The bands of both spins side by side, as states of one list.
        both = (np.concatenate(ground[name], axis=1) for name in ("eigenvalues", "occupancies"))
        eigenvalues = Eigenvalues(*both)
        dos = found.get("density-of-states")
        bands = found.get("band-structure")
        return Results(
            structure=structure,
            total_energy=ground["energy"],
            band_gap=eigenvalues.band_gap,
            fermi_energy=ground["fermi"],
            valence_maximum=eigenvalues.valence_maximum,
            n_electrons=ground["n_electrons"],
            forces=np.array(ground["forces"]),
            spectrum=Spectrum(np.array(dos["energies"]), np.array(dos["values"])) if dos else None,
            bands=_bands(kpath(structure), structure, np.array(bands["eigenvalues"])) if bands else None,
            relaxed_energy=found["relax"]["energy"] if "relax" in found else float("nan"),
            code_version=f"GPAW {ground['version']}",
        )

    def restart_files(self, step: Step, folder: Path) -> list[Path]:
        """The density, which the script puts into its place when it is whole, and how far a relaxation has come."""
        if step == "ground-state" and (folder / GROUND).is_file():
            return [folder / GROUND]
        if step not in ("relax", "ground-state") or not (folder / RESTART).is_file():
            return []
        return [folder / RESTART, *(file for file in [folder / GEOMETRY] if file.is_file())]

    def keep(self, step: Step, folder: Path) -> list[Path]:
        """All that is text; densities can be computed from job.json again."""
        return sorted(file for file in folder.iterdir() if file.suffix in (".json", ".txt", ".py"))


def _job(step: Step, structure: Structure, setting: Setting) -> dict[str, Any]:
    return {
        "step": step,
        "lattice": structure.lattice.tolist(),
        "numbers": structure.numbers.tolist(),
        "positions": structure.positions.tolist(),
        "xc": setting.xc,
        "k_grid": list(setting.k_grid),
        "basis": dict(setting.basis),
        "options": dict(setting.options),
        "largest_force": setting.largest_force,
        "most_steps": MOST_STEPS,
        "dos_window": list(setting.dos_window),
        "dos_points": setting.dos_points,
        "k_points": kpath(structure).k_points.tolist() if step == "band-structure" else [],
    }


def _bands(path: KPath, structure: Structure, energies: np.ndarray[Any, np.dtype[np.float64]]) -> Bands:
    reciprocal = 2 * np.pi * np.linalg.inv(structure.lattice).T
    steps = np.linalg.norm(np.diff(path.k_points, axis=0) @ reciprocal, axis=1)
    distances = np.concatenate([[0], np.cumsum(steps)])
    labels = zip(distances[path.places].tolist(), path.labels, strict=True)
    return Bands(path.k_points, distances, energies, tuple(labels))


def _loaded(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text())
    return found
