"""Search methods: each is a module, with what a spec says of it and how it proposes points."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bigdata.studies.architecture_search.methods.bayesian import BayesianSearch
from bigdata.studies.architecture_search.methods.evolution import EvolutionSearch
from bigdata.studies.architecture_search.methods.grid import GridSearch
from bigdata.studies.architecture_search.methods.random import RandomSearch
from bigdata.studies.architecture_search.methods.reinforcement import ReinforcementSearch

SearchMethod = Annotated[
    RandomSearch | GridSearch | EvolutionSearch | ReinforcementSearch | BayesianSearch,
    Field(discriminator="method"),
]
"""The part `search:` of a spec."""
