"""What images hold is pinned by name, version and hash, and says nothing of where it comes from."""

from __future__ import annotations

import re
import runpy
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from bigdata.jobs.image import VARIANTS, pinned, write_pins_here
from tests.bench import ROOT
from tests.containers.built import pins, variant_here


@cache
def lock() -> dict[str, Any]:
    """What containers/lock.py defines."""
    return runpy.run_path(str(ROOT / "containers/lock.py"))


def versions(variant: str) -> dict[str, set[Version]]:
    """All versions that are pinned for one Python or another."""
    found: dict[str, set[Version]] = {}
    for pin, _, _ in pins(variant):
        name, _, version = pin.partition("==")
        found.setdefault(canonicalize_name(name), set()).add(Version(version))
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_all_that_bigdata_needs_is_pinned(variant: str) -> None:
    """Where this fails, `python containers/lock.py --keep` pins what is new."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extra = lock()["VARIANTS"][variant]
    asked = [*project["dependencies"], *(project["optional-dependencies"][extra] if extra else ())]
    known = versions(variant)
    for requirement in [*map(Requirement, asked), Requirement(lock()["BUILDER"])]:
        found = known.get(canonicalize_name(requirement.name), set())
        assert found, requirement
        assert all(requirement.specifier.contains(version) for version in found), requirement


def test_the_program_knows_the_variants_that_are_pinned() -> None:
    assert tuple(lock()["VARIANTS"]) == VARIANTS


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_one_tensorflow_is_installed_in_an_image(python: str, machine: str) -> None:
    """And the processor has no say in the rest."""
    place = {"python_version": python, "python_full_version": f"{python}.9", "platform_machine": machine}
    system = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
    for variant, name in (
        ("tensorflow", {"x86_64": "tensorflow-cpu"}.get(machine, "tensorflow")),
        ("cuda", "tensorflow"),
    ):
        installed = {p.partition("==")[0] for p, _, m in pins(variant) if not m or Marker(m).evaluate(place | system)}
        assert {n for n in installed if n.startswith("tensorflow")} == {name}
        assert {"graph-nets", "dm-sonnet"} <= installed


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_pin_has_hashes(variant: str) -> None:
    for pin, hashes, _ in pins(variant):
        assert re.fullmatch(r"[a-z0-9._-]+==[0-9][a-z0-9.+!]*", pin), pin
        assert hashes, pin
        assert all(re.fullmatch("[0-9a-f]{64}", h) for h in hashes), pin


def test_the_variants_differ_by_what_networks_need_alone() -> None:
    """Studies reckon with the same numpy in each of them."""
    cpu = versions("cpu")
    for variant in ("tensorflow", "cuda"):
        more = versions(variant)
        assert {name: more[name] for name in cpu} == cpu
    assert "tensorflow-cpu" in versions("tensorflow")
    assert {"tensorflow", "nvidia-cudnn-cu12"} <= versions("cuda").keys()
    assert not any("tensorflow" in name for name in cpu)


@pytest.mark.parametrize("path", ["Apptainer.def", "containers/base.sh", *map(str, map(pinned, VARIANTS))])
def test_no_index_is_named(path: str) -> None:
    text = (ROOT / path).read_text()
    assert not re.findall(r"https?://|index-url|find-links|trusted-host", text)


def test_what_is_installed_here_is_named_with_all_that_it_needs(tmp_path: Path) -> None:
    """The same packages as the pinned ones for this Python, of whatever version."""
    variant = variant_here()
    write_pins_here(tmp_path / "here.txt", ROOT / pinned(variant))
    here = dict(line.split("==") for line in (tmp_path / "here.txt").read_text().splitlines())
    assert here["numpy"] == metadata.version("numpy")
    wanted = {pin.partition("==")[0] for pin, _, marker in pins(variant) if not marker or Marker(marker).evaluate()}
    # Packages change what they need from version to version; what bigdata itself asks for is the same.
    asked = {
        canonicalize_name(re.split(r"[^\w.-]", r)[0]) for r in metadata.requires("bigdata") or () if "extra" not in r
    }
    assert asked <= {canonicalize_name(name) for name in here}
    assert asked <= wanted
    assert len(here.keys() ^ wanted) < len(wanted) / 4
