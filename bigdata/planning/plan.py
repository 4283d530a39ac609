"""Study and site in, Plan out: every task with its key, what is done, what the rest will cost, and refusals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from bigdata.errors import PlanRefused, SpecError
from bigdata.kind.stage import WHOLE_STUDY, Kept, Workload
from bigdata.naming import named
from bigdata.places import cache_folder
from bigdata.planning import ledger
from bigdata.planning.found import records, refuse_other_data
from bigdata.planning.growing import Growing
from bigdata.planning.growth import Growth
from bigdata.planning.keys import Keys, digest, ingredients
from bigdata.planning.known import OTHER_DATA, Record, Sorting, StageRecord, record_of
from bigdata.planning.planned import USUAL_POOLS, PlannedStage, PlannedVariant
from bigdata.planning.price import Price, price
from bigdata.planning.refusals import refusals
from bigdata.spec import Study, Variant
from bigdata.spec.site import Site, load_site, site_here
from bigdata.spec.study import Budget, Finding, Findings, Input, StudyModel
from bigdata.spec.whereabouts import moved
from bigdata.spec.words import each
from bigdata.store.arrays import Coordinate
from bigdata.store.folder import RunFolder

START_SECONDS = 3.0
REPORT_SECONDS = 6.0
# What a run leaves besides its arrays' chunks, for a first idea of the bytes (measured; the number of files is exact).
METADATA_BYTES_PER_ARRAY = 1_200
JOURNAL_BYTES_PER_TASK = 320
# The fields of every study that change no number: what differs in them alone is one run.
NO_PART_OF_A_RESULT = {"description", "pools", "budget"}
FIXED_FILES = (
    *("study.yaml", "resolved.json", "journal.jsonl", "keys.bin", "report.html"),
    *("logs/tasks.log", "store.zarr/zarr.json"),
)
# Of what a stage's tasks return: the metadata of an array, and its only chunk.
FILES_PER_ROW = 2


@dataclass(frozen=True)
class Plan:
    """All that `submit` will do. Made without loading Dask or Zarr; nothing is written yet.

    `site_because` says why the site was taken, where nobody named it; a `fresh` plan takes nothing over from other
    runs. `spent` is what the last submission said of a budget that ended it. `files` are the records of the user's
    files.
    """

    study: Study
    site: Site
    folder: RunFolder
    variants: tuple[PlannedVariant, ...]
    notes: tuple[str, ...]
    site_because: str = ""
    fresh: bool = False
    spent: str = ""
    files: tuple[Mapping[str, Any], ...] = ()

    @cached_property
    def stages(self) -> tuple[PlannedStage, ...]:
        return tuple(stage for variant in self.variants for stage in variant.stages)

    @property
    def budget(self) -> Budget | None:
        """What the study may use up; its variants share it."""
        return self.variants[0].variant.model.budget

    @property
    def n_tasks(self) -> int:
        return sum(s.n_tasks for s in self.stages)

    @property
    def n_todo(self) -> int:
        """Tasks that aren't done; those whose results are taken over count among them."""
        return sum(s.n_todo for s in self.stages)

    @cached_property
    def sweep(self) -> tuple[Coordinate, ...]:
        """What tells a sweep's variants apart, for the store's root: their labels, and each swept field's values."""
        if len(self.variants) == 1:
            return ()
        variants = [v.variant for v in self.variants]
        fields = dict.fromkeys(name for v in variants for name in v.settings)
        labels = Coordinate(name="variant", dim="variant", values=[v.label for v in variants])
        return labels, *(
            Coordinate(name=name, dim="variant", values=[str(v.settings.get(name, "")) for v in variants])
            for name in fields
        )

    @property
    def coordinates(self) -> list[Coordinate]:
        """All coordinates of the store."""
        return [*self.sweep, *(c for v in self.variants for c in v.workload.coordinates)]

    @property
    def array_bytes(self) -> int:
        """Exact bytes of all arrays' data on disk, but for texts that tasks return."""
        arrays = sum(a.n_bytes for s in self.stages for a in s.stage.arrays)
        arrays += sum(row.n_array_bytes(s.n_tasks) for s in self.stages for row in s.stage.row_specs.values())
        return arrays + sum(c.n_bytes for c in self.coordinates)

    @property
    def other_bytes(self) -> int:
        """Estimated bytes of metadata, journal, logs, packs, figures and report."""
        n_arrays = sum(len(s.stage.arrays) + len(s.stage.rows) for s in self.stages) + len(self.coordinates)
        reports = sum(v.workload.report_bytes for v in self.variants)
        return n_arrays * METADATA_BYTES_PER_ARRAY + self.n_tasks * JOURNAL_BYTES_PER_TASK + reports + self.pack_bytes

    @property
    def pack_bytes(self) -> int:
        """Estimated bytes of the raw files that tasks pack."""
        return sum(s.n_tasks * s.stage.packs.n_bytes for s in self.stages if s.stage.packs)

    @property
    def n_packs(self) -> int:
        """Exact number of packs, one for each task of a stage that packs."""
        return sum(s.n_tasks for s in self.stages if s.stage.packs)

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What the cache holds for the study when it is finished; variants share."""
        return tuple(dict.fromkeys(k for v in self.variants for k in v.workload.kept))

    @property
    def figures(self) -> list[Path]:
        """The figures that the report will have, without the ends of their two files."""
        return [self.folder.figure(v.group, name) for v in self.variants for name in v.variant.model.figures()]

    @property
    def n_files(self) -> int:
        """Exact number of files of the finished run."""
        arrays = sum(a.n_files for s in self.stages for a in s.stage.arrays)
        arrays += sum(FILES_PER_ROW * len(s.stage.rows) for s in self.stages)
        coordinates = sum(c.n_files for c in self.coordinates)
        groups = sum(bool(v.group) for v in self.variants)
        log = self.site.controller != "inline"  # of a controller without a terminal
        return len(FIXED_FILES) + log + arrays + coordinates + 2 * len(self.figures) + groups + self.n_packs

    @property
    def core_seconds(self) -> float:
        """Predicted time on one core of the tasks that have to run."""
        return sum(s.todo_seconds * s.stage.cores for s in self.stages)

    @property
    def seconds(self) -> float:
        """Predicted time from submitting to the report, without the waiting of jobs in the site's queue.

        A pool's tasks share its cores, and one task has one core, or a job with GPUs.
        """
        if not self.n_todo:
            return 0.0
        return START_SECONDS + self.site.start_seconds + REPORT_SECONDS + self.task_seconds

    @property
    def task_seconds(self) -> float:
        """The same of its tasks alone."""
        longest = (s.rate.seconds * s.longest_work for s in self.stages)
        spread = (s.todo_seconds / self.site.tasks_at_once(s.pool, s.stage.cores) for s in self.stages)
        return sum(map(max, longest, spread))

    @property
    def price(self) -> Price:
        """What the site takes for what has to run, and for keeping the run."""
        return price(self.site, self.stages, self.array_bytes + self.other_bytes)

    def graph(self) -> dict[str, tuple[Any, ...]]:
        """The study as a Dask graph: `dask.get(plan.graph(), "end")`. PlanRefused where a stage grows."""
        # By name, as stages name their functions: planning doesn't load what runs tasks.
        made: dict[str, tuple[Any, ...]] = named("bigdata.run.dask_graph:graph")(self)
        return made

    def refusals(self) -> list[str]:
        """Why the plan must not run, with the arithmetic; empty where it may."""
        return refusals(self)

    def refuse(self) -> None:
        """Raise PlanRefused where there is a reason to."""
        if reasons := self.refusals():
            raise PlanRefused("the plan is refused:\n" + "\n".join(f"  {r}" for r in reasons))


def plan(study: Study, *, site: Site | str | None = None, runs: str | Path | None = None, fresh: bool = False) -> Plan:
    """Compile a study for a site; its run is (or will be) a folder below `runs`, which see `run_folder`.

    Without a site it is the one that this machine is recognised to be of, else `local`. What other runs below `runs`
    have done is taken over from them, unless the plan is to be `fresh`.
    Raises SpecError where the data that the study names can't be used. See `Plan.refusals` for what a site can't take.
    """
    because = ""
    if site is None:
        chosen = site_here()
        site, because = chosen.site, chosen.because
    site = load_site(site) if isinstance(site, str) else site
    folder = RunFolder(run_folder(study, runs))
    record = record_of(folder, fresh=fresh)
    sorting = Sorting(record, shares=len(study.variants) > 1)
    given = _Given(site, record, sorting, ledger.measured_rates(cache_folder() / "ledger.jsonl"))
    notes: list[str] = list(study.repeated.notes) if study.repeated else []
    variants = []
    for number, variant in enumerate(study.variants):
        group = f"variant-{number}" if len(study.variants) > 1 else ""
        inputs, workload = _compile(study, variant.model)
        refuse_other_data(study, inputs.values())
        stages = tuple(_planned(given, group, variant, inputs, workload, notes))
        variants.append(PlannedVariant(group, variant, inputs, workload, stages))
        notes += workload.notes
        if any(reason == OTHER_DATA for s in stages for reason in s.todo.values()):
            notes.append(
                f"the results in {folder.path} were made from other data and will be replaced; "
                "to keep them, give the study another `name:`, or another folder by --runs"
            )
    _refuse_unknown_stages(study, variants)
    return Plan(
        study,
        site,
        folder,
        tuple(variants),
        tuple(dict.fromkeys(notes)),
        because,
        fresh,
        _spent(record),
        tuple(records(study)),
    )


def _spent(record: Record) -> str:
    """Why the last submission had to end before its time, where it did."""
    past = record.past
    return str(past.ends[-1].get("spent", "")) if past.ends and past.state == "done" else ""


def _refuse_unknown_stages(study: Study, variants: list[PlannedVariant]) -> None:
    """Raise SpecError where `pools:` names a stage that no variant has."""
    stages = dict.fromkeys(s.stage.name for v in variants for s in v.stages)
    asked = dict.fromkeys(name for v in variants for name in v.variant.model.pools)
    strangers = [
        Finding(("pools", n), "there is no such stage", f"The stages: {each(stages)}", n, tuple(stages), at_key=True)
        for n in asked
        if n not in stages
    ]
    if strangers:
        raise SpecError([study.found(f) for f in strangers])


def study_key(study: Study) -> str:
    """Content hash of what the study asks for; what is for people, and where and at what price it runs, don't count."""
    return digest([v.model.model_dump(mode="json", exclude=NO_PART_OF_A_RESULT) for v in study.variants])


