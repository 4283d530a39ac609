"""`bigdata sites image …` says what is wrong before anything is built."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bigdata.environment import EXTRAS, OPTIONAL, Environment, environment
from bigdata.jobs import image
from bigdata.jobs.image import Contents, Recipe, base_for_this_python, pinned
from bigdata.spec import extras
from tests.bench import ROOT, Bench

needs_apptainer = pytest.mark.skipif(not shutil.which("apptainer"), reason="apptainer isn't installed")


def test_the_verbs_are_listed(bench: Bench) -> None:
    said = bench.bigdata("sites", "image", "--help").stdout
    assert "build  Build the image of a site" in said
    assert "check  Compare what can be imported" in said


def test_an_image_that_is_not_there(bench: Bench) -> None:
    done = bench.bigdata("sites", "image", "check", "none.sif")
    assert (done.returncode, done.stdout) == (4, "")
    said = "bigdata: there is no image none.sif. Build it with `bigdata sites image build none.sif`.\n"
    assert done.stderr == said


def test_a_site_without_an_image(bench: Bench) -> None:
    done = bench.bigdata("sites", "image", "check", bench.site(cpu={"cores": 1, "memory": "1 GiB"}))
    assert done.returncode == 4
    assert "the site `here` has no image: its workers run in the environment that they are started from." in done.stderr
    assert f"`image: {{apptainer: bigdata.sif}}` into {bench.folder}/site.yaml" in done.stderr


def test_an_image_that_is_there_is_not_replaced_unasked(bench: Bench) -> None:
    (bench.folder / "old.sif").write_text("old")
    done = bench.bigdata("sites", "image", "build", "old.sif")
    assert (done.returncode, done.stderr) == (4, "bigdata: old.sif is already there. Say --force to replace it.\n")


def test_pins_and_what_is_here_are_two_things(bench: Bench) -> None:
    done = bench.bigdata("sites", "image", "build", "new.sif", "--as-here", "--variant", "cuda")
    assert done.returncode == 2
    assert "Give one of them." in done.stderr


@needs_apptainer
def test_a_base_that_is_not_there(bench: Bench) -> None:
    done = bench.bigdata("sites", "image", "build", "new.sif", "--from", "./base")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == "bigdata: there is no base ./base. Make one with `containers/base.sh ./base`.\n"
    assert not list(bench.folder.glob("*new.sif*"))


@needs_apptainer
def test_a_registry_that_can_not_be_reached(bench: Bench) -> None:
    """Nobody listens at port 1 of this machine."""
    done = bench.bigdata("sites", "image", "build", "new.sif", "--from", "localhost:1/python:3.12")
    assert (done.returncode, done.stdout) == (4, "")
    said = done.stderr[done.stderr.index("bigdata: the image new.sif could not be built:\n") :]
    assert "connection refused" in said
    assert "make a base with `containers/base.sh DIR` and name it: `--from DIR`.\n" in said
    assert not list(bench.folder.iterdir())


@needs_apptainer
def test_a_file_that_is_no_image(bench: Bench) -> None:
    (bench.folder / "text.sif").write_text("no image")
    done = bench.bigdata("sites", "image", "check", "text.sif")
    assert (done.returncode, done.stdout) == (4, "")
    assert "bigdata: text.sif can't be used: " in done.stderr
    assert "`bigdata sites image build text.sif --force`" in done.stderr


def test_a_machine_without_apptainer(bench: Bench) -> None:
    (bench.folder / "any.sif").write_text("")
    done = bench.bigdata("sites", "image", "check", "any.sif", PATH=str(bench.folder))
    assert done.returncode == 4
    assert "apptainer isn't here. Load it (often `module load apptainer`), or install it." in done.stderr


def test_a_base_is_local_where_it_is_there_and_else_of_a_registry(tmp_path: Path) -> None:
    local = Recipe(ROOT, str(tmp_path), pinned("cpu")).arguments()
    assert {"BOOTSTRAP=localimage", f"FROM={tmp_path}"} <= set(local)
    registry = Recipe(ROOT, base_for_this_python(), pinned("cuda"), binds=("/a",)).arguments()
    assert {"BOOTSTRAP=docker", "REQUIREMENTS=containers/requirements/cuda.txt", "--bind", "/a"} <= set(registry)
    assert any(word.startswith("FROM=python:3.") for word in registry)


def test_tensorflow_is_not_built_for_a_python_that_it_has_no_wheel_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of its pins would be left out there, and the image be one of bigdata alone."""
    monkeypatch.setattr(extras, "LAST_PYTHON", (3, 10))
    done = bench.bigdata("sites", "image", "build", "new.sif", "--variant", "tensorflow")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("--variant tensorflow: TensorFlow has no wheel for Python 3.")


def checked(bench: Bench, monkeypatch: pytest.MonkeyPatch, found: Environment) -> tuple[int, str, list[str]]:
    """Exit code and error of a look into an image, and the ends of its lines that aren't `same`."""
    monkeypatch.setattr(image, "contents", lambda path, packages: Contents({}, found))
    (bench.folder / "any.sif").touch()
    done = bench.bigdata("sites", "image", "check", "any.sif")
    lines = [line.split(maxsplit=3) for line in done.stdout.splitlines()[3:]]
    return done.returncode, done.stderr, [f"{name}: {state}" for name, *_, state in lines if state.strip() != "same"]


def test_an_image_of_bigdata_alone_is_right_though_there_are_networks_here(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = environment(imported=False)
    alone = replace(here, packages={name: v for name, v in here.packages.items() if name not in OPTIONAL})
    code, said, others = checked(bench, monkeypatch, alone)
    assert (code, said) == (0, "")
    networks = [name for name in OPTIONAL if name not in EXTRAS["search"]]
    assert [name for name in others if "not for networks" in name] == [f"{name}: not for networks" for name in networks]


def test_packages_of_networks_that_are_broken_there_are_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether they are here or not."""
    here = environment(imported=False)
    errors = {"tensorflow": "ImportError: libstdc++.so.6: no such file"}
    broken = replace(here, packages={**here.packages, "tensorflow": ""}, errors=errors)
    code, said, others = checked(bench, monkeypatch, broken)
    assert code == 4
    assert "  tensorflow can't be imported there: ImportError: libstdc++.so.6: no such file\n" in said
    assert "tensorflow: differs" in others
