"""Whether a program got no memory: the kernel killed it, or it says so itself."""

from __future__ import annotations

import re
import signal

from bigdata.calculators.code import Ran
from bigdata.display import size

# A launcher (mpirun, a shell) passes on so that what it had started was killed.
KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)
# What Fortran, C++, Python and FFTW say where each process has a limit, and batch systems where the job has one.
_NO_MEMORY = re.compile(
    r"cannot allocate memory|allocation would exceed memory|error allocating|insufficient (virtual )?memory|"
    r"out of memory|\bMemoryError\b|bad_alloc|fftw: alloc\.c|\boom[-_ ]kill",
    re.I,
)


def lacked(ran: Ran, said: str) -> str:
    """A sentence where it did, from how it ended and what it said; else nothing."""
    if ran.returncode in KILLED:
        return f"It was killed, most likely for its memory, of which it had {size(ran.memory)}."
    found = _NO_MEMORY.search(said) if ran.returncode else None
    return f'It got no more memory than the {size(ran.memory)} that it had: it says "{found[0]}".' if found else ""
