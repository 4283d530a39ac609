"""What an attempt of Elk's came to, from its outputs.

Its own errors end with exit code 0, as do calculations that aren't converged, that were asked to stop, or that found
the disk full; an input error leaves the outputs of whoever ran in the folder before. So all is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from bigdata.calculators.calculation import Step
from bigdata.calculators.code import SAID, Judgement
from bigdata.calculators.elk import inputs, species
from bigdata.calculators.elk.outputs import Info
from bigdata.calculators.records import FERMI, STATE, is_whole
from bigdata.calculators.species import changed
from bigdata.calculators.texts import last_number, read
from bigdata.calculators.units import FORCE_EV_PER_ANGSTROM

RUNNING, INFO = "RUNNING", "INFO.OUT"
# Elk writes radii with four decimals where it has made them smaller.
SAME_RADIUS = 1e-3
# What Fortran adds to an error of its run-time: addresses, which tell nobody anything.
_BACKTRACE = re.compile(r"#\d+ +0x|Backtrace for this error|Could not print backtrace|Error termination")


def judge(step: Step, folder: Path) -> Judgement:
    """See `bigdata.calculators.code.Code.judge`."""
    said, info = read(folder / SAID), Info(read(folder / INFO))
    loops = _steps(folder) if step == "relax" else info.loops
    if errors := _errors(said):
        # What Elk says of its input is as true the next time; of files that it was given, it isn't.
        return Judgement(False, errors, again="readinput" not in errors[0], loops=loops)
    if reasons := tuple(_missing(step, folder, said, info)):
        return Judgement(False, reasons, again=True, loops=loops)
    return Judgement(True, tuple(_doubts(folder, said, info)), loops=loops)


def _errors(said: str) -> tuple[str, ...]:
    found = [" ".join(match.split()) for match in re.findall(r"Error\([^\n]*(?:\n[^\n]+)*", said)]
    return tuple(f"Elk says: {error}." for error in found)


def _missing(step: Step, folder: Path, said: str, info: Info) -> Iterator[str]:
    """Why it isn't complete."""
    if (folder / RUNNING).exists() or "Elk code stopped" not in said:
        yield f"Elk was ended before its end{_last_words(said)}."
        return
    if _iterates(step, folder):
        if not info.converged:
            yield f"Self-consistency wasn't reached in {info.loops} loops."
        if not info.ended:
            yield "INFO.OUT doesn't come to its end."
    if step == "relax":
        yield from _unrelaxed(folder)
    yield from _cut(step, folder)


def _last_words(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip() and not _BACKTRACE.match(line)]
    return f'; its last words are "{lines[-1][:200]}"' if lines else ", and said nothing"


def _iterates(step: Step, folder: Path) -> bool:
    """Bands, and densities of states with all that they need, go without a loop of self-consistency."""
    return step in ("relax", "ground-state") or "1" in inputs.read(folder / species.INPUT)["tasks"]


def _steps(folder: Path) -> int:
    return len(read(folder / "FORCEMAX.OUT").split())


def _unrelaxed(folder: Path) -> Iterator[str]:
    if not _steps(folder):
        yield "The relaxation didn't come to the end of its first step."
        return
    asked = float(inputs.read(folder / species.INPUT)["epsforce"][0])
    left = last_number(folder / "FORCEMAX.OUT")
    if left > asked:
        yield (
            f"After {_steps(folder)} steps of relaxation a force of {left * FORCE_EV_PER_ANGSTROM:.3f} eV/angstrom is "
            f"left, where {asked * FORCE_EV_PER_ANGSTROM:.3f} were asked for."
        )


def _cut(step: Step, folder: Path) -> Iterator[str]:
    """Expected files that are missing, empty or shorter than they should be."""
    for name, lines in _expected(step, folder).items():
        file = folder / name
        if not file.is_file() or not file.stat().st_size:
            yield f"{name} is {'empty' if file.is_file() else 'missing'}."
        elif not (text := read(file)).endswith("\n") or text.count("\n") % lines:
            yield f"{name} was cut in its line {text.count(chr(10)) + 1:,}."
    if step in ("relax", "ground-state") and not ((folder / STATE).is_file() and is_whole(folder / STATE)):
        yield f"{STATE} is missing, or was cut."


def _expected(step: Step, folder: Path) -> dict[str, int]:
    """Text files by name: each has so many lines, or a multiple of these, as one of blocks of one length has."""
    blocks = inputs.read(folder / species.INPUT)
    if step == "density-of-states":
        n = int(blocks["wplot"][0].split()[0]) + 1
        spins = 2 if blocks.get("spinpol") == (".true.",) else 1
        return {"TDOS.OUT": spins * n, "IDOS.OUT": n, **dict.fromkeys(_partial(blocks), n)}
    if step == "band-structure":
        vertices, n = map(int, blocks["plot1d"][0].split())
        return {"BAND.OUT": n + 1, "BANDLINES.OUT": 3 * vertices}
    n_k, n_states = _counts(read(folder / "EIGVAL.OUT"))
    ground = {FERMI: 1, "KPOINTS.OUT": n_k + 1, "EIGVAL.OUT": 2 + n_k * (n_states + 4)}
    # A number for each loop; in a relaxation INFO.OUT is that of its last step alone.
    return {"TOTENERGY.OUT": max(1, Info(read(folder / INFO)).loops), **ground}


def _partial(blocks: Mapping[str, inputs.Block]) -> Iterator[str]:
    """The names of the partial densities of states, one an atom."""
    counts = [int(line) for line in blocks["atoms"][1:] if line.isdigit()]
    for i, n_atoms in enumerate(counts, 1):
        yield from (f"PDOS_S{i:02d}_A{atom:04d}.OUT" for atom in range(1, n_atoms + 1))


def _counts(eigenvalues: str) -> tuple[int, int]:
    """How many k-points and states EIGVAL.OUT says that it has."""
    found = [int(number) for number in re.findall(r"^ +(\d+) : (?:nkpt|nstsv)", eigenvalues, re.M)]
    return (found[0], found[1]) if len(found) == 2 else (1, 1)


def _doubts(folder: Path, said: str, info: Info) -> Iterator[str]:
    for what in changed(species.radii_of(folder), info.radii, SAME_RADIUS):
        yield (
            f"Elk changed {what}, as where atoms come too near to each other or an option says so: its energy can't be "
            "compared."
        )
    if "Warning(rhonorm)" in said:
        yield "Elk warns that the density of electrons had to be corrected (rhonorm)."
