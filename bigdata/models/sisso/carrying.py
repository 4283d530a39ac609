"""A search's candidates and state as plain arrays, to go on with them elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso.fitting import State
from bigdata.models.sisso.formula import stacked, unstacked
from bigdata.models.sisso.screening import Candidates
from bigdata.models.sisso.space import Table

Arrays = Mapping[str, NDArray[Any]]


def of_candidates(candidates: Candidates) -> dict[str, NDArray[Any]]:
    """The columns of their table, `gains` and `signatures`."""
    return {**vars(candidates.table), "gains": candidates.gains, "signatures": candidates.signatures}


def candidates(arrays: Arrays) -> Candidates:
    """The candidates that `of_candidates` made arrays of."""
    table = Table(*(arrays[name] for name in ("nodes", "units", "rungs", "operations")))
    return Candidates(table, arrays["gains"], arrays["signatures"])


def of_state(state: State) -> dict[str, NDArray[Any]]:
    """The members, and the formulas of each dimension with its number before their names."""
    formulas = {f"{d}_{name}": values for d, found in enumerate(state.found) for name, values in stacked(found).items()}
    return {**of_candidates(state.members), **formulas, "dimension": np.array(state.dimension)}


def state(arrays: Arrays) -> State:
    """The state that `of_state` made arrays of."""
    names = ("nodes", "n_nodes", "terms", "coefficients", "rmse", "operations")
    found = [unstacked({name: arrays[f"{d}_{name}"] for name in names}) for d in range(int(arrays["dimension"]) + 1)]
    return State(candidates(arrays), found)
