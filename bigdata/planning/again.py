"""The study of a run, from its folder, to be run again: what it asked for, and the data that it read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bigdata import spec
from bigdata.errors import SpecError
from bigdata.planning.found import Search
from bigdata.planning.recorded import Record
from bigdata.planning.recorded_before import OldRecord
from bigdata.planning.run_folder import study_key
from bigdata.spec import Study
from bigdata.spec.repeated import Repeated
from bigdata.spec.whereabouts import moved
from bigdata.store.folder import RunFolder, run_in


def load_study(path: str | Path, overrides: Sequence[str] = (), data: Sequence[str | Path] = ()) -> Study:
    """The checked study of a YAML file, or of a run's folder (or the study.yaml in it), to be run again.

    `overrides` are texts such as `target.units=eV`. `data` are files that a run has read and that aren't where
    they were; they are known by their content. Raises SpecError with all that is wrong, in file order.
    """
    run = run_in(Path(path))
    if run is not None:
        return _study_of(_record(run), overrides, [Path(file) for file in data])
    if data:
        raise SpecError(f"{path} is no run: --data says where the files of a run are now. A study names its own files.")
    return spec.load_study(path, overrides)


def _record(run: RunFolder) -> Record:
    data = run.read_resolved()
    return Record(run, data) if "spec" in data else OldRecord(run, data)


def _study_of(record: Record, overrides: Sequence[str], given: Sequence[Path]) -> Study:
    record.refuse_other_text()
    search = Search(record.run, record.spec, record.folders, given)
    search.refuse_strangers(record.files)
    # The data have to be found before they are looked at, and only those that are still asked for.
    wanted = record.read(overrides, look=False).data_files() if record.files else ()
    places = search.moved([file for file in record.files if file.path in wanted])
    with moved(places):
        study = record.read(overrides)
    study = replace(study, repeated=_repeated(record, study, places, bool(overrides)))
    record.refuse_other_data(study)
    return study


def _repeated(record: Record, study: Study, places: Mapping[str, str], is_set: bool) -> Repeated:
    asked = study.data_files()
    files = {str(file.path): file for file in record.files if file.path in asked}
    same = record.study is not None and study_key(study) == study_key(record.study)
    return Repeated(
        run=str(record.run.path),
        spec=str(record.spec),
        same=same,
        files={path: file.recorded(Path(places.get(path, path))) for path, file in files.items()},
        moved=places,
        inputs={path: data for path, data in record.inputs_of.items() if path in files},
        notes=() if same or is_set else (_why_other(record),),
    )


def _why_other(record: Record) -> str:
    """Why what study.yaml says isn't what the run has computed."""
    text = record.run.study
    if record.is_edited:
        return f"{text} was changed since its run, so that this is another study, with a run of its own"
    return (
        f"this version of bigdata understands {text} in another way than the one that ran it, so that this is another "
        "study, with a run of its own"
    )
