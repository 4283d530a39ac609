"""Reading tables of timed trainings."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from bigdata.models.times.trainings import Group, trainings

NAMES = (
    "model,dataset,batching_type,batching_round_to_64,batch_size,computing_type,iteration,experiment_completed,"
    "recompilation_counter,step_2_000_000_batching_time_mean,step_2_000_000_update_time_mean,"
    "step_2_000_000_batching_time_median,step_2_000_000_update_time_median"
)
GOOD = "MPEU,qm9,static,True,16,gpu_a100,1,True,74.0,0.0005,0.0025,0.0004,0.0024"


def write(folder: Path, *rows: str, names: str = NAMES, to: str = "profiling_a.csv.gz") -> Path:
    with gzip.open(folder / to, "wt") as file:
        file.write("\n".join([names, *rows, ""]))
    return folder


def test_a_row_is_a_training_and_the_same_row_in_two_tables_is_one(tmp_path: Path) -> None:
    write(write(tmp_path, GOOD), GOOD, GOOD.replace("0.0025", "0.0026"), to="profiling_b.csv.gz")
    first, second = trainings(tmp_path)
    assert first.group == Group("mpeu", "qm9", "gpu", "static-64")
    assert (first.batch, first.iteration, first.n_steps, first.n_compilations) == (16, 1, 2_000_000, 74)
    assert (first.seconds_batch, first.seconds_step, first.median_step) == (0.0005, 0.0025, 0.0024)
    assert second.seconds_step == 0.0026


def test_a_training_that_had_not_ended_is_none(tmp_path: Path) -> None:
    assert trainings(write(tmp_path, "MPEU,qm9,static,True,16,gpu_a100,1,False,74.0,,,,")) == []


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (GOOD.replace("0.0025", "2.5e3"), "profiling_a.csv.gz:3: 2.5e3 s"),
        (GOOD.replace("0.0025", "-1"), "profiling_a.csv.gz:3: -1 s"),
        (GOOD.replace("MPEU", "gat"), "profiling_a.csv.gz:3: gat on qm9"),
        (GOOD.replace("gpu_a100", "tpu"), "profiling_a.csv.gz:3: 'tpu'"),
    ],
)
def test_what_is_no_timed_training_is_named_with_its_line(tmp_path: Path, bad: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        trainings(write(tmp_path, GOOD, bad))


def test_a_folder_without_tables_and_a_table_of_other_things(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no profiling_\*"):
        trainings(tmp_path)
    with pytest.raises(ValueError, match="no table of timed trainings"):
        trainings(write(tmp_path, names="a,b"))
