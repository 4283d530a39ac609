from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bigdata.data.materials.dataset import import_named, open_import, open_materials
from bigdata.data.materials.imports import Source, imported
from bigdata.data.materials.origin import MaterialsFile, NamedMaterials
from bigdata.data.model import Range
from bigdata.data.problem import DataProblem
from bigdata.data.registry import registered
from bigdata.errors import SiteError, SpecError
from tests import peak
from tests.examples import examples


def test_a_line_is_a_material_with_its_properties(lines, salt, is_salt, tmp_path):
    more = {"spacegroup": 225, "tags": ["a", "b"], "calc": {"xc": "PBE"}, "is_magnetic": False, "dos": [0.0] * 40}
    dataset = lines(salt("mp-1", **more), salt(2, formula=None))
    assert dataset.ids == ["mp-1", "2"]
    assert dataset.formulas == ["NaCl", "NaCl"]
    assert dict(dataset.columns) == {
        "band_gap_eV": [5.0, 5.0],
        "spacegroup": [225, None],
        "tags": ["a, b", None],
        "calc.xc": ["PBE", None],
        "is_magnetic": [False, None],
    }
    assert dataset.units["band_gap_eV"] == "eV"
    assert dataset.ignored == ["dos"]
    assert (dataset.n, dataset.n_all, dataset.n_structures, dataset.label) == (2, 2, 2, str(tmp_path / "m.jsonl"))
    is_salt(dataset, 0)
    is_salt(dataset, 1)


def test_positions_may_be_in_angstrom_and_species_numbers(lines, salt, is_salt):
    cartesian = salt(frac_coords=None, cart_coords=[[0, 0, 0], [2.82, 2.82, 2.82]], species=[11, 17])
    is_salt(lines(cartesian))
    is_salt(lines(salt() | {"id": None, "material_id": "mp-1"}))
    is_salt(lines({**salt(species=["Na+", "Cl-"]), "cell": salt()["lattice"]}))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"id": None}, "`id` is missing"),
        ({"id": 1.5}, "neither text nor a whole number"),
        ({"species": None}, "the structure isn't whole: `species` missing"),
        ({"species": ["Na", "Xx"]}, "atom 2 is `Xx`, which is no element"),
        ({"species": ["Na", 0]}, "atom 2 is `0`, which is no element"),
        ({"species": ["Na"]}, "1 species, and positions of shape"),
        ({"species": [], "frac_coords": []}, "no atoms"),
        ({"frac_coords": [[0, 0, 0], [0.5, 0.5]]}, "of unequal length"),
        ({"frac_coords": [[0, 0, 0], [0.5, 0.5, "x"]]}, "aren't all numbers"),
        ({"frac_coords": [[0, 0, 0], [0.01, 0, 0]]}, "are 0.04 angstrom apart"),
        ({"lattice": [[1, 0, 0], [0, 1, 0]]}, "needs three vectors"),
        ({"lattice": [[4, 0, 0], [8, 0, 0], [0, 0, 4]]}, "volume of 0 angstrom"),
        ({"lattice": "cubic"}, "`lattice` should be a list"),
        ({"formula": 5}, "`formula` isn't text"),
    ],
)
def test_a_bad_line_is_named_with_its_place_and_the_others_are_read(change, sentence, lines, salt, tmp_path):
    dataset = lines(salt("good"), salt("bad") | change, salt("last"), on_bad_entry="skip")
    assert dataset.ids == ["good", "last"]
    (bad,) = dataset.bad
    assert sentence in bad.what
    assert bad.where == f"{tmp_path / 'm.jsonl'}:2"
    assert bad.name in ("bad", "", "1.5")


@pytest.mark.parametrize("line", ["{", "[1]", '{"id": "x"}', "\ufeff{"])
def test_what_is_no_material_is_a_bad_entry(line, lines, salt):
    dataset = lines(salt(), line, on_bad_entry="skip")
    assert (dataset.n, len(dataset.bad)) == (1, 1)


def test_an_identifier_that_comes_twice_is_refused_with_the_first_place(lines, salt):
    with pytest.raises(SpecError, match=r"m.jsonl:3.*entry `a`: the identifier is taken: line 1 has it already"):
        lines(salt("a"), salt("b"), salt("a"))


