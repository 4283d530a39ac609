"""The DFT code of a study: as the spec names it, whether its program is here, and what it can't do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from bigdata.calculators.code import Code
from bigdata.calculators.known import code_class
from bigdata.kind import Finding, PathInSpec
from bigdata.studies.high_throughput.model import HighThroughput

# How codes are had whose licence lets anyone have them.
WAYS = {
    "elk": "Debian and Ubuntu have it (`apt-get install elk-lapw`), and elk.sourceforge.io",
    "gpaw": "Debian and Ubuntu have it (`apt-get install gpaw`), and gpaw.readthedocs.io",
    "exciting": "exciting-code.org has it",
}


def code_of(model: HighThroughput, species: Path | None = None) -> Code:
    """The code, with the spec's command, and with a folder of species files where the spec names one."""
    code: Code = code_class(model.calculator.code)(command=model.calculator.words, species=species)
    return code


def measures(model: HighThroughput) -> tuple[str, ...]:
    """The code's measures of its basis of which a larger value means more functions."""
    found: tuple[str, ...] = code_class(model.calculator.code).measures
    return found


def absent_program(model: HighThroughput) -> Iterator[str]:
    """A sentence where the program isn't on this machine: the nodes that calculate may have it all the same."""
    program = (
        model.calculator.launch[0] if model.calculator.launch else code_of(model).command("ground-state", Path())[0]
    )
    if shutil.which(program) is None:
        way = WAYS.get(model.calculator.code, "give its path by `command:`")
        yield f"`{program}` isn't on this machine, and has to be where the calculations run: {way}"


def unknown_functionals(model: HighThroughput) -> Iterator[Finding]:
    """Those that the code doesn't have, each once, at its setting."""
    known = code_of(model).functionals
    is_list = isinstance(model.settings, tuple)
    for i, one in enumerate(model.points):
        if one.xc not in known and one.xc not in [earlier.xc for earlier in model.points[:i]]:
            path: PathInSpec = ("settings", i, "xc") if is_list else ("settings", "grid", "xc")
            what = f"`{one.xc}` is no functional of {model.calculator.code}"
            yield Finding(path, what, f"It has {', '.join(known)}", one.xc, known)
