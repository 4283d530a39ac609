"""The only code that touches Zarr: the layout of a run's folder, writing its arrays, reading them back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bigdata.store.reading import Run


def open_run(path: str | Path) -> Run:
    """Open a run for reading, by its folder or by its name below `runs`, of which it is the latest; arrays are loaded
    when asked for. SiteError where there is no run.
    """
    from bigdata.store.named import named_run
    from bigdata.store.reading import Run

    return Run(named_run(path).path)


__all__ = ["open_run"]
