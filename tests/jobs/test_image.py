"""Jobs whose workers run in an image: what they see of the host, and what is said where the image isn't right."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

import bigdata
from bigdata.engine.greeting import difference
from bigdata.environment import Environment, environment
from bigdata.jobs.image import execute_in, in_image
from tests.bench import Bench
from tests.jobs.conftest import CPU, GPU, Far

SMALL = {**CPU, "cores": 1, "memory": "800 MiB"}
PACKAGES = "/opt/bigdata/lib/python{}/site-packages"


def seen(image: Path, program: str, *folders: Path, binds: tuple[str, ...] = (), **variables: str) -> Any:
    """What a program prints that is run as a job runs its worker, where all that isn't named is unseen."""
    command = [*execute_in(image, folders, binds, gpus=True), "python3", "-s", "-P", "-c", program]
    done = subprocess.run(
        ["bash", "-c", "\n".join([*in_image(), f"exec {shlex.join(command)}"])],
        env={**os.environ, "APPTAINER_NO_MOUNT": "tmp,cwd", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_variables_of_the_host_stay_outside(image: Path, tmp_path: Path) -> None:
    """But for those that a worker needs."""
    (tmp_path / "numpy.py").write_text("raise ImportError('of the host')")
    own = tmp_path / ".local/lib/python{}.{}/site-packages".format(*environment(imported=False).python.split("."))
    own.mkdir(parents=True)
    (own / "dask.py").write_text("raise ImportError('of the user')")
    handed = {"CUDA_VISIBLE_DEVICES": "1,3", "TMPDIR": str(tmp_path), "BIGDATA_JOB_ENDS": "17", "BIGDATA_CACHE": "/a b"}
    stay = {"DASK_LOGGING": "x", "PYTHONPATH": str(tmp_path), "OMP_NUM_THREADS": "7", "SECRET": "x"}
    program = "import dask, json, numpy, os, tempfile; print(json.dumps([*[dict(os.environ)], tempfile.gettempdir()]))"
    found, scratch = seen(image, program, **handed, **stay, HOME=str(tmp_path))
    assert {name: found[name] for name in handed} == handed
    assert not any(found.get(name) for name in stay)
    assert scratch == str(tmp_path)
    assert "CUDA_VISIBLE_DEVICES" not in seen(image, "import json, os; print(json.dumps(dict(os.environ)))")


def test_folders_are_seen_as_they_are_called(image: Path, tmp_path: Path) -> None:
    folders = [tmp_path / "2026-11-22T10:00", tmp_path / "with,comma", tmp_path / "bound"]
    for folder in folders:
        folder.mkdir()
    program = f"import json, os; print(json.dumps([os.listdir({str(tmp_path)!r}), os.path.isdir('/elsewhere')]))"
    names, elsewhere = seen(image, program, *folders[:2], binds=(str(folders[2]), f"{folders[2]}:/elsewhere:ro"))
    assert (set(names), elsewhere) == ({f.name for f in folders}, True)


def test_a_job_in_an_image_has_its_gpu_and_its_scratch(far: Far, image: Path) -> None:
    scratch = far.bench.folder / "scratch"
    scratch.mkdir()
    pool = {**GPU, "prologue": [f"export TMPDIR={scratch}"]}
    site = far.site({"gpu": pool}, image={"apptainer": str(image)})
    done = far.bench.bigdata("sites", "check", site, "--json", APPTAINER_NO_MOUNT="tmp,home,cwd")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["pools"]
    assert (row["problems"], row["probe"]["scratch"]) == ([], str(scratch))
    assert row["probe"]["gpus"] in (["0"], ["1"])


def test_an_image_that_is_not_there_refuses_the_plan(bench: Bench) -> None:
    pools = {"cpu": {**SMALL}}
    data = {"site": "far", "scheduler": "slurm", "pools": pools, "image": {"apptainer": "none.sif"}}
    site = bench.write("far.yaml", data)
    done = bench.bigdata("submit", bench.trial(), "--site", site)
    assert done.returncode == 3
    said = f"site `far` has no image {bench.folder}/none.sif yet; build it with `bigdata sites image build {site}`"
    assert said in done.stderr
    assert not (bench.folder / "runs").exists()


def test_an_image_of_another_bigdata_is_refused_before_a_job_is_handed_in(far: Far, image: Path) -> None:
    """Its labels say so, where Apptainer is here to read them."""
    done = far.bench.program(
        "submit",
        far.bench.trial(),
        "--site",
        far.site({"cpu": SMALL}, image={"apptainer": str(image)}),
        PYTHONPATH=os.pathsep.join([str(changed(far.bench.folder)), os.environ["PYTHONPATH"]]),
    )
    assert done.returncode == 4
    code = environment(imported=False).code
    assert (
        f"bigdata: in the image {image}, Python finds other packages than here: bigdata's code is {code} there, "
        in (done.stderr)
    )
    assert f"`bigdata sites image build {far.bench.folder}/far.yaml --force`, and submit again" in done.stderr
    assert "handed in" not in done.stderr


def changed(folder: Path) -> Path:
    """A folder with another bigdata: this one, and a line more."""
    own = Path(bigdata.__file__).parent
    (folder / "other/bigdata").mkdir(parents=True)
    for path in own.iterdir():
        (folder / "other/bigdata" / path.name).symlink_to(path)
    (folder / "other/bigdata/places.py").unlink()
    (folder / "other/bigdata/places.py").write_text((own / "places.py").read_text() + "\nMORE = 1\n")
    return folder / "other"


def bound(image: Path, folder: Path, path: str, text: str) -> dict[str, Any]:
    """A file bound over one of the image's packages stands for another image."""
    (folder / "bound").write_text(text)
    packages = PACKAGES.format(".".join(environment(imported=False).python.split(".")[:2]))
    return {"apptainer": str(image), "bind": [f"{folder}/bound:{packages}/{path}"]}


def test_a_package_that_can_not_be_imported_there_is_named(far: Far, image: Path) -> None:
    broken = "raise ImportError('libsymspg.so: no such file')\n"
    site = far.site({"cpu": SMALL}, image=bound(image, far.bench.folder, "spglib/__init__.py", broken))
    done = far.bench.bigdata("submit", far.bench.trial(), "--site", site)
    assert done.returncode == 4
    said = f"bigdata: in the image {image}, not everything can be imported: spglib: ImportError: libsymspg.so: "
    assert said in done.stderr
    assert f"`bigdata sites image build {site} --force`, and submit again: what is done stays done." in done.stderr


def greeted(image: Path, binds: list[str]) -> Any:
    program = "import json; from bigdata.engine.greeting import greet; print(json.dumps(greet(True)))"
    return seen(image, program, binds=tuple(binds))


def test_a_package_of_another_version_is_named(image: Path, tmp_path: Path) -> None:
    here = environment(imported=False)
    zarr = here.packages["zarr"]
    metadata = "Metadata-Version: 2.1\nName: zarr\nVersion: 1.2.3\n"
    there = greeted(image, bound(image, tmp_path, f"zarr-{zarr}.dist-info/METADATA", metadata)["bind"])
    said = difference("there", Environment(**there["environment"]), here)
    assert said == f"there, Python finds other packages than here: zarr is 1.2.3 there, {zarr} here"


def test_a_package_that_ends_its_process_does_not_end_the_worker(image: Path, tmp_path: Path) -> None:
    """As one does that was built for another processor."""
    deadly = "import os, signal\nos.kill(os.getpid(), signal.SIGILL)\n"
    with pytest.raises(AssertionError, match="Python ended when it imported its packages: exit code -4"):
        greeted(image, bound(image, tmp_path, "spglib/__init__.py", deadly)["bind"])


@pytest.mark.slow
def test_a_node_without_apptainer_is_named_by_what_its_jobs_said(far: Far) -> None:
    (far.bench.folder / "any.sif").write_text("")
    pool = {**SMALL, "max_jobs": 3, "prologue": ["PATH=/nowhere"]}
    site = far.site({"cpu": pool}, image={"apptainer": "any.sif"})
    done = far.bench.bigdata("submit", far.bench.trial(), "--site", site)
    assert done.returncode == 4
    assert "3 jobs of pool `cpu` ended, one after the other, before a worker came of them." in done.stderr
    assert "apptainer: not found" in done.stderr
