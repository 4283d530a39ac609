"""How big is my data, really? One YAML study in, one Zarr store with figures and a full record out."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from bigdata.version import VERSION

if TYPE_CHECKING:
    from bigdata.planning.again import load_study as load_study
    from bigdata.planning.plan import plan as plan
    from bigdata.run import submit as submit
    from bigdata.run.prediction import predict as predict
    from bigdata.store import open_run as open_run

__version__ = VERSION
__all__ = ["load_study", "open_run", "plan", "predict", "submit"]

# Loaded on first use: reading a spec must not wait for Dask or Zarr.
_HOMES = {
    "load_study": "planning.again",
    "plan": "planning",
    "submit": "run",
    "predict": "run.prediction",
    "open_run": "store",
}


def __dir__() -> list[str]:
    """What users call, without the names that this file itself needs."""
    return [*__all__, *(name for name in globals() if name.startswith("__"))]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'bigdata' has no attribute {name!r}")
    return getattr(importlib.import_module(f"bigdata.{_HOMES[name]}"), name)
