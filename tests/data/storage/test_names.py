"""What a file's name says it is for."""

from __future__ import annotations

import pytest

from bigdata.data.storage.names import kind_of, kinds


@pytest.mark.parametrize(
    ("name", "code", "purpose"),
    [
        ("INFO.OUT", "exciting or Elk", "log"),
        ("STATE.OUT", "exciting or Elk", "restart"),
        ("EIGVEC.OUT", "exciting", "wavefunctions"),
        ("EVECFV_0007.OUT", "exciting or Elk", "wavefunctions"),
        ("TDOS.OUT", "exciting or Elk", "results"),
        ("input.xml", "exciting", "input"),
        ("elk.in", "Elk", "input"),
        ("WAVECAR", "VASP", "wavefunctions"),
        ("CHGCAR", "VASP", "restart"),
        ("OUTCAR.relax1.gz", "VASP", "log"),
        ("vasprun.xml.bz2", "VASP", "results"),
        ("wfc12.dat", "Quantum ESPRESSO", "wavefunctions"),
        ("charge-density.hdf5", "Quantum ESPRESSO", "restart"),
        ("control.in", "FHI-aims", "input"),
        ("band1003.out", "FHI-aims", "results"),
        ("h-bn.gpw", "GPAW", "restart"),
        ("raw.tar.gz", "", "archives"),
        ("notes.md", "", "other"),
    ],
)
def test_a_name_tells_the_code_and_the_purpose(name: str, code: str, purpose: str) -> None:
    assert (kind_of(name).code, kind_of(name).purpose) == (code, purpose)


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("run3.csv", "*.csv"),
        ("x.csv.gz", "*.csv.gz"),
        ("orbital.0007", "*.#"),
        ("README", "without an ending"),
        (".profile", "without an ending"),
        ("of.a name with blanks", "without an ending"),
        ("a.f3c0ffee_and_more_of_it", "without an ending"),
    ],
)
def test_other_files_go_by_their_endings_without_what_counts_them_up(name: str, ending: str) -> None:
    assert kind_of(name).pattern == ending
    assert not kind_of(name).marks


def test_a_folder_is_not_taken_for_a_file_of_its_name() -> None:
    assert kind_of("OUTCAR").marks
    assert not kind_of("OUTCAR/").marks
    assert kind_of("pwscf.save/").marks
    assert not kind_of("pwscf.save").marks


def test_each_pattern_stands_in_the_table_once_and_is_reached() -> None:
    """A pattern that an earlier one covers would never be met."""
    patterns = [kind.pattern for kind in kinds()]
    assert len(set(patterns)) == len(patterns)
    example = {"[0-9]*": "7", "*": "x"}
    for kind in kinds():
        name = kind.pattern
        for sign, text in example.items():
            name = name.replace(sign, text)
        assert kind_of(name) == kind
