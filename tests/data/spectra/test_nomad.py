"""NOMAD archives: the answers to queries, one entry a line, and the newer schema of simulations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bigdata.errors import SpecError

EV = 1.602176634e-19


def archive(entry_id: str = "id-1", **more: Any) -> dict[str, Any]:
    dos = {"energies": [-EV, 0.0, EV], "total": [{"value": [0.0, 1 / EV, 2 / EV]}]}
    return {"metadata": {"entry_id": entry_id}, "run": [{"calculation": [{"dos_electronic": [dos]}]}], **more}


def outputs(*channels: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An archive in the schema `nomad-simulations`; only the last output has a DOS."""
    last = {"electronic_dos": list(channels), **more}
    data = {"m_def": "nomad_simulations.schema_packages.general.Simulation", "outputs": [{"total_energies": []}, last]}
    return {"metadata": {"entry_id": "id-1"}, "data": data, "results": {"properties": {}}}


def channel(energies: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"value": [0.0, 1 / EV, 2 / EV], "projected_dos": [{"value": [9 / EV] * 3}], **energies, **more}


POINTS = [-EV, 0.0, EV]
OLDER = {"variables": [{"name": "Energy2", "points": POINTS}]}
NEWER = {"energies": {"points": POINTS}}


def test_lines_are_entries_with_their_line_numbers(tmp_path, opened):
    items = [{"entry_id": name, "upload_id": "up", "archive": archive(name)} for name in ("a", "b")]
    lines = [json.dumps(items[0]), "", "{torn", json.dumps(items[1]), json.dumps({"entry_id": "c", "archive": {}})]
    (tmp_path / "answers.jsonl").write_text("\n".join(lines) + "\n")
    spectra = opened("answers.jsonl", format="nomad", on_bad_entry="skip")
    assert spectra.names == ["a", "b"]
    assert spectra.columns["upload_id"] == ["up", "up"]
    assert [(bad.name, bad.line) for bad in spectra.bad] == [("", 3), ("c", 5)]
    assert "isn't JSON" in spectra.bad[0].what
    assert spectra.bad_entry(1, "").line == 4


def test_a_line_may_be_a_whole_page_of_answers(tmp_path, opened):
    page = {"data": [{"entry_id": name, "archive": archive(name)} for name in ("a", "b")]}
    (tmp_path / "pages.jsonl").write_text(json.dumps(page) + "\n")
    assert opened("pages.jsonl", format="nomad").names == ["a", "b"]


@pytest.mark.parametrize("energies", [OLDER, NEWER], ids=["variables", "section of energies"])
@pytest.mark.parametrize("n_spin", [1, 2])
def test_the_dos_of_outputs_is_read(energies, n_spin, tmp_path, opened):
    channels = [channel(energies, spin_channel=s, normalization_factor=0.5) for s in range(n_spin)]
    (tmp_path / "archive.json").write_text(json.dumps(outputs(*channels)))
    spectra = opened("archive.json")
    assert spectra.names == ["id-1"]
    assert spectra.spectrum(0).energies == pytest.approx([-1.0, 0.0, 1.0])
    assert spectra.spectrum(0).dos == pytest.approx([0.0, n_spin, 2 * n_spin])


def test_the_zero_of_outputs_is_the_highest_occupied_energy_else_the_fermi_energy(tmp_path, opened):
    known = channel(NEWER, energies_origin=-0.25 * EV)
    (tmp_path / "a.json").write_text(json.dumps(outputs(known, fermi_level=[{"value": 0.5 * EV}])))
    (tmp_path / "b.json").write_text(json.dumps(outputs(channel(NEWER), fermi_level=[{"value": 0.5 * EV}])))
    assert opened("a.json").shifts("valence-band-maximum").energies == pytest.approx([-0.25])
    assert opened("a.json").shifts("fermi").energies == pytest.approx([0.5])
    assert opened("b.json").shifts("valence-band-maximum").energies == pytest.approx([0.5])


def test_a_calculation_counts_before_outputs(tmp_path, opened):
    data = outputs(channel(NEWER, value=[0.0, 8 / EV, 8 / EV]))["data"]
    (tmp_path / "archive.json").write_text(json.dumps(archive(data=data)))
    assert opened("archive.json").spectrum(0).dos == pytest.approx([0.0, 1.0, 2.0])


def test_outputs_over_more_than_energy_are_no_spectra(tmp_path, opened):
    two = {"variables": [{"name": "Temperature", "points": [1, 2]}, {"name": "Energy2", "points": POINTS}]}
    (tmp_path / "archive.json").write_text(json.dumps(outputs(channel(two))))
    with pytest.raises(SpecError, match="no electronic density of states"):
        opened("archive.json")


def test_entries_with_a_normalization_factor_and_without_are_on_one_scale(tmp_path, opened):
    both = [outputs(channel(NEWER, normalization_factor=0.058)), outputs(channel(NEWER))]
    data = [{"entry_id": f"e{i}", "archive": archive} for i, archive in enumerate(both)]
    (tmp_path / "answer.json").write_text(json.dumps({"data": data}))
    spectra = opened("answer.json")
    assert spectra.spectrum(0).dos.tolist() == spectra.spectrum(1).dos.tolist()
    assert spectra.scale(range(2)) == ["cell", "cell"]


def test_an_entry_whose_valence_band_maximum_is_the_fermi_energy_says_so(tmp_path, opened):
    (tmp_path / "a.json").write_text(json.dumps(outputs(channel(NEWER), fermi_level=[{"value": 0.5 * EV}])))
    (tmp_path / "b.json").write_text(json.dumps(outputs(channel(NEWER, energies_origin=0.0))))
    said = "the valence-band maximum isn't known, and the Fermi energy is taken for it"
    assert said in opened("a.json").remarks.of_row(0)
    assert said not in opened("b.json").remarks.of_row(0)
