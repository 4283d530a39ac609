"""VASP's `vasprun.xml` as a material: a small file in the program's form, whose numbers are told from its lines."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigdata.data.materials.formats import FORMATS
from bigdata.data.materials.formats.entry import MaterialEntry
from bigdata.data.problem import Remark
from tests.data.materials.formats.reading import Read, sorted_out


def vectors(name: str, rows: Any) -> str:
    return f'<varray name="{name}">' + "".join(f"<v> {' '.join(map(str, row))} </v>" for row in rows) + "</varray>"


def structure(a: float, name: str = "") -> str:
    basis = vectors("basis", np.diag([a, a, a]))
    named = f' name="{name}"' if name else ""
    return (
        f"<structure{named}><crystal>{basis}</crystal>{vectors('positions', [[0, 0, 0], [0.5, 0.5, 0.5]])}</structure>"
    )


def energy(free: float, extrapolated: float) -> str:
    values = {"e_fr_energy": free, "e_wo_entrp": free, "e_0_energy": extrapolated}
    return "<energy>" + "".join(f'<i name="{name}"> {value} </i>' for name, value in values.items()) + "</energy>"


def vasprun(n_electronic: int = 2, n_ionic: int = 2, nsw: int = 0) -> str:
    """Ionic steps of lattice parameters 4.0, 4.1, …; of the last, the free energy is -10 and the other -10.5 eV."""
    loops = "".join(f"<scstep>{energy(-9.0 - i, -9.5 - i)}</scstep>" for i in range(n_electronic - 1))
    # Some versions write the free energy for both behind a step.
    step = f"{loops}<scstep>{energy(-10.0, -10.5)}</scstep>{{}}{energy(-10.0, -10.0)}"
    steps = "".join(
        f'<calculation>{step.format(structure(4 + i / 10))}<dos><i name="efermi"> 1.{i} </i></dos></calculation>'
        for i in range(n_ionic)
    )
    return f"""<?xml version="1.0" encoding="ISO-8859-1"?>
<modeling>
 <generator><i name="program" type="string">vasp </i><i name="version" type="string">6.4.2  </i></generator>
 <incar><i name="ENCUT"> 520.0 </i><i type="string" name="GGA">Pe</i></incar>
 <parameters><separator name="electronic"><i name="ENMAX"> 520.0 </i><i name="EDIFF"> 0.00001 </i>
 <i type="int" name="NELM"> 5</i><i type="int" name="ISPIN"> 1</i></separator><i type="int" name="NSW"> {nsw}</i>
 <i type="int" name="IBRION"> 2</i><i type="string" name="GGA">PE</i>
 <i type="logical" name="LHFCALC"> F  </i></parameters>
 <atominfo><array name="atoms"><set><rc><c>Cs</c><c> 1</c></rc><rc><c>Cl</c><c> 2</c></rc></set></array></atominfo>
 {structure(4.0, "initialpos")}
 {steps}
 {structure(4 + (n_ionic - 1) / 10, "finalpos")}
