"""Trainings whose jobs are cancelled, or whose workers are killed, end with the bits of those that were left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest

pytest.importorskip("tensorflow", reason="the extra `networks` isn't installed")

from bigdata import load_study, submit
from bigdata.store.folder import PARTIAL
from tests.bench import Bench, chunks, events, until
from tests.jobs.conftest import CPU, GPU, Far

pytestmark = pytest.mark.slow

MEMORY = "2 GiB"
ONE = {**CPU, "cores": 1, "memory": MEMORY, "max_jobs": 1}


def dataset(name: str) -> dict[str, Any]:
    return {"name": name, "target": "formation_energy_per_atom", "sample": {"entries": 100}}


STUDY = {
    "study": "transferability",
    "name": "stopped",
    "datasets": {"prototypes": dataset("emt-prototypes"), "random": dataset("emt-random-alloys")},
    "model": {"kind": "edge-gated", "latent": 8, "steps": 2},
    # Long enough to have saved, and not to be done, on a machine that does nothing else.
    "training": {"max_steps": 8000, "evaluate_every": 250, "jitter": "0.02 angstrom"},
    "bootstrap": 20,
}
# What a training took, in seconds, is another thing each time.
TIMES = ("seconds_batch", "seconds_step")


def numbers(run: Path) -> dict[str, bytes]:
    return {name: some for name, some in chunks(run).items() if not set(TIMES) & set(name.split("/"))}


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bytes of all arrays, reckoned by this process without interruption."""
    bench = Bench(tmp_path_factory.mktemp("alone"))
    bench.submit(bench.write("stopped.yaml", STUDY))
    return numbers(bench.run_folder().path)


def has_saved(bench: Bench) -> bool:
    return any(file for file in bench.folder.glob("runs/*/checkpoints/*") if not file.name.endswith(PARTIAL))


def logs(bench: Bench) -> str:
    files = [file for file in bench.folder.glob("runs/*/logs/**/*") if file.is_file()]
    return "\n".join(file.read_text(errors="replace") for file in files)


def test_a_training_whose_job_is_cancelled_goes_on_from_its_checkpoint_to_the_same_bits(
    far: Far, left_alone: dict[str, bytes]
) -> None:
    spec = far.bench.write("stopped.yaml", STUDY)
    running = far.bench.start("submit", spec, "--site", far.site({"cpu": ONE}))
    far.started.append(running)
    until(lambda: has_saved(far.bench), 180)
    far.slurm.cancel(far.jobs("RUNNING"))
    assert running.process.wait(240) == 0, running.err.read_text()
    assert "continues from its checkpoint" in logs(far.bench)
    assert {e["stage"] for e in events(far.run, "again")} == {"train"}
    assert numbers(far.run) == left_alone


def test_a_training_whose_worker_is_killed_between_two_saves_ends_with_the_same_bits(
    bench: Bench, left_alone: dict[str, bytes]
) -> None:
    """What it did since the last one is done once more."""
    spec = bench.write("stopped.yaml", STUDY)
    running = bench.start("submit", spec, "--site", bench.site(cpu={"cores": 1, "memory": MEMORY}))
    until(lambda: has_saved(bench), 180)
    n = logs(bench).count("training loss")
    until(lambda: logs(bench).count("training loss") > n)
    (worker,) = workers(running.process.pid)
    worker.kill()
    assert running.process.wait(240) == 0, running.err.read_text()
    again = events(bench.run_folder().path, "again")
    assert [(e["stage"], e["why"]) for e in again] == [("train", "worker-died")]
    assert "continues from its checkpoint" in logs(bench)
    assert numbers(bench.run_folder().path) == left_alone


def workers(pid: int) -> list[psutil.Process]:
    return [one for one in psutil.Process(pid).children(recursive=True) if "spawn_main" in " ".join(one.cmdline())]


def test_jobs_with_gpus_that_tensorflow_does_not_see_are_not_computed_on_the_cpu(far: Far) -> None:
    """The test cluster's GPUs are pretended; all that needs none is done."""
    spec = far.bench.write("stopped.yaml", STUDY)
    done = far.bench.bigdata("submit", spec, "--site", far.site({"cpu": ONE, "gpu": {**GPU, "memory": MEMORY}}))
    assert done.returncode == 5, done.stderr
    failed = events(far.run, "failed")
    assert {e["stage"] for e in failed} == {"train"}
    assert all("the task has 1 GPU (CUDA_VISIBLE_DEVICES=" in e["error"] for e in failed)
    assert "evaluate" in {e["stage"] for e in events(far.run, "done")}


def test_a_gpu_that_is_only_there_is_left_alone_with_a_note(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that names one, and a TensorFlow that doesn't see it: no job has asked for it."""
    spec = bench.write("brief.yaml", {**STUDY, "training": {"max_steps": 20, "evaluate_every": 10}})
    without = numbers(bench.submit(spec).folder.path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    run = submit(load_study(spec), site="process", runs=bench.folder / "other")
    log = "".join(file.read_text() for file in run.folder.logs.iterdir())
    assert "on the CPU: the task has 1 GPU (CUDA_VISIBLE_DEVICES=0), and TensorFlow" in log
    assert numbers(run.folder.path) == without
