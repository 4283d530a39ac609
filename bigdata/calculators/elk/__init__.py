"""Elk (elk.sourceforge.io), an all-electron code with augmented plane waves: Debian's elk-lapw.

Its units are bohr and hartree; `inputs` writes them, `outputs` reads them, `judging` says what an attempt came to.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from bigdata.calculators.calculation import Bands, Results, Setting, Step, with_ground_state
from bigdata.calculators.code import SAID, Judgement
from bigdata.calculators.eigenvalues import eigenvalues
from bigdata.calculators.elk import inputs, judging, outputs, species
from bigdata.calculators.kpath import kpath
from bigdata.calculators.records import FERMI, STATE, WAVEFUNCTIONS, carried, is_whole
from bigdata.calculators.texts import last_number, read
from bigdata.calculators.units import BOHR_ANGSTROM, HARTREE_EV
from bigdata.data.materials.structures import Structure

SPECIES = Path("/usr/share/elk-lapw/species")
BINARY = (STATE, *WAVEFUNCTIONS, "EVALFV.OUT", "OCCSV.OUT", "EVALCORE.OUT")
SHORTER = 0.5


class Elk:
    """`command` is the program and its first words, by default Debian's name; `species` the folder of species files."""

    name = "elk"
    functionals = tuple(inputs.XC_TYPES)
    measures: tuple[str, ...] = ("rgkmax",)

    def __init__(self, command: Sequence[str] = (), species: Path | None = None) -> None:
        self._command, self._species = tuple(command) or ("elk-lapw",), species or SPECIES

    def steps(self, workflow: Sequence[Step]) -> tuple[Step, ...]:
        """The ground state always: a relaxation's last energy has other meshes than that of the same geometry."""
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
        """Write elk.in and the species files, and copy what it goes on from."""
        earlier = restart or before
        for name, text in self._species_files(structure, earlier).items():
            (folder / name).write_text(text)
        copied = carried(step, before, restart)
        for file in copied:
            shutil.copyfile(file, folder / file.name)
        names = {file.name for file in copied}
        blocks = {**_blocks(step, structure, setting, names, restart), **inputs.common(structure, setting)}
        (folder / species.INPUT).write_text(inputs.text(blocks))

    def _species_files(self, structure: Structure, earlier: Path | None) -> dict[str, str]:
        if earlier is None:
            return species.texts(structure, self._species)
        return {file.name: file.read_text() for file in species.files(earlier)}

    def command(self, step: Step, folder: Path) -> Sequence[str]:
        """Elk reads elk.in of its folder."""
        return self._command

    def environment(self, cores: int) -> Mapping[str, str]:
        """OpenMP's threads; without a limit on the stack, threads have room for their own arrays."""
        return {"OMP_NUM_THREADS": str(cores), "OMP_STACKSIZE": "64M"}

    def judge(self, step: Step, folder: Path) -> Judgement:
        """From the outputs alone."""
        return judging.judge(step, folder)

    def geometry(self, folder: Path, structure: Structure) -> Structure | None:
        """The last of GEOMETRY_OPT.OUT."""
        return outputs.geometry(read(folder / "GEOMETRY_OPT.OUT"), structure)

    def restart_files(self, step: Step, folder: Path) -> list[Path]:
        """The density, STATE.OUT, with the input that it belongs to, and how far a relaxation has come."""
        state = folder / STATE
        if step not in ("relax", "ground-state") or not state.is_file() or not is_whole(state):
            return []
        names = (FERMI, "GEOMETRY_OPT.OUT", "FORCEMAX.OUT")
        progress = [file for name in names if (file := folder / name).is_file()]
        return [folder / species.INPUT, *species.files(folder), state, *progress]

    def keep(self, step: Step, folder: Path) -> list[Path]:
        """All but the binary files, which task 1 makes again from STATE.OUT, and that from elk.in."""
        texts = {species.INPUT, SAID, *(file.name for file in species.files(folder))}
        found = sorted(file for file in folder.iterdir() if file.suffix == ".OUT" or file.name in texts)
        return [file for file in found if file.name not in BINARY and file.stat().st_size]

    def results(self, steps: Mapping[Step, Path], structure: Structure) -> Results:
        """What the ground state says, with bands and density of states where they were computed."""
        ground = steps["ground-state"]
        info = outputs.Info(read(ground / judging.INFO))
        states = eigenvalues((ground / "EIGVAL.OUT").read_text())
        fermi = last_number(ground / FERMI) * HARTREE_EV
        relax, bands, dos = (steps.get(step) for step in ("relax", "band-structure", "density-of-states"))
        return Results(
            structure=structure,
            total_energy=last_number(ground / "TOTENERGY.OUT") * HARTREE_EV,
            band_gap=states.band_gap,
            fermi_energy=fermi,
            valence_maximum=states.valence_maximum,
            n_electrons=info.n_electrons,
            lost_charge=info.lost_charge,
            forces=info.forces(structure),
            radii={symbol: radius * BOHR_ANGSTROM for symbol, radius in info.radii.items()},
            spectrum=outputs.spectrum((dos / "TDOS.OUT").read_text(), fermi) if dos else None,
            bands=_bands(bands, structure, fermi) if bands else None,
            relaxed_energy=last_number(relax / "TOTENERGY_OPT.OUT") * HARTREE_EV if relax else float("nan"),
            code_version=info.version,
        )


def _bands(folder: Path, structure: Structure, fermi: float) -> Bands:
    text, lines = (folder / "BAND.OUT").read_text(), (folder / "BANDLINES.OUT").read_text()
    return outputs.bands(text, lines, kpath(structure), fermi)


def _blocks(
    step: Step, structure: Structure, setting: Setting, copied: set[str], restart: Path | None
) -> dict[str, inputs.Block]:
    """What a step is told beside what all are; task 1 and 3 are 0 and 2 that go on from a density."""
    match step:
        case "relax":
            return {**inputs.tasks(3 if restart else 2), **inputs.relaxing(setting, _shortened(restart))}
        case "ground-state":
            return inputs.tasks(1 if restart else 0)
        case "band-structure":
            return {**inputs.tasks(20), **inputs.bands(kpath(structure))}
        case "density-of-states":
            both = (10,) if copied.issuperset(WAVEFUNCTIONS) else (1, 10)
            return {**inputs.tasks(*both), **inputs.spectrum(setting)}


def _shortened(restart: Path | None) -> float:
    """One that has used up its steps swings to and fro, and goes on with shorter ones."""
    if restart is None:
        return 1.0
    blocks = inputs.read(restart / species.INPUT)
    used = len(read(restart / "FORCEMAX.OUT").split()) >= int(blocks["maxatpstp"][0])
    return float(blocks["tau0atp"][0]) / inputs.STEP_LENGTH * (SHORTER if used else 1.0)
