"""How much goes into how many uploads."""

from __future__ import annotations

import pytest

from bigdata.archives.model import Nomad, address_of
from bigdata.archives.packages import n_uploads, said
from bigdata.errors import SpecError


def test_eight_terabytes_are_254_uploads_in_26_rounds() -> None:
    assert n_uploads(8.1e12, 270_000) == (254, 26)
    assert said(254) == "254 uploads of at most 32 GB in 26 rounds of 10 unpublished"


@pytest.mark.parametrize(
    ("n_bytes", "n_calculations", "n"),
    [(0, 0, 0), (1, 1, 1), (32e9, 1, 1), (32e9 + 1, 1, 2), (1e9, 270_000, 108)],
)
def test_uploads_are_as_many_as_bytes_or_entries_need(n_bytes: float, n_calculations: int, n: int) -> None:
    assert n_uploads(n_bytes, n_calculations)[0] == n


def test_a_token_goes_nowhere_unencrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOMAD_URL", "http://nomad.example.org/api/v1/")
    with pytest.raises(SpecError, match=r"nomad\.example\.org would get the token in plain text"):
        address_of(Nomad(url="${env:NOMAD_URL}"))
    monkeypatch.setenv("NOMAD_URL", "https://nomad.example.org/api/v1/")
    assert address_of(Nomad(url="${env:NOMAD_URL}")) == "https://nomad.example.org/api/v1"
