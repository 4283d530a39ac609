"""What a study that was read from a run's folder has from that run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Repeated:
    """Plain data, so that a launched controller's orders can hold it.

    `run` is the run's folder, `spec` the file that it was submitted from, which may be gone, and `same` whether the
    study is exactly the one that the run holds, so that what is done there is kept. By the paths that the spec means,
    `files` are the run's records of the user's files, `inputs` those of what it has read from them, and `moved` says
    where those files are that are elsewhere now. `notes` are for the plan.
    """

    run: str
    spec: str
    same: bool
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: Sequence[str] = ()
