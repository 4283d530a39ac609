"""Datasets: those known by name, readers of the user's own files, and the cache of what was read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bigdata.data.model import NamedDataset
from bigdata.data.problem import BadEntry, DataProblem
from bigdata.data.registry import Field, Registered, names, of_kind, registered

if TYPE_CHECKING:
    from bigdata.data.materials.origin import MaterialsOrigin
    from bigdata.data.spectra.origin import SpectraOrigin

__all__ = ["BadEntry", "DataProblem", "Field", "Registered", "fields", "names", "registered"]


def fields(dataset: SpectraOrigin | MaterialsOrigin, folder: Path) -> Mapping[str, Field] | None:
    """The columns that a spec may name, for `where:`, `target:` and `order_by:`; None for a query not yet asked.

    A registered dataset answers without its data being read; a file (relative to `folder`) is read into the
    cache, once. Raises DataProblem where there is no such dataset or file, or its format can't be told.
    """
    if isinstance(dataset, NamedDataset):
        return of_kind(dataset.name, dataset.HOLDS).fields
    from bigdata.data.materials.origin import MaterialsFile
    from bigdata.data.spectra.origin import SpectraFile

    # Only here do NumPy and the readers load: a dataset known by name is looked up without them.
    if isinstance(dataset, SpectraFile):
        from bigdata.data.spectra import dataset as spectra

        return spectra.usable(spectra.import_file(dataset, folder), dataset.KEY).fields
    if isinstance(dataset, MaterialsFile):
        from bigdata.data.materials import dataset as materials

        return materials.usable(materials.import_file(dataset, folder), dataset.KEY).fields
    return None
