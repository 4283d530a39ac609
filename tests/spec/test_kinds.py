"""Where the kinds of studies come from: bigdata's own first, and without looking through all that is installed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints, PackageNotFoundError
from typing import Any

import pytest

from bigdata.spec import kinds
from bigdata.studies.similarity.model import Similarity

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
