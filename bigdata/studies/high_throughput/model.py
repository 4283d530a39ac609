"""The YAML of a high-throughput study: structures, a DFT code, a workflow, settings, and what is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from bigdata.archives.model import Upload
from bigdata.calculators.known import codes
from bigdata.data.materials.origin import MaterialsFile, MaterialsOrigin
from bigdata.data.problem import placed
from bigdata.kind import (
    Energy,
    Finding,
    Findings,
    Input,
    Seconds,
    SpecModel,
    StudyModel,
    located,
    named,
    unknown_fields,
)
from bigdata.studies.high_throughput.settings import One, Settings, findings, points

Step = Literal["relax", "ground-state", "band-structure", "density-of-states"]
Kept = Literal["total_energy", "dos", "band_structure", "relaxed_structure"]
STRUCTURES, SPECIES = "structures", "species"
# Names that the store's coordinates along `setting` have; a measure of a basis would be written over them.
TAKEN = ("setting", "xc", "k_grid", "k_spacing", "n_k_points", "structure", "formula", "n_atoms", "energy", "quantity")
Words = Annotated[
    Annotated[str, Tag("word")] | Annotated[tuple[str, ...], Tag("words"), Field(min_length=1)],
    Discriminator(lambda value: "words" if isinstance(value, list | tuple) else "word"),
]
Option = bool | int | float | str
Options = dict[str, Option | tuple[Option, ...]]


class Calculator(SpecModel):
    """The DFT code, and how it is run."""

    code: str = Field(description="elk, exciting, gpaw, or another code that is installed.")
    command: Words | None = Field(
        default=None,
        description="The program, or a list of it and its words; no shell reads it. Left out: the code's usual one.",
    )
    launch: tuple[str, ...] = Field(
        default=(), description='What starts it on several cores, such as [mpirun, -n, "4"]; left out: threads.'
    )
    cores: int = Field(default=1, ge=1, description="Cores of a calculation.")
    species: str = Field(default="", description="A folder of species or setup files; left out: the code's own.")
    options: Options = Field(default={}, description="What else the code is told, the same in every calculation.")
    timeout: Seconds | None = Field(
        default=None, description="The most that one step of a calculation may take; left out: no limit."
    )
    restarts: int = Field(
        default=3, ge=0, le=100, description="How often a step that didn't end well is continued, at most."
    )

    @property
    def words(self) -> tuple[str, ...]:
        """The command's words; none where it is the code's usual one."""
        return (self.command,) if isinstance(self.command, str) else self.command or ()


class Dos(SpecModel):
    """The energies of the stored densities of states, counted from each calculation's Fermi energy."""

    window: tuple[Energy, Energy] = Field(default=(-15.0, 15.0), description="From the Fermi energy: [from, to].")
    step: Energy = Field(default=0.05, gt=0, description="Distance of two energies.")

    @property
    def n(self) -> int:
        """How many energies there are, the two ends among them."""
        return round((self.window[1] - self.window[0]) / self.step) + 1

    @property
    def energies(self) -> list[float]:
        """In eV, ascending."""
        # Rounded: 0.05 has no exact float, and sums of it would show that.
        return [round(self.window[0] + i * self.step, 10) for i in range(self.n)]


class Archive(SpecModel):
    """What is kept of each calculation."""

    keep: tuple[Kept, ...] = Field(
        default=("total_energy", "dos", "band_structure", "relaxed_structure"),
        description="Results in the store's arrays, or, of band structures, in the packs.",
    )
    raw: Literal["packed", "dropped"] = Field(
        default="packed", description="The code's readable files: in the run's packs, or not at all."
    )


class Again(SpecModel):
    """Calculations to be made once more."""

    structure: str = Field(description="The structure's identifier.")
    setting: str = Field(default="", description="The setting's name, as reports have it; left out: all settings.")


