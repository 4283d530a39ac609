"""What a calculation runs on: its task. Programs are the task's, and what is saved lies in its checkpoint."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bigdata.calculators.code import Ran

if TYPE_CHECKING:
    from bigdata.kind import Context

STATE, FILE = "state", "file/"
# Steps are saved as they end, and most end within seconds: megabytes of each on the shared disk would be a burden.
SAVE_SECONDS = 60.0


class TaskMachine:
    """A `bigdata.calculators.code.Machine` of a task whose stage saves checkpoints; `launch` goes before commands."""

    def __init__(self, ctx: Context[Any], launch: Sequence[str] = ()) -> None:
        self.folder, self.cores = ctx.scratch, ctx.cores
        self._ctx, self._launch = ctx, tuple(launch)
        self._saved = time.monotonic()

    @property
    def may_have_more_memory(self) -> bool:
        return self._ctx.may_have_more_memory

    def call(
        self,
        command: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        timeout: float | None,
        meanwhile: Callable[[], None],
        output: str,
    ) -> Ran:
        """Run a program, as `Context.call` does, whatever its exit code; `meanwhile` is called every second."""
        return self._ctx.call(
            [*self._launch, *command],
            cwd=cwd,
            env=env,
            timeout=timeout,
            meanwhile=meanwhile,
            output=output,
            check=False,
        )

    def log(self, text: str) -> None:
        self._ctx.log(text)

    def save(self, files: Mapping[str, Path], state: Mapping[str, Any]) -> None:
        """Keep files and state in the task's checkpoint, instead of what was there.

        Not within the first minute, nor twice in one: less is lost by a kill than saving takes. When the task should
        stop, always.
        """
        if time.monotonic() - self._saved < SAVE_SECONDS and not self._ctx.should_stop():
            return
        held = {f"{FILE}{name}": np.frombuffer(path.read_bytes(), np.uint8) for name, path in files.items()}
        self._ctx.checkpoint.save(**{STATE: json.dumps(dict(state))}, **held)
        self._saved = time.monotonic()

    def saved(self, into: Path) -> Mapping[str, Any] | None:
        """Put the files that were kept below `into`, and give back the state."""
        stored = self._ctx.checkpoint.load()
        if stored is None:
            return None
        for key, data in stored.items():
            if key.startswith(FILE):
                path = into / key.removeprefix(FILE)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data.tobytes())
        state: Mapping[str, Any] = json.loads(str(stored[STATE]))
        return state
