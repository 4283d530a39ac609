"""A study whose packages are missing is refused in a sentence by every verb that would run it, before anything is done,
and none of these verbs loads such packages.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bigdata import environment
from bigdata.environment import BUILDS, EXTRAS
from bigdata.errors import SpecError
from bigdata.spec import extras
from tests.bench import PLUGIN, ROOT, Bench

HEAVY = ("tensorflow", "graph_nets", "sonnet", "keras", "tree")
STUDY = {"study": "networked", "name": "n"}
SAID = (
    "n.yaml:1:11: study: `networked` needs `tensorflow`, `graph-nets` and `dm-sonnet`, which this environment lacks. "
    "Run `pip install '.[networks]'`.\n"
    '    {"study": "networked", "name": "n"}\n'
    "              ^^^^^^^^^^^\n"
)
FAR = {"site": "far", "scheduler": "slurm", "pools": {"cpu": {"cores": 1, "memory": "1 GiB", "walltime": "10 min"}}}


@pytest.fixture
def spec(bench: Bench) -> str:
    return bench.write("n.yaml", STUDY).name


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    """No package of an extra is here, on a Python that there are wheels for."""
    names = {name for packages in EXTRAS.values() for name in packages}
    names |= {build for builds in BUILDS.values() for build in builds}
    is_here = environment._is_here
    monkeypatch.setattr(environment, "_is_here", lambda name: name not in names and is_here(name))
    monkeypatch.setattr(extras.command, "__defaults__", ((3, 12),))


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them are here, whatever this environment has."""
    monkeypatch.setattr(extras, "version", lambda name: "1.0")


@pytest.mark.usefixtures("lacking")
def test_validate_names_what_is_missing_and_the_command(bench: Bench, spec: str) -> None:
    done = bench.bigdata("validate", spec)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == SAID + "1 problem in 1 file\n"
    (row,) = json.loads(bench.bigdata("validate", spec, "--json").stdout)
    assert (row["ok"], row["problems"][0]["right"]) == (False, "Run `pip install '.[networks]'`")


@pytest.mark.usefixtures("lacking")
def test_plan_shows_the_plan_and_says_so_too(bench: Bench, spec: str) -> None:
    done = bench.bigdata("plan", spec)
    assert (done.returncode, done.stderr) == (2, SAID)
    assert done.stdout.startswith("n (networked) at ")


@pytest.mark.usefixtures("lacking")
@pytest.mark.parametrize("controller", ["inline", "detached"])
def test_submit_says_so_before_anything_is_written(controller: str, bench: Bench, spec: str) -> None:
    done = bench.bigdata("submit", spec, "--controller", controller)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(SAID)
    assert [path.name for path in bench.folder.iterdir()] == ["n.yaml"]


@pytest.mark.usefixtures("lacking")
def test_nodes_that_share_this_environment_are_refused_and_those_with_an_image_are_not(bench: Bench, spec: str) -> None:
    bench.folder.joinpath("x.sif").touch()
    shared = bench.write("shared.yaml", FAR)
    own = bench.write("own.yaml", {**FAR, "image": {"apptainer": "x.sif"}})
    assert bench.bigdata("plan", spec, "--site", shared).returncode == 2
    done = bench.bigdata("plan", spec, "--site", own)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.usefixtures("lacking")
def test_validate_goes_by_the_site_that_is_recognised_here(bench: Bench, spec: str) -> None:
    """As `submit` without --site does."""
    config = bench.folder / "config"
    config.joinpath("bigdata/sites").mkdir(parents=True)
    known = {**FAR, "recognised_by": {"environment": "WHERE=far"}}
    bench.write("config/bigdata/sites/far.yaml", {**known, "image": {"apptainer": "x.sif"}})
    assert bench.bigdata("validate", spec, WHERE="far", XDG_CONFIG_HOME=str(config)).returncode == 0
    assert bench.bigdata("validate", spec, WHERE="near", XDG_CONFIG_HOME=str(config)).returncode == 2


