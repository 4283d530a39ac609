"""What readers understand of spectra, note, or refuse: channels, columns, scales, zeros, and doubtful ranges."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bigdata.data.spectra.formats.entry import summed
from bigdata.errors import SpecError

DOS = "dos_states_per_eV_cell"
UP, DOWN = [0.0, 2.0, 4.0, 2.0, 0.0], [0.0, 1.0, 0.5, 1.0, 0.0]
BOTH = [a + b for a, b in zip(UP, DOWN, strict=True)]
TURNED = [-v for v in DOWN]
NOISE = [1e-3, -1.0, -0.5, -1.0, 0.0]


@pytest.mark.parametrize("channels", [[UP, DOWN], {"up": UP, "down": DOWN}, [UP, TURNED], {"1": UP, "-1": TURNED}])
def test_spin_down_is_added_by_its_amount_however_it_is_written(channels, lines, entry):
    spectra = lines(entry(**{DOS: channels}))
    assert spectra.spectrum(0).dos.tolist() == BOTH
    assert spectra.meaning(0)["spin_channels"] == 2
    turned = "the second spin channel is written negative, and was added by its amount"
    assert (turned in spectra.remarks.of_row(0)) == (
        TURNED in (channels.values() if isinstance(channels, dict) else channels)
    )


def test_noise_above_zero_does_not_hide_that_a_channel_is_written_negative(lines, entry):
    assert lines(entry(**{DOS: [UP, NOISE]})).spectrum(0).dos == pytest.approx(np.subtract(UP, NOISE))


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        ([UP, DOWN, UP], "has 3 spin channels, and there are one or two"),
        ({"total": BOTH, "up": UP, "down": DOWN}, "holds `total` beside `up`, `down`"),
        ([TURNED, TURNED], "the DOS is negative"),
        ([UP, [0.0, 1.0, -3.0, 1.0, 0.0]], ""),
    ],
)
def test_channels_that_are_no_up_and_down_are_refused(channels, said, lines, entry):
    if not said:
        assert lines(entry(**{DOS: channels})).spectrum(0).dos.tolist() == np.sum(channels, axis=0).tolist()
        return
    with pytest.raises(SpecError, match=said):
        lines(entry(**{DOS: channels}))


def test_channels_of_an_array_are_turned_too(tmp_path, opened):
    energies = np.arange(5.0)
    np.savez(tmp_path / "s.npz", energies_eV=energies, **{DOS: np.array([[UP, TURNED], [UP, DOWN]])})
    spectra = opened("s.npz")
    assert [spectra.spectrum(i).dos.tolist() for i in range(2)] == [BOTH, BOTH]


def test_sums_of_one_channel_are_that_channel():
    assert summed([np.array(UP)], "dos").dos.tolist() == UP


def csv(path, header, *columns):
    rows = "\n".join(",".join(map(str, row)) for row in zip(range(5), *columns, strict=True))
    (path / "s.csv").write_text(f"{header}\n{rows}\n")


@pytest.mark.parametrize(
    ("header", "columns", "dos", "scale"),
    [
        ("energy_eV,dos_states_per_eV_cell", [UP], UP, "cell"),
        ("energy_eV,dos_total (1/eV)", [UP], UP, "cell"),
        ("energy_eV,dos (states/eV/atom)", [UP], UP, "atom"),
        ("energy_eV,dos [states/eV/f.u.]", [UP], UP, "formula-unit"),
        ("energy_eV,dos_up_states_per_eV,dos_down_states_per_eV", [UP, TURNED], BOTH, "cell"),
        ("energy_eV,dos spin up (1/eV),dos spin dn (1/eV)", [UP, DOWN], BOTH, "cell"),
        ("energy_eV,dos_per_eV,dos_up_per_eV,dos_down_per_eV", [BOTH, UP, DOWN], BOTH, "cell"),
    ],
)
def test_columns_are_one_total_or_up_and_down_on_the_scale_of_their_unit(header, columns, dos, scale, tmp_path, opened):
    csv(tmp_path, header, *columns)
    spectra = opened("s.csv")
    assert spectra.spectrum(0).dos.tolist() == dos
    assert spectra.meaning(0)["scale"] == scale


@pytest.mark.parametrize(
    ("header", "columns", "said"),
    [
        ("energy_eV,dos_tot_per_eV,dos_s_per_eV,dos_p_per_eV", [BOTH, UP, DOWN], "neither one total DOS nor one up"),
        ("energy_eV,dos_per_eV,dos_integrated_per_eV", [UP, UP], "`dos_integrated_per_ev` are neither one total"),
        ("energy_eV,dos_integrated_per_eV", [UP], "neither one total"),
        ("energy_eV,dos_up_per_eV", [UP], "neither one total"),
        ("energy_eV,dos_s_per_eV,dos_p_per_eV", [UP, DOWN], "neither one total"),
        (
            "energy_eV,dos_per_eV,dos_up_per_eV,dos_down_per_eV",
            [UP, UP, DOWN],
            "the total isn't the sum of up and down: 2",
        ),
        ("energy_eV,dos_up_per_eV_cell,dos_down_per_eV_atom", [UP, DOWN], "the columns count states differently"),
        ("energy_eV,dos (states/eV/angstrom^3)", [UP], "counts states per volume"),
        ("energy_eV,dos (arb. units)", [UP], "doesn't name its unit"),
    ],
)
def test_other_columns_are_refused_with_their_names(header, columns, said, tmp_path, opened):
    csv(tmp_path, header, *columns)
    with pytest.raises(SpecError, match=said):
        opened("s.csv")


@pytest.mark.parametrize(
    ("name", "zero"),
    [
        ("energy_eV", "none"),
        ("energy - E_F (eV)", "fermi"),
        ("energy-ef_eV", "fermi"),
        ("energy_from_vbm_eV", "valence-band-maximum"),
    ],
)
def test_the_energy_column_says_where_it_is_zero(name, zero, tmp_path, opened):
    csv(tmp_path, f"{name},dos_per_eV", UP)
    assert opened("s.csv").meaning(0)["zero"] == zero


def test_a_table_that_contradicts_the_energy_column_is_a_bad_entry(tmp_path, opened):
    csv(tmp_path, "energy-ef_eV,dos_per_eV", UP)
    (tmp_path / "t.csv").write_text("name,file,energy_zero\na,s.csv,valence-band-maximum\n")
    with pytest.raises(SpecError, match="`energy_zero` is `valence-band-maximum`, and by `s"):
        opened("t.csv")


def array(values):
    return {"@module": "numpy", "@class": "array", "dtype": "float64", "data": values}


DOS_DICT = {"@module": "pymatgen.electronic_structure.dos", "@class": "Dos", "efermi": 1.5}


@pytest.mark.parametrize("made", [list, array], ids=["lists", "arrays"])
def test_an_object_of_many_dos_by_name_is_read(made, tmp_path, opened):
    one = {**DOS_DICT, "energies": made([0.0, 1, 2, 3, 4]), "densities": {"1": made(UP), "-1": made(DOWN)}}
    (tmp_path / "d.json").write_text(json.dumps({"Ge": one, "BN": {**one, "densities": {"1": made(UP)}}}))
    spectra = opened("d.json")
    assert spectra.names == ["Ge", "BN"]
    assert [spectra.spectrum(i).dos.tolist() for i in range(2)] == [BOTH, UP]
    assert spectra.shifts("fermi").energies.tolist() == [1.5, 1.5]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"energy_step_eV": 0.02}, "the energies reach over less than 3 eV, and may be in other units: 0.08 eV"),
        ({"vbm_eV": 9.0}, "the valence-band maximum is outside of the energies: 9 eV, and they reach from -4 to 4 eV"),
        ({"fermi_eV": -9.0}, "the Fermi energy is outside of the energies: -9 eV, and they reach from -4 to 4 eV"),
        ({"energy_zero": "fermi", "fermi_eV": 20.0, "vbm_eV": 10.0}, "maximum is outside of the energies: -10 eV"),
        ({"energy_zero": "fermi", "energy_start_eV": 5.0}, "the Fermi energy is outside of the energies: 0 eV"),
        ({DOS: [0, 1, 2, -0.05, 0]}, "the DOS dips below zero: by 2.50% of its maximum"),
    ],
)
def test_what_is_doubtful_is_noted_with_its_numbers(change, said, lines, entry):
    spectra = lines(entry(**{"energy_start_eV": -4.0, "energy_step_eV": 2.0, **change}))
    (note,) = spectra.remarks.of_row(0)
    assert said in note


def test_an_ordinary_spectrum_has_no_note(lines, entry):
    spectra = lines(entry(energy_start_eV=-4.0, energy_step_eV=2.0, vbm_eV=1.0, fermi_eV=1.5))
    assert spectra.remarks.of_row(0) == []


def test_energies_that_are_given_twice_are_compared(lines, entry):
    listed = [-1.0, -0.5, 0.0, 0.501, 1.0]
    assert lines(entry(energies_eV=listed)).spectrum(0).energies.tolist() == listed
    with pytest.raises(SpecError, match="`energy_start_eV` is -2, and by `energies_eV` it is -1"):
        lines(entry(energies_eV=listed, energy_start_eV=-2.0))
    with pytest.raises(SpecError, match=r"`energy_step_eV` is 0\.25, and by `energies_eV` it is 0\.5"):
        lines(entry(energies_eV=listed, energy_step_eV=0.25))
