"""Predictions for new structures, from a run's store alone."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from bigdata.data.graphs import build
from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.materials.structures import Structures
from bigdata.kind import SpecError, View
from bigdata.models.networks.crystals import Crystals
from bigdata.models.networks.network import shared
from bigdata.models.prediction import Prediction
from bigdata.studies.materials.crystals import graph_setting
from bigdata.studies.materials.groups import identity_of
from bigdata.studies.materials.identity import Identity, labels
from bigdata.studies.materials.split import group_hashes
from bigdata.studies.materials.symmetry import symmetry
from bigdata.studies.transferability.data import TEST, network_of
from bigdata.studies.transferability.results import Results
from bigdata.studies.transferability.trainings import places
from bigdata.studies.transferability.tuning import learned

Floats = NDArray[np.float64]


def predict(view: View, structures: Structures, model: str = "", seen: bool = False) -> Prediction:
    """The mean and spread of a model's networks, by the name of what it was trained on; the best where none is named.

    Structures of a material that it was trained on have no prediction, unless `seen`: an error on these says nothing.
    """
    results = Results(view)
    name = chosen(results, model)
    usable = np.flatnonzero(structures.n_atoms > 0)
    setting = graph_setting(results.model.graph, results.model.model)
    crystals = Crystals(build(structures.take(usable), setting), network_of(results.model))
    made, spread = np.full((2, len(structures)), np.nan)
    networks = _networks(results, name, crystals)
    made[usable] = networks.mean(axis=0)
    if len(networks) > 1:
        spread[usable] = networks.std(axis=0, ddof=1)
    known = _known(results, name, structures)
    reasons = _reasons(structures, known, seen)
    made[[bool(reason) for reason in reasons]] = np.nan
    beside: dict[str, NDArray[np.generic]] = {
        "spread": spread,
        "elements never seen": np.array(_unseen(results, name, structures)),
    }
    if seen:
        beside["trained on its material"] = np.where(known, "yes", "no")
    return Prediction(
        results.quantity, results.unit, results.said_of_model(name), made, reasons, beside, _notes(results)
    )


def chosen(results: Results, model: str) -> str:
    """The model that a user names; of those that know most entries if none. Raises SpecError."""
    trained = [name for name in results.models if results.is_trained(name)]
    if not model and trained:
        return max(trained, key=lambda name: results.n_trained[name])
    if not trained or (model in results.models and model not in trained):
        which = f"a training of `{model}`" if trained else "trainings of all its models"
        raise SpecError(f"the run can't predict: {which} failed. Submit the study again once the cause is mended.")
    if model not in results.models:
        close = get_close_matches(model, results.models, 1)
        guess = f" Did you mean `{close[0]}`?" if close else ""
        raise SpecError(f"the run has no model `{model}`; it has {', '.join(results.models)}.{guess}")
    return model


def _networks(results: Results, model: str, crystals: Crystals) -> Floats:
    """(seeds, n) what each network says."""
    view, study = results.view, results.model
    network = shared(network_of(study), view["element_feature"][...])
    rows = np.arange(len(crystals))
    # Labels of a database that is none of those trained on are those between them.
    dataset = study.members[model].of[0] if len(study.members[model].of) == 1 else ""
    return np.stack([learned(results.read, study, at, dataset)(network, crystals, rows) for at in places(study, model)])


def _known(results: Results, model: str, structures: Structures) -> NDArray[np.bool_]:
    """(n,) whether a structure's material is among those that training or validation saw."""
    identity, view = identity_of(results.model.identity), results.view
    if _nameless(identity):
        return np.zeros(len(structures), dtype=bool)
    found = symmetry(structures, identity.symprec) if identity.needs_symmetry else None
    hashes = group_hashes(labels(identity, structures, [""] * len(structures), found))
    saw = [
        view[f"group_hash_{name}"][...][view[f"split_{name}"][...] != TEST] for name in results.model.members[model].of
    ]
    return np.isin(hashes, np.concatenate(saw))


def _reasons(structures: Structures, known: NDArray[np.bool_], seen: bool) -> list[str]:
    trained_on = "the model was trained on this material; --seen predicts it all the same"
    return [
        "has no atoms" if not n else trained_on if is_known and not seen else ""
        for n, is_known in zip(structures.n_atoms.tolist(), known.tolist(), strict=True)
    ]


def _notes(results: Results) -> tuple[str, ...]:
    said = _nameless(identity_of(results.model.identity))
    return (f"materials are told apart by {said}: whether these were trained on isn't known",) if said else ()


def _nameless(identity: Identity) -> str:
    """By what a group is told apart that a new structure has no name for."""
    words = {
        "given_formula": "the formula as a database gives it",
        "matched": "matching with the study's own entries, whose structures the run doesn't hold",
    }
    return next((word for part, word in words.items() if part in identity.by), "")


def _unseen(results: Results, model: str, structures: Structures) -> list[str]:
    """Of each structure, the elements that no training entry has."""
    trained = results.element_trained[model]
    crystal = np.repeat(np.arange(len(structures)), structures.n_atoms)
    found: Mapping[int, set[int]] = {i: set() for i in range(len(structures))}
    for i, number in zip(crystal.tolist(), structures.numbers.tolist(), strict=True):
        if not trained[number - 1]:
            found[i].add(number)
    return [" ".join(SYMBOLS[n] for n in sorted(numbers)) or "none" for numbers in found.values()]
