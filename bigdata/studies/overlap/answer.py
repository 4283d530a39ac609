"""An overlap study run at once, in this process: what `bigdata datasets overlap` and `split` print.

spec = {"study": "overlap", "name": "mine", "datasets": {"a": {"name": "emt-prototypes"}}, "split": {"folds": 5}}
with answer(spec) as found:
    found.split.to_file(Path("split.json"))
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bigdata.data.derived import made
from bigdata.data.problem import sentences
from bigdata.errors import Problem, TasksFailed
from bigdata.kind import Finding, SpecError
from bigdata.naming import named
from bigdata.spec import load_study
from bigdata.store import open_run
from bigdata.studies.materials.crosscheck import ChangedGroup, Disagreement, changed, disagreements
from bigdata.studies.materials.groups import labelled
from bigdata.studies.materials.overlap import Overlap as Shared
from bigdata.studies.materials.overlap import overlap
from bigdata.studies.materials.symmetry import Program, symmetry_of
from bigdata.studies.overlap.model import Overlap
from bigdata.studies.overlap.results import Results

Progress = Callable[[str, int, int], None]


def _silent(_program: str, _n_done: int, _n: int) -> None:
    """For who doesn't look."""


@contextmanager
def answer(spec: Mapping[str, Any], progress: Progress = _silent) -> Iterator[Results]:
    """The results of an overlap study given as plain data, for the time of the block; paths start here.

    Symmetry that the cache doesn't hold is found on all cores first, and `progress(program, n_done, n)` called after
    each block of it. SpecError says what is wrong with the study, or with the data.
    """
    with tempfile.TemporaryDirectory(prefix="bigdata-") as runs:
        yield _run(spec, runs, progress).once(Results)


def _run(spec: Mapping[str, Any], runs: str, progress: Progress) -> Any:
    """The run; what plans and runs studies is in rooms above this one."""
    try:
        study = load_study("study.yaml", text=json.dumps(spec))
        plan = named("bigdata.planning:plan")(study, site="process", runs=runs)
    except SpecError as error:
        raise SpecError("\n".join(map(_sentence, error.problems)) or str(error)) from None
    model = study.variants[0].model
    assert isinstance(model, Overlap)
    if model.identity.needs_symmetry:
        find_symmetry(model, [plan.variants[0].inputs[name].folder for name in model.datasets], "moyopy", progress)
    try:
        return named("bigdata.run:submit")(plan)
    except TasksFailed:
        raise _failure(plan.folder.path) from None


def _sentence(problem: Problem) -> str:
    """What is wrong, without the place in a file that nobody has written."""
    return " ".join(filter(None, (sentences(Finding((), problem.what, problem.right)), problem.hint)))


def _failure(run: Path) -> SpecError | TasksFailed:
    """Why the run's first task failed: its folder will be gone."""
    token = next(iter(open_run(run).history.failed.values()))
    is_said = "errors.SpecError:" in token["traceback"]
    return SpecError(token["error"]) if is_said else TasksFailed(token["error"])


def find_symmetry(model: Overlap, folders: list[str], program: Program, progress: Progress) -> None:
    """The symmetry of the imports in these folders, into the cache."""
    wanted = [symmetry_of(folder, model.identity.symprec, program) for folder in folders]
    made(wanted, lambda n_done, n: progress(program, n_done, n))


class Crosschecked(NamedTuple):
    """What is shared by spglib's symmetry, where that differs from moyopy's, and the entries judged differently."""

    shared: Shared
    changed: list[ChangedGroup]
    disagreements: dict[str, list[Disagreement]]


def crosschecked(results: Results, progress: Progress = _silent) -> Crosschecked:
    """The same entries by the symmetry that spglib finds for all of them; takes minutes where that isn't known."""
    model, entries = results.model, results.entries
    with_structures = [str(e.dataset.folder) for e in entries.values() if e.dataset.has_structures]
    if model.identity.needs_symmetry:
        find_symmetry(model, with_structures, "spglib", progress)
    others = {name: labelled(model.identity, e, "spglib") for name, e in entries.items()}
    theirs = overlap({name: other.labels for name, other in others.items()})
    found = {}
    for name, e in entries.items():
        mine, other = results.labelled[name].symmetry, others[name].symmetry
        if mine is not None and other is not None:
            found[name] = disagreements(e.dataset.structures.take(e.rows), mine, other, e.ids)
    return Crosschecked(theirs, changed(results.shared, theirs, {n: e.ids for n, e in entries.items()}), found)
