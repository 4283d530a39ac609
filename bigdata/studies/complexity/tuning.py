"""One choice of options, tried inside every training part: fold by fold, from where it was stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.tabular import classes
from bigdata.models.tabular.fitted import Effort, Fitted, Samples
from bigdata.models.tabular.setting import Point
from bigdata.studies.complexity import inside
from bigdata.studies.complexity.parts import Part, all_folds
from bigdata.studies.complexity.trials import Trial

if TYPE_CHECKING:
    from bigdata.kind import Checkpoint
    from bigdata.studies.complexity.model import Complexity

Floats = NDArray[np.float64]
# A fold that takes less isn't worth a file.
SAVE_SECONDS = 10.0


@dataclass
class Tried:
    """What was said of samples left out, `left_out` (parts, terms, n), NaN where nothing was; of each fold that is
    done, what was fitted; and the seconds that all fits took."""

    left_out: Floats
    folds: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    def errors(self, parts: list[Part], samples: Samples) -> Floats:
        """(parts, terms) of the samples of each training part; NaN for places that no model stands at."""
        found = np.full(self.left_out.shape[:2], np.nan)
        for i, part in enumerate(parts):
            left_out, learned = self.left_out[i][:, part.train], samples.target[part.train]
            found[i] = inside.error(left_out, learned, bool(samples.labels))
        return found

    def save(self, checkpoint: Checkpoint) -> None:
        checkpoint.save(left_out=self.left_out, folds=np.array(json.dumps(self.folds)), seconds=np.array(self.seconds))


def tried(
    model: Complexity,
    trial: Trial,
    samples: Samples,
    parts: list[Part],
    n_terms: int,
    effort: Effort,
    kept: Checkpoint,
    known: Callable[[int], tuple[Sequence[Fitted], float]] | None = None,
) -> Tried:
    """Fit a trial's models in all folds of all training parts, or take them from `known`, by the fold's place among
    all, with the seconds that they took. Raises Paused, with what is done saved in `kept`."""
    found = _begun(kept, (len(parts), n_terms, len(samples)))
    todo = all_folds(model, parts, samples.groups)
    saved = time.perf_counter()
    for i, fold in todo[len(found.folds) :]:
        begin = time.perf_counter()
        made, spent = (
            known(len(found.folds)) if known else (classes.fit(trial.points, samples.only(fold.train), effort), 0)
        )
        left_out = found.left_out[i]
        left_out[: len(made), fold.test] = [said(one, samples, fold.test) for one in made]
        found.seconds += spent + time.perf_counter() - begin
        found.folds.append({"part": i, "models": [_described(*each) for each in zip(trial.points, made, strict=True)]})
        if time.perf_counter() - saved > SAVE_SECONDS:
            found.save(kept)
            saved = time.perf_counter()
    return found


def _begun(kept: Checkpoint, shape: tuple[int, int, int]) -> Tried:
    saved = kept.load()
    if saved is None or saved["left_out"].shape != shape:
        return Tried(np.full(shape, np.nan))
    return Tried(saved["left_out"], json.loads(str(saved["folds"])), float(saved["seconds"]))


def said(one: Fitted, samples: Samples, rows: NDArray[np.bool_]) -> Floats:
    """(m,) what a model says of some samples."""
    return one.predict(samples.features[rows], samples.tasks[rows])


def _described(point: Point, one: Fitted) -> dict[str, Any]:
    """What a report says of a model of one fold."""
    terms = list(getattr(one, "descriptors", ()))
    return {"name": point.name, "parameters": int(one.size.n_parameters), "descriptors": terms}
