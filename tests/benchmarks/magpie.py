"""How fast Magpie features are made beside matminer: python -m tests.benchmarks.magpie [N].

matminer is asked, for a part of the formulas, where BIGDATA_MATMINER_PYTHON names an interpreter that has it; its
features have to be ours to 1e-9. Formulas are drawn at random from a seed: two to five elements, whole or decimal
amounts. All use one core and begin with texts; times are the processor's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np

from bigdata.data.materials.elements import SYMBOLS
from bigdata.models.magpie.features import Which, features

ROUNDS = 5
N_OF_MATMINER = 1000
SAME = 1e-9
SCRIPT = Path(__file__).parents[1] / "models" / "magpie" / "matminer_features.py"


def main() -> None:
    formulas = drawn(int(sys.argv[1]) if len(sys.argv) > 1 else 30_000)
    theirs = by_matminer(formulas[:N_OF_MATMINER])
    print(f"{len(formulas):,} formulas, such as {', '.join(formulas[:4])}")
    for i, which in enumerate(get_args(Which)):
        ours = fastest(formulas, which) / len(formulas)
        print(f"  {which:10}  ours     {1e6 * ours:8.2f} µs a formula  {1 / ours:10,.0f} formulas/s")
        if theirs is not None:
            each = theirs["seconds"][i] / N_OF_MATMINER
            print(f"  {'':10}  matminer {1e6 * each:8.0f} µs a formula  {each / ours:10,.0f} times ours")
    if theirs is not None:
        off = np.abs(features(theirs["formulas"], "ward-2016") - theirs["values"]).max()
        print(f"  largest difference of the 145 from matminer's, {N_OF_MATMINER:,} formulas: {off:.1e}")
        assert off <= SAME


def drawn(n: int) -> list[str]:
    """Formulas of 2 to 5 different elements up to 94, with whole numbers, and every fourth with decimals."""
    rng = np.random.default_rng(0)
    return [one(rng, decimal=i % 4 == 3) for i in range(n)]


def one(rng: np.random.Generator, decimal: bool) -> str:
    numbers = rng.choice(np.arange(1, 95), size=rng.integers(2, 6), replace=False)
    amounts = rng.uniform(0.1, 4, len(numbers)).round(2) if decimal else rng.integers(1, 13, len(numbers))
    return "".join(f"{SYMBOLS[z]}{amount}" for z, amount in zip(numbers, amounts, strict=True))


def fastest(formulas: Sequence[str], which: Which) -> float:
    best = np.inf
    for _ in range(ROUNDS):
        start = time.process_time()
        features(formulas, which)
        best = min(best, time.process_time() - start)
    return float(best)


def by_matminer(formulas: Sequence[str]) -> dict | None:
    python = os.environ.get("BIGDATA_MATMINER_PYTHON", "")
    if not python:
        return None
    asked = json.dumps({"formulas": list(formulas)})
    done = subprocess.run([python, SCRIPT], input=asked, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
