"""How fast crystal graphs are made, beside ASE and pymatgen's search alone: python -m tests.benchmarks.graphs [N]."""

from __future__ import annotations

import gzip
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bigdata.data.graphs import Graphs, GraphSetting, build
from bigdata.data.graphs.neighbors import PERIODIC, Floats
from bigdata.data.graphs.shells import edges, first_radius
from bigdata.data.materials.elements import NUMBERS
from bigdata.data.materials.structures import Structure, Structures

MIRROR = ("mp20_biternary", "aflow_structures_thermal", "wbm_val10k")
PLAIN = GraphSetting(neighbors=24, quotient=False)
MERGED = GraphSetting(neighbors=24)
ROUNDS = 5
N_ASE = 60


@dataclass
class Timings:
    """Seconds of several pieces of work on the same structures, done in turn so that all see the same machine."""

    n: int
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def run(self, work: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> None:
        for _ in range(rounds):
            for name, one in work.items():
                start = time.perf_counter()
                one()
                self.seconds.setdefault(name, []).append(time.perf_counter() - start)

    def a_structure(self, name: str) -> float:
        """Milliseconds, in the fastest round."""
        return 1e3 * min(self.seconds[name]) / self.n

    def line(self, name: str, note: str = "") -> str:
        ms = self.a_structure(name)
        return f"  {name:34}{1e3 / ms:12,.0f}/s{ms:10.4f} ms  {note}".rstrip()


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    for name, structures in databases(n):
        print(f"{name}: {len(structures):,} structures of {structures.n_atoms.mean():.1f} atoms, one core, k = 24")
        for line in report(name, structures):
            print(line, flush=True)


def report(name: str, structures: Structures) -> Iterator[str]:
    radius = needed_radius(structures)
    timings = Timings(len(structures))
    if (path := mirrored(name)) is not None:
        timings.run({"reading JSON lines": lambda: read(path, len(structures))}, 1)
        yield timings.line("reading JSON lines")
    timings.run(
        {
            "pymatgen's search alone": lambda: search(structures, radius),
            "plain graphs": lambda: build(structures, PLAIN),
            "merged graphs": lambda: build(structures, MERGED),
        }
    )
    alone, plain, merged = (timings.a_structure(s) for s in timings.seconds if s != "reading JSON lines")
    yield timings.line("pymatgen's search alone", "at the radius finally used")
    yield timings.line("plain graphs", f"{bar(plain / alone, 2.5, most=True)} of the search alone")
    yield timings.line("merged graphs", f"{bar(merged, 0.8, most=True, unit=' ms')}")
    yield from against_ase(structures, radius)
    yield from against_symmetry(structures)
    yield from sizes(name, structures)
    yield from stored(build(structures, MERGED))


def against_ase(structures: Structures, radius: Floats) -> Iterator[str]:
    try:
        import ase.neighborlist  # type: ignore[import-not-found]
    except ImportError:
        yield "  ASE isn't installed: no comparison with it"
        return
    some, timings = structures.between(0, N_ASE), Timings(N_ASE)
    crystals = [ase.Atoms(s.numbers, cell=s.lattice, scaled_positions=s.positions, pbc=True) for s in some]

    def search_ase() -> None:
        for crystal, r in zip(crystals, radius, strict=False):
            ase.neighborlist.neighbor_list("ijd", crystal, float(r))

    timings.run({"ASE's search alone": search_ase, "plain": lambda: build(some, PLAIN)}, 3)
    ratio = timings.a_structure("ASE's search alone") / timings.a_structure("plain")
    yield timings.line("ASE's search alone", f"plain graphs are {bar(ratio, 20, most=False)} as fast")


def against_symmetry(structures: Structures) -> Iterator[str]:
    from bigdata.studies.materials.symmetry import symmetry

    some = structures.between(0, min(500, len(structures)))
    timings = Timings(len(some))
    timings.run({"symmetry": lambda: symmetry(some, 0.01)}, 1)
    yield timings.line("symmetry", "moyopy, for comparison: merging needs none")


def sizes(name: str, structures: Structures) -> Iterator[str]:
    plain, merged = build(structures, PLAIN), build(structures, MERGED)
    wanted = {"mp20_biternary": 4.9, "aflow_structures_thermal": 9.9, "wbm_val10k": 4.5}.get(name)
    ratio = len(plain.sender) / len(merged.sender)
    judged = bar(ratio, wanted, most=False) if wanted else f"{ratio:.2f}x"
    n_nodes = f"nodes {len(plain.number):,} -> {len(merged.number):,}"
    yield f"  edges {len(plain.sender):,} -> {len(merged.sender):,}, {judged} fewer; {n_nodes}"
    most, usual = merged.widest.max(), np.quantile(merged.widest, 0.99)
    yield f"  widest cluster of distances {most:.4f} Å, in 99 % of the crystals below {usual:.4f} Å"


def stored(graphs: Graphs) -> Iterator[str]:
    import zarr  # noqa: F401  # Its import is not what is timed.

    with tempfile.TemporaryDirectory() as folder:
        timings, path = Timings(len(graphs)), Path(folder) / "graphs"
        timings.run({"writing": lambda: graphs.write(path)}, 1)
        timings.run({"loading": lambda: Graphs.read(path)})
        n_bytes = sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
        yield timings.line("writing", f"{n_bytes / 2**20:.1f} MiB")
        yield timings.line("loading", "checksums compared")


def bar(value: float, wanted: float, *, most: bool, unit: str = "x") -> str:
    good = value <= wanted if most else value >= wanted
    return f"{value:.2f}{unit} ({'ok' if good else 'MISSED'}: {'at most' if most else 'at least'} {wanted:g}{unit})"


def needed_radius(structures: Structures) -> Floats:
    """(m,) angstrom: the radius at which each crystal's graph was complete."""
    radius = first_radius(structures, PLAIN)
    rows = np.arange(len(structures))
    while len(rows):
        _, wider = edges(structures.take(rows), radius[rows], PLAIN)
        rows, wider = rows[wider > 0], wider[wider > 0]
        radius[rows] = wider
    return radius


def search(structures: Structures, radius: Floats) -> None:
    from pymatgen.optimization.neighbors import find_points_in_spheres

    points = structures.cartesian()
    for i, (start, stop) in enumerate(zip(structures.offsets[:-1], structures.offsets[1:], strict=True)):
        atoms = points[start:stop]
        find_points_in_spheres(atoms, atoms, float(radius[i]), PERIODIC, structures.lattices[i])


def databases(n: int) -> Iterator[tuple[str, Structures]]:
    """Up to n structures of each database in the mirror; where there is no mirror, structures made here."""
    found = False
    for name in MIRROR:
        if (path := mirrored(name)) is not None:
            found = True
            yield name, read(path, n)
    if not found:
        print("BIGDATA_MIRROR isn't set, or holds none of the databases: structures are made here.")
        yield "made here", made(n)


def mirrored(name: str) -> Path | None:
    path = Path(os.environ.get("BIGDATA_MIRROR", "")) / name / "structures.jsonl.gz"
    return path if path.is_file() else None


def read(path: Path, n: int) -> Structures:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = (json.loads(line) for _, line in zip(range(n), file, strict=False))
        return Structures.of(structure(row["lattice"], row["species"], row["frac_coords"]) for row in rows)


def made(n: int) -> Structures:
    """Strained supercells of rocksalt and fluorite, with and without an atom off its place."""
    rng = np.random.default_rng(2024)
    fcc = np.ones((3, 3)) - np.eye(3)
    places = {"rocksalt": [[0, 0, 0], [0.5, 0.5, 0.5]], "fluorite": [[0, 0, 0], [0.25] * 3, [0.75] * 3]}
    crystals = []
    for i in range(n):
        basis = np.array(places[("rocksalt", "fluorite")[i % 2]])
        species = (["Na", "Cl"], ["Ca", "F", "F"])[i % 2]
        size = int(rng.integers(1, 6))
        positions = ((basis[:, None] + np.arange(size)[:, None] * [1, 0, 0]) / [size, 1, 1]).reshape(-1, 3)
        positions[0] += 0.02 * rng.normal(size=3) * (i % 3 == 0)
        lattice = np.diag([size, 1, 1]) @ fcc @ np.diag(rng.uniform(2.6, 2.9, 3))
        crystals.append(structure(lattice, np.repeat(species, size), positions))
    return Structures.of(crystals)


def structure(lattice: object, species: object, positions: object) -> Structure:
    numbers = np.array([NUMBERS[str(s)] for s in np.asarray(species)], np.uint8)
    return Structure(np.asarray(lattice, dtype=np.float64), numbers, np.asarray(positions, dtype=np.float64))


if __name__ == "__main__":
    main()
