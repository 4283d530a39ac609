"""What a kind makes of one variant of a study: its inputs, and its stages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from bigdata.errors import SpecError
from bigdata.kind.stage import WHOLE_STUDY, Workload
from bigdata.naming import named
from bigdata.planning.run_folder import NO_PART_OF_A_RESULT
from bigdata.spec import Study
from bigdata.spec.study import Findings, Input, StudyModel
from bigdata.spec.whereabouts import moved
from bigdata.spec.words import each


def stages_of(model: StudyModel, inputs: Mapping[str, Input]) -> Workload:
    """Call the kind's own `stages` function. Stages that don't narrow their `fields` depend on the whole study."""
    workload: Workload = named(model.stages_at)(model, inputs)
    of_result = model.model_dump(mode="json", exclude={*NO_PART_OF_A_RESULT, "study", "name"})
    stages = (replace(s, fields=of_result) if s.fields is WHOLE_STUDY else s for s in workload.stages)
    return replace(workload, stages=tuple(stages))


def refuse_misnamed(workload: Workload) -> None:
    """ValueError, for the author of a kind, where a stage waits for one that isn't before it, or where two arrays of a
    study would have one name: one would be lost without a word.
    """
    before: list[str] = []
    for stage in workload.stages:
        if strangers := set(stage.whole) - set(before):
            raise ValueError(
                f"stage `{stage.name}` needs {each(sorted(strangers))} whole; before it are {each(before)}"
            )
        before.append(stage.name)
    rows = Counter(name for s in workload.stages for name in s.rows)
    others = {a.name for s in workload.stages for a in s.arrays} | {c.name for c in workload.coordinates}
    if twice := [name for name, n in rows.items() if n > 1 or name in others]:
        raise ValueError(f"rows of a study kind have the names of others, or of arrays: {', '.join(twice)}")


def compiled(study: Study, model: StudyModel) -> tuple[dict[str, Input], Workload]:
    try:
        with moved(study.moved):
            inputs = model.inputs(study.folder)
        workload = stages_of(model, inputs)
        refuse_misnamed(workload)
        return inputs, workload
    except Findings as found:
        raise SpecError([study.found(f) for f in found.findings]) from None