def run_folder(study: Study, runs: str | Path | None = None) -> Path:
    """The folder of a study's run, below `runs`: if left out, that is `runs`, or where the run lies that is repeated.

    A run that is repeated as it is keeps its folder, whatever that is called now.
    """
    again = Path(study.repeated.run) if study.repeated else None
    home = Path("runs" if again is None else again.parent) if runs is None else Path(runs)
    if study.repeated and study.repeated.same and again and again.parent.absolute() == home.absolute():
        return home / again.name
    return home / f"{study.name}-{study_key(study)[:8]}"


def stages_of(model: StudyModel, inputs: Mapping[str, Input]) -> Workload:
    """Call the kind's own `stages` function. Stages that don't narrow their `fields` depend on the whole study."""
    workload: Workload = named(model.stages_at)(model, inputs)
    of_result = model.model_dump(mode="json", exclude={*NO_PART_OF_A_RESULT, "study", "name"})
    stages = (replace(s, fields=of_result) if s.fields is WHOLE_STUDY else s for s in workload.stages)
    return replace(workload, stages=tuple(stages))


def _refuse_misnamed(workload: Workload) -> None:
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


def _compile(study: Study, model: StudyModel) -> tuple[dict[str, Input], Workload]:
    try:
        with moved(study.moved):
            inputs = model.inputs(study.folder)
        workload = stages_of(model, inputs)
        _refuse_misnamed(workload)
        return inputs, workload
    except Findings as found:
        raise SpecError([study.found(f) for f in found.findings]) from None


