"""One step of a calculation by GPAW: reads job.json of its folder, and writes results.json when all is done.

It runs in the Python that has GPAW, with which this package isn't installed: it needs GPAW and ASE alone. What others
may read at any time is written beside and moved into place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.optimize import BFGS
from gpaw import GPAW, PW, __version__
from gpaw.dos import DOSCalculator

Job = dict[str, Any]

RESTART, GROUND = "restart.gpw", "ground.gpw"
SAVE_EVERY = 3  # loops


def main() -> None:
    job = json.loads(Path("job.json").read_text())
    found = {
        "relax": relax,
        "ground-state": ground_state,
        "band-structure": band_structure,
        "density-of-states": density_of_states,
    }[job["step"]](job)
    write("results.json", {"version": __version__, **found})


def write(name: str, data: Job) -> None:
    beside = Path(f"{name}.new")
    beside.write_text(json.dumps(data))
    beside.replace(name)


def atoms_of(job: Job) -> Any:
    return Atoms(job["numbers"], cell=job["lattice"], scaled_positions=job["positions"], pbc=True)


def calculator(job: Job, atoms: Any) -> Any:
    """With the density of restart.gpw, where there is one, and restart files while it runs."""
    if Path(RESTART).exists():
        calc = GPAW(RESTART, txt="gpaw.txt")
    else:
        basis = dict(job["basis"])
        mode = basis.pop("mode", "pw")
        cutoff = basis.pop("cutoff", None)
        options = {"mode": PW(electronvolts(cutoff)) if mode == "pw" and cutoff else mode, **basis, **job["options"]}
        calc = GPAW(xc=job["xc"], kpts={"size": job["k_grid"], "gamma": True}, txt="gpaw.txt", **options)
    calc.attach(save, SAVE_EVERY, calc, RESTART)
    atoms.calc = calc
    return calc


def electronvolts(value: float | str) -> float:
    """300, or "300 eV"."""
    found = re.fullmatch(r"\s*([\d.]+)\s*(?:eV)?\s*", str(value))
    if not found:
        raise SystemExit(f"the cutoff {value!r} isn't an energy in eV, such as 400 or 400 eV")
    return float(found[1])


def save(calc: Any, name: str) -> None:
    calc.write("new.gpw")
    Path("new.gpw").replace(name)


def relax(job: Job) -> Job:
    atoms = atoms_of(job)
    calc = calculator(job, atoms)
    n_steps = [0]

    def note() -> None:
        n_steps[0] += 1
        write("geometry.json", {"lattice": atoms.cell.tolist(), "positions": atoms.get_scaled_positions().tolist()})

    optimiser: Any = BFGS(atoms, logfile="relax.txt")
    optimiser.attach(note)
    if not optimiser.run(fmax=job["largest_force"], steps=job["most_steps"]):
        raise SystemExit(f"the relaxation took more than {job['most_steps']} steps")
    return {"energy": atoms.get_potential_energy(), "loops": n_steps[0], **forces_of(calc)}


def ground_state(job: Job) -> Job:
    atoms = atoms_of(job)
    calc = calculator(job, atoms)
    energy = atoms.get_potential_energy()
    found = {
        "energy": energy,
        "fermi": calc.get_fermi_level(),
        "n_electrons": float(calc.get_number_of_electrons()),
        "loops": calc.get_number_of_iterations(),
        "eigenvalues": spin_by_spin(calc, calc.get_eigenvalues),
        "occupancies": occupancies(calc),
        **forces_of(calc),
    }
    save(calc, GROUND)
    return found


def forces_of(calc: Any) -> Job:
    return {"forces": calc.get_forces().tolist()}


def spin_by_spin(calc: Any, values: Callable[..., Any]) -> list[list[list[float]]]:
    """Energies of each spin, k-point and band."""
    n_k = len(calc.get_ibz_k_points())
    return [[values(kpt=k, spin=s).tolist() for k in range(n_k)] for s in range(calc.get_number_of_spins())]


def occupancies(calc: Any) -> list[list[list[float]]]:
    """Electrons of each state, 2 at most, or 1 with spin; GPAW gives them times the k-point's weight."""
    weights = calc.get_k_point_weights()
    weighted = spin_by_spin(calc, calc.get_occupation_numbers)
    return [[[n / weight for n in band] for band, weight in zip(spin, weights, strict=True)] for spin in weighted]


def band_structure(job: Job) -> Job:
    calc = GPAW(GROUND, txt="gpaw.txt").fixed_density(kpts=np.array(job["k_points"]), symmetry="off", txt="bands.txt")
    return {"eigenvalues": spin_by_spin(calc, calc.get_eigenvalues), "loops": 0}


def density_of_states(job: Job) -> Job:
    """By linear interpolation in tetrahedra between the k-points of the ground state."""
    calc = GPAW(GROUND, txt="gpaw.txt")
    counted = DOSCalculator.from_calculator(calc, shift_fermi_level=False)
    fermi = calc.get_fermi_level()
    low, high = job["dos_window"]
    energies = fermi + np.linspace(low, high, job["dos_points"])
    spins = range(calc.get_number_of_spins())
    values = [counted.raw_dos(energies, spin=s if len(spins) > 1 else None, width=0.0).tolist() for s in spins]
    return {"energies": energies.tolist(), "values": values, "loops": 0}


main()
