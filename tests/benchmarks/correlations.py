"""How fast clusters and correlations are found beside icet and clusterX: python -m tests.benchmarks.correlations [N].

icet is asked where it is installed, clusterX where BIGDATA_CLUSTERX_PYTHON names an interpreter that has it. All are
given ideal structures and the same clusters; what any of them does once for all structures (orbits, and clusterX's
tables of each supercell) isn't counted, but in the first lines. All use one core; times are the processor's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bigdata.lattices.clusters import ClusterSpace, cluster_space
from bigdata.lattices.correlations import correlations
from bigdata.lattices.mapped import Mapped
from bigdata.lattices.parent import Parent
from tests.lattices.decorated import FCC, PARENTS, PEROVSKITE, decorated, ideal_atoms, matrices, symbols

ROUNDS = 5
SCRIPT = Path(__file__).parents[1] / "lattices" / "clusterx_correlations.py"
STANNATE = Parent.of(4.12 * np.eye(3), PEROVSKITE, [0, 1, 2, 2, 2], [["Ba"], ["Sn"], ["O", "vacancy"]])
SPACES: Mapping[str, tuple[Parent, dict[int, float], int | None]] = {
    "BaSnO3-x, the first 176 within 12 Å": (STANNATE, {2: 12.0, 3: 12.0, 4: 12.0}, 176),
    "BaSnO3-x, the first 176 within 16, 11, 7 Å": (STANNATE, {2: 16.0, 3: 11.0, 4: 7.0}, 176),
    "fcc of 2 species, 10, 7, 6 Å": (
        Parent.of(4.09 * FCC, [[0, 0, 0]], [0], [["Ag", "Pd"]]),
        {2: 10, 3: 7, 4: 6},
        None,
    ),
    "fcc of 4 species, 10, 7, 6 Å": (
        Parent.of(4.09 * FCC, [[0, 0, 0]], [0], [["Ag", "Pd", "Cu", "Au"]]),
        {2: 10, 3: 7, 4: 6},
        None,
    ),
}


@dataclass(frozen=True)
class Case:
    """Structures and clusters that several programs are given."""

    name: str
    parent: str
    cutoffs: dict[int, float]
    n: int
    matrices: Callable[[int, np.random.Generator], list[np.ndarray]]
    clusterx: bool = False

    def made(self) -> tuple[ClusterSpace, Mapped]:
        rng = np.random.default_rng(1)
        parent = PARENTS[self.parent]
        return cluster_space(parent, self.cutoffs), decorated(parent, self.matrices(self.n, rng), rng)


def eight_cells(n: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Ten supercells of eight cells, in turn."""
    shapes = [m for m in matrices(400, rng) if round(abs(np.linalg.det(m))) == 8][:10]
    return [shapes[i % len(shapes)] for i in range(n)]


def many_cells(n: int, rng: np.random.Generator) -> list[np.ndarray]:
    return matrices(n, rng, largest=12)


def cubes(n: int, rng: np.random.Generator) -> list[np.ndarray]:
    return [2 * np.eye(3, dtype=np.int64)] * n


CASES = (
    Case("fcc, 8 atoms in ten supercells", "fcc of two species", {2: 5.1, 3: 4.1, 4: 4.1}, 2000, eight_cells, True),
    Case("fcc, 1 to 12 atoms in many supercells", "fcc of two species", {2: 8.2, 3: 6.0, 4: 5.0}, 2000, many_cells),
    Case("fcc of three species, 1 to 12 atoms", "fcc of three species", {2: 6.5, 3: 4.5, 4: 3.7}, 2000, many_cells),
    Case("perovskite, 40 sites", "perovskite with vacancies", {2: 10.0, 3: 7.4, 4: 6.0}, 400, cubes),
)


def main() -> None:
    warnings.simplefilter("ignore", DeprecationWarning)
    for lines in (generation(), beside_others(), many(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)):
        for line in lines:
            print(line, flush=True)