def _planned(
    given: _Given,
    group: str,
    variant: Variant,
    inputs: Mapping[str, Input],
    workload: Workload,
    notes: list[str],
) -> Iterator[PlannedStage]:
    """The stages of a variant; adds to `notes` where one can't have the pool that it asks for."""
    kind, site = variant.model.study, given.site
    task_keys = Keys(kind, workload.stages, inputs)
    for stage in workload.stages:
        wanted = variant.model.pools.get(stage.name, stage.pool)
        pool = next(p for p in (wanted, "cpu", *site.pools) if p in site.pools)
        if pool != wanted and wanted in USUAL_POOLS:
            notes.append(
                f"stage `{stage.name}` asks for pool `{wanted}`; site `{site.site}` has none, so it runs on `{pool}`"
            )
        made_of = ingredients(kind, stage, inputs)
        record = StageRecord(
            given.record,
            group,
            stage,
            inputs,
            made_of,
            partial(_key, task_keys, stage.name),
            partial(task_keys.of, stage.name),
        )
        growth = None
        if stage.proposer:
            growth = Growing(Growth(stage, task_keys, variant.model, inputs), record, given.sorting)
            list(growth.advance())
        yield PlannedStage(
            group=group,
            stage=stage,
            keys=task_keys,
            pool=pool,
            wanted=wanted,
            rate=ledger.rate(stage, given.rates),
            **vars(growth.found if growth else given.sorting.sort(record)),
            ingredients=made_of,
            growth=growth,
        )


def _key(keys: Keys, stage: str, index: int) -> str:
    return keys[stage, index]


@dataclass(frozen=True)
class _Given:
    """What is known before: the site, the record of what was run, and measured rates."""

    site: Site
    record: Record
    sorting: Sorting
    rates: Mapping[tuple[str, int, str], list[float]]
