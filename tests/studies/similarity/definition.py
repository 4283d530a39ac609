"""Fingerprints and similarities written down slowly, one spectrum and one pair at a time, to compare with."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.studies.similarity.grid import Grid

FOCUSED_ON_VBM = "nonuniform:0:0.05:1.05:0.5:5.5:10:-10:10:56"
DEFAULT = "nonuniform:-2:0.05:1.05:0.5:5.5:7:-8:7:56"
GRIDS = [
    FOCUSED_ON_VBM,
    DEFAULT,
    "uniform:-1:0.1:0.8:-5:5:32",
    "nonuniform:0:0.03:0.5:0.2:3:3:-7.3:4.1:255",
    "nonuniform:1.234:0.07:1.4:0.5:2.2:5:-18:0:8",
    "nonuniform:0:0.3:0.9:0.5:5.5:10:-30:30:1",
    "uniform:0.7:0.33333333:0.8:-50:5:32",
]


@cache
def hbn_spectra() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Energies (801,) in eV and densities of states (108, 801) of h-BN."""
    path = files("bigdata") / "data/shipped/hbn_dos_gpaw/spectra.jsonl.gz"
    records = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    dos = np.array([record["dos_states_per_eV_cell"] for record in records])
    start, step = records[0]["energy_start_eV"], records[0]["energy_step_eV"]
    return start + step * np.arange(dos.shape[1]), dos


def oracle() -> Any:
    """The reference program, in the version that has `nonuniform` grids; None where it isn't installed."""
    try:
        import nomad_dos_fingerprints  # type: ignore[import-untyped]
    except ImportError:
        return None
    return nomad_dos_fingerprints if hasattr(nomad_dos_fingerprints.Grid, "grid_from_lists") else None


NO_ORACLE = "needs the reference program: pip install '.[oracle]'"


def bits_by_definition(
    energies: Sequence[float], dos: Sequence[float], shift: float, grid: Grid
) -> tuple[int, int, list[list[bool]], list[float]]:
    """First covered column and the one after the last, and the bits and the states of each column."""
    x = [e - shift - grid.e_ref for e in energies]
    begin, end = math.ceil(x[0] / grid.de_min), math.floor(x[-1] / grid.de_min)
    edges = [round(float(e) / grid.de_min) for e in grid.edges]
    on_grid = [k for k in range(begin, end) if edges[0] <= k <= edges[-1]]
    if not on_grid:
        return 0, 0, [], []
    first = min(i for i, edge in enumerate(edges) if edge >= on_grid[0])
    last = max(i for i, edge in enumerate(edges) if edge <= on_grid[-1])
    if len(on_grid) == end - begin and on_grid[-1] > edges[last]:
        last += 1
    steps = _steps(x, dos, begin, end, grid)
    columns = [steps[max(edges[i], begin) - begin : edges[i + 1] - begin] for i in range(first, last)]
    states = [_in_order(column) for column in columns]
    bits = [[float(t) <= s for t in grid.thresholds[i]] for i, s in zip(range(first, last), states, strict=True)]
    return first, max(first, last), bits, states


def _in_order(values: Sequence[float]) -> float:
    total = 0.0
    for value in values:
        total += value
    return total


def _steps(x: Sequence[float], dos: Sequence[float], begin: int, end: int, grid: Grid) -> list[float]:
    """The states in each step of de_min: trapezoids between its edges and the points inside."""
    edge = [round(k * grid.de_min, 9) for k in range(begin, end + 1)]
    j = max(1, next(i for i, e in enumerate(x) if e > edge[0]))

    def interpolated(e: float) -> float:
        return dos[j - 1] + (dos[j] - dos[j - 1]) / (x[j] - x[j - 1]) * (e - x[j - 1])

    at, density, steps = edge[0], interpolated(edge[0]), []
    for upper in edge[1:]:
        parts = []
        while upper < edge[-1] and x[j] < upper:
            parts.append((density + dos[j]) * (x[j] - at) / 2)
            at, density, j = x[j], dos[j], j + 1
        parts.append((density + interpolated(upper)) * (upper - at) / 2)
        at, density = upper, interpolated(upper)
        steps.append(_in_order(parts))
    return steps


def similarity_by_definition(
    a: NDArray[np.uint8],
    cover_a: tuple[int, int],
    b: NDArray[np.uint8],
    cover_b: tuple[int, int],
    measure: str,
) -> float:
    """The similarity of two rows of heights, from sets of bits (column, rung) in the common columns."""
    common = range(max(cover_a[0], cover_b[0]), min(cover_a[1], cover_b[1]))
    set_a, set_b = ({(i, rung) for i in common for rung in range(row[i])} for row in (a, b))
    shared = len(set_a & set_b)
    if measure == "tanimoto":
        return shared / len(set_a | set_b) if set_a | set_b else 0.0
    if measure == "dice":
        return 2 * shared / (len(set_a) + len(set_b)) if set_a or set_b else 0.0
    return shared / math.sqrt(len(set_a) * len(set_b)) if set_a and set_b else 0.0
