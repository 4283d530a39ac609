"""The Grid Engine that other tests stand on does what one does."""

from __future__ import annotations

from pathlib import Path

from tests.bench import until
from tests.gridengine.cluster import GridEngine


def hand_in(cluster: GridEngine, folder: Path, line: str, *options: str) -> str:
    """A job of one shell line; its number."""
    script = folder / "job.sh"
    script.write_text(f"{line}\n")
    return cluster.command("qsub", "-terse", "-j", "y", "-o", "/dev/null", *options, str(script)).strip()


def test_jobs_run_side_by_side_and_end(grid_engine: GridEngine, tmp_path: Path) -> None:
    for word in ("a", "b"):
        hand_in(grid_engine, tmp_path, f"sleep 3; echo $NSLOTS > {tmp_path}/{word}")
    until(lambda: list(grid_engine.queue().values()) == ["r", "r"], 20)
    until(lambda: not grid_engine.queue(), 20)
    assert [(tmp_path / word).read_text() for word in ("a", "b")] == ["1\n", "1\n"]


def test_a_parallel_environment_gives_slots(grid_engine: GridEngine, tmp_path: Path) -> None:
    said = tmp_path / "said"
    hand_in(grid_engine, tmp_path, f"echo $NSLOTS > {said}", "-pe", "smp", "2")
    until(lambda: said.exists() and said.read_text() == "2\n", 20)


def test_a_job_whose_folder_is_not_there_is_in_error(grid_engine: GridEngine, tmp_path: Path) -> None:
    job = hand_in(grid_engine, tmp_path, "true", "-wd", "/nonexistent")
    until(lambda: grid_engine.queue()[job] == "Eqw")
    grid_engine.cancel([job])
    until(lambda: not grid_engine.queue())
