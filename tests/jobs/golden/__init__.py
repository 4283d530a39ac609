"""Job scripts as each batch system is handed them, held byte for byte in the files beside.

`python -m tests.jobs.golden` writes them anew; read every change against the batch system's manual.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from bigdata.jobs import script, worker_job
from bigdata.spec.site import Site, load_site
from bigdata.spec.site_findings import CHARGED
from bigdata.store.folder import RunFolder

FOLDER = Path(__file__).parent
# Neither memory nor walltime of the cpu pool is a whole number of anything.
CPU = {"queue": "batch", "cores": 4, "memory": "10 GB", "walltime": "5400.5 s"}
GPU = {"queue": "gpuq", "cores": 8, "gpus": 1, "memory": "64 GiB", "walltime": "36 h", "prologue": ["module load cuda"]}
# What is particular to a batch system: of both pools, and of the gpu pool.
PARTICULAR: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "slurm": ({}, {"account": "mat-gpu", "directives": ["--gres=gpu:1", "--qos=long"]}),
    "pbs": ({}, {"account": "mat-gpu", "resource_spec": "select=1:ncpus=8:ngpus=1:mem=64gb"}),
    "lsf": ({}, {"project": "mat-gpu", "directives": ['-gpu "num=1:mode=exclusive_process"']}),
    "sge": (
        {"resource_spec": "h_vmem=4G", "directives": ["-pe smp 4"]},
        {"resource_spec": "h_vmem=8G", "project": "mat-gpu", "directives": ["-pe smp 8", "-l gpu=1"]},
    ),
    "oar": ({}, {"project": "mat-gpu", "resource_spec": "/nodes=1/gpu=1", "directives": ["-t besteffort"]}),
    "htcondor": (
        {"disk": "10 GB", "directives": ["accounting_group = mat"]},
        {"disk": "20 GiB", "directives": ["accounting_group=mat", "request_gpus = 1"]},
    ),
    "moab": ({}, {"account": "mat-gpu", "directives": ["-l gres=gpu:1"]}),
}


def scripts() -> Iterator[tuple[str, str]]:
    """The name of every file, and the script as this code makes it."""
    with _fixed_words():
        for scheduler in PARTICULAR:
            site = _site(scheduler)
            for pool in ("cpu", "gpu"):
                folder, place = RunFolder(Path("/runs/trial-1a2b3c4d")), Path("/runs/trial-1a2b3c4d/tls")
                job = worker_job.worker_job(site, folder, f"{pool}-3", pool, "tls://10.0.0.1:8786", place)
                yield f"{scheduler}-{pool}.sh", job.text(scheduler)


def _site(scheduler: str) -> Site:
    both, gpu = PARTICULAR[scheduler]
    data: dict[str, Any] = {
        "site": "far",
        "scheduler": scheduler,
        "interface": "ib0",
        "prologue": [
            "module load python  # the site's",
            "if [ -d /scratch ]",
            'then export TMPDIR="/scratch/$USER"',
            "fi",
        ],
        "pools": {"cpu": {**CPU, **both}, "gpu": {**GPU, **both, **gpu}},
    }
    if scheduler in CHARGED:
        data[CHARGED[scheduler]] = "mat"
    if scheduler in ("pbs", "htcondor"):
        data["image"] = {"apptainer": "bigdata.sif", "bind": ["/scratch"]}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "far.yaml")
        path.write_text(json.dumps(data))
        return load_site(path).read_from(Path("/sites/far.yaml"))


@contextmanager
def _fixed_words() -> Iterator[None]:
    """An ordinary user's Python, folders and variables, the same on all machines."""
    environment = {"PATH": "/env/bin:/usr/bin", "LSF_ENVDIR": "/nowhere"}
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(sys, "executable", "/env/bin/python"),
        mock.patch.object(os, "geteuid", return_value=1000),
        # Nothing is made in this folder, nor is it asked whose it is.
        mock.patch.object(script, "cache_folder", return_value=Path("/big/cache")),
        mock.patch.object(worker_job, "cache_folder", return_value=Path("/big/cache")),
    ):
        yield
