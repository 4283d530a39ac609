"""A run's record names the versions that its tasks had: here, or in the image that they ran in."""

from __future__ import annotations

import pytest

from bigdata.environment import EXTRAS, OPTIONAL, Environment
from bigdata.run import provenance
from bigdata.spec import extras
from bigdata.spec.site import load_site
from tests.bench import Bench

FAR = {"site": "far", "scheduler": "slurm", "pools": {"cpu": {"cores": 1, "memory": "1 GiB", "walltime": "10 min"}}}
SPEC = {"study": "networked", "name": "n"}


def test_the_packages_of_an_extra_are_recorded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "version", lambda name: "1.0")
    monkeypatch.setattr(provenance, "version", lambda name: f"7.{len(name)}")
    recorded = bench.submit(bench.write("n.yaml", SPEC)).attributes["versions"]
    assert {name: recorded[name] for name in EXTRAS["networks"]} == {
        name: f"7.{len(name)}" for name in EXTRAS["networks"]
    }
    assert not {*OPTIONAL} & {*bench.submit(bench.trial()).attributes["versions"]}


LABELLED = Environment("3.11.7", dict.fromkeys(OPTIONAL, "2.0"), {}, "abc", True)
IMAGES = {"an image that says what it holds": (LABELLED, "2.0"), "one that says nothing": (None, "not known here")}


@pytest.mark.parametrize("where", IMAGES)
def test_what_is_not_here_is_what_the_image_says(where: str, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    labels, recorded = IMAGES[where]
    monkeypatch.setattr(provenance, "version", lambda name: "")
    monkeypatch.setattr(provenance, "labelled", lambda path, binds: labels)
    site = load_site(bench.write("far.yaml", {**FAR, "image": {"apptainer": "x.sif"}}))
    plan = bench.plan(bench.write("n.yaml", SPEC), site=site)
    assert provenance._extra_versions(plan) == dict.fromkeys(EXTRAS["networks"], recorded)
