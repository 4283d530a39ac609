"""exciting (exciting-code.org), an all-electron code with augmented plane waves, and its own input and outputs in XML.

Its units are bohr and hartree; `inputs` writes them, `outputs` reads them, `judging` says what an attempt came to. What
its outputs look like is known from the reference runs that come with it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from bigdata.calculators.calculation import Bands, Results, Setting, Spectrum, Step, with_ground_state
from bigdata.calculators.code import SAID, Judgement
from bigdata.calculators.eigenvalues import eigenvalues
from bigdata.calculators.exciting import inputs, judging, outputs, species
from bigdata.calculators.exciting.judging import BANDS, DOS, GEOMETRY, INFO
from bigdata.calculators.kpath import kpath
from bigdata.calculators.records import FERMI, STATE, WAVEFUNCTIONS, carried, is_whole
from bigdata.calculators.texts import last_number, read
from bigdata.calculators.units import BOHR_ANGSTROM, HARTREE_EV
from bigdata.data.materials.structures import Structure

BINARY = (STATE, *WAVEFUNCTIONS, "EVALFV.OUT", "OCCSV.OUT")


class Exciting:
    """`command` is the program and its first words, by default the one with threads; `species` the folder of files."""

    name = "exciting"
    functionals = tuple(inputs.XC_TYPES)
    measures: tuple[str, ...] = ("rgkmax",)

    def __init__(self, command: Sequence[str] = (), species: Path | None = None) -> None:
        self._command, self._species = tuple(command) or ("exciting_smp",), species

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
        """Write input.xml and the species files, and copy what it goes on from."""
        texts = species.texts(structure, self._species or species.usual())
        for symbol, text in texts.items():
            (folder / inputs.species_file(symbol)).write_text(text)
        copied = carried(step, before, restart)
        for file in copied:
            shutil.copyfile(file, folder / file.name)
        # The radii are those of the geometry that the calculation began with.
        earlier = restart or before
        radii = inputs.radii_of(inputs.read(earlier)) if earlier else species.radii(texts, structure)
        do = _do(step, {file.name for file in copied})
        (folder / inputs.INPUT).write_text(inputs.text(step, structure, setting, radii, do))

    def command(self, step: Step, folder: Path) -> Sequence[str]:
        """exciting reads input.xml of its folder."""
        return self._command

    def environment(self, cores: int) -> Mapping[str, str]:
        """OpenMP's threads; without a limit on the stack, threads have room for their own arrays."""
        return {"OMP_NUM_THREADS": str(cores), "OMP_STACKSIZE": "64M"}

    def judge(self, step: Step, folder: Path) -> Judgement:
        """From the outputs alone."""
        return judging.judge(step, folder)

    def geometry(self, folder: Path, structure: Structure) -> Structure | None:
        """geometry_opt.xml, which is written anew at each step of a relaxation."""
        root = outputs.tree(folder / GEOMETRY)
        return None if root is None else outputs.geometry(root, structure)

    def restart_files(self, step: Step, folder: Path) -> list[Path]:
        """The density, with the input that it belongs to, and how far a relaxation has come."""
        state = folder / STATE
        if step not in ("relax", "ground-state") or not state.is_file() or not is_whole(state):
            return []
        progress = [file for name in (FERMI, GEOMETRY) if (file := folder / name).is_file()]
        return [folder / inputs.INPUT, state, *progress]

    def keep(self, step: Step, folder: Path) -> list[Path]:
        """All but the binary files, which are made again from STATE.OUT, and that from input.xml."""
        found = sorted(file for file in folder.iterdir() if file.suffix in (".OUT", ".xml") or file.name == SAID)
        return [file for file in found if file.name not in BINARY and file.stat().st_size]

    def results(self, steps: Mapping[Step, Path], structure: Structure) -> Results:
        """What the ground state says, with bands and density of states where they were computed.

        What charge was lost isn't known: exciting scales the density to all electrons before it counts them.
        """
        ground = steps["ground-state"]
        info = outputs.Info(read(ground / INFO))
        states = eigenvalues((ground / "EIGVAL.OUT").read_text())
        fermi = last_number(ground / FERMI) * HARTREE_EV
        return Results(
            structure=structure,
            total_energy=last_number(ground / "TOTENERGY.OUT") * HARTREE_EV,
            band_gap=states.band_gap,
            fermi_energy=fermi,
            valence_maximum=states.valence_maximum,
            n_electrons=info.n_electrons,
            forces=info.forces(structure),
            radii={symbol: radius * BOHR_ANGSTROM for symbol, radius in info.radii.items()},
            spectrum=_spectrum(steps, fermi),
            bands=_bands(steps, structure, fermi),
            relaxed_energy=_relaxed_energy(steps),
            code_version=info.version,
        )


def _spectrum(steps: Mapping[Step, Path], fermi: float) -> Spectrum | None:
    root = outputs.tree(steps["density-of-states"] / DOS) if "density-of-states" in steps else None
    return None if root is None else outputs.spectrum(root, fermi)


def _bands(steps: Mapping[Step, Path], structure: Structure, fermi: float) -> Bands | None:
    root = outputs.tree(steps["band-structure"] / BANDS) if "band-structure" in steps else None
    return None if root is None else outputs.bands(root, kpath(structure), fermi)


def _relaxed_energy(steps: Mapping[Step, Path]) -> float:
    if "relax" not in steps:
        return float("nan")
    return outputs.Info(read(steps["relax"] / INFO)).total_energy * HARTREE_EV


def _do(step: Step, copied: set[str]) -> str:
    """From a density, self-consistency takes a few loops; bands, and a density of states with its states, need none."""
    if step == "band-structure" or copied.issuperset(WAVEFUNCTIONS):
        return "skip"
    return "fromfile" if copied else "fromscratch"
