"""The JSON schema: current, valid, and of one mind with the models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bigdata.errors import SpecError
from bigdata.spec.node import Source
from bigdata.spec.source import read_text

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "specs"
SITE_SCHEMA: dict[str, Any] = json.loads((SPECS / "site-schema.json").read_text(encoding="utf-8"))
BROKEN = Path(__file__).parent / "broken"
SCHEMA: dict[str, Any] = json.loads((SPECS / "schema.json").read_text(encoding="utf-8"))
# What a schema can see: keys, types, words, ranges and units.
SEEN = [
    "unknown-key", "unknown-key-nested", "key-belongs-deeper", "missing-name", "missing-dataset",
    "missing-study", "unknown-kind", "name-is-a-number", "name-has-a-space", "name-is-too-long",
    "description-is-true", "list-wanted", "list-of-numbers", "mapping-wanted", "number-in-quotes",
    "true-for-a-number", "whole-number-wanted", "unknown-word", "wrong-case", "unknown-linkage",
    "pool-has-spaces", "keep-unknown-word", "keep-unknown-key", "keep-two-ways", "dataset-without-origin",
    "dataset-two-origins", "range-misspelled", "similarity-above-one", "no-neighbour", "too-many-pixels",
    "no-unit", "wrong-dimension", "unknown-unit", "window-of-one", "window-of-three", "sweep-of-a-word",
    "sweep-unknown-way", "extends-a-list",
]  # fmt: skip


def data(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    return read_text(text, Source(path.name, tuple(text.split("\n"))))[0].plain


def accepts(spec: Any) -> bool:
    return Draft202012Validator(SCHEMA).is_valid(spec)


@pytest.mark.parametrize(
    ("option", "committed"), [([], SCHEMA), (["--sites"], SITE_SCHEMA)], ids=["of specs", "of sites"]
)
def test_the_committed_copy_is_current(option: list[str], committed: dict[str, Any]) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    code = "from bigdata.cli.main import main; main()"
    printed = subprocess.run(
        [sys.executable, "-c", code, "schema", *option],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    again = "run `bigdata schema > specs/schema.json` and `bigdata schema --sites > specs/site-schema.json`"
    assert json.loads(printed.stdout) == committed, again


@pytest.mark.parametrize("schema", [SCHEMA, SITE_SCHEMA], ids=["of specs", "of sites"])
def test_it_is_a_valid_schema_of_the_draft_that_it_names(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.name)
def test_it_accepts_the_shipped_specs_which_name_it(path: Path) -> None:
    assert accepts(data(path))
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=schema.json\n")


@pytest.mark.parametrize("path", sorted(SPECS.glob("sites/*.yaml")), ids=lambda path: path.name)
def test_that_of_sites_accepts_the_shipped_sites_which_name_it(path: Path) -> None:
    assert Draft202012Validator(SITE_SCHEMA).is_valid(data(path))
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=../site-schema.json\n")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scheduler", "slrum"),
        ("pools", {}),
        ("pools", {"cpu": {"cores": 2, "memory": 2}}),
        ("prologue", ["one\ntwo"]),
        ("limits", {"files": 0}),
        ("colour", "blue"),
    ],
    ids=lambda value: value if isinstance(value, str) else json.dumps(value),
)
def test_that_of_sites_refuses_what_the_models_refuse(name: str, value: Any) -> None:
    assert not Draft202012Validator(SITE_SCHEMA).is_valid({**data(SPECS / "sites/slurm.yaml"), name: value})


@pytest.mark.parametrize("name", SEEN)
def test_it_refuses_what_the_models_refuse(name: str) -> None:
    assert not accepts(data(BROKEN / f"{name}.yaml"))


def test_every_field_is_described_and_quantities_have_examples() -> None:
    fields = [field for part in SCHEMA["$defs"].values() for field in part["properties"].values()]
    quantities = [field for field in fields if "unit" in field]
    assert quantities
    assert all(field["examples"] and field["pattern"] for field in quantities)


def test_defaults_are_right_by_the_schema_itself() -> None:
    for part in SCHEMA["$defs"].values():
        for name, field in part["properties"].items():
            if "default" in field:
                schema = {**field, "$defs": SCHEMA["$defs"]}
                assert Draft202012Validator(schema).is_valid(field["default"]), name


def test_the_starter_of_every_kind_is_right(tmp_path: Path) -> None:
    from bigdata.spec import load_study
    from bigdata.spec.kinds import kind as model_of
    from bigdata.spec.kinds import kinds
    from bigdata.spec.starter import starter

    for kind in (name for name in kinds() if model_of(name).starter_at):
        path = tmp_path / f"{kind}.yaml"
        path.write_text(starter(kind), encoding="utf-8")
        assert load_study(path).kind == kind


def test_an_unknown_starter_is_an_error_with_a_guess() -> None:
    from bigdata.spec.starter import starter

    with pytest.raises(SpecError, match="Did you mean `similarity`"):
        starter("similarty")


def test_a_kind_without_a_starter_says_what_to_write() -> None:
    from bigdata.spec.starter import starter

    with pytest.raises(SpecError) as caught:
        starter("drawn")
    assert str(caught.value) == (
        "bigdata init: the study kind `drawn` brings no spec to start from. Write `study: drawn` and its fields, "
        "`name`, `description`, `pools`, `budget`, `tasks`, `fail`, `trouble`, `scale`; `bigdata schema` describes "
        "them."
    )
