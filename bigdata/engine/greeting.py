"""What the first worker of a job says of where it is, before it gets a task."""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import Any

from bigdata import environment as program
from bigdata.environment import EXTRAS, OPTIONAL, Environment, differences, environment, lacking, without_others
from bigdata.spec.words import listed


@dataclass(frozen=True)
class Greeting:
    """`ends` is when the job ends (Unix time, s), `environment` the packages that Python finds there."""

    host: str
    ends: float
    environment: dict[str, Any]


def greet(imported: bool, *extra: str) -> dict[str, Any]:
    """Run on a worker; `imported` also tries to import the packages, those of an extra among them where one is named.

    Plain data, which other versions understand.
    """
    ends = os.environ.get("BIGDATA_JOB_ENDS", "")
    found = imported_environment(*extra) if imported else environment(imported=False)
    return asdict(Greeting(socket.gethostname(), float(ends) if ends.isdigit() else math.inf, asdict(found)))


def imported_environment(*extra: str) -> Environment:
    """What is found here, by a process of its own that tries to import the packages, of other extras left out.

    The tasks need the memory that they would take, some can't be imported in a worker's thread, and one that was built
    for another processor ends its process. RuntimeError where that happens.
    """
    others = {*OPTIONAL} - {name for one in extra for name in EXTRAS[one]}
    names = [name for name in environment(imported=False).packages if name not in others]
    command = [sys.executable, "-P", program.__file__, *names]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        why = [f"exit code {done.returncode}", *done.stderr.strip().splitlines()][-1]
        raise RuntimeError(f"Python ended when it imported its packages: {why}")
    # Packages may print when they are imported.
    return Environment(**json.loads(done.stdout.splitlines()[-1]))


def missing(where: str, there: Environment, extra: str) -> str:
    """Which packages of an extra aren't installed `where` tasks would import them, in words; "" where all are."""
    names = [name for name in lacking(there, extra) if name not in there.errors]
    return f"{where}, Python doesn't find {listed(names)}, which the study needs" if names else ""


def difference(where: str, there: Environment, here: Environment, extra: str = "") -> str:
    """How the environment that is found `where` differs from `here`, in words; "" where it doesn't.

    Of what extras install, only what a study of this `extra` needs counts.
    """
    there, here = without_others(there, extra), without_others(here, extra)
    if there.errors:
        said = "; ".join(f"{name}: {error}" for name, error in there.errors.items())
        return f"{where}, not everything can be imported: {said}"
    wrong = "; ".join(f"{n} is {a or 'missing'} there, {b or 'missing'} here" for n, a, b in differences(there, here))
    return f"{where}, Python finds other packages than here: {wrong}" if wrong else ""