def test_bad_entries_are_refused_unless_skipped(lines, salt):
    with pytest.raises(SpecError, match="1 of 2 entries can't be used"):
        lines(salt("a"), salt("b", species=["Na", "Xx"]))


def test_a_dataset_without_a_usable_entry_is_a_finding(lines, salt):
    with pytest.raises(DataProblem, match=r"holds no material that can be used.*no atoms"):
        lines(salt(species=[], frac_coords=[]), on_bad_entry="skip")


@pytest.mark.parametrize(
    ("where", "ids", "n_dropped"),
    [
        ({"gap": Range(above=1)}, ["b", "c"], [2]),
        ({"gap": Range(at_most=1.0)}, ["a"], [3]),
        ({"xc": ("PBE", "LDA"), "gap": Range(below=3)}, ["a", "b"], [1, 1]),
        ({"ok": True}, ["a", "c"], [2]),
        ({"gap": 2}, ["b"], [3]),
    ],
)
def test_rows_are_selected_and_the_dropped_counted(where, ids, n_dropped, lines, salt):
    rows = [("a", 1.0, "PBE", True), ("b", 2, "LDA", False), ("c", 3.5, "PBE", True), ("d", None, "HSE", False)]
    dataset = lines(*(salt(name) | {"gap": gap, "xc": xc, "ok": ok} for name, gap, xc, ok in rows))
    selection = dataset.select(where)
    assert [dataset.ids[row] for row in selection.rows] == ids
    assert [dropped.n for dropped in selection.dropped] == n_dropped


def test_fields_that_no_entry_has_are_a_finding_with_those_known(lines, salt):
    with pytest.raises(DataProblem, match=r"no entry has a field `gap`.*band_gap_eV"):
        lines(salt()).select({"gap": 1})


def test_the_same_content_is_read_once_and_workers_need_no_source(lines, salt, tmp_path, own_cache):
    dataset = lines(salt("a"), salt("b"))
    before = (dataset.folder / "zarr.json").stat().st_mtime_ns
    (tmp_path / "other.jsonl").write_bytes((tmp_path / "m.jsonl").read_bytes())
    again = open_materials(MaterialsFile(file="other.jsonl"), tmp_path)
    assert (again.folder, (again.folder / "zarr.json").stat().st_mtime_ns) == (dataset.folder, before)
    (tmp_path / "m.jsonl").unlink()
    assert open_import(dataset.folder).ids == ["a", "b"]
    assert dataset.folder == own_cache / "materials" / dataset.digest


def test_an_import_that_is_not_whole_is_made_anew(lines, salt):
    dataset = lines(salt("a"))
    (dataset.folder / "position" / "c" / "0" / "0").write_bytes(b"short")
    with pytest.raises(SiteError, match="isn't whole"):
        open_import(dataset.folder)
    assert lines(salt("a")).structures.positions.shape == (2, 3)


def test_all_files_of_an_import_are_on_disk_before_it_counts(lines, salt, monkeypatch):
    synced = set()
    monkeypatch.setattr(os, "fsync", lambda fd: synced.add(os.fstat(fd).st_ino))
    folder = lines(salt("a")).folder
    assert {path.stat().st_ino for path in folder.rglob("*") if path.is_file()} <= synced


def test_the_store_can_be_read_by_others(lines, salt):
    import zarr

    dataset = lines(salt("a"), salt("b", spacegroup=225, label="x"))
    store = zarr.open_group(dataset.folder, mode="r")
    assert store["lattice"].attrs["units"] == "angstrom"
    assert store["band_gap_eV"].attrs["units"] == "eV"
    assert store["offset"][:].tolist() == [0, 2, 4]
    assert store["number"][:].tolist() == [11, 17] * 2
    assert np.asarray(store["label"][:]).tolist() == ["", "x"]
    assert store.attrs["digest"] == dataset.digest


def test_properties_named_like_the_stores_own_arrays_are_kept(lines, salt):
    dataset = lines(salt("a") | {"number": 7, "offset": 8, "a/b": 9, "Ångström": 10, "": 11})
    assert {name: values[0] for name, values in dataset.columns.items() if name != "band_gap_eV"} == {
        "number": 7, "offset": 8, "a/b": 9, "Ångström": 10, "": 11,
    }  # fmt: skip
    assert dataset.structures[0].numbers.tolist() == [11, 17]


