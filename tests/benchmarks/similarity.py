"""How fast fingerprints and similarities are, beside the reference: python -m tests.benchmarks.similarity."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import bigdata
from bigdata.studies.similarity import measures
from bigdata.studies.similarity.fingerprint import heights
from bigdata.studies.similarity.grid import Grid
from bigdata.studies.similarity.measures import Bits

GRID = "nonuniform:0:0.05:1.05:0.5:5.5:10:-10:10:56"
SPEC = f"""
study: similarity
name: benchmark
dataset: {{{{file: spectra.npz}}}}
spectrum: {{{{zero: none, window: [-10 eV, 10 eV]}}}}
fingerprint: {{{{grid: "{GRID}"}}}}
similarity: {{{{keep: {{keep}}}}}}
order_by: [xc, n_basis]
{{more}}
"""
BLOCK = 1000
ROWS = 4096


@dataclass(frozen=True)
class Row:
    """One line of the table; `reference` in seconds where known, `bar` is the ratio that must be reached."""

    what: str
    seconds: float
    reference: float | None = None
    bar: float | None = None
    note: str = ""

    def __str__(self) -> str:
        ratio = self.reference / self.seconds if self.reference else None
        numbers = (f"{self.reference:12.3f}" if self.reference else " " * 12, f"{self.seconds:12.4f}")
        against = f"{ratio:8.0f}x" if ratio else " " * 9
        bar = f"{self.bar:6.0f}x" if self.bar else " " * 7
        verdict = "" if not (ratio and self.bar) else "ok" if ratio >= self.bar else "BELOW"
        return f"{self.what:44}{numbers[0]}{numbers[1]}{against}{bar} {verdict:5} {self.note}".rstrip()


def main() -> None:
    reference = Reference.installed()
    print(f"Bits are compared by: {measures.path()}")
    if reference is None:
        print("The reference program isn't installed (pip install '.[oracle]'): absolute figures only.")
    print(f"{'':44}{'reference/s':>12}{'here/s':>12}{'ratio':>9}{'bar':>7}")
    for row in science(reference):
        print(row, flush=True)
    for row in whole_studies(reference):
        print(row, flush=True)


def science(reference: Reference | None) -> Iterator[Row]:
    """Fingerprints, pairs and nearest, one core, nothing stored."""
    energies, dos = varied_spectra(1000)
    grid = Grid.from_id(GRID)
    of_one = reference.seconds_a_fingerprint(energies, dos) if reference else None
    of_pair = reference.seconds_a_pair(energies, dos) if reference else None

    def times(n: float, one: float | None) -> float | None:
        return None if one is None else n * one

    here = best(lambda: heights(energies, dos, 0.0, grid))
    yield Row("1,000 fingerprints, one axis", here, times(1000, of_one), 300)
    shift = np.random.default_rng(0).uniform(-1, 1, 1000)
    here = best(lambda: heights(energies, dos, shift, grid), 3)
    yield Row("1,000 fingerprints, each shifted by its own", here, times(1000, of_one))

    made = heights(energies, dos, 0.0, grid)
    bits, n_pairs = measures.prepare(made.height, made.first, made.last), 1000.0**2
    out = np.empty((1000, 1000))
    if measures.path() == "compiled":
        here = best(lambda: measures.block(bits, bits, "tanimoto", out))
        yield Row("pairs, N = 1,000, compiled", here, times(n_pairs, of_pair), 100, per_pair(here, n_pairs))
    with numpy_only():
        here = best(lambda: measures.block(bits, bits, "tanimoto", out))
    yield Row("pairs, N = 1,000, NumPy", here, times(n_pairs, of_pair), 30, per_pair(here, n_pairs))

    many = varied_heights(made.height, 10_000)
    n_pairs = 10_000 * 10_001 / 2
    here = best(lambda: triangle(many, out), 3)
    yield Row("pairs, N = 10,000, triangle", here, times(n_pairs, of_pair), 500, per_pair(here, n_pairs))

    yield nearest(made.height, times(1e10, of_pair))


def nearest(height: NDArray[np.uint8], reference: float | None) -> Row:
    """The 20 nearest of all of 100,000 rows, from a part of the rows compared with all."""
    many = varied_heights(height, 100_000)
    part = best(lambda: measures.nearest(many[:ROWS], many, 20, 0.0, "tanimoto"), 2)
    whole = part * len(many) / ROWS
    note = f"{per_pair(whole, 1e10)}, from {ROWS:,} rows"
    return Row("nearest 20, N = 100,000, every pair twice", whole, reference, None, note)


def whole_studies(reference: Reference | None) -> Iterator[Row]:
    """`bigdata submit` as a user types it: spectra read for the first time, all tasks, store, figures and report."""
    energies, dos = varied_spectra(1000)
    one = reference.seconds_a_fingerprint(energies, dos) if reference else 0.0
    pair = reference.seconds_a_pair(energies, dos) if reference else 0.0
    groups = "groups: {linkage: complete, min_similarity: 0.9}"
    for n, keep, more, bar in ((10_000, "matrix", groups, 15.0), (100_000, "{nearest: 20}", "", None)):
        seconds, memory = submit(n, keep, more)
        times = n * one + n * (n + 1) / 2 * pair or None
        note = f"{memory / 2**20:,.0f} MiB in a worker at most"
        yield Row(f"submit, N = {n:,}, keep: {keep}", seconds, times, bar, note)


def submit(n: int, keep: str, more: str) -> tuple[float, int]:
    """Seconds of one submission of a study of n spectra, and the peak memory of its tasks in bytes."""
    energies, dos = varied_spectra(n)
    with tempfile.TemporaryDirectory() as folder:
        settings = {"xc": np.arange(n) % 2, "n_basis": np.arange(n)}
        np.savez(Path(folder) / "spectra.npz", energies_eV=energies, dos_states_per_eV_cell=dos, **settings)
        spec = Path(folder) / "study.yaml"
        spec.write_text(SPEC.format(keep=keep, more=more))
        environment = {**os.environ, "BIGDATA_CACHE": f"{folder}/cache"}
        start = time.perf_counter()
        command = [sys.executable, "-m", "bigdata", "submit", str(spec), "--runs", f"{folder}/runs"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        seconds = time.perf_counter() - start
        run = bigdata.open_run(done.stdout.splitlines()[-1])
        return seconds, int(run.attributes["peak_memory_bytes"])


def triangle(bits: Bits, out: NDArray[np.float64]) -> None:
    """All pairs of the upper triangle, block by block."""
    for i, j in combinations_with_replacement(range(0, len(bits), BLOCK), 2):
        measures.block(bits[i : i + BLOCK], bits[j : j + BLOCK], "tanimoto", out)


def best(work: Callable[[], object], repeats: int = 5) -> float:
    """Seconds of the fastest of some runs."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def per_pair(seconds: float, n_pairs: float) -> str:
    return f"{1e9 * seconds / n_pairs:.2f} ns a pair"


