"""What `bigdata predict` prints."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np

from bigdata.cli.predict import _rows
from bigdata.models.prediction import Prediction

DATASET: Any = SimpleNamespace(ids=["a", "b"], formulas=["CuAu", "Fe"])


def test_json_has_null_where_there_is_no_number() -> None:
    beside = {"spread": np.array([np.nan, 0.1]), "elements never seen": np.array(["none", "Fe"])}
    made = Prediction("gap", "eV", "mpeu", np.array([0.5, np.nan]), ["", "trained on"], beside)
    text = json.dumps(_rows(DATASET, made), allow_nan=False)
    first, second = json.loads(text)
    assert (first["prediction"], first["spread"], first["elements never seen"]) == (0.5, None, "none")
    assert (second["prediction"], second["spread"], second["reason"]) == (None, None, "trained on")
