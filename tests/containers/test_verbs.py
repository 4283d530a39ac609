"""`bigdata sites image …` says what is wrong before anything is built."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bigdata.jobs.image import Recipe, base_for_this_python, pinned
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