@pytest.mark.usefixtures("lacking")
def test_an_image_to_be_built_for_it_holds_them(bench: Bench, spec: str) -> None:
    own = bench.write("own.yaml", {**FAR, "image": {"apptainer": "x.sif"}})
    done = bench.bigdata("plan", spec, "--site", own)
    assert done.returncode == 3
    assert f"build it with `bigdata sites image build {own} --variant tensorflow`" in done.stdout


def test_what_is_done_needs_no_packages(bench: Bench, spec: str, request: pytest.FixtureRequest) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extras, "version", lambda name: "1.0")
        run = bench.submit(bench.folder / spec)
    request.getfixturevalue("lacking")
    assert list(run["answer"][...]) == [42]
    assert bench.bigdata("plan", run.folder.path).returncode == 0
    done = bench.bigdata("submit", run.folder.path)
    assert (done.returncode, "all tasks were done before" in done.stderr) == (0, True)
    assert bench.bigdata("report", run.folder.path).returncode == 0
    done = bench.bigdata("debug", run.folder.path, "train/0")
    assert (done.returncode, done.stderr.endswith("Run `pip install '.[networks]'`.\n")) == (2, True)


@pytest.mark.usefixtures("lacking")
def test_from_python_it_is_an_error_of_the_spec(bench: Bench, spec: str) -> None:
    with pytest.raises(SpecError, match="which this environment lacks"):
        bench.submit(bench.folder / spec)


@pytest.mark.usefixtures("there")
def test_where_all_is_there_nothing_is_said(bench: Bench, spec: str) -> None:
    done = bench.bigdata("validate", spec)
    assert (done.returncode, done.stdout) == (0, "n.yaml: ok (networked, 1 variant)\n")


@pytest.mark.usefixtures("lacking")
def test_a_study_of_another_kind_is_none_of_its_business(bench: Bench) -> None:
    assert bench.bigdata("validate", bench.trial()).returncode == 0
    assert bench.bigdata("submit", bench.trial(), "--site", "process").returncode == 0


PROGRAM = "from bigdata.cli.main import main; main()"
WAYS: dict[str, tuple[str, list[str]]] = {
    "--help": (PROGRAM, ["--help"]),
    "validate": (PROGRAM, ["validate", "n.yaml"]),
    "plan": (PROGRAM, ["plan", "n.yaml"]),
    "validate of another kind": (PROGRAM, ["validate", str(ROOT / "specs/similarity.yaml")]),
    "plan of another kind": (PROGRAM, ["plan", str(ROOT / "specs/similarity.yaml")]),
    "submit of another kind": (PROGRAM, ["submit", "t.yaml", "--site", "process"]),
    "imports of all that plans and leads a run": (
        "import bigdata, bigdata.planning, bigdata.run, bigdata.run.launch, bigdata.run.lead, bigdata.engine, "
        "bigdata.engine.controller, bigdata.engine.local, bigdata.engine.foreign, bigdata.jobs.pools, bigdata.kind; "
        "[getattr(home, name) for home in (bigdata, bigdata.kind) for name in home.__all__]",
        [],
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_nothing_of_the_extras_is_loaded_by(way: str, bench: Bench, spec: str) -> None:
    """TensorFlow takes 4 s and 0.6 GB; only tasks have them."""
    bench.trial().rename(bench.folder / "t.yaml")
    code, words = WAYS[way]
    done = _at_end(code, words, bench.folder, PYTHONPATH=os.pathsep.join([str(PLUGIN), os.environ["PYTHONPATH"]]))
    assert done["loaded"] == []
    assert "bigdata" in done["all"]


def _at_end(code: str, words: list[str], folder: Path, **more: str) -> dict[str, Any]:
    """The modules that a fresh process has loaded when it ends."""
    told = folder / "modules.json"
    at_end = (
        "lambda: pathlib.Path('modules.json').write_text(json.dumps({'all': sorted({m.partition('.')[0] for m in "
        f"sys.modules}}), 'loaded': sorted(set({HEAVY!r}) & set(sys.modules))}}))"
    )
    program = f"import atexit, json, pathlib, sys\natexit.register({at_end})\n{code}"
    command, variables = [sys.executable, "-c", program, *words], {**os.environ, **more}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    found: dict[str, Any] = json.loads(told.read_text())
    return found