</modeling>
"""


@pytest.mark.parametrize("name", ["vasprun.xml", "vasprun.xml.gz"])
def test_the_last_structure_its_energy_and_the_settings_are_read(read: Callable[..., Read], name: str) -> None:
    content = vasprun().encode()
    (entry,), _, _ = read(name, gzip.compress(content) if name.endswith(".gz") else content)
    assert entry.structure is not None
    assert (entry.structure.lattice[0, 0], entry.structure.numbers.tolist()) == (4.1, [55, 17])
    assert entry.properties == {
        "energy": -10.5, "free_energy": -10.0, "efermi": 1.1, "n_ionic_steps": 2, "program": "vasp 6.4.2",
        "ENCUT": 520.0, "EDIFF": 1e-5, "functional": "PBE", "ISPIN": 1,
    }  # fmt: skip
    assert entry.notes == ()


def test_it_is_what_pymatgen_reads(tmp_path: Path, read: Callable[..., Read]) -> None:
    testdata = pytest.importorskip("ase", reason="ase isn't installed")
    folder = Path(testdata.__file__).parent / "test" / "testdata" / "vasp"
    files = sorted(folder.glob("vasprun*.xml"))
    if not files:
        pytest.skip("this ase comes without its test data")
    from pymatgen.io.vasp import Vasprun

    for file in files:
        (entry,), _, _ = read(file.name, file.read_bytes())
        theirs = Vasprun(file, parse_potcar_file=False, parse_dos=False, parse_eigen=False)
        found: Any = entry.structure
        assert entry.properties["energy"] == pytest.approx(float(theirs.final_energy), abs=1e-7)
        np.testing.assert_allclose(found.lattice, theirs.final_structure.lattice.matrix, atol=1e-12)
        np.testing.assert_allclose(found.positions, theirs.final_structure.frac_coords, atol=1e-12)
        assert found.numbers.tolist() == list(theirs.final_structure.atomic_numbers)


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (vasprun(n_electronic=5), "the electronic loop may not have converged: its last one took all 5 steps"),
        (vasprun(n_ionic=3, nsw=3), "the relaxation may not have converged: it took all 3 steps"),
    ],
)
def test_what_may_not_be_converged_is_said(read: Callable[..., Read], content: str, note: str) -> None:
    (entry,), _, _ = read("vasprun.xml", content)
    assert entry.notes == (note,)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (vasprun()[:-300], "the XML is cut off or damaged"),
        (vasprun().replace("<c>Cs</c>", "<c>X </c>"), "atom 1 is `X`, which is no element"),
        ("<?xml version='1.0'?><modeling></modeling>", "the file holds no structure"),
        (vasprun().replace("<v> 0 0 0 </v>", "<v> a b c </v>"), "this isn't built like VASP's `vasprun.xml`"),
    ],
)
def test_what_is_not_whole_is_refused(read: Callable[..., Read], content: str, why: str) -> None:
    entries, (bad,), _ = read("vasprun.xml", content)
    assert (entries, bad.what[: len(why)]) == ([], why)


def test_the_first_setting_of_a_name_counts(read: Callable[..., Read]) -> None:
    other = '<separator name="response functions"><i type="int" name="NELM"> 1</i></separator></parameters>'
    (entry,), _, _ = read("vasprun.xml", vasprun().replace("</parameters>", other))
    assert entry.notes == ()


POTENTIALS = (
    '<array name="atomtypes"><set><rc><c>1</c><c>Cs</c><c>132.9</c><c>9.0</c><c>  PAW_PBE Cs_sv 08Apr2002 </c></rc>'
    "<rc><c>1</c><c>Cl</c><c>35.5</c><c>7.0</c><c>  PAW_PBE Cl 06Sep2000 </c></rc></set></array></atominfo>"
)
UNSET = vasprun().replace(">Pe<", ">--<").replace(">PE<", "> -- <")


@pytest.mark.parametrize(
    ("content", "functional"),
    [
        (UNSET, None),
        (UNSET.replace("</atominfo>", POTENTIALS), "PBE"),
        (UNSET.replace("</atominfo>", POTENTIALS.replace("PAW_PBE Cl", "PAW Cl")), None),
        (vasprun().replace("</parameters>", '<i name="LDAU" type="logical"> T  </i></parameters>'), "PBE+U"),
        (vasprun().replace('"LHFCALC"> F', '"LHFCALC"> T'), "hybrid"),
        (vasprun().replace(">PE<", ">RE<"), "revPBE"),
        (vasprun().replace("</parameters>", '<i name="METAGGA" type="string">R2SCAN</i></parameters>'), "R2SCAN"),
    ],
    ids=["not set", "the potentials'", "of unlike potentials", "with U", "hybrid", "revPBE", "a meta-GGA"],
)
def test_the_functional_is_what_the_calculation_used(
    read: Callable[..., Read], content: str, functional: str | None
) -> None:
    (entry,), _, _ = read("vasprun.xml", content)
    assert entry.properties.get("functional") == functional


def test_the_structure_is_the_one_that_the_energy_is_of(read: Callable[..., Read]) -> None:
    (entry,), _, _ = read("vasprun.xml", vasprun().replace(structure(4.1, "finalpos"), structure(4.2, "finalpos")))
    assert entry.structure is not None
    assert entry.structure.lattice[0, 0] == 4.1
    assert entry.notes == ("the atoms were moved once more behind the last energy: those that it is of are taken",)


def test_eigenvalues_are_not_held(tmp_path: Path) -> None:
    rows = "<set>" + "<r> 1.0 1.0 </r>" * 20_000 + "</set>"
    eigenvalues = f"<eigenvalues><array><set>{rows * 10}</set></array></eigenvalues><dos>"
    (tmp_path / "vasprun.xml").write_text(vasprun(n_ionic=1).replace("<dos>", eigenvalues))
    tracemalloc.start()
    entries, _, _ = sorted_out(tmp_path / "vasprun.xml")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(entries) == 1
    assert peak < 8e6


def test_a_calculation_in_a_folder_is_one_material(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "a"
    run.mkdir(parents=True)
    (run / "vasprun.xml.gz").write_bytes(gzip.compress(vasprun().encode()))
    poscar = "CsCl\n1.0\n4 0 0\n0 4 0\n0 0 4\nCs Cl\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n"
    for name in ("POSCAR", "CONTCAR"):
        (run / name).write_text(poscar)
    found = list(FORMATS.entries(tmp_path / "runs", "folder"))
    assert [one.name for one in found if isinstance(one, MaterialEntry)] == ["a/vasprun"]
    files = [one.files for one in found if isinstance(one, Remark) and one.files]
    assert files == [("a/CONTCAR", "a/POSCAR")]
    alone = FORMATS.entries(tmp_path / "runs", "folder:poscar")
    assert [one.name for one in alone if isinstance(one, MaterialEntry)] == ["a/CONTCAR", "a/POSCAR"]
