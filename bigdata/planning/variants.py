"""Each variant of a study as it is planned: the pools of its stages, and of each stage's tasks what is left to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bigdata.kind.stage import Stage
from bigdata.planning.drawn import planned_report
from bigdata.planning.found import refuse_other_data
from bigdata.planning.growing import Growing
from bigdata.planning.growth import Growth
from bigdata.planning.keys import Keys, ingredients
from bigdata.planning.known import OTHER_DATA, Record, Sorting, StageRecord
from bigdata.planning.ledger import Ledger
from bigdata.planning.planned import USUAL_POOLS, PlannedStage, PlannedVariant
from bigdata.planning.workload import compiled
from bigdata.spec import Study, Variant
from bigdata.spec.site import Site
from bigdata.spec.study import Input


@dataclass(frozen=True)
class Given:
    """What is known before: the site, the record of what was run, the keys that an earlier plan of the same study made,
    by variant, and what was measured. `notes` are for the user.
    """

    site: Site
    record: Record
    sorting: Sorting
    before: Mapping[str, Keys]
    ledger: Ledger
    notes: list[str]


def planned_variant(given: Given, study: Study, number: int, folder: Path) -> PlannedVariant:
    """A study's variant of this number, for a run in a folder. SpecError where the data that it names can't be used."""
    variant = study.variants[number]
    group = f"variant-{number}" if len(study.variants) > 1 else ""
    inputs, workload = compiled(study, variant.model)
    refuse_other_data(study, inputs.values())
    keys = Keys(variant.model.study, workload.stages, inputs, given.before.get(group))
    stages = tuple(_planned(given, group, variant, inputs, keys, stage) for stage in workload.stages)
    given.notes.extend(workload.notes)
    if any(reason == OTHER_DATA for s in stages for reason in s.todo.values()):
        given.notes.append(
            f"the results in {folder} were made from other data and will be replaced; "
            "to keep them, give the study another `name:`, or another folder by --runs"
        )
    report = planned_report(given.ledger, variant.model, workload, len(study.variants))
    return PlannedVariant(group, variant, inputs, workload, stages, report)


def _planned(
    given: Given, group: str, variant: Variant, inputs: Mapping[str, Input], keys: Keys, stage: Stage
) -> PlannedStage:
    wanted = variant.model.pools.get(stage.name, stage.pool)
    pool = _pool(given, stage, wanted)
    made_of = ingredients(variant.model.study, stage, inputs)
    key, of = partial(_key, keys, stage.name), partial(keys.of, stage.name)
    record = StageRecord(given.record, group, stage, inputs, made_of, key, of)
    growth = None
    if stage.proposer:
        growth = Growing(Growth(stage, keys, variant.model, inputs), record, given.sorting)
        # It asks as far as the answers are known: a search that is done is planned as done.
        list(growth.advance())
    return PlannedStage(
        group=group,
        stage=stage,
        keys=keys,
        pool=pool,
        wanted=wanted,
        rate=given.ledger.rate(stage, pool),
        **vars(growth.found if growth else given.sorting.sort(record)),
        ingredients=made_of,
        growth=growth,
        measured_peak=given.ledger.peak(stage, pool),
    )


def _pool(given: Given, stage: Stage, wanted: str) -> str:
    """The pool that a stage wants, or one that stands in for it; one that a refusal will name, where neither is."""
    site = given.site
    pool = next(p for p in (wanted, "cpu", *site.pools) if p in site.pools)
    if pool != wanted and wanted in USUAL_POOLS:
        given.notes.append(
            f"stage `{stage.name}` asks for pool `{wanted}`; site `{site.site}` has none, so it runs on `{pool}`"
        )
    return pool


def _key(keys: Keys, stage: str, index: int) -> str:
    return keys[stage, index]
