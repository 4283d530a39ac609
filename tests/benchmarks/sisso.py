"""How fast searches for formulas are, beside TorchSisso: python -m tests.benchmarks.sisso [--peer PYTHON].

All figures are from one run, with one thread; each program runs in a process of its own, which says how long the search
took and how much memory the process held at most. PYTHON is an interpreter that has TorchSisso (0.1.8), by default this
one; without it the ratios are left out. Its 'pow(1/2)' is the square root; 'sqrt' it ignores.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import numpy.ma

from bigdata.models.sisso import kernel
from bigdata.models.sisso.fitting import Search, advanced, begun, fit, screened
from bigdata.models.sisso.growing import grow
from bigdata.models.sisso.screening import Candidates
from bigdata.models.sisso.setting import Problem, Setting
from bigdata.models.sisso.subsets import Gram, leading
from bigdata.threads import thread_environment
from tests.peak import KIB

OPERATORS = ("+", "-", "*", "/", "exp", "log", "sqrt", "^-1", "^2", "^3")
EVERY = (*OPERATORS, "|-|", "exp-", "cbrt")
PEER_OPERATORS = ["+", "-", "*", "/", "exp", "ln", "pow(1/2)", "^-1", "pow(2)", "pow(3)"]
BARS = {"time": 100.0, "memory": 20.0}
PEER = f"""
import json, sys, time, io, contextlib, numpy as np, pandas as pd, torch
torch.set_num_threads(1)
from TorchSisso import SissoModel
rng = np.random.default_rng(0)
x = rng.uniform(0.5, 5.0, (10, 1000))
y = 2 * x[0] * x[3] / (x[1] + x[2]) + x[4] * x[5] - x[6] ** 2 / x[7] + 0.02 * rng.standard_normal(1000)
data = pd.DataFrame({{"y": y, **{{f"x{{i}}": column for i, column in enumerate(x)}}}})
with contextlib.redirect_stdout(io.StringIO()):
    model = SissoModel(data, operators={PEER_OPERATORS!r}, n_expansion=3, n_term=3, k=20)
    start = time.process_time()
    rmse = model.fit()[0]
    seconds = time.process_time() - start
print(json.dumps([seconds, {KIB} * 1024, float(rmse)]))
"""


def planted() -> Problem:
    """1,000 samples of 10 columns, three terms and noise."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0.5, 5.0, (10, 1000))
    y = 2 * x[0] * x[3] / (x[1] + x[2]) + x[4] * x[5] - x[6] ** 2 / x[7] + 0.02 * rng.standard_normal(1000)
    return Problem(x, ["1"] * 10, y, np.array([0, 1000]))


def whole() -> tuple[float, float, float]:
    """The search that TorchSisso makes, too: k = 20, one residual."""
    setting = Setting(OPERATORS, keep=20, residuals=1, refinements=0)
    start = time.process_time()
    best = fit(planted(), setting, 2, 3)[-1][0]
    return time.process_time() - start, peak(), best.rmse


def refined() -> tuple[float, float, float]:
    """The same with what is done by default."""
    setting = Setting(OPERATORS, keep=20)
    start = time.process_time()
    best = fit(planted(), setting, 2, 3)[-1][0]
    return time.process_time() - start, peak(), best.rmse


def rung_3() -> tuple[float, float, float]:
    """Five columns with units, all operators."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0.5, 5.0, (5, 1000))
    y = x[0] * x[3] / (x[1] + (x[4] + x[2])) + 0.01 * rng.standard_normal(1000)
    problem = Problem(x, ["eV", "angstrom", "angstrom", "1", "angstrom"], y, np.array([0, 1000]))
    start = time.process_time()
    best = fit(problem, Setting(EVERY, keep=20, residuals=1), 3, 1)[-1][0]
    return time.process_time() - start, peak(), best.rmse


def triples() -> tuple[float, float, float]:
    """All 5.6e8 triples of 1,500 features; the last figure is how many a second."""
    rng = np.random.default_rng(0)
    z = rng.standard_normal((1000, 1500))
    z = (z - z.mean(axis=0)) / np.linalg.norm(z - z.mean(axis=0), axis=0)
    y = z[:, 7] + z[:, 500] - z[:, 1200] + 0.1 * rng.standard_normal(1000) / np.sqrt(1000)
    gram = Gram((z.T @ z)[None], (z.T @ (y / np.linalg.norm(y)))[None])
    start = time.process_time()
    assert leading(gram, 3, 50)[0].tolist() == [7, 500, 1200]
    seconds = time.process_time() - start
    return seconds, peak(), 1500 * 1499 * 1498 / 6 / seconds


def of_many() -> tuple[Problem, Setting]:
    """100,000 samples of 10 columns."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0.5, 5.0, (10, 100_000))
    y = 2 * x[0] * x[3] / (x[1] + x[2]) + 0.02 * rng.standard_normal(100_000)
    return Problem(x, ["1"] * 10, y, np.array([0, 100_000])), Setting(EVERY, keep=20, residuals=1)


