"""The report of a run that has ended, drawn as far as it can be; the journal records what is drawn and what isn't."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from bigdata.errors import DamagedData, SiteError
from bigdata.planning.plan import Plan
from bigdata.report.faults import Fault
from bigdata.report.page import Report, write_report
from bigdata.store.folder import RunFolder, figure_files
from bigdata.store.journal import History, Journal
from bigdata.store.lock import Lock
from bigdata.store.ownership import require_own
from bigdata.store.reading import Run
from bigdata.store.record import Record

SAID_FAULTS = 5

Say = Callable[[str], None]


def draw(folder: RunFolder, journal: Journal, say: Say, *, private: bool) -> DamagedData | None:
    """Draw the report of a run that has ended, for its controller; returns damage that was met.

    A `private` one tells paths, hosts and user.
    Whatever else its parts raise is said, and is on the page.
    """
    report = write_report(Run(folder.path), private=private)
    # What damaged data lack is drawn by the submission that mends them: until then nothing counts as drawn.
    if report.damage is None:
        journal.append([_record(report, private)])
    _say_all(folder, report.faults, say)
    return report.damage


def redraw(path: Path, say: Say, *, private: bool = False) -> Report:
    """Draw the report of a run anew, at any time. SiteError where the run is somebody else's.

    A `private` one tells paths, hosts and user.
    """
    folder = RunFolder(path)
    require_own(folder, "Its report is drawn by who submitted it; copy the folder to draw one of your own")
    report = write_report(Run(path), private=private)
    # A controller that is alive is the journal's only writer, and draws again when its tasks have ended.
    with suppress(SiteError), Lock(folder.lock):
        journal = Journal(folder.journal)
        if report.damage is None:
            journal.append([_record(report, private)])
        journal.close()
    _say_all(folder, report.faults, say)
    return report


def is_drawn(plan: Plan, past: History, *, private: bool) -> bool:
    """Whether the report shows all that it can of the run as it ended last, and tells of the machine as it should."""
    # Journals of older versions don't tell of reports: there the files have to do.
    if past.report is None and "figures" in past.submits[-1]:
        return False
    # Pages of older versions told of the machine.
    if past.report is not None and past.report.get("private", True) != private:
        return False
    missing = undrawn(past)
    files = (file for stem in plan.figures if stem.name not in missing for file in figure_files(stem))
    return plan.folder.report.exists() and all(file.exists() for file in files)


def undrawn(past: History) -> dict[str, str]:
    """The figures that could not be drawn when the report was last, by the names of their files, with the reasons."""
    return dict((past.report or {}).get("missing", {}))


def say_again(folder: RunFolder, past: History, say: Say) -> None:
    """Say what isn't on the page of a run that was finished before."""
    recorded = (past.report or {}).get("faults", [])
    _say_all(folder, [Fault(row["part"], row["error"]) for row in recorded], say)


def _record(report: Report, private: bool) -> Record:
    faults = [{"part": fault.part, "error": fault.error} for fault in report.faults]
    return {
        "event": "report",
        "drawn": list(report.drawn),
        "missing": report.missing,
        "faults": faults,
        "private": private,
    }


def _say_all(folder: RunFolder, faults: Sequence[Fault], say: Say) -> None:
    for fault in faults[:SAID_FAULTS]:
        say(fault.sentence(folder))
    if len(faults) > SAID_FAULTS:
        say(f"{len(faults) - SAID_FAULTS} more parts of the report can't be shown; {folder.report} says why")
