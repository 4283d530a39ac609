"""What a run says of itself besides its results: where they came from, what failed, and how long things took."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.engine import lanes
from bigdata.environment import EXTRAS, version
from bigdata.jobs.image import labelled
from bigdata.planning import ledger
from bigdata.planning.plan import Plan
from bigdata.planning.tally import Tally
from bigdata.store.lock import user
from bigdata.store.reading import Run
from bigdata.store.rows import MISSING, Row, decoded
from bigdata.store.writing import FAILURES, open_store, write_small
from bigdata.threads import thread_environment

# Less than this says more about the clock and the disk's mood than about the rate.
MEASURABLE_SECONDS = 0.5
# Beside those that the kind names.
RECORDED_VERSIONS = ("bigdata", "dask", "distributed", "numpy", "scipy", "zarr", "pydantic", "matplotlib")


def provenance(plan: Plan, run: Run, seconds: float) -> dict[str, Any]:
    taken, seconds_of_tasks, memory = Counter[str](), 0.0, 0
    # The hosts by pool, in the order in which they came.
    nodes, pools = dict[str, dict[str, None]](), {stage.path: stage.pool for stage in plan.stages}
    for (path, _), record in run.history.done.items():
        if "from" in record:
            taken[record["from"]] += 1
            continue
        seconds_of_tasks, memory = seconds_of_tasks + record["seconds"], max(memory, record["memory"])
        if path in pools and "worker" in record:  # the study may have lost a stage since
            nodes.setdefault(pools[path], {})[record["worker"].rpartition(":")[0]] = None
    return {
        "study": plan.study.resolved(),
        "inputs": {f"{v.group}/{name}".lstrip("/"): i.digest for v in plan.variants for name, i in v.inputs.items()},
        "notes": list(plan.notes),
        "versions": _versions(run) | _extra_versions(plan),
        # Threads and instruction sets change the last bits of sums.
        "nodes": {pool: list(hosts) for pool, hosts in nodes.items()},
        "environment": {lane: thread_environment(lanes.threads(plan.site, lane)) for lane in _lanes(plan)},
        "platform": {
            "host": socket.gethostname(),
            "user": user(),
            "system": " ".join(os.uname()[i] for i in (0, 2, 4)),
        },
        "taken_over": dict(taken),
        "written": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "seconds": round(seconds, 2),
        "task_seconds": round(seconds_of_tasks, 2),
        "peak_memory_bytes": memory,
    }


def _versions(run: Run) -> dict[str, str]:
    names = (*RECORDED_VERSIONS, *run.model.packages)
    return {name: version(name) or "not installed" for name in names} | {"python": sys.version.split()[0]}


def _extra_versions(plan: Plan) -> dict[str, str]:
    """Those of the extra's packages: here, where workers have the same, else as the image of the workers says."""
    site, names = plan.site, EXTRAS.get(plan.study.extra, ())
    found = {name: version(name) for name in names}
    if not all(found.values()) and site.image and (there := labelled(site.image_path, site.image.bind)):
        found = {name: there.packages.get(name, "") for name in names}
    return {name: found[name] or "not known here" for name in names}


def _lanes(plan: Plan) -> Iterator[str]:
    return (lanes.lane(plan.site, s.pool, s.stage.cores) for s in plan.stages)


def write_failures(plan: Plan, run: Run) -> None:
    """Failed tasks are data: what failed and its traceback, in the store."""
    failed = run.history.failed
    root = open_store(plan.folder.store)
    if not failed:
        for name in FAILURES:
            if name in root:
                del root[name]
        return
    tasks = [f"{path}/{index}" for path, index in failed]
    columns = (tasks, [r["error"] for r in failed.values()], [r["traceback"] for r in failed.values()])
    for name, values in zip(FAILURES, columns, strict=True):
        write_small(root, name, np.array(values, dtype=object), ("failure",))


def write_rows(plan: Plan, run: Run) -> None:
    """What tasks returned, one array along each stage; what is missing stands for tasks that aren't done."""
    root, done = open_store(plan.folder.store), run.history.done
    for stage in plan.stages:
        if not stage.stage.rows:
            continue
        group = root.require_group(stage.group) if stage.group else root
        n, specs = stage.growth.n_tasks if stage.growth else stage.n_tasks, stage.stage.row_specs
        for name, values in returned(specs, n, done.of(stage.path, range(n))).items():
            row = specs[name]
            dims = (stage.stage.name,) if row.length is None else (stage.stage.name, row.dim)
            write_small(group, name, values, dims, row.units, row.about)


def returned(
    specs: Mapping[str, Row], n: int, records: Iterable[tuple[int, Mapping[str, Any]]]
) -> dict[str, NDArray[Any]]:
    """What `n` tasks returned, by name: arrays of (n,) or (n, length), filled record by record, as these take room."""
    found = {name: _empty(row, n) for name, row in specs.items()}
    for index, record in records:
        rows = record.get("rows", {})
        for name, row in specs.items():
            found[name][index] = decoded(row, rows.get(name))
    return found


def _empty(row: Row, n: int) -> NDArray[Any]:
    shape = (n,) if row.length is None else (n, row.length)
    return np.full(shape, MISSING[row.dtype], dtype=object if row.dtype == "string" else row.dtype)


def measured(plan: Plan, used: Mapping[str, Tally]) -> Iterator[dict[str, Any]]:
    """What the ledger keeps of each stage that ran enough to be measured."""
    for stage in plan.stages:
        tally = used.get(stage.path)
        if tally and tally.work and tally.seconds > MEASURABLE_SECONDS:
            yield {**ledger.row(plan.site, stage.stage, stage.pool, tally), "host": socket.gethostname()}
