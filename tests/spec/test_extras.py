"""Extras: the tables of the program say what pyproject.toml says, and what is missing comes with the one command."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bigdata import environment
from bigdata.environment import BUILDS, EXTRAS
from bigdata.errors import SpecError
from bigdata.spec import load_study
from bigdata.spec.extras import LAST_PYTHON, build_command, command, missing_here, refused_here, require
from bigdata.spec.site import Site, load_site
from tests.bench import ROOT, Bench

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PLACES = {
    "Linux on x86-64": ("linux", "x86_64", "tensorflow-cpu"),
    "Linux on arm64": ("linux", "aarch64", "tensorflow"),
    "macOS on arm64": ("darwin", "arm64", "tensorflow"),
    "Windows on x86-64": ("win32", "AMD64", "tensorflow-cpu"),
    "Windows on arm64": ("win32", "ARM64", "tensorflow"),
}
CPU = {"cores": 1, "memory": "1 GiB", "walltime": "10 min"}


def asked(extra: str, python: str, system: str = "linux", machine: str = "x86_64") -> list[str]:
    """What pip is asked for by an extra of pyproject.toml, at some place."""
    place = {"python_version": python, "sys_platform": system, "platform_machine": machine}
    wanted = map(Requirement, PROJECT["optional-dependencies"][extra])
    return sorted(canonicalize_name(r.name) for r in wanted if r.marker is None or r.marker.evaluate(place))


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_one_tensorflow_is_asked_for_everywhere(where: str, python: str) -> None:
    """The two would be installed into one folder."""
    *place, tensorflow = PLACES[where]
    assert asked("networks", python, *place) == ["dm-sonnet", "graph-nets", tensorflow]
    assert asked("networks-cuda", python, *place) == ["dm-sonnet", "graph-nets", "tensorflow"]


@pytest.mark.parametrize("extra", ["networks", "networks-cuda"])
def test_nothing_is_asked_for_where_tensorflow_has_no_wheel(extra: str) -> None:
    first = f"{LAST_PYTHON[0]}.{LAST_PYTHON[1] + 1}"
    assert asked(extra, first) == []
    assert asked(extra, "{}.{}".format(*LAST_PYTHON)) != []


def test_what_is_looked_for_is_what_the_extra_installs() -> None:
    as_known = {build: name for name, builds in BUILDS.items() for build in builds}
    for extra, names in EXTRAS.items():
        for one in {extra, f"{extra}-cuda"} & {*PROJECT["optional-dependencies"]}:
            assert {as_known.get(name, name) for name in asked(one, "3.11")} == set(names)


def hide(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Packages that are here are as if they weren't."""
    is_here = environment._is_here
    monkeypatch.setattr(environment, "_is_here", lambda name: name not in names and is_here(name))


def test_what_is_missing_is_named_with_the_one_command(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "graph-nets", "dm-sonnet")
    model = load_study(bench.write("n.yaml", {"study": "networked", "name": "n"})).variants[0].model
    found = missing_here(model)
    assert found is not None
    assert found.what.endswith("`graph-nets` and `dm-sonnet`, which this environment lacks")
    with pytest.raises(SpecError, match=r"`networked` needs .*, which this environment lacks\. "):
        require(model)


def test_a_study_of_another_kind_misses_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "tensorflow", "tensorflow-cpu", "graph-nets", "dm-sonnet")
    assert missing_here(load_study(bench.trial()).variants[0].model) is None


COMMANDS = {
    (3, 11): "Run `pip install '.[networks]'`",
    (3, 13): "Run `pip install '.[networks]'`",
    (
        3,
        14,
    ): "TensorFlow has no wheel for Python 3.14 yet, but for 3.11 to 3.13: make an environment with one of these, "
    "and run `pip install '.[networks]'` there",
}


@pytest.mark.parametrize("python", COMMANDS, ids=lambda python: "Python {}.{}".format(*python))
def test_the_command_is_one_that_helps(python: tuple[int, int]) -> None:
    assert command("networks", python) == COMMANDS[python]


def test_an_extra_that_there_is_not_is_for_the_kinds_author(bench: Bench) -> None:
    model = load_study(bench.write("s.yaml", {"study": "stranger", "name": "s"})).variants[0].model
    with pytest.raises(
        SpecError, match=r"`stranger` needs the extra `nets`, and bigdata has `networks`, `search`\. That is for"
    ):
        missing_here(model)


def site(folder: Path, **fields: Any) -> Site:
    data = {"site": "far", "scheduler": "slurm", "pools": {"cpu": CPU}, **fields}
    return load_site(Bench(folder).write("far.yaml", data))


SITES: dict[str, tuple[dict[str, Any], bool]] = {
    "nodes that share this environment": ({}, True),
    "nodes with an image": ({"image": {"apptainer": "x.sif"}}, False),
    "somebody's Dask cluster": ({"scheduler": "dask", "address": "tls://there:1"}, False),
    "this machine, whatever image is named": ({"scheduler": "local", "image": {"apptainer": "x.sif"}}, True),
}


@pytest.mark.parametrize("where", SITES)
def test_this_environment_counts_where_tasks_run_in_it(
    where: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "graph-nets")
    study = load_study(bench.write("n.yaml", {"study": "networked", "name": "n"}))
    fields, counts = SITES[where]
    assert (refused_here(study, site(bench.folder, **fields)) is not None) == counts


def test_an_image_for_a_study_holds_what_it_needs(tmp_path: Path) -> None:
    begin = f"bigdata sites image build {tmp_path}/far.yaml"
    assert build_command(site(tmp_path), "") == begin
    assert build_command(site(tmp_path), "networks") == f"{begin} --variant tensorflow"
    gpus = site(tmp_path, pools={"cpu": CPU, "gpu": {**CPU, "gpus": 1}})
    assert build_command(gpus, "networks") == f"{begin} --variant cuda"
    assert build_command(gpus, "") == begin
