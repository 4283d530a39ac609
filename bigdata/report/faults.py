"""What can't be shown in a report: one sentence in its place, and all the rest is shown."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from bigdata.errors import BigdataError, DamagedData, MissingData
from bigdata.kind.report import ReportParts, Table
from bigdata.report.html import Markup, sentence
from bigdata.report.parts import report_parts
from bigdata.report.privacy import Privacy
from bigdata.store.folder import RunFolder
from bigdata.store.reading import Run, View

T = TypeVar("T")

# An error may quote a whole array; the log has all of it.
SHOWN_CHARACTERS = 300
SHOWN_FAULTS = 5
ABSENT = "the tasks that make its data aren't done"


@dataclass(frozen=True)
class Fault:
    """A part that can't be shown, such as "figure `matrix`", and why: its code raised, or its data are damaged."""

    part: str
    error: str
    traceback: str = ""
    is_damage: bool = False

    def sentence(self, folder: RunFolder) -> str:
        """What happened, and what to do next."""
        if self.is_damage:
            return f"The {self.part} can't be shown: {self.error}"
        log = folder.report_log.relative_to(folder.path)
        again = f"`bigdata report {folder.path}` tries again, and {log} in the run's folder has the traceback."
        return f"The {self.part} could not be made: {self.error}{'' if self.error.endswith('.') else '.'} {again}"


class Faults:
    """The boundary around each part of a report: whatever a kind's code raises becomes a Fault here, and nowhere else.

    `found` are the faults, in the order of the page. `absent` are the parts left out because tasks that make their
    data aren't done. `damage` is the first damaged data that were met.
    """

    def __init__(self, run: Run, privacy: Privacy | None = None) -> None:
        self.found: list[Fault] = []
        self.absent: list[str] = []
        self.damage: DamagedData | None = None
        self._folder, self._is_finished = run.folder, run.is_finished
        self._privacy = privacy or Privacy(run)

    def shown(self, part: str, make: Callable[[], Markup]) -> Markup:
        """What `make` makes; else the sentence in its place, or nothing where its data aren't there yet.

        Raises OSError where the run's disk is full or can't be written: no part is to blame for that.
        """
        try:
            return make()
        except MissingData as error:
            if self._is_finished:
                return self._damaged(part, error)
            self.absent.append(part)
            return Markup("")
        except DamagedData as error:
            return self._damaged(part, error)
        # A kind's code may raise anything, also by `sys.exit`. The run has ended: a report must not end it otherwise.
        except (Exception, SystemExit) as error:
            if isinstance(error, OSError) and self._folder.refuses(error):
                raise
            return self._said(Fault(part, _reason(error), traceback.format_exc()))

    def answer(self, view: View) -> tuple[list[str], list[Table]]:
        """The sentences of a kind's summary and the tables of its report that can be made."""
        given = self._made("summary and the tables", lambda: report_parts(view)) or ReportParts()
        said = self._each("summary", "sentence of the summary", given.summary)
        return [sentence for sentence in said if sentence], self._each("list of tables", "table", given.tables)

    def _each(self, many: str, one: str, makers: Iterable[Callable[[], T]]) -> list[T]:
        listed = self._made(many, lambda: list(makers)) or []
        return [made for make in listed if (made := self._made(one, make)) is not None]

    def _made(self, part: str, make: Callable[[], T]) -> T | None:
        made: list[T] = []

        def take() -> Markup:
            made.append(make())
            return Markup("")

        self.shown(part, take)
        return made[0] if made else None

    def why(self, part: str) -> str:
        """Why a part isn't shown; "" where it is."""
        if part in self.absent:
            return ABSENT
        return next((fault.error for fault in self.found if fault.part == part), "")

    def overview(self) -> Markup:
        """One sentence for the top of the page; nothing where all is shown."""
        if self.damage is not None:
            return sentence(self._privacy.said(f"Stored data of this run are damaged: {self.damage}"), class_="fault")
        if not self.found:
            return Markup("")
        named = [f"the {fault.part}" for fault in self.found[:SHOWN_FAULTS]]
        if (more := len(self.found) - SHOWN_FAULTS) > 0:
            named.append(f"{more} more parts")
        *most, last = named
        listed = f"{', '.join(most)} and {last}" if most else last
        return sentence(f"This page lacks {listed}; the reason stands where each would be.", class_="fault")

    def _damaged(self, part: str, error: DamagedData) -> Markup:
        self.damage = self.damage or error
        return self._said(Fault(part, str(error), is_damage=True))

    def _said(self, fault: Fault) -> Markup:
        self.found.append(fault)
        return sentence(self._privacy.said(fault.sentence(self._folder)), class_="fault")


def _reason(error: BaseException) -> str:
    """`ValueError: what it says`, in one line that isn't too long."""
    said = " ".join(str(error).split())
    said = said if len(said) <= SHOWN_CHARACTERS else f"{said[:SHOWN_CHARACTERS]}…"
    return said if isinstance(error, BigdataError) else f"{type(error).__name__}{': ' if said else ''}{said}"
