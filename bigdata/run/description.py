"""What a run's folder says of its study: the text as given, and the study as understood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bigdata.planning.plan import Plan
from bigdata.planning.stage import Workload


def as_given(text: str, overrides: Sequence[str]) -> str:
    """The study file's own text and, as comments, what was said besides it."""
    said = "".join(f"# --set {override}\n" for override in overrides)
    return f"{text.rstrip()}\n\n# submitted with\n{said}" if said else text


def _packs(workload: Workload) -> dict[str, list[str]]:
    """The stages whose tasks pack their files; nothing where there is none."""
    stages = [s.name for s in workload.stages if s.packs]
    return {"packs": stages} if stages else {}


def as_understood(plan: Plan) -> dict[str, Any]:
    """Every default filled, the variants with their inputs' digests and the stages that pack, and the notes."""
    return {
        "study": plan.study.resolved(),
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