@contextmanager
def numpy_only() -> Iterator[None]:
    compiled, measures._compiled = measures._compiled, False
    try:
        yield
    finally:
        measures._compiled = compiled


def varied_spectra(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Energies, and n mixtures of two h-BN spectra, a few percent stronger or weaker at each energy."""
    path = files("bigdata") / "data/shipped/hbn_dos_gpaw/spectra.jsonl.gz"
    records = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    real = np.array([record["dos_states_per_eV_cell"] for record in records])
    rng = np.random.default_rng(2024)
    one, other, share = rng.integers(0, len(real), n), rng.integers(0, len(real), n), rng.random((n, 1))
    dos = (share * real[one] + (1 - share) * real[other]) * rng.uniform(0.95, 1.05, (n, real.shape[1]))
    return records[0]["energy_start_eV"] + records[0]["energy_step_eV"] * np.arange(real.shape[1]), dos


def varied_heights(height: NDArray[np.uint8], n: int) -> Bits:
    """n fingerprints made from some, each column a few bits higher or lower; all columns are covered."""
    rng = np.random.default_rng(2024)
    rows = height[rng.integers(0, len(height), n)].astype(np.int16)
    rows += rng.integers(-2, 3, rows.shape, np.int16)
    return measures.prepare(np.clip(rows, 0, 56).astype(np.uint8), np.zeros(n), np.full(n, rows.shape[1]))


@dataclass(frozen=True)
class Reference:
    """The reference program's fingerprints (module nomad_dos_fingerprints of madas)."""

    module: Any

    @classmethod
    def installed(cls) -> Reference | None:
        try:
            import nomad_dos_fingerprints  # type: ignore[import-untyped]
        except ImportError:
            return None
        return cls(nomad_dos_fingerprints) if hasattr(nomad_dos_fingerprints.Grid, "grid_from_lists") else None

    def fingerprints(self, energies: NDArray[np.float64], dos: NDArray[np.float64]) -> list[Any]:
        grid = self.module.Grid.create(grid_id=GRID)
        return [self.module.DOSFingerprint().calculate(energies, row, grid=grid) for row in dos]

    def seconds_a_fingerprint(self, energies: NDArray[np.float64], dos: NDArray[np.float64]) -> float:
        return best(lambda: self.fingerprints(energies, dos[:40]), 3) / 40

    def seconds_a_pair(self, energies: NDArray[np.float64], dos: NDArray[np.float64]) -> float:
        made = self.fingerprints(energies, dos[:200])
        return best(lambda: [one.get_similarities(made) for one in made], 3) / 200**2


if __name__ == "__main__":
    main()
