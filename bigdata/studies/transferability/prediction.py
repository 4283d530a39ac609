"""Predictions for new structures, from a run's store alone."""

from __future__ import annotations

from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from bigdata.data.graphs import build
from bigdata.data.materials.structures import Structures
from bigdata.kind import SpecError, View
from bigdata.models.networks.crystals import Crystals
from bigdata.models.networks.network import shared
from bigdata.models.prediction import Prediction
from bigdata.studies.materials.crystals import graph_setting
from bigdata.studies.materials.familiar import are_known, elements_unseen, notes_of, reasons_of
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
    identity = results.model.identity
    known = are_known(identity, structures, _saw(results, name))
    reasons = reasons_of(structures, known, seen)
    made[[bool(reason) for reason in reasons]] = np.nan
    beside: dict[str, NDArray[np.generic]] = {
        "spread": spread,
        "elements never seen": np.array(elements_unseen(results.element_trained[name], structures)),
    }
    if seen:
        beside["trained on its material"] = np.where(known, "yes", "no")
    return Prediction(
        results.quantity, results.unit, results.said_of_model(name), made, reasons, beside, notes_of(identity)
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


def _saw(results: Results, model: str) -> NDArray[np.int64]:
    """The hashes of the materials that training or validation saw."""
    view, members = results.view, results.model.members[model].of
    return np.concatenate([view[f"group_hash_{d}"][...][view[f"split_{d}"][...] != TEST] for d in members])
