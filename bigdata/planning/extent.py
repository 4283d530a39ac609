"""What a plan amounts to: its tasks, the files and bytes of its run, the time and the money that it takes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bigdata.kind.stage import Kept
from bigdata.planning.interval import NOTHING, Interval, total
from bigdata.planning.planned import PlannedStage, PlannedVariant
from bigdata.planning.price import Price, price, wall
from bigdata.planning.record_bytes import record_bytes
from bigdata.spec import Study
from bigdata.spec.site import Site
from bigdata.spec.study import Budget
from bigdata.store.arrays import Coordinate
from bigdata.store.folder import RunFolder
from bigdata.store.shards import gathered_bytes, n_shard_files

# Workers import what they need: a second from a warm disk, ten and more beside other work or from a slow one.
START_SECONDS, START_FACTOR = 4.0, 4.0
# After the last task: the record is written, and the metadata are consolidated.
END_SECONDS, END_FACTOR = 1.0, 5.0
# How well a report's bytes are known, as its kind says them, and as the last such report was.
DECLARED_BYTES_FACTOR, MEASURED_BYTES_FACTOR = 1.3, 1.05
# And those of the record, whose names and times differ, and of what tasks print and say.
RECORD_BYTES_FACTOR, UNKNOWN_BYTES = 1.03, 5_000
FIXED_FILES = (
    *("study.yaml", "resolved.json", "journal.jsonl", "keys.bin", "report.html"),
    *("logs/tasks.log", "store.zarr/zarr.json"),
)
# Of what a stage's tasks return: the metadata of an array, and its only chunk.
FILES_PER_ROW = 2


@dataclass(frozen=True)
class Extent:
    """Sums over the stages of all variants of a study, on its site and in its folder; `notes` are for its user."""

    study: Study
    site: Site
    folder: RunFolder
    variants: tuple[PlannedVariant, ...]
    notes: tuple[str, ...]

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
        return self.record_bytes + sum(v.report.n_bytes for v in self.variants) + self.pack_bytes

    @cached_property
    def record_bytes(self) -> int:
        """Estimated bytes of metadata, journal, and the study and its record."""
        return record_bytes(self)

    @property
    def n_bytes(self) -> Interval:
        """Bytes of the finished run: those of arrays are exact, each of the others as well known as it is."""
        is_measured = all(v.report.n_bytes != v.report.asked for v in self.variants)
        reports = float(sum(v.report.n_bytes for v in self.variants))
        parts = (
            Interval.exactly(self.array_bytes),
            Interval.within(self.record_bytes, RECORD_BYTES_FACTOR),
            Interval.within(reports, MEASURED_BYTES_FACTOR if is_measured else DECLARED_BYTES_FACTOR),
            self._packed,
            Interval(-UNKNOWN_BYTES, 0.0, UNKNOWN_BYTES),
        )
        return total(parts)

    @property
    def pack_bytes(self) -> int:
        """Estimated bytes of the raw files that tasks pack."""
        return round(self._packed.middle)

    @cached_property
    def _packed(self) -> Interval:
        packed = (
            (gathered_bytes(s.n_tasks, s.stage.packs.n_bytes), s.stage.packs.factor)
            for s in self.stages
            if s.stage.packs
        )
        return total(Interval.within(n_bytes, factor) for n_bytes, factor in packed)

    @property
    def n_packs(self) -> int:
        """Exact number of packs, one for each task of a stage that packs."""
        return sum(self.packing.values())

    @property
    def packing(self) -> dict[str, int]:
        """The tasks of each stage that packs, by its address in the run."""
        return {s.path: s.n_tasks for s in self.stages if s.stage.packs}

    @property
    def n_pack_files(self) -> int:
        """Exact number of the files that the packs are in."""
        return sum(map(n_shard_files, self.packing.values()))

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
        # A figure is a PNG and a PDF; a variant's group has metadata of its own.
        return len(FIXED_FILES) + log + arrays + coordinates + 2 * len(self.figures) + groups + self.n_pack_files

    @property
    def core_seconds(self) -> Interval:
        """Predicted time on one core of the tasks that have to run."""
        return total(s.todo_interval.times(s.stage.cores) for s in self.stages)

    @property
    def seconds(self) -> Interval:
        """Predicted time from submitting to the report, without the waiting of jobs in the site's queue.

        A pool's tasks share its cores, and one task has one core, or a job with GPUs.
        """
        if not self.n_todo:
            return NOTHING
        reports = (v.report.seconds for v in self.variants)
        return total([self.start_seconds, self.task_seconds, Interval.within(END_SECONDS, END_FACTOR), *reports])

    @property
    def start_seconds(self) -> Interval:
        """From submitting to the first task."""
        if self.site.scheduler == "process":
            return NOTHING
        return Interval.within(START_SECONDS + self.site.start_seconds, START_FACTOR)

    @property
    def task_seconds(self) -> Interval:
        """The same of its tasks alone."""
        return total(wall(self.site, s) for s in self.stages)

    @property
    def price(self) -> Price:
        """What the site takes for what has to run, and for keeping the run."""
        return price(self.site, self.stages, self.array_bytes + self.other_bytes)
