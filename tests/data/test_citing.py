"""Every dataset that a study can name has a licence, and whom to cite where that is known."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field, TypeAdapter

from bigdata.data.citing import YOURS, data_sources
from bigdata.data.materials.origin import MaterialsOrigin
from bigdata.data.registry import names, registered
from bigdata.data.spectra.origin import SpectraOrigin
from bigdata.spec.study import SpecModel


class Studied(SpecModel):
    """A study's model as far as data go."""

    datasets: dict[str, MaterialsOrigin] = Field(default={})
    dataset: SpectraOrigin | None = None


def said_of(**origin: Any) -> str:
    read: Any = TypeAdapter(MaterialsOrigin).validate_python(origin)
    (source,) = data_sources(Studied(datasets={"a": read, "again": read}))
    return source.sentence


@pytest.mark.parametrize("name", names("materials"))
def test_of_a_registered_dataset_all_that_the_table_has_is_said(name: str) -> None:
    known = registered(name)
    for part in (known.title, known.licence, known.citation):
        assert part.rstrip(".") in said_of(name=name)


@pytest.mark.parametrize(
    ("origin", "parts"),
    [
        ({"aflow": {"matchbook": "species(Na)"}}, ("aflow (species(Na))", "doi 10.1016/j.commatsci", "academic use")),
        ({"optimade": {"provider": "oqmd", "filter": "nelements=2"}}, ("oqmd (nelements=2)", "JOM 65", "OPTIMADE")),
        ({"optimade": {"url": "https://mine.org"}}, ("https://mine.org (all entries)", "as the database states")),
        ({"materials-project": {"filter": {"nsites": 2}}}, ("CC BY 4.0", "APL Mater. 1")),
    ],
    ids=["aflow", "optimade by name", "optimade by address", "materials project"],
)
def test_of_an_answer_the_database_and_the_question_are_said(origin: dict[str, Any], parts: tuple[str, ...]) -> None:
    said = said_of(**origin)
    assert all(part in said for part in parts), said


def test_of_a_file_its_name_is_said_without_the_folders_of_this_machine() -> None:
    assert said_of(file="/home/somebody/secret/mine.csv") == f"Data mine.csv: a file of one's own. Licence: {YOURS}."


def test_spectra_from_nomad_and_of_a_run_are_said() -> None:
    adapter: Any = TypeAdapter(SpectraOrigin)
    (nomad,) = data_sources(Studied(dataset=adapter.validate_python({"nomad": {"query": {"a": 1}}})))
    assert "CC BY 4.0" in nomad.sentence
    (run,) = data_sources(Studied(dataset=adapter.validate_python({"run": "runs/elk-1"})))
    assert run.sentence.startswith("Data elk-1: the results of a run of bigdata.")
