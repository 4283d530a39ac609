"""Where the run of a study lies: in a folder whose name holds a key of what the study asks for."""

from __future__ import annotations

from pathlib import Path

from bigdata.planning.keys import digest
from bigdata.spec import Study

# The fields of every study that change no number: what differs in them alone is one run.
NO_PART_OF_A_RESULT = {"description", "pools", "budget"}


def study_key(study: Study) -> str:
    """Content hash of what the study asks for; what is for people, and where and at what price it runs, don't count.

    Nor does what its data hold: a study whose data have changed stays in its folder, and the tasks that read them are
    done anew.
    """
    return digest([v.model.model_dump(mode="json", exclude=NO_PART_OF_A_RESULT) for v in study.variants])


def run_folder(study: Study, runs: str | Path | None = None) -> Path:
    """The folder of a study's run, below `runs`: if left out, that is `runs`, or where the run lies that is repeated.

    A run that is repeated as it is keeps its folder, whatever that is called now.
    """
    again = Path(study.repeated.run) if study.repeated else None
    home = Path("runs" if again is None else again.parent) if runs is None else Path(runs)
    if study.repeated and study.repeated.same and again and again.parent.absolute() == home.absolute():
        return home / again.name
    # 8 digits are for people to read. Should two studies share them, their tasks' keys still tell the results apart.
    return home / f"{study.name}-{study_key(study)[:8]}"
