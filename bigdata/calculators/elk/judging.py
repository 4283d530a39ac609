"""What an attempt of Elk's came to, from its outputs.

Its own errors end with exit code 0, as do calculations that aren't converged, that were asked to stop, or that found
the disk full; an input error leaves the outputs of whoever ran in the folder before. So all is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bigdata.calculators.calculation import Step
from bigdata.calculators.code import SAID, Judgement
from bigdata.calculators.elk import inputs, species
from bigdata.calculators.elk.outputs import Info, is_whole, last_number
from bigdata.calculators.elk.units import FORCE_EV_PER_ANGSTROM

RUNNING, STATE, INFO = "RUNNING", "STATE.OUT", "INFO.OUT"
# Elk writes radii with four decimals where it has made them smaller.
SAME_RADIUS = 1e-3


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


def read(file: Path) -> str:
    """Nothing where there is no file."""
    return file.read_text(errors="replace") if file.is_file() else ""


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
    lines = [line.strip() for line in said.splitlines() if line.strip()]
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
    """Expected files that are missing, empty or shorter than they say."""
    for name, n_lines in _expected(step, folder).items():
        file = folder / name
        if not file.is_file() or not file.stat().st_size:
            yield f"{name} is {'empty' if file.is_file() else 'missing'}."
        elif n_lines and (found := read(file).count("\n")) < n_lines:
            yield f"{name} was cut: it has {found:,} of {n_lines:,} lines."
    if step in ("relax", "ground-state") and (folder / STATE).is_file() and not is_whole(folder / STATE):
        yield f"{STATE} was cut."


def _expected(step: Step, folder: Path) -> dict[str, int]:
    """Names of files, and how many lines they have at least."""
    blocks = inputs.read(folder / species.INPUT)
    spins = 2 if blocks.get("spinpol", ("",))[0] == ".true." else 1
    if step == "density-of-states":
        n = int(blocks["wplot"][0].split()[0])
        n_atoms = sum(int(line) for line in blocks["atoms"][1:] if line.isdigit())
        partial = {file.name: n + 1 for file in sorted(folder.glob("PDOS_S*.OUT"))}
        lacking = {f"PDOS of {n_atoms} atoms": 1} if len(partial) < n_atoms else {}
        return {"TDOS.OUT": spins * (n + 1), "IDOS.OUT": n + 1, **partial, **lacking}
    if step == "band-structure":
        vertices, n = map(int, blocks["plot1d"][0].split())
        return {"BAND.OUT": n + 1, "BANDLINES.OUT": 3 * vertices}
    return {STATE: 0, "TOTENERGY.OUT": 1, "EFERMI.OUT": 1, "KPOINTS.OUT": 2, "EIGVAL.OUT": _eigval_lines(folder)}


def _eigval_lines(folder: Path) -> int:
    """A row a state and five more a k-point, but for the two blank ones after the last."""
    numbers = re.findall(r"^ +(\d+) : (?:nkpt|nstsv)", read(folder / "EIGVAL.OUT"), re.M)
    return int(numbers[0]) * (int(numbers[1]) + 4) if len(numbers) == 2 else 2


def _doubts(folder: Path, said: str, info: Info) -> Iterator[str]:
    asked = species.radii_of(folder)
    for symbol, radius in info.radii.items():
        if abs(radius - asked[symbol]) > SAME_RADIUS:
            yield (
                f"Elk changed the muffin-tin radius of {symbol} from {asked[symbol]:.4f} to {radius:.4f} bohr, since "
                "atoms came too near to each other: its energy can't be compared with those of other geometries."
            )
    if "Warning(rhonorm)" in said:
        yield "Elk warns that the density of electrons had to be corrected (rhonorm)."
