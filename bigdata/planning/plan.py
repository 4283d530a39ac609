"""Study and site in, Plan out: every task with its key, what is done, what the rest will cost, and refusals."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bigdata.errors import PlanRefused, SpecError
from bigdata.places import cache_folder
from bigdata.planning import keys, ledger
from bigdata.planning.price import Price, price
from bigdata.planning.refusals import refusals
from bigdata.planning.stage import Kept, Rate, Stage, TaskId, Workload
from bigdata.spec import Study, Variant
from bigdata.spec.site import Site, load_site, site_here
from bigdata.spec.study import Finding, Findings, Input, StudyModel
from bigdata.spec.words import each
from bigdata.store import journal
from bigdata.store.arrays import Coordinate, ShardIndex
from bigdata.store.folder import RunFolder
from bigdata.store.trailer import is_whole

DAMAGED = "its data were found damaged"
OTHER_DATA = "the dataset changed"
INGREDIENTS = {
    "version": "the stage's version",
    "fields": "the stage's settings",
    "arrays": "the layout of its arrays",
}
# What stages ask for by themselves; where a site has only one of the two, it stands in for the other.
USUAL_POOLS = ("cpu", "gpu")
START_SECONDS = 3.0
REPORT_SECONDS = 6.0
# What a run leaves besides its arrays' chunks, for a first idea of the bytes (measured; the number of files is exact).
METADATA_BYTES_PER_ARRAY = 1_200
JOURNAL_BYTES_PER_TASK = 320
FIXED_FILES = ("study.yaml", "resolved.json", "journal.jsonl", "report.html", "logs/tasks.log", "store.zarr/zarr.json")


@dataclass(frozen=True)
class PlannedStage:
    """A stage of one variant, with its tasks' keys and those that have to run, each with the reason.

    `pool` is where it runs: on `wanted` where the site has that.
    """

    group: str
    stage: Stage
    keys: tuple[str, ...]
    pool: str
    wanted: str
    rate: Rate
    todo: Mapping[int, str]
    ingredients: Mapping[str, Any]

    @property
    def path(self) -> str:
        """The stage's address in the run: `similarity`, or `variant-1/similarity` where there are variants."""
        return _address(self.group, self.stage.name)

    @property
    def reasons(self) -> dict[str, int]:
        return dict(Counter(self.todo.values()))

    def seconds(self, indices: Iterator[int] | range | Mapping[int, str]) -> float:
        """Predicted time of these tasks on one core."""
        return self.rate.seconds * sum(self.stage.work(i) for i in indices)

    @cached_property
    def longest_work(self) -> float:
        """The work of the longest task that has to run."""
        return max(map(self.stage.work, self.todo), default=0.0)

    def has_pool(self, site: Site) -> bool:
        """Whether the site has the pool that is wanted, or one that stands in for it."""
        return self.wanted in site.pools or self.wanted in USUAL_POOLS

    def needs(self, index: int) -> Iterator[TaskId]:
        """The tasks that this one waits for, by their addresses in the run."""
        return ((_address(self.group, name), i) for name, i in self.stage.needs(index))


@dataclass(frozen=True)
class PlannedVariant:
    """One variant of the study: its workload, and the inputs that it reads."""

    group: str
    variant: Variant
    inputs: Mapping[str, Input]
    workload: Workload
    stages: tuple[PlannedStage, ...]


