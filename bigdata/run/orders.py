"""A launched controller's orders: what it runs and where it was started, in one small file of the run's folder."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from bigdata.errors import SiteError
from bigdata.files import MOST_JSON_BYTES, read_plain
from bigdata.jobs import batch
from bigdata.planning.plan import Plan
from bigdata.run.controller_process import ControllerProcess
from bigdata.spec import Study, study_from_resolved
from bigdata.spec.checked import validated
from bigdata.spec.repeated import Repeated
from bigdata.spec.site import Site
from bigdata.store.folder import RunFolder, write_json
from bigdata.store.lock import MOST_PIDS, SILENT_SECONDS
from bigdata.units import RESOLVED


@dataclass(frozen=True)
class Orders:
    """A controller that was started without a terminal and hasn't ended in good order.

    `study` and `site` are as they were understood when it was launched: neither an edit of their files nor another
    machine's idea of its default site changes them. `process` is that of a detached controller;
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
    process: ControllerProcess | None = None
    job: str = ""
    n: int = 1
    fresh: bool = False
    private: bool = False

    @classmethod
    def of(cls, plan: Plan, *, private: bool = False) -> Orders:
        """The orders for a plan's controller, whose report is to be `private` or not."""
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
            private=private,
        )

    @property
    def scheduler(self) -> str:
        """The batch system of its site; `local` is none."""
        return str(self.site["scheduler"])

    def in_process(self, pid: int) -> Orders:
        """Started as a process of this machine."""
        return replace(self, process=ControllerProcess.of(pid))

    def in_job(self, job: str) -> Orders:
        """Taken by the batch system."""
        return replace(self, job=job)

    def again(self) -> Orders:
        """The orders for the controller that goes on after this one."""
        return replace(self, job="", n=self.n + 1, time=round(time.time(), 3))

    def write(self, folder: RunFolder) -> Orders:
        write_json(folder.launch, asdict(self))
        return self

    def to_run(self) -> tuple[Study, Site]:
        """The study and the site, ready to be planned with; relative paths of data start at the spec's folder.

        SiteError where this version understands them no more.
        """
        try:
            study = study_from_resolved(self.study, Path(self.spec))
            site = validated(Site, self.site, {RESOLVED: True})
            repeated = Repeated(**self.repeated) if self.repeated else None
        except (ValidationError, KeyError, TypeError) as error:
            raise SiteError(f"the controller's orders aren't understood here ({_what(error)}). Submit again.") from None
        site.read_from(Path(self.site_file) if self.site_file else None)
        return replace(study, text=self.text, overrides=self.overrides, repeated=repeated), site


def _elsewhere(repeated: Repeated) -> Mapping[str, Any]:
    """As data; the controller may be started in another folder."""
    return vars(repeated) | {"run": str(Path(repeated.run).absolute())}


def read_orders(folder: RunFolder) -> Orders | None:
    """The orders of the run's launched controller; None where there is none. SiteError where they can't be read."""
    try:
        orders = _orders().validate_json(read_plain(folder.launch, MOST_JSON_BYTES), strict=True)
        wrong = _unlike_ours(orders)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValidationError) as error:
        wrong = _what(error)
    if wrong:
        raise SiteError(
            f"{folder.launch} isn't what bigdata writes ({wrong}). Remove it and submit again: what is done stays done."
        )
    return orders


@cache
def _orders() -> TypeAdapter[Orders]:
    return TypeAdapter(Orders)


def _unlike_ours(orders: Orders) -> str:
    """What of well-formed orders none of ours say; "" where they could be. The file may be anybody's."""
    if orders.site.get("scheduler") not in get_args(Site.model_fields["scheduler"].annotation):
        return "its site has no scheduler that is known here"
    if orders.job and not batch.is_job_id(orders.scheduler, orders.job):
        return f"`job` is no number of a job in {orders.scheduler}"
    if orders.process and not 0 < orders.process.pid <= MOST_PIDS:
        return "`process` has no number that a process has"
    return ""


def _what(error: Exception) -> str:
    """What is wrong with orders, in words that show nothing of what they hold: that may be another file's text."""
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        return f"{f'`{place}`: ' if place else ''}{first['msg']}"
    return error.strerror or str(error) if isinstance(error, OSError) else type(error).__name__


def is_waited_for(folder: RunFolder, orders: Orders) -> bool:
    """Whether a launched controller that doesn't hold the lock is still to come."""
    age = abs(time.time() - orders.time)  # of the other machine's clock, or nobody's
    if orders.process:
        alive = orders.process.is_alive(folder)
        return age < SILENT_SECONDS if alive is None else alive
    return age < SILENT_SECONDS
