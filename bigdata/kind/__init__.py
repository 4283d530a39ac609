"""All that the author of a study kind imports.

A kind is a pydantic model of its YAML, a function that makes its stages, a function for each stage's tasks, and one
that says what the report shows. It can be one module, such as this `wells.py`:

    '''How many bound states does a finite square well have, by its depth?'''

    from typing import ClassVar, Literal

    import numpy as np
    from pydantic import Field

    from bigdata.kind import Context, Coordinate, Energy, Figure, Length, Rate, ReportParts, Stage, StudyModel, Table
    from bigdata.kind import Workload, by_rows, every, whole
    from bigdata.kind.drawing import drawing

    class Wells(StudyModel):
        '''Wells of one width and several depths, and an electron in each.'''

        stages_at: ClassVar[str] = "wells:stages"
        report_at: ClassVar[str] = "wells:report"
        study: Literal["wells"] = "wells"
        width: Length = Field(gt=0, description="From wall to wall.")
        depths: list[Energy] = Field(min_length=1, description="From the bottom to the top.")

        def figures(self):
            return {"states": "wells:figure"}

    def stages(model, inputs):
        n = len(model.depths)
        count = Stage(name="count", function="wells:count", rate=Rate("well", 1e-6, "measured on a laptop"),
                      arrays=(by_rows(100, "n_bound", "int64", {"depth": n}, about="bound states"),))
        most = Stage(name="most", function="wells:most", needs=every(count),
                     arrays=(whole("most", "int64", {"one": 1}, about="bound states of the deepest well"),))
        depth = Coordinate(name="depth", dim="depth", values=model.depths, units="eV")
        return Workload(stages=(count, most), coordinates=(depth,))

    def count(ctx: Context[Wells]):
        depth = ctx.read("depth", ctx.own("n_bound"))
        # A state is bound for each half wave that fits; hbar^2/2m of an electron is 3.81 eV angstrom^2.
        ctx.write("n_bound", np.ceil(ctx.model.width * np.sqrt(depth / 3.8099821) / np.pi).astype(np.int64))

    def most(ctx: Context[Wells]):
        ctx.write("most", ctx.read("n_bound").max(keepdims=True))

    def report(view):
        rows = list(zip(view["depth"][...], view["n_bound"][...]))
        return ReportParts(summary=[lambda: f"The deepest well binds {view['most'][0]} states."],
                           tables=[lambda: Table("Wells", ("depth", "bound states"), rows, {"depth": "eV"})])

    def figure(view):
        return Figure("Bound states", "They grow with the root of the depth.", "A stair.", lambda: _stair(view))

    def _stair(view):
        drawn = drawing(height=2.5)
        drawn.subplots().step(view["depth"][...], view["n_bound"][...])
        return drawn

Its package registers it in its pyproject.toml, and then `study: wells` can be written, validated, planned, submitted,
swept, reported and run again as all others:

    [project.entry-points."bigdata.studies"]
    wells = "wells:Wells"

The model (`StudyModel`) says more where it is asked: `check` what is wrong beyond types, `inputs` which data it reads,
`data_files` the user's own among them, `figures` what will be drawn; `predict_at` and `export_at` are for kinds that
make models, `uploads_at` says what `bigdata upload` sends to an archive, `starter_at` is for `bigdata init`,
`status_at` for what `bigdata status` tells of a run that goes on, `packages` for the record, `variables` for jobs,
`extra` for packages that bigdata itself needn't have: `networks` is TensorFlow, graph-nets and Sonnet. Where these
are missing, the study is refused before it is submitted; they are imported by its tasks alone, inside of functions.
`Target` is a quantity with unit and range, `unknown_fields` finds fields that a dataset doesn't have, and
`problem.at("dataset")` puts what is wrong with data at its place in the spec.

A kind that reads a file of the user's has it in its model as `file: str`, and says where that is and what is in it; a
stage that reads it names it, `inputs=("measured",)`, and its tasks find it as `ctx.inputs["measured"].folder`:

    @classmethod
    def check(cls, fields, folder):
        if "file" in fields and not located(folder, fields["file"]).is_file():
            yield Finding(("file",), f"there is no file {fields['file']}", "Paths start at the spec's folder")

    def data_files(self, folder):
        return [named(folder, self.file)]

    def inputs(self, folder):
        path = located(folder, self.file)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()  # of all that the numbers depend on
        return {"measured": Input(digest, str(path.absolute()), self.file, digest)}

A `Stage` says what its tasks compute, write, return, wait for and cost; all is described there. What is left out has
its usual meaning: `fields`, which make the tasks' keys, are the whole study; task i writes the i-th shard of each
array; the tasks are as many as those shards. `whole`, `by_rows` and `Triangle` cut arrays; `every` and `covering` say
who needs whom.

A task's function gets a `Context`, and has there

    ctx.model, ctx.inputs, ctx.index        the study, its data, and which task this is
    ctx.opened(open_entries)                what `open_entries(model, inputs)` opens, once for all tasks of a process
    ctx.read(name, selection), ctx.own      arrays of earlier stages and coordinates; the rows that are its own
    ctx.write(name, values)                 its own shard, whole; `shard=` where it has several of one array
    ctx.rows(stage)                         what the tasks that it needs have returned; it returns such rows itself
    ctx.seed                                a seed that follows from its key: the same everywhere and in every order
    ctx.checkpoint, ctx.should_stop()       to save, to go on from what was saved, and when to `raise Paused`
    ctx.call(command), ctx.scratch          a program, watched and ended with the task; an empty folder on the node
    ctx.pack, ctx.packs                     its raw files as one archive, and those of earlier tasks
    ctx.cores, ctx.gpus, ctx.log(text)      what it may use, and a line for the log
    ctx.must_use_gpus                       whether its job asked the batch system for GPUs
    ctx.may_have_more_memory                whether a MemoryError has it tried again in a job that gives it more
    ctx.payload                             what a `Proposer` gave to it, in a stage that grows (`Ask`),
    ctx.payloads(stage)                     or to all tasks of such a stage that it needs whole

The report's parts are functions that are called one by one: what raises costs the page that part alone. `StudyResults`
is a base for what they share; `view.once(Results)` makes it once.

From a key of the YAML to its array are three jumps, all in the kind's own room: from `dataset:` in `model.py` to the
function that opens it in `entries.py`, to the stage that cuts its array in `stages.py`, to the task in `tasks.py` that
writes it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bigdata.display import duration as duration
    from bigdata.display import size as size
    from bigdata.errors import Paused as Paused
    from bigdata.errors import SiteError as SiteError
    from bigdata.errors import SpecError as SpecError
    from bigdata.errors import VerificationFailed as VerificationFailed
    from bigdata.kind.arrays import Triangle as Triangle
    from bigdata.kind.arrays import by_rows as by_rows
    from bigdata.kind.arrays import covering as covering
    from bigdata.kind.arrays import every as every
    from bigdata.kind.arrays import whole as whole
    from bigdata.kind.checkpoint import Checkpoint as Checkpoint
    from bigdata.kind.context import Context as Context
    from bigdata.kind.named_fields import unfit_units as unfit_units
    from bigdata.kind.named_fields import unit_of as unit_of
    from bigdata.kind.named_fields import unknown_fields as unknown_fields
    from bigdata.kind.page_size import Drawn as Drawn
    from bigdata.kind.page_size import crowded as crowded
    from bigdata.kind.page_size import page_bytes as page_bytes
    from bigdata.kind.proposer import Ask as Ask
    from bigdata.kind.proposer import Proposer as Proposer
    from bigdata.kind.report import Figure as Figure
    from bigdata.kind.report import Headline as Headline
    from bigdata.kind.report import Panel as Panel
    from bigdata.kind.report import ReportParts as ReportParts
    from bigdata.kind.report import Table as Table
    from bigdata.kind.results import StudyResults as StudyResults
    from bigdata.kind.stage import BUILT_IN as BUILT_IN
    from bigdata.kind.stage import EXPECTED_SECOND as EXPECTED_SECOND
    from bigdata.kind.stage import PROCESS_BYTES as PROCESS_BYTES
    from bigdata.kind.stage import Kept as Kept
    from bigdata.kind.stage import Pack as Pack
    from bigdata.kind.stage import Rate as Rate
    from bigdata.kind.stage import Stage as Stage
    from bigdata.kind.stage import TaskId as TaskId
    from bigdata.kind.stage import Workload as Workload
    from bigdata.kind.target import Target as Target
    from bigdata.spec.grown import Grown as Grown
    from bigdata.spec.site import Prices as Prices
    from bigdata.spec.study import Finding as Finding
    from bigdata.spec.study import Findings as Findings
    from bigdata.spec.study import Input as Input
    from bigdata.spec.study import PathInSpec as PathInSpec
    from bigdata.spec.study import SpecModel as SpecModel
    from bigdata.spec.study import StudyModel as StudyModel
    from bigdata.spec.study import WrongText as WrongText
    from bigdata.spec.whereabouts import located as located
    from bigdata.spec.whereabouts import named as named
    from bigdata.store.arrays import ArraySpec as ArraySpec
    from bigdata.store.arrays import Coordinate as Coordinate
    from bigdata.store.arrays import blocks as blocks
    from bigdata.store.flat import FlatStore as FlatStore
    from bigdata.store.flat import FlatWriter as FlatWriter
    from bigdata.store.reading import View as View
    from bigdata.store.rows import Row as Row
    from bigdata.store.use import Use as Use
    from bigdata.units import Angle as Angle
    from bigdata.units import Bytes as Bytes
    from bigdata.units import Energy as Energy
    from bigdata.units import Length as Length
    from bigdata.units import Money as Money
    from bigdata.units import Seconds as Seconds
    from bigdata.units import States as States

# Each is loaded when it is asked for: the model of a kind must not wait for what its report or its tasks need.
_HOMES = {
    "display": ("duration", "size"),
    "errors": ("Paused", "SiteError", "SpecError", "VerificationFailed"),
    "kind.arrays": ("Triangle", "by_rows", "covering", "every", "whole"),
    "kind.checkpoint": ("Checkpoint",),
    "kind.context": ("Context",),
    "spec.grown": ("Grown",),
    "kind.named_fields": ("unfit_units", "unit_of", "unknown_fields"),
    "kind.page_size": ("Drawn", "crowded", "page_bytes"),
    "kind.proposer": ("Ask", "Proposer"),
    "kind.report": ("Figure", "Headline", "Panel", "ReportParts", "Table"),
    "kind.results": ("StudyResults",),
    "kind.stage": (
        "BUILT_IN",
        "EXPECTED_SECOND",
        "PROCESS_BYTES",
        "Kept",
        "Pack",
        "Rate",
        "Stage",
        "TaskId",
        "Workload",
    ),
    "kind.target": ("Target",),
    "spec.site": ("Prices",),
    "spec.study": ("Finding", "Findings", "Input", "PathInSpec", "SpecModel", "StudyModel", "WrongText"),
    "spec.whereabouts": ("located", "named"),
    "store.arrays": ("ArraySpec", "Coordinate", "blocks"),
    "store.flat": ("FlatStore", "FlatWriter"),
    "store.reading": ("View",),
    "store.rows": ("Row",),
    "store.use": ("Use",),
    "units": ("Angle", "Bytes", "Energy", "Length", "Money", "Seconds", "States"),
}
_HOME = {name: f"bigdata.{module}" for module, names in _HOMES.items() for name in names}

__all__ = [*_HOME]


def __dir__() -> list[str]:
    return [*globals(), *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'bigdata.kind' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