@dataclass(frozen=True)
class Plan:
    """All that `submit` will do. Made without loading Dask or Zarr; nothing is written yet.

    `site_because` says why the site was taken, where nobody named it.
    """

    study: Study
    site: Site
    folder: RunFolder
    variants: tuple[PlannedVariant, ...]
    notes: tuple[str, ...]
    site_because: str = ""

    @cached_property
    def stages(self) -> tuple[PlannedStage, ...]:
        return tuple(stage for variant in self.variants for stage in variant.stages)

    @property
    def n_tasks(self) -> int:
        return sum(s.stage.n_tasks for s in self.stages)

    @property
    def n_todo(self) -> int:
        return sum(len(s.todo) for s in self.stages)

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
        """Exact bytes of all arrays' data on disk."""
        arrays = sum(a.n_bytes for s in self.stages for a in s.stage.arrays)
        return arrays + sum(c.n_bytes for c in self.coordinates)

    @property
    def other_bytes(self) -> int:
        """Estimated bytes of metadata, journal, logs, packs, figures and report."""
        n_arrays = sum(len(s.stage.arrays) for s in self.stages) + len(self.coordinates)
        reports = sum(v.workload.report_bytes for v in self.variants)
        return n_arrays * METADATA_BYTES_PER_ARRAY + self.n_tasks * JOURNAL_BYTES_PER_TASK + reports + self.pack_bytes

    @property
    def pack_bytes(self) -> int:
        """Estimated bytes of the raw files that tasks pack."""
        return sum(s.stage.n_tasks * s.stage.packs.n_bytes for s in self.stages if s.stage.packs)

    @property
    def n_packs(self) -> int:
        """Exact number of packs, one for each task of a stage that packs."""
        return sum(s.stage.n_tasks for s in self.stages if s.stage.packs)

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What the cache holds for the study when it is finished; variants share."""
        return tuple(dict.fromkeys(k for v in self.variants for k in v.workload.kept))

    @property
    def n_files(self) -> int:
        """Exact number of files of the finished run."""
        arrays = sum(a.n_files for s in self.stages for a in s.stage.arrays)
        coordinates = sum(c.n_files for c in self.coordinates)
        figures = 2 * sum(len(v.workload.figures) for v in self.variants)
        groups = sum(bool(v.group) for v in self.variants)
        log = self.site.controller != "inline"  # of a controller without a terminal
        return len(FIXED_FILES) + log + arrays + coordinates + figures + groups + self.n_packs

    @property
    def core_seconds(self) -> float:
        """Predicted time on one core of the tasks that have to run."""
        return sum(s.seconds(s.todo) for s in self.stages)

    @property
    def seconds(self) -> float:
        """Predicted time from submitting to the report, without the waiting of jobs in the site's queue.

        A pool's tasks share its cores, and one task has one core, or a job with GPUs.
        """
        if not self.n_todo:
            return 0.0
        longest = (s.rate.seconds * s.longest_work for s in self.stages)
        spread = (s.seconds(s.todo) / self.site.tasks_at_once(s.pool) for s in self.stages)
        return START_SECONDS + self.site.start_seconds + REPORT_SECONDS + sum(map(max, longest, spread))

    @property
    def price(self) -> Price:
        """What the site takes for what has to run, and for keeping the run."""
        return price(self.site, self.stages, self.array_bytes + self.other_bytes)

    def refusals(self) -> list[str]:
        """Why the plan must not run, with the arithmetic; empty where it may."""
        return refusals(self)

    def refuse(self) -> None:
        """Raise PlanRefused where there is a reason to."""
        if reasons := self.refusals():
            raise PlanRefused("the plan is refused:\n" + "\n".join(f"  {r}" for r in reasons))


def plan(study: Study, *, site: Site | str | None = None, runs: str | Path = "runs") -> Plan:
    """Compile a study for a site; its run is (or will be) a folder below `runs`.

    Without a site it is the one that this machine is recognised to be of, else `local`.
    Raises SpecError where the data that the study names can't be used. See `Plan.refusals` for what a site can't take.
    """
    because = ""
    if site is None:
        chosen = site_here()
        site, because = chosen.site, chosen.because
    site = load_site(site) if isinstance(site, str) else site
    folder = RunFolder(Path(runs) / f"{study.name}-{study_key(study)[:8]}")
    known = _Known(
        site,
        folder,
        journal.read_history(folder.journal),
        ledger.measured_rates(cache_folder() / "ledger.jsonl"),
        folder.read_damaged(),
    )
    notes: list[str] = []
    variants = []
    for number, variant in enumerate(study.variants):
        group = f"variant-{number}" if len(study.variants) > 1 else ""
        inputs, workload = _compile(study, variant.model)
        stages = tuple(_planned(known, group, variant, inputs, workload, notes))
        variants.append(PlannedVariant(group, variant, inputs, workload, stages))
        notes += workload.notes
        if any(reason == OTHER_DATA for s in stages for reason in s.todo.values()):
            notes.append(
                f"the results in {folder.path} were made from other data and will be replaced; "
                "to keep them, give the study another `name:`, or another folder by --runs"
            )
    _refuse_unknown_stages(study, variants)
    return Plan(study, site, folder, tuple(variants), tuple(dict.fromkeys(notes)), because)


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
    """Content hash of what the study asks for; the description is for people and doesn't count."""
    return keys.digest([v.model.model_dump(mode="json", exclude={"description"}) for v in study.variants])


def stages_of(model: StudyModel, inputs: Mapping[str, Input]) -> Workload:
    """Call the kind's own `stages` function."""
    module, _, function = model.stages_at.partition(":")
    workload: Workload = getattr(importlib.import_module(module), function)(model, inputs)
    return workload


