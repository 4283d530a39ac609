"""Two environments are compared by what passes between them: Python's first two numbers, versions, bigdata's code."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import bigdata
from bigdata.environment import Environment, differences, environment, labels, lacking, needed, without_others

HERE = Environment("3.11.7", {"bigdata": "0.1.0", "numpy": "2.4.6", "zarr": "3.1.6"}, {}, "abc", True)


def test_the_same_environment_has_no_differences() -> None:
    assert list(differences(HERE, HERE)) == []


PACKAGES = HERE.packages
OTHER = {
    "another Python": (replace(HERE, python="3.12.1"), [("python", "3.12.1", "3.11.7")]),
    "the last number of Python": (replace(HERE, python="3.11.2"), []),
    "no kernel": (replace(HERE, kernel=False), []),
    "another version": (replace(HERE, packages={**PACKAGES, "zarr": "3.4"}), [("zarr", "3.4", "3.1.6")]),
    "a package less": (replace(HERE, packages={**PACKAGES, "zarr": ""}), [("zarr", "", "3.1.6")]),
    "not looked for": (replace(HERE, packages={"bigdata": "0.1.0", "numpy": "2.4.6"}), [("zarr", "", "3.1.6")]),
    "TensorFlow there alone": (replace(HERE, packages={**PACKAGES, "tensorflow": "2.21"}), []),
    "other code": (replace(HERE, code="xyz"), [("bigdata's code", "xyz", "abc")]),
    "another release has other code": (
        replace(HERE, code="xyz", packages={**PACKAGES, "bigdata": "0.2"}),
        [("bigdata", "0.2", "0.1.0")],
    ),
}


@pytest.mark.parametrize("case", OTHER)
def test_differences(case: str) -> None:
    there, found = OTHER[case]
    assert list(differences(there, HERE)) == found


TENSORFLOW = replace(HERE, packages={**PACKAGES, "tensorflow": "2.21.0", "graph-nets": "1.1.0"})


def test_what_an_extra_installs_is_compared_where_both_have_it() -> None:
    other = replace(TENSORFLOW, packages={**TENSORFLOW.packages, "tensorflow": "2.22.0"})
    assert list(differences(HERE, TENSORFLOW)) == []
    assert list(differences(other, TENSORFLOW)) == [("tensorflow", "2.22.0", "2.21.0")]
    assert list(differences(without_others(other, ""), without_others(TENSORFLOW, ""))) == []
    assert without_others(other, "networks") == other


def test_a_study_misses_what_its_extra_installs() -> None:
    assert lacking(TENSORFLOW, "networks") == ["dm-sonnet"]
    assert lacking(HERE, "networks") == ["tensorflow", "graph-nets", "dm-sonnet"]
    assert lacking(HERE, "") == []


def found_in(folder: Path, *packages: str) -> Environment:
    """What a Python finds that has nothing but what is in a folder."""
    program = Path(bigdata.__file__).parent / "environment.py"
    # Without the packages of this environment: `-S` leaves site-packages out.
    command = [sys.executable, "-S", "-", *packages]
    path = {"PYTHONPATH": str(folder)}
    seen = subprocess.run(command, input=program.read_bytes(), env=path, cwd=folder, capture_output=True)
    return Environment(**json.loads(seen.stdout))


def install(folder: Path, name: str, version: str, module: str, text: str = "") -> None:
    about = folder / f"{name}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (about / "top_level.txt").write_text(f"{module}\n")
    (folder / f"{module}.py").write_text(text)


@pytest.mark.parametrize("build", ["tensorflow", "tensorflow_cpu", "tensorflow_rocm"])
def test_tensorflow_is_found_whichever_build_is_installed(build: str, tmp_path: Path) -> None:
    install(tmp_path, build, "2.21.0", "tensorflow")
    assert found_in(tmp_path, "tensorflow", "graph-nets").packages == {"tensorflow": "2.21.0", "graph-nets": ""}


def test_a_tensorflow_that_can_not_be_imported_counts_as_missing(tmp_path: Path) -> None:
    """Also where its build has another name."""
    install(tmp_path, "tensorflow_cpu", "2.21.0", "tensorflow", "raise ImportError('libstdc++.so.6: no such file')")
    found = found_in(tmp_path, "tensorflow")
    assert found.errors == {"tensorflow": "ImportError: libstdc++.so.6: no such file"}
    assert found.packages == {"tensorflow": ""}


def test_what_bigdata_needs_is_here() -> None:
    assert {"bigdata", "dask", "distributed", "numpy", "zarr", "ruamel.yaml"} <= set(needed())
    assert "pytest" not in needed()  # of an extra
    found = environment()
    assert found.errors == {}
    assert all(found.packages.values())


def test_a_package_that_is_broken_counts_as_missing(tmp_path: Path) -> None:
    (tmp_path / "frail").mkdir()
    (tmp_path / "frail/__init__.py").write_text("import nothing_of_that_name\n")
    (tmp_path / "frail-1.0.dist-info").mkdir()
    (tmp_path / "frail-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: frail\nVersion: 1.0\n")
    (tmp_path / "frail-1.0.dist-info/top_level.txt").write_text("frail\n")
    program = Path(bigdata.__file__).parent / "environment.py"
    command = [sys.executable, "-", "frail", "unheard-of"]
    seen = subprocess.run(
        command, input=program.read_bytes(), env={"PYTHONPATH": str(tmp_path)}, cwd=tmp_path, capture_output=True
    )
    found = Environment(**json.loads(seen.stdout))
    assert found.packages == {"frail": "", "unheard-of": ""}
    assert found.errors == {"frail": "ModuleNotFoundError: No module named 'nothing_of_that_name'"}


def test_another_table_beside_a_module_is_other_code_and_another_script_is_not(tmp_path: Path) -> None:
    (tmp_path / "bigdata/scripts").mkdir(parents=True)
    (tmp_path / "bigdata/__init__.py").touch()
    codes = [_code_of(tmp_path)]
    for file in ("scripts/make.py", "facts.yaml"):
        (tmp_path / "bigdata" / file).touch()
        codes.append(_code_of(tmp_path))
    assert codes[0] == codes[1] != codes[2]


def _code_of(folder: Path) -> str:
    program = Path(bigdata.__file__).parent / "environment.py"
    command, path = [sys.executable, "-", "none"], {"PYTHONPATH": str(folder)}
    seen = subprocess.run(command, input=program.read_bytes(), env=path, cwd=folder, capture_output=True)
    return Environment(**json.loads(seen.stdout)).code


def test_labels_name_versions() -> None:
    assert labels(HERE) == {
        "org.opencontainers.image.version": "0.1.0",
        "bigdata.code": "abc",
        "bigdata.versions.python": "3.11.7",
        "bigdata.versions.bigdata": "0.1.0",
        "bigdata.versions.numpy": "2.4.6",
        "bigdata.versions.zarr": "3.1.6",
    }
