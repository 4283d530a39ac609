"""Datasets: those known by name, readers of the user's own files, and the cache of what was read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bigdata.data.model import FileDataset, NamedDataset
from bigdata.data.problem import BadEntry, DataProblem
from bigdata.data.registry import Field, Registered, names, registered

__all__ = ["BadEntry", "DataProblem", "Field", "Registered", "fields", "names", "registered"]


def fields(dataset: NamedDataset | FileDataset, folder: Path) -> Mapping[str, Field]:
    """The columns that a spec may name, for `where:` and `order_by:`.

    A registered dataset answers without its data being read; a file (relative to `folder`) is read into the
    cache, once. Raises DataProblem where there is no such dataset or file, or its format can't be told.
    """
    if isinstance(dataset, NamedDataset):
        return registered(dataset.name).fields
    from bigdata.data.spectra.dataset import import_file, usable

    return usable(import_file(dataset, folder), "file").fields
