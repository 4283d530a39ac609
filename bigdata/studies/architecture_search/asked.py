"""What a spec says of the search itself: one of the methods, and one of the rules that stop trials."""

from __future__ import annotations

from bigdata.studies.architecture_search.methods.random import RandomSearch
from bigdata.studies.architecture_search.stopping.setting import NoStopping

Method = RandomSearch
Stopping = NoStopping
