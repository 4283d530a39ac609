"""Sites as clusters have them, with runs on a real Slurm that end: memory by core, and a cache of several users."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.bench import chunks
from tests.jobs.conftest import CPU, Far, Right

ONE = {**CPU, "cores": 1, "memory": "1 GiB", "walltime": "30 min", "max_jobs": 1}


def test_memory_by_core_in_a_pools_own_directives_is_taken(far: Far, right: Right) -> None:
    site = far.site({"cpu": {**ONE, "directives": ["--mem-per-cpu=1000"]}})
    done = far.bench.bigdata("submit", far.bench.trial(tasks=4), "--site", site)
    assert done.returncode == 0, done.stderr
    assert chunks(far.run) == right(4)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_cache_of_another_user_is_shared_by_the_controller_and_its_jobs(
    far: Far, right: Right, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    os.chown(cache, 54_321, 54_320)
    cache.chmod(0o2775)
    (cache / "tls").mkdir(mode=0o700)
    os.chown(cache / "tls", 54_321, 54_320)
    done = far.bench.bigdata(
        "submit", far.bench.trial(tasks=4), "--site", far.site({"cpu": ONE}), BIGDATA_CACHE=str(cache)
    )
    assert done.returncode == 0, done.stderr
    assert chunks(far.run) == right(4)
    own = [folder for folder in cache.iterdir() if folder.name.startswith("of-")]
    assert [stat.S_IMODE(folder.stat().st_mode) & 0o777 for folder in own] == [0o700]
    assert not list(own[0].glob("tls/*"))
    assert not list((cache / "tls").iterdir())
    assert (own[0] / "ledger.jsonl").exists()
