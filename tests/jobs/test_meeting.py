"""Workers of jobs that lack what the study needs are refused in a sentence, with the command that helps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bigdata.environment import BUILDS, OPTIONAL, Environment
from bigdata.errors import SiteError
from bigdata.jobs.meeting import refuse_other
from bigdata.spec import extras
from bigdata.spec.site import load_site
from tests.bench import Bench, events
from tests.jobs.conftest import CPU, Far

SMALL = {**CPU, "cores": 1, "memory": "800 MiB"}
# Loaded by every Python that finds it: one that has none of the packages, wherever they are.
HIDDEN = f"""
from importlib import metadata
distribution = metadata.distribution
def found(name):
    if name in {(*OPTIONAL, *BUILDS["tensorflow"])}:
        raise metadata.PackageNotFoundError(name)
    return distribution(name)
metadata.distribution = found
"""
NONE = Environment("3.11.7", {"bigdata": "0.1.0", "numpy": "2.4.6"}, {}, "abc", True)
ALL = replace(NONE, packages={**NONE.packages, **dict.fromkeys(OPTIONAL, "1.0")})
LACKS = "there, Python doesn't find `tensorflow`, `graph-nets` and `dm-sonnet`, which the study needs. "
AGAIN = ", and submit again: what is done stays done."


def refusal(folder: Path, there: Environment, here: Environment, extra: str, **fields: Any) -> str:
    """What is said of workers at a site; "" where they are taken."""
    data = {"site": "far", "scheduler": "slurm", "pools": {"cpu": SMALL}, **fields}
    site = load_site(Bench(folder).write("far.yaml", data))
    try:
        refuse_other(site, "there", there, here, extra)
    except SiteError as error:
        return str(error)
    return ""


def test_nodes_that_share_this_environment(tmp_path: Path) -> None:
    said = refusal(tmp_path, NONE, ALL, "networks")
    assert said == f"{LACKS}Run `pip install '.[networks]'` there{AGAIN}"


@pytest.mark.parametrize(("gpus", "variant"), [(0, "tensorflow"), (1, "cuda")], ids=["for CPUs", "for GPUs"])
def test_an_image_is_to_be_built_again_with_them(gpus: int, variant: str, tmp_path: Path) -> None:
    fields = {"image": {"apptainer": "x.sif"}, "pools": {"cpu": SMALL, "gpu": {**SMALL, "gpus": gpus}}}
    said = refusal(tmp_path, NONE, NONE, "networks", **fields)
    build = f"bigdata sites image build {tmp_path}/far.yaml --variant {variant} --force"
    assert said == f"{LACKS}Build the image again with `{build}`{AGAIN}"


def test_what_no_task_needs_is_not_asked_for(tmp_path: Path) -> None:
    assert refusal(tmp_path, NONE, ALL, "") == ""
    assert refusal(tmp_path, ALL, NONE, "") == ""


def test_an_image_has_what_this_process_has_not(tmp_path: Path) -> None:
    assert refusal(tmp_path, ALL, NONE, "networks", image={"apptainer": "x.sif"}) == ""


def test_jobs_without_them_get_no_task(far: Far, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "version", lambda name: "1.0")
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden/sitecustomize.py").write_text(HIDDEN)
    prologue = [f"export PYTHONPATH={tmp_path}/hidden:$PYTHONPATH"]
    spec = far.bench.write("n.yaml", {"study": "networked", "name": "n"})
    done = far.bench.bigdata("submit", spec, "--site", far.site({"cpu": {**SMALL, "prologue": prologue}}))
    assert done.returncode == 4
    assert f"bigdata: {LACKS}".replace("there", "on the nodes of pool `cpu`") in done.stderr
    assert events(far.bench.run_folder().path, "failed") == []
