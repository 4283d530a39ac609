"""What targets are by: what a spec says of it, what is known of registered datasets, and where datasets differ."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from bigdata.data.label import Label
from bigdata.data.materials.origin import MaterialsOrigin
from bigdata.planning.keys import digest
from bigdata.studies.materials.labels import label_notes, labels_of

ORIGIN: TypeAdapter[MaterialsOrigin] = TypeAdapter(MaterialsOrigin)
AFLOW = {"name": "aflow-structures-thermal", "target": "formation_energy_composition"}
MP = {"name": "mp20-biternary", "target": "formation_energy_per_atom"}
ORIGINS: dict[str, dict[str, Any]] = {
    "a registered dataset": MP,
    "a file": {"file": "mine.csv", "target": "e"},
    "an answer of AFLOW": {"aflow": {"matchbook": "species(Na,Cl)"}},
    "an answer of the Materials Project": {"materials-project": {"fields": ["band_gap"]}},
    "an answer of an OPTIMADE provider": {"optimade": {"provider": "oqmd", "filter": 'elements HAS "Al"'}},
}


def labels(**datasets: dict[str, Any]) -> dict[str, Label]:
    return labels_of({name: ORIGIN.validate_python(given) for name, given in datasets.items()})


def test_registered_datasets_have_the_label_of_their_target() -> None:
    found = labels(aflow=AFLOW, mp=MP, gap={**MP, "target": "band_gap"}, alloys={"name": "emt-prototypes"})
    assert found == {
        "aflow": Label(functional="PBE(+U)", corrections="none", program="VASP"),
        "mp": Label(functional="PBE(+U)", corrections="the Materials Project's", program="VASP"),
        "gap": Label(functional="PBE(+U)", program="VASP"),
        "alloys": Label(functional="effective-medium theory", corrections="none", program="ASE"),
    }


def test_what_the_spec_says_wins_over_what_is_known_part_by_part() -> None:
    found = labels(
        mp={**MP, "label": {"functional": "PBEsol"}}, mine={"file": "mine.csv", "label": {"program": "GPAW"}}
    )
    assert found["mp"] == Label(functional="PBEsol", corrections="the Materials Project's", program="VASP")
    assert found["mine"] == Label(program="GPAW")


@pytest.mark.parametrize("given", ORIGINS.values(), ids=ORIGINS)
def test_a_label_is_part_of_keys_only_where_it_is_said(given: dict[str, Any]) -> None:
    plain, empty, said = (
        ORIGIN.validate_python(given | more) for more in ({}, {"label": {}}, {"label": {"functional": "PBE"}})
    )
    dumps = [origin.model_dump(mode="json") for origin in (plain, empty, said)]
    assert "label" not in dumps[0]
    assert dumps[0] == dumps[1]
    assert dumps[2] == {**dumps[0], "label": {"functional": "PBE", "corrections": "", "program": ""}}
    assert digest(dumps[0]) != digest(dumps[2])
    assert ORIGIN.validate_python(dumps[2]) == said


NOTES: dict[str, tuple[dict[str, Label], list[str]]] = {
    "one dataset": ({"a": Label()}, []),
    "the same but for writing": (
        {
            "a": Label(functional="PBE", corrections="none", program="VASP"),
            "b": Label(functional="pbe ", corrections="None", program="VASP"),
        },
        [],
    ),
    "two that differ": (
        {
            "aflow": Label(functional="PBE", corrections="none", program="VASP"),
            "mp": Label(functional="PBE(+U)", corrections="none", program="VASP"),
        },
        [
            "the functional differs (aflow: PBE, mp: PBE(+U)): "
            "errors between datasets hold the difference of their labels"
        ],
    ),
    "one that isn't said": (
        {
            "mp": Label(functional="PBE", corrections="none", program="VASP"),
            "wbm": Label(functional="PBE", program="VASP"),
        },
        ["corrections aren't said of all (mp: none, wbm: not said): labels of the datasets may differ by it"],
    ),
    "two that differ and one that isn't said": (
        {
            "a": Label(functional="f", corrections="c", program="A"),
            "b": Label(functional="f", corrections="c", program="B"),
            "c": Label(functional="f", corrections="c"),
        },
        ["the program differs (a: A, b: B, c: not said): errors between datasets hold the difference of their labels"],
    ),
}


@pytest.mark.parametrize(("given", "said"), NOTES.values(), ids=NOTES)
def test_notes_say_where_labels_differ_or_are_not_said(given: dict[str, Label], said: list[str]) -> None:
    assert label_notes(given) == said


def test_a_label_of_nothing_gets_a_note_for_each_of_its_parts() -> None:
    notes = label_notes(labels(mp=MP, mine={"file": "mine.csv"}))
    assert [note.partition(" (")[0] for note in notes] == [
        "the functional isn't said of all",
        "corrections aren't said of all",
        "the program isn't said of all",
    ]
