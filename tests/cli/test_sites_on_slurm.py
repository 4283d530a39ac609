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
