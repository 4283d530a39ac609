"""A whole cluster expansion through Dask: python -m tests.benchmarks.expansion [N].

N structures of 40 atoms, relaxed a little and in their own orientation, 176 clusters, degrees 1 and 2, five folds. Says
for each stage the time of its tasks, their number, and the most memory that one took.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from bigdata import load_study, submit
from bigdata.lattices.prototypes import prototype
from bigdata.lattices.species import symbol

SPEC = {
    "study": "cluster-expansion",
    "name": "many",
    "dataset": {"file": "structures.jsonl"},
    "target": {"field": "energy_eV_per_atom", "units": "eV/atom"},
    "parent": {
        "lattice": {"prototype": "perovskite", "a": "4 angstrom"},
        "sublattices": [["Ba", "Sr"], ["Sn", "Ti"], ["O"]],
    },
    "clusters": {"cutoffs": {"2": "12 angstrom", "3": "9 angstrom", "4": "7 angstrom"}, "keep": 176},
    "features": [1, 2],
    "selection": {"max_features": 100},
}


def structures(n: int, path: Path) -> None:
    """Random decorations of cubes of eight cells, strained, their atoms displaced; energies with pairs and noise."""
    rng = np.random.default_rng(0)
    parent = prototype("perovskite").parent({"a": 4.0}, SPEC["parent"]["sublattices"])  # type: ignore[index]
    cells = np.stack(np.meshgrid(*[range(2)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    places = ((cells[:, None] + parent.positions) / 2).reshape(-1, 3)
    classes = np.tile(parent.site_class, 8)
    with path.open("w") as file:
        for i in range(n):
            share = rng.random()
            species = [parent.species[c][int(rng.random() < share)] if c < 2 else 8 for c in classes]
            spins = np.array([{38: 1, 22: -1}.get(z, 0) for z in species])
            strain = np.eye(3) * (1 + 0.02 * rng.normal()) + 0.01 * rng.normal(size=(3, 3))
            row = {
                "id": f"s{i}",
                "lattice": (2 * parent.lattice @ strain).round(5).tolist(),
                "species": [symbol(z) for z in species],
                "frac_coords": ((places + 0.005 * rng.normal(size=places.shape)) % 1).round(5).tolist(),
                "energy_eV_per_atom": round(0.01 * spins.sum() + 0.0003 * spins.sum() ** 2 + 0.01 * rng.normal(), 6),
            }
            file.write(json.dumps(row, separators=(",", ":")) + "\n")


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        structures(n, folder / "structures.jsonl")
        (folder / "study.yaml").write_text(json.dumps(SPEC))
        start = time.perf_counter()
        run = submit(load_study(folder / "study.yaml"), runs=folder / "runs")
        print(f"{n:,} structures, {run['correlation'].shape[1]} clusters: {time.perf_counter() - start:.0f} s in all")
        tokens = defaultdict(list)
        for line in run.folder.journal.read_text().splitlines():
            token = json.loads(line)
            if token["event"] == "done":
                tokens[token["stage"]].append(token)
        for stage, done in tokens.items():
            seconds, memory = sum(t["cpu"] for t in done), max(t["memory"] for t in done)
            about = f"{len(done):5} tasks{seconds:9.1f} s of one core"
            print(f"  {stage:14}{about}{memory / 2**20:8,.0f} MiB at most in a task")


if __name__ == "__main__":
    main()
