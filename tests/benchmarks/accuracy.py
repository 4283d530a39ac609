"""What networks learn from a database in a few minutes of one core, and what is left of it elsewhere.

    taskset -c 0 python -m tests.benchmarks.accuracy [edge-gated | ensemble | schnet | mpeu]

Trained on `mp20-biternary` (80 % of the groups of reduced formula and spacegroup, seed 0), tested on the tenth that is
left; `ensemble` is four of edge-gated, and is tested on AFLOW and WBM too. Prints the curve with the CPU time, data and
TensorFlow loaded. Databases come from BIGDATA_MIRROR.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bigdata.data.graphs import GraphSetting, build
from bigdata.data.materials.dataset import open_materials
from bigdata.data.materials.origin import NamedMaterials
from bigdata.models.networks.crystals import Crystals
from bigdata.models.networks.elements import element_features
from bigdata.models.networks.network import Compiled
from bigdata.models.networks.setting import MPEU, EdgeGated, SchNet, Training
from bigdata.models.networks.training import Problem, Trainer, predicted
from bigdata.studies.transferability.references import refitted

LIGHT = {"loss": "mae", "warm_up": 0.03, "baseline": "elements", "jitter": "0.03 angstrom"}
LITERATURE = {"learning_rate": 1e-3, "warm_up": 0.01}
# Network, neighbours, training, seeds, CPU seconds, meV/atom on the test part.
SETTINGS: dict[str, tuple[Any, int, dict[str, Any], int, float, float]] = {
    "edge-gated": (EdgeGated(), 12, {"max_steps": 14_000, **LIGHT}, 1, 90, 34),
    "ensemble": (EdgeGated(), 12, {"max_steps": 24_000, **LIGHT}, 4, 600, 29),
    "schnet": (SchNet(), 24, {"max_steps": 48_000, **LITERATURE}, 1, 330, 58),
    "mpeu": (MPEU(), 24, {"max_steps": 19_500, **LITERATURE}, 1, 370, 42),
}
ELSEWHERE = {"aflow-structures-thermal": "formation_energy_composition", "wbm-val10k": "formation_energy_per_atom"}


@dataclass(frozen=True)
class Database:
    crystals: Crystals
    values: np.ndarray
    groups: np.ndarray


def database(name: str, target: str, network: Any, k: int) -> Database:
    """Entries with a target from -6 to 4 eV/atom; groups of reduced formula and spacegroup."""
    opened = open_materials(NamedMaterials(name=name), Path())
    values = opened.columns.numbers(target)
    rows = np.flatnonzero((values > -6) & (values < 4))
    words = [f"{f}|{s}" for f, s in zip(opened.formulas, opened.columns["spacegroup_spglib"], strict=True)]
    graphs = build(opened.structures.take(rows), GraphSetting(neighbors=k))
    return Database(Crystals(graphs, network), values[rows], np.unique(np.array(words)[rows], return_inverse=True)[1])


def parts(groups: np.ndarray) -> list[np.ndarray]:
    """80, 10 and 10 % of the groups."""
    n = groups.max() + 1
    part = np.digitize(np.random.default_rng(0).permutation(n), [int(0.8 * n), int(0.9 * n)])
    return [np.flatnonzero(part[groups] == i) for i in range(3)]


def main() -> None:
    for name in sys.argv[1:] or SETTINGS:
        network, k, training, n_seeds, seconds, bar = SETTINGS[name]
        of = database("mp20-biternary", "formation_energy_per_atom", network, k)
        train, validation, test = parts(of.groups)
        compiled = Compiled(network, element_features())
        start, made = time.process_time(), []
        for seed in range(n_seeds):
            setting = Training(evaluate_every=training["max_steps"] // 5, **training)
            trainer = Trainer(compiled, setting, Problem(of.crystals, of.values, train, validation), seed)
            done = trainer.train(looked=lambda step, _, mae, s=start: _say(step, mae, s))
            made.append((done.weights, done.standard))
        used = time.process_time() - start
        error = _error(compiled, made, of, test)
        print(f"{name}: test {1e3 * error:.2f} meV/atom (at most {bar}) in {used:.0f} CPU s (at most {seconds})")
        if name == "ensemble":
            for other, target in ELSEWHERE.items():
                _elsewhere(compiled, made, database(other, target, network, k), other)


def _say(step: int, mae: float, start: float) -> None:
    print(f"  {step:7,} steps {time.process_time() - start:6.0f} s  validation {1e3 * mae:.2f} meV/atom", flush=True)


def _prediction(compiled: Compiled, made: list[Any], of: Database, rows: np.ndarray) -> np.ndarray:
    return np.mean([predicted(compiled, one, of.crystals, rows) for one in made], axis=0)


def _error(compiled: Compiled, made: list[Any], of: Database, rows: np.ndarray) -> float:
    return float(np.abs(_prediction(compiled, made, of, rows) - of.values[rows]).mean())


def _elsewhere(compiled: Compiled, made: list[Any], of: Database, name: str) -> None:
    prediction = _prediction(compiled, made, of, np.arange(len(of.values)))
    train, _, test = parts(of.groups)
    raw = np.abs(prediction - of.values)[test].mean()
    fitted = refitted(prediction, of.values, of.crystals.fractions, train, test, of.groups)
    left = np.abs(fitted - of.values[test]).mean()
    print(f"  on {name}: {1e3 * raw:.1f} meV/atom, {1e3 * left:.1f} with references refitted to its training part")


if __name__ == "__main__":
    main()
