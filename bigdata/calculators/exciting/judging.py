"""What an attempt of exciting's came to, from its outputs: it ends with exit code 0 where it hasn't converged, too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from bigdata.calculators.calculation import Step
from bigdata.calculators.code import SAID, Judgement
from bigdata.calculators.exciting import inputs, outputs
from bigdata.calculators.records import FERMI, STATE, is_whole
from bigdata.calculators.species import changed
from bigdata.calculators.texts import read
from bigdata.calculators.units import FORCE_EV_PER_ANGSTROM

INFO, DOS, BANDS = "INFO.OUT", "dos.xml", "bandstructure.xml"
GEOMETRY = "geometry_opt.xml"
# INFO.OUT has radii with eight decimals, and the input with four.
SAME_RADIUS = 1e-4


def judge(step: Step, folder: Path) -> Judgement:
    """See `bigdata.calculators.code.Code.judge`."""
    said, info, root = read(folder / SAID), outputs.Info(read(folder / INFO)), inputs.read(folder)
    loops = info.steps if step == "relax" else info.loops
    if reasons := (*_errors(said), *_missing(step, folder, info, root)):
        # An error before the first loop is one of the input, and as true the next time.
        return Judgement(False, reasons, again=not _errors(said) or info.loops > 0, loops=loops)
    return Judgement(True, tuple(_doubts(info, root)), loops=loops)


def _errors(said: str) -> tuple[str, ...]:
    found = re.findall(r"error *\([^\n]*", said, re.I)
    return tuple(f"exciting says: {' '.join(error.split())[:200]}." for error in dict.fromkeys(found))


def _missing(step: Step, folder: Path, info: outputs.Info, root: ElementTree.Element) -> Iterator[str]:
    """Why it isn't complete."""
    if inputs.asked(root, "groundstate", "do") != "skip":
        yield from _not_iterated(info)
    if step == "relax":
        yield from _unrelaxed(info, root)
    if step in ("relax", "ground-state"):
        yield from _without(folder)
    if step == "density-of-states":
        yield from _cut(folder / DOS, "totaldos/diagram", int(inputs.asked(root, "properties/dos", "nwdos")))
    if step == "band-structure":
        steps = inputs.asked(root, "properties/bandstructure/plot1d/path", "steps")
        yield from _cut(folder / BANDS, ".//band", int(steps))


def _not_iterated(info: outputs.Info) -> Iterator[str]:
    if not info.ended:
        yield "exciting was ended before its end: INFO.OUT doesn't come to it."
    elif info.gave_up or not info.converged:
        yield f"Self-consistency wasn't reached in {info.loops} loops."


def _unrelaxed(info: outputs.Info, root: ElementTree.Element) -> Iterator[str]:
    target, left = float(inputs.asked(root, "relax", "epsforce")), info.forces_left()
    if not left:
        yield "The relaxation didn't come to the end of its first step."
    elif left[-1] > target or not info.relaxed:
        yield (
            f"After {info.steps} steps of relaxation a force of {left[-1] * FORCE_EV_PER_ANGSTROM:.3f} eV/angstrom is "
            f"left, where {target * FORCE_EV_PER_ANGSTROM:.3f} were asked for."
        )


def _without(folder: Path) -> Iterator[str]:
    for name in ("TOTENERGY.OUT", FERMI, "EIGVAL.OUT"):
        if not read(folder / name).strip():
            yield f"{name} is missing, or empty."
    if not ((folder / STATE).is_file() and is_whole(folder / STATE)):
        yield f"{STATE} is missing, or was cut."


def _cut(file: Path, path: str, n: int) -> Iterator[str]:
    """Each of its curves has so many points."""
    root = outputs.tree(file)
    curves = [] if root is None else root.findall(path)
    if not curves or any(len(curve) != n for curve in curves):
        yield f"{file.name} is missing, or was cut."


def _doubts(info: outputs.Info, root: ElementTree.Element) -> Iterator[str]:
    for what in changed(inputs.radii_of(root), info.radii, SAME_RADIUS):
        yield f"exciting changed {what}: its energy can't be compared with those of other geometries."