def generation() -> Iterator[str]:
    yield "clusters found, seconds"
    for name, (parent, cutoffs, keep) in SPACES.items():
        seconds, space = fastest(lambda p=parent, c=cutoffs, k=keep: cluster_space(p, c, k))
        yield f"  {name:58}{seconds:8.3f}  {len(space)} clusters, {len(space.member_cluster):,} members"


def fastest(work: Callable[[], object], rounds: int = ROUNDS) -> tuple[float, object]:
    best, result = np.inf, None
    for _ in range(rounds):
        start = time.process_time()
        result = work()
        best = min(best, time.process_time() - start)
    return best, result


def beside_others() -> Iterator[str]:
    yield "correlations, milliseconds a structure"
    for case in CASES:
        space, mapped = case.made()
        ours = 1e3 * fastest(lambda s=space, m=mapped: correlations(s, m))[0] / len(mapped)
        yield f"  {case.name}, {len(mapped)} structures, {len(space)} clusters"
        yield f"    {'ours':12}{ours:10.4f}"
        for name, other in (("icet", by_icet), ("clusterX", by_clusterx)):
            theirs = other(case, mapped)
            if theirs is not None:
                yield f"    {name:12}{theirs:10.4f}{theirs / ours:10,.0f} times ours"


def by_icet(case: Case, mapped: Mapped) -> float | None:
    try:
        from ase import Atoms
        from icet import ClusterSpace as IcetSpace
    except ImportError:
        return None
    parent = PARENTS[case.parent]
    names = [own[0] for own in symbols(parent)]
    primitive = Atoms(names, cell=parent.lattice, scaled_positions=parent.positions, pbc=True)
    space = IcetSpace(primitive, [case.cutoffs[k] for k in sorted(case.cutoffs)], symbols(parent))
    structures = []
    for i in range(len(mapped)):
        names, cell, places = ideal_atoms(parent, mapped, i)
        structures.append(Atoms(names, cell=cell, positions=places, pbc=True))
    seconds, _ = fastest(lambda: [space.get_cluster_vector(one) for one in structures], 3)
    return 1e3 * seconds / len(structures)


def by_clusterx(case: Case, mapped: Mapped) -> float | None:
    python = os.environ.get("BIGDATA_CLUSTERX_PYTHON", "")
    if not (python and case.clusterx):
        return None
    parent = PARENTS[case.parent]
    asked = {
        "lattice": parent.lattice.tolist(),
        "positions": parent.positions.tolist(),
        "symbols": symbols(parent),
        "radii": [0.0, *(case.cutoffs[k] for k in sorted(case.cutoffs))],
        "structures": [[mapped.forms[i].tolist(), *ideal_atoms(parent, mapped, i)[::2]] for i in range(len(mapped))],
    }
    done = subprocess.run([python, SCRIPT], input=json.dumps(asked), capture_output=True, text=True, check=True)
    return float(1e3 * json.loads(done.stdout)["seconds"] / len(mapped))


def many(n: int) -> Iterator[str]:
    """The work of section 4: BaSnO3-x in 40-atom cells with 176 clusters, here with many more structures."""
    rng = np.random.default_rng(0)
    space = cluster_space(STANNATE, {2: 12.0, 3: 12.0, 4: 12.0}, 176)
    yield f"{n:,} structures of 40 sites, {len(space)} clusters"
    for name, shapes in (("one supercell", cubes(n, rng)), ("supercells of all shapes", eight_cells(n, rng))):
        mapped = decorated(STANNATE, shapes, rng)
        seconds, _ = fastest(lambda m=mapped: correlations(space, m), 3)
        tracemalloc.start()
        correlations(space, mapped)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        yield f"  {name:40}{1e3 * seconds / n:10.4f} ms a structure, {seconds:.2f} s, {peak / 2**20:,.0f} MiB at most"


if __name__ == "__main__":
    main()
