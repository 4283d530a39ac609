"""The only code that touches Zarr: the layout of a run's folder, writing its arrays, reading them back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bigdata.store.reading import Run


def open_run(path: str | Path) -> Run:
    """Open a run's folder for reading; arrays are loaded when asked for. SiteError where there is no run."""
    from bigdata.store.reading import Run

    return Run(path)


__all__ = ["open_run"]
