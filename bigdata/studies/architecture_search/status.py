"""How a trial ended, as the array `status` says it."""

from __future__ import annotations

from types import MappingProxyType

RAN, STOPPED, DIVERGED, NO_MEMORY, FAILED, NOT_RUN = range(6)
MEANING = MappingProxyType(
    {
        RAN: "ran to the end",
        STOPPED: "stopped early",
        DIVERGED: "diverged",
        NO_MEMORY: "out of memory",
        FAILED: "failed",
        NOT_RUN: "not run",
    }
)
WORDS = "0 ran to the end, 1 stopped early, 2 diverged, 3 out of memory, 4 failed, 5 not run"
