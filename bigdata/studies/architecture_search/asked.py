"""What a spec says of the search itself: one of the methods, and one of the rules that stop trials."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator

from bigdata.studies.architecture_search.methods.random import RandomSearch
from bigdata.studies.architecture_search.stopping.asynchronous import AsynchronousHalving
from bigdata.studies.architecture_search.stopping.cohorts import Hyperband, SuccessiveHalving
from bigdata.studies.architecture_search.stopping.median import MedianStopping
from bigdata.studies.architecture_search.stopping.never import NoStopping
from bigdata.studies.architecture_search.stopping.progressive import ProgressiveHalving

Method = RandomSearch
Rules = NoStopping | SuccessiveHalving | Hyperband | AsynchronousHalving | MedianStopping | ProgressiveHalving
Stopping = Annotated[Rules, Discriminator("method")]
