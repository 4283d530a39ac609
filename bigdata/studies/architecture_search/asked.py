"""What a spec says of the search itself: one of the methods, and one of the rules that stop trials."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator

from bigdata.studies.architecture_search.methods.bayesian import BayesianSearch
from bigdata.studies.architecture_search.methods.evolution import EvolutionSearch
from bigdata.studies.architecture_search.methods.grid import GridSearch
from bigdata.studies.architecture_search.methods.random import RandomSearch
from bigdata.studies.architecture_search.methods.reinforcement import ReinforcementSearch
from bigdata.studies.architecture_search.stopping.asynchronous import AsynchronousHalving
from bigdata.studies.architecture_search.stopping.cohorts import Hyperband, SuccessiveHalving
from bigdata.studies.architecture_search.stopping.median import MedianStopping
from bigdata.studies.architecture_search.stopping.never import NoStopping
from bigdata.studies.architecture_search.stopping.progressive import ProgressiveHalving

Methods = RandomSearch | GridSearch | EvolutionSearch | ReinforcementSearch | BayesianSearch
Method = Annotated[Methods, Discriminator("method")]
Rules = NoStopping | SuccessiveHalving | Hyperband | AsynchronousHalving | MedianStopping | ProgressiveHalving
Stopping = Annotated[Rules, Discriminator("method")]
