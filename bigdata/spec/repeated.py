"""What a study that was read from a run's folder has from that run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Repeated:
    """Plain data, so that a launched controller's orders can hold it.

    `run` is the run's folder, and `same` whether the study is exactly the one that it holds, so that what is done there
    is kept. `files` are the run's records of the user's files, by the paths that the spec means, and `moved` says where
    those are now that are elsewhere. `contents` are, for each variant, the digests of its inputs' content; `notes` are
    for the plan.
    """

    run: str
    same: bool
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    contents: Sequence[Mapping[str, str]] = ()
    notes: Sequence[str] = ()
