"""What a kind makes of one variant of a study: its inputs, and its stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bigdata.errors import BigdataError, SpecError
from bigdata.kind.stage import WHOLE_STUDY, Workload
from bigdata.naming import named
from bigdata.planning.run_folder import NO_PART_OF_A_RESULT
from bigdata.planning.sound import unsound
from bigdata.spec import Study
from bigdata.spec.study import Finding, Findings, Input, StudyModel
from bigdata.spec.whereabouts import moved
from bigdata.spec.words import each


def stages_of(model: StudyModel, inputs: Mapping[str, Input]) -> Workload:
    """Call the kind's own `stages` function. Stages that don't narrow their `fields` depend on the whole study."""
    workload = named(model.stages_at)(model, inputs)
    if not isinstance(workload, Workload):
        raise TypeError(f"{model.stages_at} returns {type(workload).__name__}, not a Workload")
    if all(stage.fields is not WHOLE_STUDY for stage in workload.stages):
        return workload
    of_result = model.model_dump(mode="json", exclude={*NO_PART_OF_A_RESULT, "study", "name"})
    stages = (replace(s, fields=of_result) if s.fields is WHOLE_STUDY else s for s in workload.stages)
    return replace(workload, stages=tuple(stages))


def compiled(study: Study, model: StudyModel) -> tuple[dict[str, Input], Workload]:
    """A variant's inputs and stages. SpecError for what is wrong with the data, or with the kind itself."""
    try:
        with moved(study.moved):
            inputs = model.inputs(study.folder)
        workload = _made(model, inputs)
    except Findings as found:
        raise SpecError([study.found(f) for f in found.findings]) from None
    if mistakes := list(unsound(workload, inputs)):
        raise SpecError(_said(model, "; ".join(mistakes)))
    return inputs, workload


def check(study: Study) -> None:
    """Compile all variants of a study whose data are at hand. Raises SpecError with what is wrong with the first."""
    refuse_unknown_stages(study, [compiled(study, variant.model)[1] for variant in study.variants])


def refuse_unknown_stages(study: Study, workloads: Iterable[Workload]) -> None:
    """Raise SpecError where `pools:` names a stage that no variant has."""
    stages = dict.fromkeys(stage.name for workload in workloads for stage in workload.stages)
    asked = dict.fromkeys(name for variant in study.variants for name in variant.model.pools)
    strangers = [
        Finding(("pools", n), "there is no such stage", f"The stages: {each(stages)}", n, tuple(stages), at_key=True)
        for n in asked
        if n not in stages
    ]
    if strangers:
        raise SpecError([study.found(f) for f in strangers])


def _made(model: StudyModel, inputs: Mapping[str, Input]) -> Workload:
    try:
        return stages_of(model, inputs)
    except (BigdataError, Findings, OSError, MemoryError):
        raise
    except Exception as error:  # the code of a kind may raise anything, and its user should read a sentence
        raise SpecError(_said(model, f"{type(error).__name__}: {error}")) from error


def _said(model: StudyModel, what: str) -> str:
    return f"the study kind `{model.study}` makes no sound stages: {what}. That is for its author; --debug shows where."
