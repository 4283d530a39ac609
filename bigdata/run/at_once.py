"""A study given as plain data and run at once in this process, for whoever wants its results and not its folder."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bigdata.errors import SpecError, TasksFailed
from bigdata.planning.plan import Plan, plan
from bigdata.run.submission import submit
from bigdata.spec import load_study
from bigdata.store import open_run
from bigdata.store.reading import Run


def _nothing(_plan: Plan) -> None:
    """For who needs nothing done before the run."""


@contextmanager
def at_once(spec: Mapping[str, Any], first: Callable[[Plan], None] = _nothing) -> Iterator[Run]:
    """The run of a study, for the time of the block; paths of data start here.

    `first` is called with the plan before anything is run. SpecError says what is wrong with the study or with its
    data, without the places of a file that nobody has written; TasksFailed how its first task failed.
    """
    with tempfile.TemporaryDirectory(prefix="bigdata-") as runs:
        try:
            made = plan(load_study("study.yaml", text=json.dumps(spec)), site="process", runs=runs)
        except SpecError as error:
            raise SpecError("\n".join(problem.sentences for problem in error.problems) or str(error)) from None
        first(made)
        try:
            yield submit(made, draw=False)
        except TasksFailed:
            raise _failure(made) from None


def _failure(made: Plan) -> SpecError | TasksFailed:
    """Why the run's first task failed: its folder will be gone."""
    token = next(iter(open_run(made.folder.path).history.failed.values()))
    is_said = "errors.SpecError:" in token["traceback"]
    return SpecError(token["error"]) if is_said else TasksFailed(token["error"])
