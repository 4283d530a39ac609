"""`bigdata sites check`, and `submit` without --site, on a real cluster."""

from __future__ import annotations

import json

import pytest

from bigdata.environment import OPTIONAL, version
from tests.jobs.conftest import CPU, GPU, Far, far  # noqa: F401 - a fixture


def test_every_pool_is_looked_at(far: Far) -> None:  # noqa: F811
    site = far.site({"cpu": CPU, "gpu": GPU})
    done = far.bench.bigdata("sites", "check", site, "--json")
    assert done.returncode == 0, done.stderr
    cpu, gpu = json.loads(done.stdout)["pools"]
    for row in (cpu, gpu):
        assert row["problems"] == []
        assert row["probe"]["versions"]["numpy"]
        assert row["probe"]["extras"] == {name: version(name) for name in OPTIONAL}
        assert row["probe"]["scheduler_port"] > 0
        assert row["probe"]["scratch_free_bytes"] > 0
    assert cpu["probe"]["gpus"] == []
    assert gpu["probe"]["gpus"] in (["0"], ["1"])
    assert not list((far.bench.folder / "runs").glob("*"))


@pytest.mark.slow
def test_pools_that_cannot_be_had_are_named(far: Far) -> None:  # noqa: F811
    site = far.site({"cpu": {**CPU, "queue": "nowhere"}, "gpu": {**GPU, "directives": []}})
    done = far.bench.bigdata("sites", "check", site)
    assert done.returncode == 4
    assert "2 of 2 pools of `far` can't be used as they are:" in done.stderr
    assert "invalid partition specified: nowhere" in done.stderr
    assert "its job sees 0 of 1 GPUs; ask for them in the pool's `directives:` (Slurm: `--gres=gpu:1`)" in done.stderr


def test_an_interface_that_the_controllers_machine_has_not_is_told_in_a_sentence(far: Far) -> None:  # noqa: F811
    done = far.bench.bigdata("sites", "check", far.site(interface="ib99"))
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert "cpu: " in done.stderr
    assert "has no network interface `ib99` with an IPv4 address. It has " in done.stderr
    assert "`lo`" in done.stderr
    assert not far.jobs()
    submitted = far.bench.bigdata("submit", far.bench.trial(tasks=2), "--site", far.bench.folder / "far.yaml")
    assert submitted.returncode == 4
    assert "Traceback" not in submitted.stderr
    assert "has no network interface `ib99`" in submitted.stderr


@pytest.mark.slow
def test_an_interface_that_the_nodes_have_not_is_told_in_a_sentence(far: Far) -> None:  # noqa: F811
    site = far.site({"cpu": {**CPU, "interface": "ib99"}}, interface="lo")
    done = far.bench.bigdata("sites", "check", site)
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert "has no network interface `ib99` with an IPv4 address. It has " in done.stderr
    assert "into `interface:` of the site's file" in done.stderr


@pytest.mark.slow
def test_interfaces_ports_and_directives_are_those_of_the_site(far: Far) -> None:  # noqa: F811
    ports = {"scheduler": "23100-23199", "workers": "23200-23299", "nannies": "23300-23399"}
    pool = {**CPU, "memory": "800 MiB", "interface": "lo"}
    site = far.site(
        {"cpu": pool}, controller_interface="lo", ports=ports, memory_directive="per-cpu", cores_directive="tasks"
    )
    done = far.bench.bigdata("sites", "check", site, "--json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["pools"]
    assert row["problems"] == []
    assert 23100 <= row["probe"]["scheduler_port"] <= 23199
