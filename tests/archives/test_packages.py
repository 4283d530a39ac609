"""How much goes into how many uploads."""

from __future__ import annotations

from pathlib import Path

import pytest

from bigdata.archives.model import Nomad, address_of
from bigdata.archives.packages import METADATA_BYTES, divided, n_uploads, said
from bigdata.errors import SiteError, SpecError
from bigdata.store.folder import RunFolder
from bigdata.store.packs import PackWriter, TaskPack
from bigdata.store.zipped import END_BYTES, Packed


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


def test_calculations_that_were_sent_are_in_no_new_package(tmp_path: Path) -> None:
    run, calculations = RunFolder(tmp_path), []
    for index in range(7):
        writer = PackWriter(run.pack("dft", index), print)
        (tmp_path / "INFO.OUT").write_bytes(bytes([index]) * 1000)
        writer.add(tmp_path / "INFO.OUT")
        writer.finish()
        calculations.append(Packed(f"dft-{index}", TaskPack(run, "dft", index)))
    (all_in_one,) = divided(calculations, set())
    assert list(all_in_one.holds) == [f"dft-{i}" for i in range(7)]
    limit = METADATA_BYTES + END_BYTES + 3 * sum(m.in_zip for m in calculations[0].members())
    parts = list(divided(calculations, {("dft-2", all_in_one.holds["dft-2"]), ("dft-3", "another key")}, limit))
    assert [list(p.holds) for p in parts] == [["dft-0", "dft-1", "dft-3"], ["dft-4", "dft-5", "dft-6"]]
    with pytest.raises(SiteError, match="dft-0 takes"):
        list(divided(calculations, set(), METADATA_BYTES))
