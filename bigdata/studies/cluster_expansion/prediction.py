"""Predictions for new structures, from a run's store alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.structures import Structures
from bigdata.kind import SpecError, View
from bigdata.lattices.correlations import correlations
from bigdata.lattices.mapping import map_structures
from bigdata.models.prediction import Prediction
from bigdata.studies.cluster_expansion.results import Expansion, Results

# Structures whose distances from all known ones are held together.
AT_ONCE = 256


def predict(view: View, structures: Structures, model: str = "", seen: bool = False) -> Prediction:
    """Map structures to the run's parent lattice and evaluate one of its models; see `chosen` for `model`.

    `seen` changes nothing: an expansion is fitted to all structures, and `distance from known` is 0 for these.
    """
    results = Results(view)
    expansion = chosen(results, model)
    parent = results.model.parent
    mapped = map_structures(results.space.parent, structures, parent.max_displacement, parent.max_strain)
    correlation = correlations(results.space, mapped)
    values = np.full(len(mapped), np.nan)
    values[mapped.mapped] = expansion.predict(correlation[mapped.mapped])
    return Prediction(
        results.quantity,
        expansion.unit,
        f"degree {expansion.degree} with {expansion.size} features",
        values,
        mapped.reasons,
        {
            # What is left of rounding isn't a displacement.
            "displacement (Å)": mapped.displacement.round(9),
            "distortion": mapped.distortion.round(9),
            "distance from known": _distance(results, correlation),
            **({"doubt": np.array(mapped.doubts)} if any(mapped.doubts) else {}),
        },
    )


def chosen(results: Results, model: str) -> Expansion:
    """The model that a user names as DEGREE or DEGREE:FEATURES; the best where nothing is said. Raises SpecError."""
    if not model:
        return results.expansion(results.best)
    degree, _, size = model.partition(":")
    known = [str(d) for d in results.degrees]
    if degree not in known:
        raise SpecError(
            f"the run has no model `{model}`; write DEGREE or DEGREE:FEATURES; its degrees are {', '.join(known)}."
        )
    place = known.index(degree)
    n_sizes = int(np.isfinite(results.rmse[place]).sum())
    if not size:
        return results.expansion(place)
    if not size.isdecimal() or not np.isfinite(results.rmse[place, int(size) - 1 : int(size)]).any():
        raise SpecError(f"`{size}` is no number of features; degree {degree} has models with 1 to {n_sizes}.")
    return results.expansion(place, int(size))


def _distance(results: Results, correlation: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,) root mean square difference of each structure's correlations from the nearest that the models know: 0 for
    a structure that is among those, large for an extrapolation."""
    known = results.view["correlation"][...][results.used]
    lengths = (known**2).sum(axis=1)
    found = np.full(len(correlation), np.nan)
    for start in range(0, len(correlation), AT_ONCE):
        some = correlation[start : start + AT_ONCE]
        squared = lengths + (some**2).sum(axis=1)[:, None] - 2 * some @ known.T
        # What is less than the rounding of these sums is 0.
        found[start : start + AT_ONCE] = np.sqrt(np.where(squared < 1e-12 * len(results.space), 0, squared).min(axis=1))
    return np.asarray(found / np.sqrt(len(results.space)))