def _compile(study: Study, model: StudyModel) -> tuple[dict[str, Input], Workload]:
    try:
        inputs = model.inputs(study.path.parent)
        return inputs, stages_of(model, inputs)
    except Findings as found:
        raise SpecError([study.found(f) for f in found.findings]) from None


@dataclass(frozen=True)
class _Known:
    """What is known before: the site, the run's folder and record, measured rates, and shards found damaged."""

    site: Site
    folder: RunFolder
    past: journal.History
    rates: Mapping[tuple[str, int, str], list[float]]
    damaged: Set[tuple[str, ShardIndex]]


def _planned(
    known: _Known,
    group: str,
    variant: Variant,
    inputs: Mapping[str, Input],
    workload: Workload,
    notes: list[str],
) -> Iterator[PlannedStage]:
    """The stages of a variant; adds to `notes` where one can't have the pool that it asks for."""
    kind, site = variant.model.study, known.site
    task_keys = keys.stage_keys(kind, workload.stages, inputs)
    for stage in workload.stages:
        wanted = variant.model.pools.get(stage.name, stage.pool)
        pool = next(p for p in (wanted, "cpu", *site.pools) if p in site.pools)
        if pool != wanted and wanted in USUAL_POOLS:
            notes.append(
                f"stage `{stage.name}` asks for pool `{wanted}`; site `{site.site}` has none, so it runs on `{pool}`"
            )
        stage_known = _KnownStage(known, group, stage, inputs, keys.ingredients(kind, stage, inputs))
        reasons = ((i, stage_known.reason(i, key)) for i, key in enumerate(task_keys[stage.name]))
        yield PlannedStage(
            group=group,
            stage=stage,
            keys=tuple(task_keys[stage.name]),
            pool=pool,
            wanted=wanted,
            rate=ledger.rate(stage, known.rates),
            todo={i: reason for i, reason in reasons if reason},
            ingredients=stage_known.ingredients,
        )


@dataclass(frozen=True)
class _KnownStage:
    """What the record and the store say of one stage's tasks."""

    known: _Known
    group: str
    stage: Stage
    inputs: Mapping[str, Input]
    ingredients: Mapping[str, Any]

    def reason(self, index: int, key: str) -> str:
        """Why a task has to run; empty where it is done."""
        past, task = self.known.past, (_address(self.group, self.stage.name), index)
        if task in past.stale:
            return past.stale[task]
        if task in past.failed:
            return "failed before"
        if task not in past.done:
            return "new"
        if past.done[task]["key"] != key:
            return self._changed(past.done[task]["time"])
        if any(s in self.known.damaged for s in self._shards(index)):
            return DAMAGED
        return "" if self._whole(index) else "its data are missing"

    def _changed(self, done: float) -> str:
        """Which of the stage's ingredients differ from those of the submission that the task was done in."""
        submits = (s for s in reversed(self.known.past.submits) if s["time"] <= done)
        stages = next(submits, {}).get("stages", {})
        data = (s["data"].items() for path, s in stages.items() if path.rpartition("/")[0] == self.group)
        if any(name in self.inputs and self.inputs[name].digest != d for items in data for name, d in items):
            return OTHER_DATA
        before = stages.get(_address(self.group, self.stage.name), {})
        for name, what in INGREDIENTS.items():
            if name in before and before[name] != self.ingredients[name]:
                return f"{what} changed"
        return "a task that it needs changed"

    def _shards(self, index: int) -> Iterator[tuple[str, ShardIndex]]:
        yield from ((_address(self.group, name), shard) for name, shard in self.stage.shards(index))
        if self.stage.packs:
            yield f"packs/{_address(self.group, self.stage.name)}", (index,)

    def _whole(self, index: int) -> bool:
        """Whether the task's shards are on disk at their exact size, and its pack to its end."""
        sizes = {_address(self.group, a.name): a.shard_bytes for a in self.stage.arrays}
        store = self.known.folder.store
        shards = ((array, shard) for array, shard in self._shards(index) if array in sizes)
        if not all(_size(store.joinpath(array, "c", *map(str, shard))) == sizes[array] for array, shard in shards):
            return False
        return not self.stage.packs or is_whole(self.known.folder.pack(_address(self.group, self.stage.name), index))


def _address(group: str, name: str) -> str:
    """A stage's or array's address in the run: `similarity`, or `variant-1/similarity` where there are variants."""
    return f"{group}/{name}" if group else name


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