def test_files_are_joined_in_order_with_columns_renamed(salt, tmp_path):
    (tmp_path / "val.csv").write_text("formula,Eg\nMgO,1\n")
    (tmp_path / "test.csv").write_text("formula,Eg\nNaCl,2\nXx,3\n")
    sources = [Source(tmp_path / name, "csv", {"Eg": "band_gap"}) for name in ("val.csv", "test.csv")]
    dataset = open_import(imported(sources, "joined", {"band_gap": "eV"}))
    assert (dataset.ids, dataset.formulas, dataset.columns["band_gap"]) == (["1", "2"], ["MgO", "NaCl"], [1, 2])
    assert dataset.units == {"band_gap": "eV"}
    assert [(bad.name, Path(bad.file).name, bad.line) for bad in dataset.bad] == [("3", "test.csv", 3)]


@pytest.mark.filterwarnings("ignore:No Pauling")
def test_a_table_of_cifs_and_the_lines_made_of_it_are_equal(salt, lines, tmp_path):
    from pymatgen.core import Structure
    from pymatgen.io.cif import CifWriter

    rows = [salt(f"mp-{i}", band_gap_eV=i, spacegroup=225, lattice=(np.eye(3) * (4 + i)).tolist()) for i in range(5)]
    with (tmp_path / "original.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["", "material_id", "pretty_formula", "band_gap_eV", "cif", "spacegroup.number"])
        for i, row in enumerate(rows):
            cif = str(CifWriter(Structure(row["lattice"], row["species"], row["frac_coords"])))
            table.writerow([i, row["id"], row["formula"], row["band_gap_eV"], cif, 225])
    names = {"material_id": "id", "pretty_formula": "formula", "spacegroup.number": "spacegroup"}
    original, made = open_import(imported([Source(tmp_path / "original.csv", "csv", names)], "original")), lines(*rows)
    assert (original.ids, original.formulas, dict(original.columns)) == (made.ids, made.formulas, dict(made.columns))
    assert (original.structures.numbers == made.structures.numbers).all()
    assert np.allclose(original.structures.positions, made.structures.positions)
    assert np.allclose(original.structures.lattices, made.structures.lattices)


@pytest.mark.parametrize(
    ("dataset", "sentence"),
    [
        (NamedMaterials(name="mp20-binary"), "there is no dataset `mp20-binary`"),
        (MaterialsFile(file="missing.jsonl"), "there is no file"),
        (MaterialsFile(file="notes.txt"), "can't be told"),
        (MaterialsFile(file="empty"), "holds no file of a known format"),
    ],
)
def test_data_that_can_not_be_had_are_a_finding(dataset, sentence, tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataProblem, match=sentence):
        open_materials(dataset, tmp_path)


_FRACTION = st.floats(0, 1, width=32)
_PROPERTY = st.none() | st.booleans() | st.integers(-(2**52), 2**52) | st.floats(allow_nan=False) | st.text(min_size=1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(50), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(1, 118), min_size=1, max_size=4),
            st.dictionaries(st.sampled_from(["p", "q", "r", "line", "s t"]), _PROPERTY, max_size=4),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_what_goes_in_comes_out(tmp_path, salt, materials):
    rows = [
        {
            "id": f"m{i}",
            "lattice": np.diag([9.0, 10.0, 11.0 + i]).tolist(),
            "species": numbers,
            "frac_coords": [[0.0, 0.1, 0.2 * place] for place in range(len(numbers))],
            **properties,
        }
        for i, (numbers, properties) in enumerate(materials)
    ]
    (tmp_path / "m.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    dataset = open_materials(MaterialsFile(file="m.jsonl"), tmp_path)
    for i, row in enumerate(rows):
        structure = dataset.structures[i]
        assert structure.numbers.tolist() == row["species"]
        assert structure.positions.tolist() == row["frac_coords"]
        assert structure.lattice.tolist() == row["lattice"]
        for name, value in materials[i][1].items():
            stored = dataset.columns[name][i]
            plain = value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
            absent = isinstance(value, float) and not np.isfinite(value)
            assert stored == (None if absent else plain)
            assert isinstance(stored, bool) == isinstance(value, bool)


MEASURE = f"""
import sys
from pathlib import Path
from bigdata.data.materials.dataset import open_materials
from bigdata.data.materials.origin import MaterialsFile
dataset = open_materials(MaterialsFile(file=sys.argv[1]), Path())
print(dataset.n, {peak.KIB} * 1024)
"""


def rows_and_memory(path: Path, line: str, n: int) -> tuple[int, int]:
    with path.open("w") as file:
        file.writelines(f'{{"id":"row-{i}",{line[1:]}\n' for i in range(n))
    done = subprocess.run([sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True)
    found, memory = done.stdout.split()
    return int(found), int(memory)


def large_line(salt) -> str:
    data = {key: value for key, value in salt().items() if key != "id"}
    positions = (np.indices((3, 2, 2)).reshape(3, -1).T / [3, 2, 2]).tolist()
    lattice = np.diag([9.0, 6.0, 6.0]).tolist()
    data |= {
        "formula": "Na",
        "species": ["Na"] * 12,
        "frac_coords": positions,
        "lattice": lattice,
        "label": "text",
        "spacegroup": 1,
    }
    return json.dumps(data)


def test_memory_grows_by_less_than_400_bytes_a_row(tmp_path, salt):
    line = large_line(salt)
    (few, before), (many, after) = (rows_and_memory(tmp_path / f"{n}.jsonl", line, n) for n in (1_000, 21_000))
    assert (few, many) == (1_000, 21_000)
    # A million rows may take 2 GiB; held as Python objects, one of these takes 6,000 bytes.
    assert (after - before) / 20_000 < 400 < len(line)


@pytest.mark.slow
def test_a_million_rows_are_read_within_2_gib(tmp_path, salt):
    n, memory = rows_and_memory(tmp_path / "m.jsonl", large_line(salt), 1_000_000)
    assert n == 1_000_000
    assert memory < 2 << 30


def test_a_registered_dataset_is_read_from_the_mirror(mirror):
    dataset = import_named(NamedMaterials(name="mp20-biternary"))
    assert (dataset.n, dataset.n_all, dataset.n_structures) == (14_258, 14_258, 14_258)
    assert (dataset.ids[0], dataset.formulas[0], dataset.units["e_above_hull"]) == ("mp-10009", "GaTe", "eV/atom")
    assert dataset.structures.numbers.size == sum(dataset.columns["n_atoms"])


def test_both_forms_of_a_mirrored_dataset_are_equal(mirror):
    home = mirror / "icet_agpd"
    lines = open_import(imported([Source(home / "structures.jsonl.gz")], "lines"))
    database = open_import(imported([Source(home / "reference_data.db")], "database"))
    assert lines.ids == database.ids
    assert lines.columns["mixing_energy"] == database.columns["mixing_energy"]
    a, b = lines.structures, database.structures
    assert (a.offsets == b.offsets).all()
    assert (a.numbers == b.numbers).all()
    assert np.allclose(a.lattices, b.lattices)
    # The mirror's positions are brought into the cell.
    difference = a.positions - b.positions
    assert np.allclose(difference, np.round(difference), atol=1e-6)


def test_the_numerical_errors_are_what_their_fields_say(mirror):
    dataset = import_named(NamedMaterials(name="numerical-errors-exciting"))
    said = set(registered("numerical-errors-exciting").fields)
    numeric = {c for c in dataset.columns if all(isinstance(v, int | float) for v in dataset.columns[c])}
    # A row's number in the source is no property.
    assert said <= set(dataset.columns)
    assert numeric - said == {"json_id_num"}
    of = {name: np.array(dataset.columns[name]) for name in said & numeric}
    for sum_, parts in {
        "stoich_pred": ("A_stoich", "B_stoich"),
        "stoich_error_pred": ("A_stoich_error", "B_stoich_error"),
        "total_energy": ("binary_energy_of_formation", "stoich_pred"),
        "binary_energy_error": ("binary_eof_error", "stoich_error_pred"),
    }.items():
        assert np.allclose(of[sum_], of[parts[0]] + of[parts[1]], rtol=0, atol=1e-9), sum_
    assert np.allclose(of["A_fraction"] + of["B_fraction"], 1)
    assert np.allclose(of["B_fraction"] * of["B_energy_error"], of["B_stoich_error"], rtol=0, atol=1e-12)
