"""Where the kinds of studies come from: bigdata's own first, and without looking through all that is installed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, EntryPoints, PackageNotFoundError
from typing import Any, Literal

import pytest

from bigdata.spec import kinds
from bigdata.spec.schema import schema
from bigdata.spec.study import StudyModel
from bigdata.studies.similarity.model import Similarity
from tests.bench import Bench

SAME_NAME = EntryPoint("similarity", "zzz:Other", kinds.GROUP)


def forget() -> None:
    for known in (kinds._ours, kinds._registered, kinds.kind):
        known.cache_clear()


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    forget()
    yield
    forget()


def test_a_kind_of_ours_is_found_without_looking_through_all_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "entry_points", lambda **_: pytest.fail("looked through all packages"))
    assert kinds.is_known("similarity")
    assert kinds.kind("similarity") is Similarity


def test_another_package_cannot_take_the_name_of_a_kind_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "entry_points", lambda **_: EntryPoints([SAME_NAME]))
    assert kinds.kind("similarity") is Similarity


def test_kinds_are_looked_for_elsewhere_where_bigdata_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(kinds, "distribution", missing)
    assert kinds.is_known("similarity")
    assert not kinds.is_known("simmilarity")


WRONG = {
    "gone": EntryPoint("gone", "nowhere_at_all:Gone", kinds.GROUP),
    "unnamed": EntryPoint("unnamed", "math:Unnamed", kinds.GROUP),
    "function": EntryPoint("function", "math:sqrt", kinds.GROUP),
    "other-class": EntryPoint("other-class", "decimal:Decimal", kinds.GROUP),
    "without-schema": EntryPoint("without-schema", "tests.spec.test_kinds:WithoutSchema", kinds.GROUP),
}


class WithoutSchema(StudyModel):
    study: Literal["without-schema"] = "without-schema"
    field: Callable[[], int] | None = None


def test_a_kind_that_cannot_be_loaded_is_named_and_left_out_of_the_schema(
    monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    whole, none = schema()
    monkeypatch.setattr(kinds, "entry_points", lambda **_: EntryPoints([*kinds._ours().values(), *WRONG.values()]))
    forget()
    again = bench.bigdata("schema")
    assert again.returncode == 0, again.stderr
    said = again.stderr.splitlines()
    assert [next(name for name in WRONG if f"study kind `{name}`" in line) for line in said] == sorted(WRONG)
    ours = json.loads(again.stdout)["properties"]["study"]["enum"]
    assert set(ours) == {*kinds._ours()}
    assert not none
    assert set(whole["properties"]["study"]["enum"]) >= {*ours}
