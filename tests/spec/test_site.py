"""Sites: the contract's file, the built-in one, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from bigdata.errors import SpecError
from bigdata.spec.site import load_site, site_names

CONTRACT = """\
site: example-slurm
scheduler: slurm
controller: job                       # inline | detached | job
image: {apptainer: bigdata.sif, bind: [/scratch]}
pools:
  cpu: {queue: cpu, cores: 2, memory: 2 GiB, walltime: 10 min, max_jobs: 4}
  gpu: {queue: gpu, cores: 2, gpus: 1, memory: 4 GiB, walltime: 10 min, directives: ["--gres=gpu:1"]}
limits: {files: 1000000, bytes: 2 TB, submitted_jobs: 100}
prices: {core_hour: 0.02 USD, gpu_hour: 3.00 USD}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def test_the_contract_is_accepted_as_it_stands(folder: Path) -> None:
    (folder / "slurm.yaml").write_text(CONTRACT)
    site = load_site("slurm.yaml")
    assert (site.site, site.scheduler, site.controller) == ("example-slurm", "slurm", "job")
    assert site.cores("cpu") == 8
    assert site.worker_memory("gpu") == 2 * 2**30
    assert site.pools["gpu"].directives == ["--gres=gpu:1"]
    assert site.pools["cpu"].walltime == 600
    assert (site.limits.files, site.limits.bytes) == (1_000_000, 2 * 10**12)
    assert (site.prices.core_hour, site.prices.tb_month) == (0.02, None)


def test_this_machine_is_built_in() -> None:
    site = load_site("local")
    assert site.scheduler == "local"
    assert site.cores("cpu") >= 1
    assert site.worker_memory("cpu") > 2**20
    assert site.limits.files is None


@pytest.mark.parametrize("place", ["specs/sites", "config/bigdata/sites"])
def test_a_site_is_found_by_its_name(folder: Path, place: str) -> None:
    (folder / place).mkdir(parents=True)
    (folder / place / "cluster.yaml").write_text(CONTRACT)
    assert load_site("cluster").site == "example-slurm"
    assert site_names() == ["local", "cluster"]


def test_an_unknown_site_is_named_with_a_guess() -> None:
    with pytest.raises(SpecError) as caught:
        load_site("locla")
    assert str(caught.value) == (
        "--site locla: there is no site `locla`. Known: `local`; a file is named by its path, such as "
        "`specs/sites/mine.yaml`. Did you mean `local`?"
    )


def test_everything_wrong_is_said_at_once(folder: Path) -> None:
    text = (
        CONTRACT.replace("slurm\ncont", "slrum\ncont").replace("2 GiB", "2").replace("cores: 2, gpus", "core: 2, gpus")
    )
    (folder / "slurm.yaml").write_text(text)
    with pytest.raises(SpecError) as caught:
        load_site("slurm.yaml")
    lines = [line for line in str(caught.value).splitlines() if not line.startswith(" ")]
    assert lines == [
        "slurm.yaml:2:12: scheduler: `slrum` is not known here. Write `local`, `slurm`, `pbs`, `sge`, `lsf`, "
        "`oar` or `htcondor`. Did you mean `slurm`?",
        'slurm.yaml:6:39: pools.cpu.memory: 2 has no unit. Write an amount of bytes with its unit, such as "2 B".',
        "slurm.yaml:7:3: pools.gpu.cores: is missing. Write `cores:` with a whole number of at least 1.",
        "slurm.yaml:7:21: pools.gpu.core: unknown key. Known here: `queue`, `cores`, `memory`, `walltime`, "
        "`gpus`, `max_jobs`, `directives`. Did you mean `cores`?",
    ]


def test_an_empty_file_is_told_what_a_site_needs(folder: Path) -> None:
    (folder / "empty.yaml").write_text("")
    with pytest.raises(SpecError, match="Write `site: name`, `scheduler: slurm` and `pools:`"):
        load_site("empty.yaml")
