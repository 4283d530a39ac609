"""What a run's folder says of its study besides its text: the study as understood, and what it was made from."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from bigdata.kind.stage import Workload
from bigdata.planning.plan import Plan

# Where a study was when it was submitted is no part of it.
PLACES = ("spec",)


def _packs(workload: Workload) -> dict[str, list[str]]:
    """The stages whose tasks pack their files; nothing where there is none."""
    stages = [s.name for s in workload.stages if s.packs]
    return {"packs": stages} if stages else {}


def as_understood(plan: Plan) -> dict[str, Any]:
    """Every default filled, the variants with their inputs' digests and the stages that pack, and the plan's notes.

    `spec` tells the study file, whose folder relative paths start from, and `files` are the user's own, by which the
    run can be run again where they are no longer at their place.
    """
    return {
        "study": plan.study.resolved(),
        "spec": _spec(plan),
        "files": list(plan.files),
        "variants": [
            {
                "group": v.group,
                "label": v.variant.label,
                "inputs": {name: vars(i) for name, i in v.inputs.items()},
                **_packs(v.workload),
            }
            for v in plan.variants
        ],
        "notes": list(plan.notes),
    }


def is_understood(plan: Plan, record: Mapping[str, Any]) -> bool:
    """Whether a run's record says the same, wherever the study was."""
    now = json.loads(json.dumps(as_understood(plan)))
    return all(record.get(key) == now.get(key) for key in {*record, *now} - {*PLACES})


def _spec(plan: Plan) -> dict[str, str]:
    """The study's file, the way to its folder from the run's, and the digest of the run's study.yaml."""
    study, run = plan.study, plan.folder.path.absolute()
    return {
        "path": str(study.origin),
        "from_run": os.path.relpath(study.origin.parent, run),
        "sha256": hashlib.sha256(study.text.encode()).hexdigest(),
    }
