"""A training of one network: to the end of a rung, or to its own end, and what it shows then."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.models.networks.training import Trained, Trainer, predicted
from bigdata.studies.architecture_search.data import problem_for
from bigdata.studies.architecture_search.model import ArchitectureSearch
from bigdata.studies.architecture_search.points import Setting
from bigdata.studies.materials.crystals import compiled, fitted_to

if TYPE_CHECKING:
    from bigdata.kind import Context

Floats = NDArray[np.float64]
# Beside the arrays that a training needs to go on: the seconds that it took so far, in all its rungs and jobs.
SECONDS = "trained_seconds"


class Errors(NamedTuple):
    """Of some entries, in the target's unit."""

    rmse: float
    mae: float


class Training:
    """One network, from its seed or from what was saved of it."""

    def __init__(self, ctx: Context[ArchitectureSearch], setting: Setting, seed: int) -> None:
        self.ctx, self.setting = ctx, setting
        self.network = compiled(ctx, fitted_to(ctx.model.graph, setting.network))
        self.problem = problem_for(ctx, setting.network)
        self.trainer = Trainer(self.network, setting.training, self.problem, seed)
        self._earlier = 0.0
        if (saved := ctx.checkpoint.load()) is not None:
            self._earlier = float(saved[SECONDS])
            self.trainer.resume(saved)
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Of training since its beginning, in all rungs and jobs."""
        return self._earlier + time.perf_counter() - self._began

    def to_step(self, step: int) -> Trained:
        """Train until so many steps are done, and save where it stands. Raises Paused and ArithmeticError."""
        done = self._train(step)
        self._save()
        return done

    def to_second(self, seconds: float) -> Trained:
        """The same until it has been trained so long, to the next look at the validation part."""
        done, every, last = None, self.setting.training.evaluate_every, -1
        while done is None or (self.seconds < seconds and self.trainer.step > last):
            last = self.trainer.step
            done = self._train(last + every - last % every)
        self._save()
        return done

    def errors(self, made: Floats, rows: NDArray[np.int64]) -> Errors:
        """Of predictions (n,) for n entries."""
        wrong = made - self.problem.values[rows]
        return Errors(float(np.sqrt(np.mean(wrong**2))), float(np.mean(np.abs(wrong))))

    def predicted(self, done: Trained, rows: NDArray[np.int64]) -> Floats:
        """(n,) predictions for entries by the weights of its best look so far, in the target's unit."""
        return predicted(self.network, (done.weights, done.standard), self.problem.crystals, rows)

    def _train(self, until: int) -> Trained:
        return self.trainer.train(lambda _: self._save(), self.ctx.should_stop, self._looked, until=until)

    def _save(self) -> None:
        self.ctx.checkpoint.save(**self.trainer.state(), **{SECONDS: np.array(self.seconds)})

    def _looked(self, step: int, loss: float, mae: float) -> None:
        most = self.setting.training.max_steps
        self.ctx.log(f"step {step:,} of {most:,}, training loss {loss:.4g}, validation MAE {mae:.4g}")


def is_out_of_memory(error: Exception) -> bool:
    """Whether TensorFlow, or NumPy, couldn't have the memory that it asked for."""
    return isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"