def many() -> tuple[float, float, float]:
    """These at rung 2."""
    start = time.process_time()
    best = fit(*of_many(), 2, 1, Search())[-1][0]
    return time.process_time() - start, peak(), best.rmse


def part_of_many(part: int) -> tuple[Candidates, float]:
    """What one of two workers screens of these, and the bytes that it held at most."""
    space = grow(*of_many(), 2)
    return screened(space, begun(space), Search(), part, 2), peak()


def shared() -> tuple[float, float, float]:
    """The same by two workers: seconds of wall time, and the memory of the larger one."""
    start = time.perf_counter()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as workers:
        parts, peaks = zip(*workers.map(part_of_many, range(2)), strict=True)
    space = grow(*of_many(), 2)
    best = advanced(space, begun(space), parts, Search()).found[-1][0]
    return time.perf_counter() - start, max(*peaks, peak()), best.rmse


CASES = {"whole": whole, "refined": refined, "rung-3": rung_3, "triples": triples, "many": many, "shared": shared}
TITLES = {
    "whole": "1,000 x 10, rung 2, k = 20, dimension 3",
    "refined": "  the same, 10 residuals, refined",
    "rung-3": "1,000 x 5 with units, rung 3",
    "triples": "dimension 3 of 1,500 features",
    "many": "100,000 x 10, rung 2, dimension 1",
    "shared": "  the same by two workers (wall time)",
}
# Seconds and GiB.
LIMITS = {"rung-3": (20.0, 1.0), "triples": (5.0, 1.0), "many": (600.0, 2.0), "shared": (600.0, 2.0)}


def main() -> None:
    peer = sys.argv[sys.argv.index("--peer") + 1] if "--peer" in sys.argv else sys.executable
    print(f"loops: {kernel.path()}, one thread\n{'':42}{'s':>9}{'GiB':>8}{'rmse':>10}")
    found = {name: run([sys.executable, "-m", "tests.benchmarks.sisso", name]) for name in CASES}
    for name, figures in found.items():
        if figures:
            show(TITLES[name], figures, LIMITS.get(name))
    if beside := run([peer, "-c", PEER]):
        show("TorchSisso, as the first", beside, None)
        for name, ours, theirs in zip(BARS, found["whole"] or (), beside, strict=False):
            ratio = theirs / ours
            print(f"  {name}: {ratio:,.0f} times less; {BARS[name]:.0f} {'ok' if ratio >= BARS[name] else 'BELOW'}")
    else:
        print("TorchSisso isn't installed")


def run(command: list[str]) -> tuple[float, ...] | None:
    """What a process says of itself; None where it fails."""
    environment = {**os.environ, **thread_environment(1)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    return tuple(json.loads(done.stdout.splitlines()[-1])) if done.returncode == 0 else None


def show(title: str, figures: tuple[float, ...], limits: tuple[float, float] | None) -> None:
    seconds, memory, last = figures
    verdict = ""
    if limits:
        verdict = "  ok" if seconds <= limits[0] and memory <= limits[1] * 2**30 else "  BELOW"
        verdict += f" ({limits[0]:.0f} s, {limits[1]:.0f} GiB)"
    print(f"{title:42}{seconds:9.3f}{memory / 2**30:8.3f}{last:10.3g}{verdict}", flush=True)


def peak() -> float:
    """Bytes that this process held at most."""
    return float(eval(KIB)) * 1024


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in CASES:
        print(json.dumps(CASES[sys.argv[1]]()))
    else:
        main()
