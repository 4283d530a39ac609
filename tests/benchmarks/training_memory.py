"""What a training holds in memory, and how long it takes from graphs in the cache to its first step.

    taskset -c 0 python -m tests.benchmarks.training_memory [N [KIND …]]     # 60,000 crystals, edge-gated

The crystals are those of `mp20-biternary` from BIGDATA_MIRROR, else the alloys that ship with the package, repeated
until there are N. Each network is trained in a process of its own, by the study's own functions from the graphs' store
on; printed are the process's peak of resident memory (VmHWM) and the seconds, beside what they may be and what the plan
says of memory, and the CPU time of a step, beside that of the plan.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from bigdata.data.graphs import Graphs, build, concatenate
from bigdata.data.materials.dataset import open_materials
from bigdata.data.materials.origin import NamedMaterials
from bigdata.kind import PROCESS_BYTES
from bigdata.models.networks.crystals import Crystals
from bigdata.models.networks.elements import element_features
from bigdata.models.networks.network import shared
from bigdata.models.networks.training import Trainer
from bigdata.studies.materials.crystals import graph_setting
from bigdata.studies.materials.training_cost import step_seconds, training_bytes
from bigdata.studies.transferability.data import lesson, network_of
from bigdata.studies.transferability.model import Transferability
from bigdata.studies.transferability.trainings import trainings
from tests.peak import KIB

MOST_BYTES, MOST_SECONDS = 4 * 2**30, 10.0
STEPS = 100
TARGETS = {"mp20-biternary": "formation_energy_per_atom", "emt-random-alloys": "formation_energy_per_atom"}


def study(kind: str) -> Transferability:
    """One dataset with 24 neighbours, the network as large as its defaults."""
    given = {
        "name": "memory",
        "datasets": {"all": {"name": "emt-prototypes", "target": "formation_energy_per_atom"}},
        "graph": {"neighbors": 24},
        "model": {"kind": kind},
        "training": {"max_steps": STEPS + 2, "evaluate_every": STEPS + 2},
    }
    return Transferability.model_validate(given)


def write_graphs(model: Transferability, n: int, folder: Path) -> None:
    """The graphs and targets of n crystals."""
    name = "mp20-biternary" if "BIGDATA_MIRROR" in os.environ else "emt-random-alloys"
    opened = open_materials(NamedMaterials(name=name), Path())
    values = opened.columns.numbers(TARGETS[name])
    rows = np.flatnonzero((opened.structures.n_atoms > 0) & (np.abs(values) < 6))[:n]
    graphs = build(opened.structures.take(rows), graph_setting(model.graph, model.model))
    repeats = -(-n // len(rows))
    folder.mkdir()
    concatenate([graphs] * repeats).take(np.arange(n)).write(folder)
    np.save(folder / "target.npy", np.tile(values[rows], repeats)[:n])


def train(kind: str, folder: Path) -> dict[str, float]:
    """In a process of its own: from the store of graphs to the end of a short training."""
    model = study(kind)
    start = time.perf_counter()
    values = np.load(folder / "target.npy")
    n = len(values)
    crystals = Crystals(Graphs.read(folder), network_of(model))
    part = np.random.default_rng(0).choice(3, n, p=[0.8, 0.1, 0.1]).astype(np.int32)
    arrays = {"target_all": values, "split_all": part, "group_all": np.arange(n)}
    ctx: Any = SimpleNamespace(model=model, read=arrays.__getitem__, opened=lambda _: crystals)
    taught = lesson(cast(Any, ctx), trainings(model)[0])
    network = shared(network_of(model), element_features())
    trainer = Trainer(network, model.training, taught.problem, 0)
    trainer._one_step()
    begun = time.perf_counter()
    steps = [_cpu_seconds(trainer._one_step) for _ in range(STEPS)]
    trainer.train()
    return {"seconds": begun - start, "step": float(np.median(steps)), "peak": 1024 * eval(KIB)}


def _cpu_seconds(one: Callable[[], object]) -> float:
    start = time.process_time()
    one()
    return time.process_time() - start


def measured(kind: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.training_memory", "--train", kind, str(folder)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def main() -> None:
    if sys.argv[1:2] == ["--train"]:
        print(json.dumps(train(sys.argv[2], Path(sys.argv[3]))))
        return
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 60_000
    for kind in sys.argv[2:] or ["edge-gated"]:
        model = study(kind)
        with tempfile.TemporaryDirectory() as there:
            folder = Path(there) / "graphs"
            write_graphs(model, n, folder)
            found = measured(kind, folder)
        peak, planned = found["peak"], PROCESS_BYTES + training_bytes(model.model, n)
        print(f"{kind}, {n:,} crystals")
        print(f"  peak {peak / 2**30:.2f} GiB (at most {MOST_BYTES / 2**30:.0f}: {_said(peak <= MOST_BYTES)})")
        print(f"  plan {planned / 2**30:.2f} GiB, {planned / peak:.2f} of the peak")
        seconds = found["seconds"]
        print(f"  {seconds:.1f} s to the first step (at most {MOST_SECONDS:.0f}: {_said(seconds <= MOST_SECONDS)})")
        step, said = found["step"], step_seconds(model.model, model.graph, model.training)
        print(f"  {1e3 * step:.1f} ms of CPU time a step, {1e3 * said:.1f} by the plan", flush=True)


def _said(is_reached: bool) -> str:
    return "reached" if is_reached else "NOT reached"


if __name__ == "__main__":
    main()
