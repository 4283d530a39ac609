"""Images are built and run for real: what is in them, that studies run in them, and what `check` says of others."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bigdata.environment import environment
from bigdata.jobs.image import execute
from bigdata.store.reading import Run
from tests.bench import ROOT, Bench
from tests.containers import built

SITE_PACKAGES = "/opt/bigdata/lib/python{}/site-packages"
STUDY = {
    "study": "similarity",
    "name": "hbn",
    "dataset": {"name": "hbn-dos-gpaw", "where": {"xc": ["LDA"]}},
    "spectrum": {"zero": "valence-band-maximum", "window": ["-10 eV", "10 eV"]},
    "fingerprint": {"grid": "nonuniform:0:0.05:1.05:0.5:5.5:10:-10:10:56"},
    "similarity": {"measure": "tanimoto", "keep": "matrix"},
}


def run(image: Path, *words: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program in an image, as a job does."""
    command = [*execute(), "--bind", str(folder), "--pwd", str(folder), str(image), *words]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )


def python(image: Path, folder: Path, program: str, **variables: str) -> str:
    done = run(image, "python", "-c", program, folder=folder, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_an_image_of_this_environment_is_the_same(image: Path, bench: Bench) -> None:
    done = bench.bigdata("sites", "image", "check", os.path.relpath(image, bench.folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert "differs" not in done.stdout
    found = json.loads(bench.bigdata("sites", "image", "check", image, "--json").stdout)
    assert found["differences"] == []
    assert found["found"]["kernel"]
    here = environment(imported=False)
    assert {name: found["labels"][f"bigdata.versions.{name}"] for name in here.packages} == here.packages
    assert found["labels"]["bigdata.code"] == here.code
    assert found["labels"]["org.opencontainers.image.title"] == "bigdata"


def test_a_site_is_checked_by_its_image(image: Path, bench: Bench) -> None:
    pools = {"cpu": {"cores": 1, "memory": "1 GiB", "walltime": "10 min"}}
    bench.folder.joinpath("linked.sif").symlink_to(image)
    site = bench.write(
        "site.yaml", {"site": "s", "scheduler": "slurm", "pools": pools, "image": {"apptainer": "linked.sif"}}
    )
    done = bench.bigdata("sites", "image", "check", site)
    assert done.stdout.startswith(f"{bench.folder}/linked.sif, ")
    assert done.returncode == 0


def test_a_study_gives_equal_arrays_inside_and_outside(image: Path, bench: Bench) -> None:
    spec = bench.write("hbn.yaml", STUDY)
    done = run(image, "bigdata", "submit", spec.name, "--runs", "inside", folder=bench.folder)
    assert done.returncode == 0, done.stderr
    assert bench.bigdata("submit", spec, "--runs", "outside").returncode == 0
    (inside,), (outside,) = ((bench.folder / name).iterdir() for name in ("inside", "outside"))
    assert inside.name == outside.name
    there, here = Run(inside), Run(outside)
    assert set(there) == set(here) != set()
    for name in here:
        np.testing.assert_array_equal(there[name][...], here[name][...], err_msg=name)


def test_byte_code_is_there_and_the_compiler_is_not(image: Path, tmp_path: Path) -> None:
    """Without it an image, which is read-only, compiles all modules at every start."""
    said = python(
        image, tmp_path, "import dask, numpy, bigdata; print(dask.__cached__, numpy.__cached__, bigdata.__cached__)"
    )
    files = said.split()
    assert len(files) == 3
    assert run(image, "ls", *files, folder=tmp_path).returncode == 0
    assert run(image, "sh", "-c", "command -v cc gcc", folder=tmp_path).returncode != 0
    assert run(image, "ls", "/opt/source", folder=tmp_path).returncode != 0


def test_packages_of_the_host_stay_outside(image: Path, tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("raise ImportError('of the host')")
    (tmp_path / "elsewhere").mkdir()
    folder = tmp_path / "elsewhere"
    said = python(
        image, folder, "import numpy; print(numpy.__file__)", PYTHONPATH=str(tmp_path), PYTHONHOME=str(tmp_path)
    )
    assert said.startswith("/opt/bigdata/")


def test_check_names_what_differs(image: Path, bench: Bench) -> None:
    """Files bound over those in the image stand for another image."""
    packages = SITE_PACKAGES.format(".".join(environment(imported=False).python.split(".")[:2]))
    zarr = environment(imported=False).packages["zarr"]
    (bench.folder / "METADATA").write_text("Metadata-Version: 2.1\nName: zarr\nVersion: 1.2.3\n")
    (bench.folder / "broken.py").write_text("raise ImportError('libsymspg.so: no such file')\n")
    binds = {
        bench.folder / "METADATA": f"{packages}/zarr-{zarr}.dist-info/METADATA",
        bench.folder / "broken.py": f"{packages}/spglib/__init__.py",
    }
    bound = ",".join(f"{a}:{b}" for a, b in binds.items())
    done = bench.bigdata("sites", "image", "check", image, APPTAINER_BIND=bound)
    assert done.returncode == 4
    assert f"  zarr 1.2.3 there, {zarr} here\n" in done.stderr
    assert "  spglib can't be imported there: ImportError: libsymspg.so: no such file\n" in done.stderr
    assert f"  zarr was {zarr} when the image was built, and 1.2.3 now\n" in done.stderr
    assert f"Build it anew (`bigdata sites image build {image} --force`)" in done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines() if line.endswith("differs")] == ["spglib", "zarr"]


def test_a_base_without_python_is_no_base(bench: Bench) -> None:
    """The build fails; what was there before stays, and nothing half done beside it."""
    built.skip_where_nothing_can_be_built()
    base, target = bench.folder / "base", bench.folder / "images/new.sif"
    base.mkdir()
    done = bench.bigdata("sites", "image", "build", target, "--from", base)
    assert (done.returncode, done.stdout) == (4, "")
    assert f"bigdata: the image {target} could not be built:\n" in done.stderr
    assert list(target.parent.iterdir()) == []


@pytest.mark.slow
def test_networks_work_in_their_image(tmp_path: Path) -> None:
    tensorflow_image = built.tensorflow_image()
    program = (
        "import graph_nets, sonnet, tensorflow as t; n = sonnet.Linear(2, w_init=sonnet.initializers.Ones()); "
        "b = graph_nets.blocks.NodeBlock(lambda: n, use_received_edges=False, use_globals=False); "
        "g = {'nodes': [[1.0] * 3] * 2, 'senders': [0], 'receivers': [1], 'edges': [[0.0]], 'globals': [0.0]}; "
        "o = b(graph_nets.utils_tf.data_dicts_to_graphs_tuple([g])); "
        "print(t.__version__, float(t.reduce_sum(o.nodes)), t.__cached__)"
    )
    version, total, cached = python(tensorflow_image, tmp_path, program).split()
    assert total == "12.0"
    assert f"tensorflow-cpu=={version}" in (ROOT / "containers/requirements/tensorflow.txt").read_text()
    assert run(tensorflow_image, "ls", cached, folder=tmp_path).returncode == 0
    headers = str(Path(cached).parents[1] / "include")
    assert run(tensorflow_image, "ls", headers, folder=tmp_path).returncode != 0
