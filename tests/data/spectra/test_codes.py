"""VASP, LOBSTER and Quantum ESPRESSO: small files in the programs' form, with numbers that are told from their rows."""

from __future__ import annotations

import bz2
import gzip
import lzma
import math

import numpy as np
import pytest

from bigdata.data.spectra.formats import FORMATS
from bigdata.errors import SpecError

UP = np.array([[-5.0, 0.0, 0.0], [0.0, 2.0, 5.0], [5.0, 0.5, 11.25]])
DOWN = np.array([[-5.0, 0.0, 0.0], [0.0, 1.0, 2.5], [5.0, 0.25, 5.625]])
# Energy and occupation of the levels, by spin.
INSULATOR = [[(-4.0, 1.0), (0.5, 1.0), (3.0, 0.0)], [(-4.1, 1.0), (0.75, 1.0), (2.5, 0.0)]]


def rows(values) -> str:
    return "".join(f"<r> {' '.join(f'{v:.4f}' for v in row)} </r>" for row in values)


def vasprun(
    channels=(UP,), levels=INSULATOR, kpoints='<generation param="Gamma"><v name="divisions">4 4 2</v></generation>'
):
    spins = "".join(f'<set comment="spin {i}">{rows(c)}</set>' for i, c in enumerate(channels, 1))
    kpoint = '<set comment="spin {}"><set comment="kpoint 1">{}</set></set>'
    eigenvalues = "".join(kpoint.format(i, rows(found)) for i, found in enumerate(levels, 1))
    calculation = f"""<calculation><eigenvalues><array><set>{eigenvalues}</set></array></eigenvalues>
    <projected><eigenvalues><array><set><r> 99.0 1.0 </r></set></array></eigenvalues></projected>
    <dos><i name="efermi"> 1.5 </i><total><array><set>{spins}</set></array></total>
    <partial><array><set><set><r> 0 7 7 </r></set></set></array></partial></dos></calculation>"""
    first = calculation.replace("1.5", "9.5") if channels else ""
    return f"""<?xml version="1.0" encoding="ISO-8859-1"?>
<modeling>
 <generator><i name="program" type="string">vasp </i><i name="version" type="string">6.4.2  </i></generator>
 <incar><i name="ENCUT"> 520.0 </i></incar>
 <kpoints>{kpoints}</kpoints>
 <atominfo><array name="atoms"><set><rc><c>B </c><c> 1</c></rc><rc><c>N </c><c> 2</c></rc><rc><c>N </c><c> 2</c></rc>
 </set></array></atominfo>
 {first}{calculation}
</modeling>
"""


def test_vasprun_gives_the_last_dos_and_the_highest_occupied_level(tmp_path, opened):
    (tmp_path / "vasprun.xml").write_text(vasprun())
    spectra = opened("vasprun.xml")
    assert spectra.format == "vasprun"
    energies, dos = spectra.spectrum(0)
    assert energies.tolist() == UP[:, 0].tolist()
    assert dos.tolist() == UP[:, 1].tolist()
    assert spectra.shifts("valence-band-maximum").energies.tolist() == [0.75]
    assert spectra.shifts("fermi").energies.tolist() == [1.5]
    settings = {name: column[0] for name, column in spectra.columns.items()}
    assert settings == {"code": "VASP", "code_version": "6.4.2", "encut_eV": 520.0, "kpts": "4x4x2", "formula": "BN2"}


def test_vasprun_spin_channels_are_summed_gzipped_or_not(tmp_path, opened):
    (tmp_path / "vasprun.xml.gz").write_bytes(gzip.compress(vasprun((UP, DOWN)).encode()))
    spectra = opened("vasprun.xml.gz")
    assert spectra.spectrum(0).dos.tolist() == (UP[:, 1] + DOWN[:, 1]).tolist()
    assert spectra.meaning(0) == {"zero": "none", "spin_channels": 2, "scale": "cell"}


@pytest.mark.parametrize("packed", [gzip.compress, bz2.compress, lzma.compress], ids=["gzip", "bzip2", "xz"])
def test_vasprun_that_is_cut_off_is_a_sentence_however_it_is_packed(tmp_path, packed):
    (tmp_path / "vasprun.xml").write_bytes(packed(vasprun().encode())[:-30])
    (bad,) = FORMATS.entries(tmp_path / "vasprun.xml", "vasprun")
    assert "damaged or cut off" in bad.what


def test_vasprun_of_a_metal_has_its_zero_at_the_fermi_energy_and_says_so(tmp_path, opened):
    (tmp_path / "vasprun.xml").write_text(vasprun(levels=[[(0.0, 1.0), (1.4, 0.6), (1.7, 0.3)]]))
    spectra = opened("vasprun.xml")
    assert spectra.shifts("valence-band-maximum").energies.tolist() == [1.5]
    assert "levels are occupied in part" in spectra.remarks.of_row(0)[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (vasprun()[:-300], "the file is cut off or isn't XML"),
        (vasprun(()), "there is no `<dos>`"),
        (vasprun().replace("2.0000", "*****"), "a number of this file can't be read"),
    ],
)
def test_vasprun_that_is_not_whole_is_a_bad_entry(text, said, tmp_path, opened):
    (tmp_path / "vasprun.xml").write_text(text)
    with pytest.raises(SpecError, match=said):
        opened("vasprun.xml")