class HighThroughput(StudyModel):
    """Many DFT calculations of structures with settings, inside file and storage limits."""

    stages_at: ClassVar[str] = "bigdata.studies.high_throughput.stages:stages"
    report_at: ClassVar[str] = "bigdata.studies.high_throughput.report:report"
    uploads_at: ClassVar[str] = "bigdata.studies.high_throughput.uploads:uploads"
    starter_at: ClassVar[str] = "bigdata.studies.high_throughput:starter.yaml"
    packages: ClassVar[tuple[str, ...]] = ("spglib", "pymatgen")

    study: Literal["high-throughput"] = "high-throughput"
    structures: MaterialsOrigin = Field(description="Crystals: an ASE database, extxyz, CIF files, a dataset, a query.")
    calculator: Calculator
    workflow: tuple[Step, ...] = Field(default=("ground-state",), min_length=1, description="Steps, in this order.")
    settings: Settings = Field(description="Numerical settings: a grid, or a list.")
    largest_force: float = Field(
        default=0.025, gt=0, description="What a relaxation may leave on any atom, in eV/angstrom."
    )
    dos: Dos = Dos()
    archive: Archive = Archive()
    upload: Upload | None = Field(default=None, description="Where `bigdata upload` sends the raw files.")
    again: tuple[Again, ...] = Field(
        default=(),
        description="Make these once more, with the timeout and restarts that are given now: a calculation that failed "
        "is a result, and isn't made again by itself.",
    )

    @property
    def points(self) -> tuple[One, ...]:
        """All settings, in the order of the store."""
        return points(self.settings)

    @property
    def is_relaxed(self) -> bool:
        return "relax" in self.workflow

    def keeps(self, what: Kept) -> bool:
        """Whether a result is computed and kept."""
        step = {"dos": "density-of-states", "band_structure": "band-structure", "relaxed_structure": "relax"}
        return what in self.archive.keep and (what not in step or step[what] in self.workflow)

    @classmethod
    def check(cls, fields: Mapping[str, Any], folder: Path) -> Iterable[Finding]:
        """There are such structures and such a code, and the parts go together."""
        if "structures" in fields:
            yield from _structures(fields["structures"], folder)
        if "calculator" in fields:
            yield from _calculator(fields["calculator"], folder)
        if "settings" in fields:
            yield from findings(fields["settings"])
            yield from _measures(fields["settings"])
        yield from _workflow(fields.get("workflow", ()))
        if "dos" in fields:
            yield from _dos(fields["dos"])
        if fields.get("upload") and fields.get("archive", Archive()).raw == "dropped":
            what = "has nothing to send: NOMAD reads a code's own files, which `archive.raw` drops"
            yield Finding(("upload",), what, "Write `raw: packed`, or leave `upload` out", at_key=True)

    def data_files(self, folder: Path) -> Iterable[Path]:
        """The user's own structures and species files."""
        own = [self.structures.file] if isinstance(self.structures, MaterialsFile) else []
        return [named(folder, file) for file in (*own, *([self.calculator.species] if self.calculator.species else []))]

    def inputs(self, folder: Path) -> dict[str, Input]:
        """The structures, imported into the cache, and the species files. Raises Findings."""
        species = self.calculator.species
        found = {STRUCTURES: _imported(self.structures, folder)}
        return found | ({SPECIES: _species(species, folder)} if species else {})

    def figures(self) -> dict[str, str]:
        at, several = "bigdata.studies.high_throughput.captioned", len(self.points) > 1
        shown = {"settings": several, "spectra": self.keeps("dos"), "effort": True}
        return {name: f"{at}:{name}" for name, is_shown in shown.items() if is_shown}


def _imported(structures: MaterialsOrigin, folder: Path) -> Input:
    # Only where data are opened: a spec is checked without NumPy.
    from bigdata.data.materials.dataset import open_materials

    with placed("structures"):
        opened = open_materials(structures, folder)
    if not opened.has_structures:
        what = "has formulas only, and a calculation needs the positions of atoms"
        raise Findings(Finding(("structures",), what, "Give structures", at_key=True))
    file = structures.file if isinstance(structures, MaterialsFile) else ""
    return Input(opened.digest, str(opened.folder), file, opened.content)


def _species(species: str, folder: Path) -> Input:
    """The folder, by the names and contents of its files: species decide numbers as settings do."""
    path, whole = located(folder, species), hashlib.sha256()
    for file in sorted(p for p in path.iterdir() if p.is_file()):
        whole.update(f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return Input(whole.hexdigest(), str(path.absolute()), species, whole.hexdigest())


def _structures(structures: MaterialsOrigin, folder: Path) -> Iterator[Finding]:
    if structures.target:
        what = "belongs to studies that learn a property"
        yield Finding(("structures", "target"), what, "Leave it out", at_key=True)
    yield from unknown_fields(structures, folder, ("structures",))


def _calculator(calculator: Calculator, folder: Path) -> Iterator[Finding]:
    known = codes()
    if calculator.code not in known:
        what, right = f"there is no code `{calculator.code}`", f"The codes are {', '.join(known)}"
        yield Finding(("calculator", "code"), what, right, calculator.code, tuple(known))
    if calculator.species and not located(folder, calculator.species).is_dir():
        what = f"there is no folder {calculator.species}"
        yield Finding(("calculator", "species"), what, "Paths start at the spec's folder")
    if isinstance(calculator.command, str) and " " in calculator.command.strip():
        right = f"Write a list of words: [{', '.join(calculator.command.split())}]"
        yield Finding(("calculator", "command"), "isn't read by a shell, and holds blanks", right)


def _measures(settings: Any) -> Iterator[Finding]:
    names = {name for one in points(settings) for name in one.basis}
    for name in sorted(names & {*TAKEN}):
        yield Finding(("settings",), f"`{name}` can't be a measure of a basis", "That is an array of the store")


def _workflow(workflow: tuple[Step, ...]) -> Iterator[Finding]:
    for i, step in enumerate(workflow):
        if step in workflow[:i]:
            yield Finding(("workflow", i), f"{step} is listed twice", "Keep one of the two")
    if "relax" in workflow[1:]:
        what = "comes after steps that would be of the unrelaxed structure"
        yield Finding(("workflow", workflow.index("relax")), what, "Write `relax` first")


def _dos(dos: Dos) -> Iterator[Finding]:
    low, high = dos.window
    if not low < 0 < high:
        what = f"{low:g} to {high:g} eV doesn't hold the Fermi energy, from which energies are counted"
        yield Finding(("dos", "window"), what, "Write [from, to], such as [-15 eV, 15 eV]")
    elif abs((high - low) / dos.step - round((high - low) / dos.step)) > 1e-6:
        what = f"doesn't divide the window of {high - low:g} eV"
        yield Finding(("dos", "step"), what, "Write a step that does, such as 0.05 eV")
