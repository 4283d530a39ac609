"""The life of a run: submitted, led, watched, cancelled, reported, run again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bigdata.run.submission import submit as submit

__all__ = ["submit"]


def __getattr__(name: str) -> Any:
    # Loaded on first use: `status`, `logs` and the launching of a controller must not wait for Dask.
    if name != "submit":
        raise AttributeError(f"module 'bigdata.run' has no attribute {name!r}")
    from bigdata.run.submission import submit

    return submit
