"""What to name where a study's data are published: each dataset's title, licence and citation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel

from bigdata.data.model import NamedDataset, Rows
from bigdata.data.problem import DataProblem
from bigdata.data.registry import registered

YOURS = "as its owner says: bigdata knows nothing of it"
_UNKNOWN = "as the database states with its answers"
_OPTIMADE = "C. W. Andersen et al., Sci. Data 8, 217 (2021), doi 10.1038/s41597-021-00974-z: OPTIMADE"
_AFLOW = "S. Curtarolo et al., Comput. Mater. Sci. 58, 227 (2012), doi 10.1016/j.commatsci.2012.02.002: AFLOW"
_MP = "A. Jain et al., APL Mater. 1, 011002 (2013), doi 10.1063/1.4812323: the Materials Project"
_OQMD = "J. E. Saal et al., JOM 65, 1501 (2013), doi 10.1007/s11837-013-0755-4: OQMD"
_NOMAD = "C. Draxl, M. Scheffler, J. Phys. Mater. 2, 036001 (2019), doi 10.1088/2515-7639/ab13bb: NOMAD"


@dataclass(frozen=True)
class DataSource:
    """A dataset as a study names it: `name`, what it is, the terms under which it is had, and whom to cite."""

    name: str
    title: str
    licence: str
    citation: str

    @property
    def sentence(self) -> str:
        """All of it in a line."""
        said = [f"Data {self.name}: {self.title}", self.citation, f"Licence: {self.licence}"]
        return " ".join(f"{part.rstrip('.')}." for part in said if part)


# Under which terms, and whom to cite; by the database's name.
_DATABASES = {
    "aflow": ("AFLOW states no open licence: free for academic use with citation", _AFLOW),
    "mp": ("Materials Project CC BY 4.0", _MP),
    "oqmd": ("CC BY 4.0", _OQMD),
    "nomad": ("CC BY 4.0", _NOMAD),
    "nmd": ("CC BY 4.0", _NOMAD),  # what OPTIMADE calls NOMAD
}


def data_sources(model: BaseModel) -> list[DataSource]:
    """The datasets of a study, or of any part of it, each once."""
    return list(dict.fromkeys(_of(dataset) for dataset in _datasets(model)))


def _datasets(value: Any) -> Iterator[Rows]:
    if isinstance(value, Rows):
        yield value
    elif isinstance(value, BaseModel):
        yield from _datasets(vars(value))
    elif isinstance(value, Mapping):
        yield from (found for one in value.values() for found in _datasets(one))
    elif isinstance(value, list | tuple):
        yield from (found for one in value for found in _datasets(one))


def _of(dataset: Rows) -> DataSource:
    if isinstance(dataset, NamedDataset):
        return _registered(dataset.name)
    if file := getattr(dataset, "file", ""):
        # Its name alone: the folders above it are of one machine.
        is_run = getattr(dataset, "format", None) == "run"
        title = "the results of a run of bigdata" if is_run else "a file of one's own"
        return DataSource(PurePath(file).name, title, YOURS, "")
    return _answer(dataset)


def _registered(name: str) -> DataSource:
    try:
        known = registered(name)
    except DataProblem:  # of a run whose dataset this version doesn't know any more
        return DataSource(name, "a dataset that isn't known here any more", YOURS, "")
    return DataSource(known.name, known.title, known.licence, known.citation)


def _answer(dataset: Rows) -> DataSource:
    """Of a database's answer: the field that asks it is named as the database is, or as its language."""
    asks = next(name for name in type(dataset).model_fields if name in _ASKED)
    asked, database = getattr(dataset, asks), _ASKED[asks]
    provider = str(getattr(asked, "provider", "")) or database or asked.url
    licence, citation = _DATABASES.get(provider, (_UNKNOWN, ""))
    through = _OPTIMADE if asks == "optimade" else ""
    return DataSource(
        f"{provider} ({_question(asked)})",
        f"an answer of {asked.url or provider}",
        licence,
        "; ".join(filter(None, (citation, through))),
    )


# The database that each field asks; OPTIMADE's names its own.
_ASKED = {"optimade": "", "aflow": "aflow", "materials_project": "mp", "nomad": "nomad"}


def _question(asked: Any) -> str:
    given = (getattr(asked, name, "") for name in ("filter", "matchbook", "query"))
    return next((str(one) for one in given if one), "all entries")
