"""The trainings that the paper's authors timed: three tables of their repository, github.com/tisabe/jraph_MPEU.

A row is a training of SchNet or of their own message-passing network with edge updates (MPEU) on AFLOW or QM9, 100,000
or 2,000,000 steps long, in jraph: mean and median seconds of making a batch and of a gradient step. Rows of trainings
that hadn't ended have no times. The table of January 2025 repeats most rows of that of October 2024 digit for digit;
such rows are one training.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

NETWORKS = ("schnet", "mpeu")
DATASETS = ("aflow", "qm9")
DEVICES: Mapping[str, str] = {"cpu": "cpu", "gpu_a100": "gpu"}
"""As the tables call them, and as they are called here: `gpu` is an NVIDIA A100."""
BATCHINGS: Mapping[tuple[str, str], str] = {
    ("dynamic", "False"): "dynamic",
    ("dynamic", "True"): "dynamic-64",
    ("static", "False"): "static",
    ("static", "True"): "static-64",
}
"""How batches get the fixed shapes that compiled code needs: `dynamic` fills one shape with as many graphs as it holds,
`static` takes so many graphs and pads them to a power of two, or to multiples of 64; each new shape is compiled
anew."""
# A step takes milliseconds; what is longer than this isn't in seconds.
LONGEST_SECONDS = 10.0
_MEAN = re.compile(r"step_([0-9_]+?)_batching_time_mean")


class Group(NamedTuple):
    """What is trained on what, and how: everything but the batch size."""

    network: str
    dataset: str
    device: str
    batching: str


@dataclass(frozen=True)
class Training:
    """One training of `n_steps` steps with `batch` graphs in a batch: mean seconds of making a batch and of a step, the
    median of the latter, and how often code was compiled. Repeated trainings differ in their `iteration`."""

    group: Group
    batch: int
    iteration: int
    n_steps: int
    seconds_batch: float
    seconds_step: float
    median_step: float
    n_compilations: float


def trainings(folder: Path) -> list[Training]:
    """All trainings that were timed, each once. Raises ValueError for tables that aren't there or aren't these."""
    files = sorted(folder.glob("profiling_*.csv.gz"))
    if not files:
        raise ValueError(f"{folder} holds no profiling_*.csv.gz. Name the folder of the authors' three tables.")
    # Two trainings don't agree in all digits of their mean times.
    return list(dict.fromkeys(training for file in files for training in _read(file)))


def _read(path: Path) -> Iterator[Training]:
    with gzip.open(path, "rt", newline="") as file:
        rows = csv.DictReader(file)
        last = next((m[1] for name in reversed(rows.fieldnames or []) if (m := _MEAN.fullmatch(name))), None)
        if last is None:
            raise ValueError(f"{path} has no column step_…_batching_time_mean, and so is no table of timed trainings.")
        for number, row in enumerate(rows, 2):
            if row[f"step_{last}_update_time_mean"]:
                try:
                    yield _training(row, last)
                except (KeyError, ValueError) as error:
                    raise ValueError(f"{path}:{number}: {error} isn't what a timed training has there.") from error


def _training(row: Mapping[str, str], last: str) -> Training:
    network, dataset = row["model"].lower(), row["dataset"]
    if network not in NETWORKS or dataset not in DATASETS:
        raise ValueError(f"{network} on {dataset}")
    batching = BATCHINGS[row["batching_type"], row["batching_round_to_64"]]
    return Training(
        Group(network, dataset, DEVICES[row["computing_type"]], batching),
        int(row["batch_size"]),
        int(row["iteration"]),
        int(last.replace("_", "")),
        _seconds(row[f"step_{last}_batching_time_mean"]),
        _seconds(row[f"step_{last}_update_time_mean"]),
        _seconds(row[f"step_{last}_update_time_median"]),
        float(row["recompilation_counter"]),
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < LONGEST_SECONDS:
        raise ValueError(f"{text} s")
    return seconds