def test_vasprun_along_lines_is_noted(tmp_path, opened):
    (tmp_path / "vasprun.xml").write_text(vasprun(kpoints='<generation param="listgenerated"></generation>'))
    assert "the k-points lie along lines" in opened("vasprun.xml").remarks.of_row(0)[0]


def doscar(columns, fermi=1.5, n=None, title="BN"):
    lines = ["  3  3  1  0", "  0.1E+02 0.3E-09", "  1.0E-004", "  CAR ", f" {title}"]
    lines.append(f"     5.00000000     -5.00000000{n or len(columns):5d}{fermi:12.8f}      1.00000000")
    lines += ["  " + " ".join(f"{v:.4E}" for v in row) for row in columns]
    atoms = [f"     5.0     -5.0  {len(columns)}  {fermi}  1.0", *["  0.0 9.0 9.0 9.0"] * len(columns)]
    return "\n".join([*lines, *atoms]) + "\n"


BOTH = np.column_stack([UP[:, 0], UP[:, 1], DOWN[:, 1], UP[:, 2], DOWN[:, 2]])


@pytest.mark.parametrize(("columns", "dos"), [(UP, UP[:, 1]), (BOTH, UP[:, 1] + DOWN[:, 1])], ids=["one", "two spins"])
def test_doscar_is_read_up_to_the_atoms(columns, dos, tmp_path, opened):
    (tmp_path / "DOSCAR").write_text(doscar(columns))
    spectra = opened("DOSCAR")
    assert spectra.spectrum(0).energies.tolist() == UP[:, 0].tolist()
    assert spectra.spectrum(0).dos.tolist() == dos.tolist()
    assert spectra.shifts("fermi").energies.tolist() == [1.5]
    with pytest.raises(SpecError, match="the valence-band maximum isn't known"):
        spectra.shifts("valence-band-maximum")


def test_doscar_of_lobster_counts_from_the_fermi_energy(tmp_path, opened):
    (tmp_path / "DOSCAR.lobster").write_text(doscar(UP, fermi=0.0))
    spectra = opened("DOSCAR.lobster")
    assert spectra.shifts("fermi").energies.tolist() == [0.0]
    assert spectra.meaning(0)["zero"] == "fermi"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (doscar(UP, n=50), "says 50 points, and 7 follow"),
        (doscar(UP[:, :2]), "there are 2 columns where an energy, a DOS and its integral should be"),
        ("nothing of this\n" * 6, "the sixth line should have"),
    ],
)
def test_doscar_that_contradicts_itself_is_a_bad_entry(text, said, tmp_path, opened):
    (tmp_path / "DOSCAR").write_text(text)
    with pytest.raises(SpecError, match=said):
        opened("DOSCAR")


def test_numbers_of_doscar_that_touch_each_other_are_told_apart(tmp_path, opened):
    text = doscar(UP).replace("     5.00000000     -5.00000000    3", "     5.00000000   -500.00000000    3")
    (tmp_path / "DOSCAR").write_text(text.replace("  1.50000000 ", "-101.50000000 "))
    assert opened("DOSCAR").shifts("fermi").energies.tolist() == [-101.5]


@pytest.mark.parametrize("fermi", [" EFermi =    1.500 eV", " Fermi = 1.5 eV", ""])
@pytest.mark.parametrize("n_spin", [1, 2])
def test_espresso_is_read(fermi, n_spin, tmp_path, opened):
    names, columns = ("dos(E)  ", UP) if n_spin == 1 else ("dosup(E)     dosdw(E)", BOTH[:, [0, 1, 2, 3]])
    text = "\n".join(" ".join(f"{v:.4E}" for v in row) for row in columns)
    (tmp_path / "bn.dos").write_text(f"#  E (eV)   {names}   Int dos(E){fermi}\n{text}\n")
    spectra = opened("bn.dos")
    assert spectra.format == "espresso"
    assert spectra.spectrum(0).dos.tolist() == (UP[:, 1] + (DOWN[:, 1] if n_spin == 2 else 0)).tolist()
    found = next(iter(FORMATS.entries(tmp_path / "bn.dos", "espresso")))
    assert found.fermi == 1.5 if fermi else math.isnan(found.fermi)


def test_espresso_with_a_column_too_few_is_a_bad_entry(tmp_path, opened):
    (tmp_path / "bn.dos").write_text("#  E (eV)   dosup(E)     dosdw(E)   Int dos(E)\n-1 0 0\n0 1 1\n")
    with pytest.raises(SpecError, match="there are 3 columns, and 4 in the header"):
        opened("bn.dos")


def test_a_folder_reads_vasprun_and_not_the_doscar_beside_it(tmp_path, opened):
    (tmp_path / "runs" / "a").mkdir(parents=True)
    (tmp_path / "runs" / "a" / "vasprun.xml").write_text(vasprun())
    (tmp_path / "runs" / "a" / "DOSCAR").write_text(doscar(UP))
    assert opened("runs").names == ["a/vasprun.xml"]
