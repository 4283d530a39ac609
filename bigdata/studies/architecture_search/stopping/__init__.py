"""Stopping rules: which trials are trained on, by what their first rungs show."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bigdata.studies.architecture_search.stopping.asynchronous import AsynchronousHalving
from bigdata.studies.architecture_search.stopping.cohorts import Hyperband, SuccessiveHalving
from bigdata.studies.architecture_search.stopping.median import MedianStopping
from bigdata.studies.architecture_search.stopping.never import NoStopping
from bigdata.studies.architecture_search.stopping.progressive import ProgressiveHalving

StoppingRule = Annotated[
    NoStopping | SuccessiveHalving | AsynchronousHalving | Hyperband | MedianStopping | ProgressiveHalving,
    Field(discriminator="method"),
]
"""The part `stopping:` of a spec."""
