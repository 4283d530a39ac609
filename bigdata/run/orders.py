"""A launched controller's orders: what it runs and where it was started, in one small file of the run's folder."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bigdata.errors import SiteError
from bigdata.planning.plan import Plan
from bigdata.spec import Study, study_from_resolved
from bigdata.spec.checked import validated
from bigdata.spec.repeated import Repeated
from bigdata.spec.site import Site
from bigdata.store.folder import RunFolder, write_json
from bigdata.store.lock import SILENT_SECONDS, started
from bigdata.units import RESOLVED


@dataclass(frozen=True)
class Orders:
    """A controller that was started without a terminal and hasn't ended in good order.

    `study` and `site` are as they were understood when it was launched: neither an edit of their files nor another
    machine's idea of its default site changes them. `process` (host, pid, started) is that of a detached controller;
    `job` is the batch job of one in the queue, "" where the scheduler hasn't taken it yet. `n` counts the controllers
    that have followed each other in one submission.
    """

    controller: str
    spec: str
    text: str
    overrides: tuple[str, ...]
    study: Mapping[str, Any]
    site: Mapping[str, Any]
    site_file: str
    time: float
    repeated: Mapping[str, Any] | None = None
    process: Mapping[str, Any] | None = None
    job: str = ""
    n: int = 1
    fresh: bool = False

    @classmethod
    def of(cls, plan: Plan) -> Orders:
        """The orders for a plan's controller."""
        return cls(
            controller=plan.site.controller,
            spec=str(plan.study.origin),
            text=plan.study.text,
            overrides=plan.study.overrides,
            study=plan.study.resolved(),
            site=plan.site.model_dump(mode="json"),
            site_file=str(plan.site.file.absolute()) if plan.site.file else "",
            time=round(time.time(), 3),
            repeated=_elsewhere(plan.study.repeated) if plan.study.repeated else None,
            fresh=plan.fresh,
        )

    @property
    def scheduler(self) -> str:
        """The batch system of its site; `local` is none."""
        return str(self.site["scheduler"])

    def in_process(self, pid: int) -> Orders:
        """Started as a process of this machine."""
        # The kernel uses a process's number again: with the time when it began, it is this very one.
        return replace(self, process={"host": socket.gethostname(), "pid": pid, "started": started(pid)})

    def in_job(self, job: str) -> Orders:
        """Taken by the batch system."""
        return replace(self, job=job)

    def again(self) -> Orders:
        """The orders for the controller that goes on after this one."""
        return replace(self, job="", n=self.n + 1, time=round(time.time(), 3))

    def write(self, folder: RunFolder) -> Orders:
        write_json(folder.launch, vars(self))
        return self

    def to_run(self) -> tuple[Study, Site]:
        """The study and the site, ready to be planned with; relative paths of data start at the spec's folder."""
        study = study_from_resolved(self.study, Path(self.spec))
        site = validated(Site, self.site, {RESOLVED: True}).read_from(Path(self.site_file) if self.site_file else None)
        repeated = Repeated(**self.repeated) if self.repeated else None
        return replace(study, text=self.text, overrides=self.overrides, repeated=repeated), site

    def is_process_alive(self) -> bool | None:
        """Whether a detached controller's process runs; None where it is on another machine."""
        if self.process is None:
            return False
        if self.process["host"] != socket.gethostname():
            return None
        return bool(started(self.process["pid"]) == self.process["started"])


def _elsewhere(repeated: Repeated) -> Mapping[str, Any]:
    """As data; the controller may be started in another folder."""
    return vars(repeated) | {"run": str(Path(repeated.run).absolute())}


def read_orders(folder: RunFolder) -> Orders | None:
    """The orders of the run's launched controller; None where there is none. SiteError where they can't be read."""
    try:
        data = json.loads(folder.launch.read_text())
        return Orders(**{**data, "overrides": tuple(data["overrides"])})
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SiteError(
            f"{folder.launch} can't be read ({type(error).__name__}: {error}). Remove it and submit again: what is "
            "done stays done."
        ) from None


def is_waited_for(orders: Orders) -> bool:
    """Whether a launched controller that doesn't hold the lock is still to come."""
    age = time.time() - orders.time
    if orders.process:
        alive = orders.is_process_alive()
        return age < SILENT_SECONDS if alive is None else alive
    return age < SILENT_SECONDS
