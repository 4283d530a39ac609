"""What other programs, or other studies, take from a run: its split, and the weights of its networks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import SpecError, View
from bigdata.models.networks.network import layout
from bigdata.studies.materials.groups import labelled, numbers_in
from bigdata.studies.materials.parts import split_of
from bigdata.studies.transferability.data import network_of
from bigdata.studies.transferability.prediction import chosen
from bigdata.studies.transferability.results import Results
from bigdata.studies.transferability.trainings import places, trainings
from bigdata.studies.transferability.tuning import learned

FORMATS = ("split", "npz")


def export(view: View, model: str, form: str, out: Path | None) -> str:
    """Write the split of the materials, or a model's weights, to `out`; returns what to print. Raises SpecError."""
    results, form = Results(view), form or "npz"
    if form not in FORMATS:
        raise SpecError(
            f"`{form}` is no format of networks: write --format split, for the split file that another study takes by "
            "`split: {file: …}`, or --format npz, for a model's weights."
        )
    if out is None:
        raise SpecError(f"the file needs a name: add --out {'split.json' if form == 'split' else 'model.npz'}.")
    if form == "split":
        _split(results, out)
    else:
        # Made first: a model that isn't there must not leave an empty file in place of an older one.
        weights = dict(_weights(results, chosen(results, model)))
        # An open file, since savez would put `.npz` behind any other name.
        with out.open("wb") as file:
            np.savez(file, allow_pickle=False, **weights)
    return str(out)


def _split(results: Results, out: Path) -> None:
    """By the names of the groups: another version of a library may draw another one from the same seed."""
    study, entries = results.model, results.entries
    numbers = numbers_in(results.view, study.identity, entries)
    labels = {name: labelled(study.identity, e, numbers=numbers.get(name)).labels for name, e in entries.items()}
    split_of(study.split, study.identity, labels, entries, results.view.inputs).to_file(out)


def _weights(results: Results, model: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """Of each seed: every matrix by its name in the equations, and how targets were standardised."""
    study, network = results.model, network_of(results.model)
    yield "setting", np.array(json.dumps(network.model_dump(mode="json")))
    yield "element_feature", results.view["element_feature"][...]
    parameters = layout(network).parameters
    ends = np.cumsum([p.size for p in parameters.values()])[:-1]
    for place in places(study, model):
        seed, standard = trainings(study)[place].seed, learned(results.read, study, place).standard
        for (name, p), part in zip(parameters.items(), np.split(results.view["weights"][place], ends), strict=True):
            yield f"seed{seed}/{name}", part.reshape(p.shape)
        yield f"seed{seed}/baseline", standard.baseline
        yield f"seed{seed}/mean_scale", np.array([standard.mean, standard.scale])
