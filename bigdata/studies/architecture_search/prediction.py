"""Predictions of the retrained winner for new structures, from a run's store alone."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.data.graphs import build
from bigdata.data.materials.structures import Structures
from bigdata.kind import SpecError, View
from bigdata.models.networks.crystals import Crystals
from bigdata.models.networks.network import shared
from bigdata.models.networks.setting import Network
from bigdata.models.networks.standard import Standard
from bigdata.models.networks.training import predicted
from bigdata.models.prediction import Prediction
from bigdata.studies.architecture_search.data import TEST
from bigdata.studies.architecture_search.model import DATA
from bigdata.studies.architecture_search.results import Results
from bigdata.studies.architecture_search.retrained import NETWORK
from bigdata.studies.materials.crystals import graph_setting
from bigdata.studies.materials.familiar import are_known, elements_unseen, notes_of, reasons_of

Floats = NDArray[np.float64]


class Kept(NamedTuple):
    """One retrained network: its equations, its weights, and how targets were standardised."""

    network: Network
    weights: NDArray[np.float32]
    standard: Standard


def kept_of(results: Results) -> list[Kept]:
    """The retrained networks. Raises SpecError where there is none."""
    found = [_kept(results, place) for place in results.retrained]
    if not found:
        right = "write `final: {retrain: 3}`" if not results.model.final.retrain else "submit the study again"
        raise SpecError(f"the run can't predict: no network of the best trial was trained again; {right}.")
    return found


def _kept(results: Results, place: int) -> Kept:
    network = results.network
    with np.load(io.BytesIO(results.view.packs["retrain"][place].read(NETWORK)), allow_pickle=False) as stored:
        mean, scale = stored["standard"].tolist()
        standard = Standard(stored["baseline"], mean, scale, network.readout == "sum")
        return Kept(network, stored["weights"], standard)


def predict(view: View, structures: Structures, model: str = "", seen: bool = False) -> Prediction:
    """The mean and spread of the retrained networks.

    Structures of a material that they were trained on have none, unless `seen`: an error on these says nothing.
    """
    results = Results(view)
    if model:
        raise SpecError("a search has one model, the best trial's: leave out --model.")
    kept, identity = kept_of(results), results.model.identity
    usable = np.flatnonzero(structures.n_atoms > 0)
    graphs = build(structures.take(usable), graph_setting(results.model.graph, kept[0].network))
    crystals, every = Crystals(graphs, kept[0].network), np.arange(len(usable))
    features = view["element_feature"][...]
    networks = np.stack(
        [predicted(shared(k.network, features), (k.weights, k.standard), crystals, every) for k in kept]
    )
    made, spread = np.full((2, len(structures)), np.nan)
    made[usable] = networks.mean(axis=0)
    if len(networks) > 1:
        spread[usable] = networks.std(axis=0, ddof=1)
    parts = view[f"split_{DATA}"][...]
    known = are_known(identity, structures, view[f"group_hash_{DATA}"][...][parts != TEST])
    reasons = reasons_of(structures, known, seen)
    made[[bool(reason) for reason in reasons]] = np.nan
    trained = view["element_trained"][results.retrained[0]]
    beside: dict[str, NDArray[np.generic]] = {
        "spread": spread,
        "elements never seen": np.array(elements_unseen(trained, structures)),
    }
    if seen:
        beside["trained on its material"] = np.where(known, "yes", "no")
    said = f"{len(kept)} networks of trial {results.winner}: {results.said(results.winner)}"
    return Prediction(results.quantity, results.unit, said, made, reasons, beside, notes_of(identity))
