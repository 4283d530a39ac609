"""How long `bigdata validate` takes, beside a program that imports what it is made of and builds one model.

Run `python -m tests.benchmarks.validate`. The bar is 1.4 times the peer's time, for each of the specs. Both are whole
processes, in turn; the figures are medians, of the processor's time, and of the time on the clock, in which whatever
else the machine does counts too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

ROOT = Path(__file__).parents[2]
BAR = 1.4
PEER = """
import click, ruamel.yaml
from pydantic import BaseModel
class Model(BaseModel):
    field: int
Model(field=1)
"""

Times = tuple[float, float]


def times(command: list[str], environment: dict[str, str]) -> Times:
    """Of a fresh process: the processor's seconds, in it and for it, and the seconds on the clock."""
    before, started = _busy(), time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return _busy() - before, time.perf_counter() - started


def _busy() -> float:
    """The processor's seconds for all processes that this one has started and seen end."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def show(name: str, found: list[Times], peer: list[Times]) -> None:
    """One line: milliseconds, and the ratio to the peer of the same round."""
    busy, clock = (median(row[k] for row in found) for k in (0, 1))
    to_peer = [median(a[k] / b[k] for a, b in zip(found, peer, strict=True)) for k in (0, 1)]
    verdict = "" if name == "peer" else "  ok" if to_peer[0] <= BAR else f"  above {BAR}"
    print(f"{name:28} {busy * 1000:10.0f} {clock * 1000:10.0f} {to_peer[0]:12.2f} {to_peer[1]:10.2f}{verdict}")


def main(rounds: int = 15) -> None:
    """Measure in turn; the first round, which compiles what isn't compiled yet, doesn't count."""
    commands = {"peer": [sys.executable, "-c", PEER]}
    for spec in sorted((ROOT / "specs").glob("*.yaml")):
        commands[spec.name] = [sys.executable, "-m", "bigdata", "validate", str(spec.relative_to(ROOT))]
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "BIGDATA_CACHE": cache, "PYTHONPYCACHEPREFIX": f"{cache}/compiled"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        found = [{name: times(c, environment) for name, c in commands.items()} for _ in range(rounds + 1)][1:]
    print(f"{'':28} {'CPU, ms':>10} {'clock, ms':>10} {'CPU / peer':>12} {'clock / peer':>10}")
    for name in commands:
        show(name, [row[name] for row in found], [row["peer"] for row in found])


if __name__ == "__main__":
    main()
