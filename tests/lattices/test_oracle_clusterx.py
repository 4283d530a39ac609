"""The same correlations as clusterX (CELL, S. Rigamonti et al., npj Comput. Mater. 10, 195 (2024)) finds."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bigdata.lattices.clusters import cluster_space
from bigdata.lattices.correlations import correlations
from tests.lattices.decorated import PARENTS, decorated, ideal_atoms, matched, matrices, symbols

PYTHON = os.environ.get("BIGDATA_CLUSTERX_PYTHON", "")
CASES = {
    "fcc of two species": {2: 4.2, 3: 4.1},
    "hcp of two species": {2: 6.0, 3: 4.6},
    "perovskite with vacancies": {2: 6.0, 3: 5.0},
}
N_SUPERCELLS = 5
N_OF_EACH = 40


@pytest.mark.skipif(not PYTHON, reason="needs an interpreter with clusterX, named by BIGDATA_CLUSTERX_PYTHON")
@pytest.mark.parametrize("name", CASES)
def test_correlations_are_those_of_clusterx(name: str, tmp_path: Path) -> None:
    parent, cutoffs = PARENTS[name], CASES[name]
    rng = np.random.default_rng(5)
    mapped = decorated(parent, matrices(N_SUPERCELLS, rng, largest=8) * N_OF_EACH, rng)
    asked = {
        "lattice": parent.lattice.tolist(),
        "positions": parent.positions.tolist(),
        "symbols": symbols(parent),
        "radii": [0.0, *(cutoffs[k] for k in sorted(cutoffs))],
        "structures": [[mapped.forms[i].tolist(), *ideal_atoms(parent, mapped, i)[::2]] for i in range(len(mapped))],
    }
    script = Path(__file__).with_name("clusterx_correlations.py")
    # It writes a file of settings where it is started.
    done = subprocess.run(
        [PYTHON, script], cwd=tmp_path, input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    space = cluster_space(parent, cutoffs)
    column = matched(correlations(space, mapped), np.array(answer["correlations"]))
    assert len(column) == len(answer["multiplicities"])
