"""Finding the user's files that a run has read: where they were, beside the run, among those given, or in the cache."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigdata.data.content import sha256
from bigdata.errors import SpecError
from bigdata.places import cache_folder
from bigdata.spec import Study
from bigdata.spec.repeated import Repeated
from bigdata.spec.study import Input
from bigdata.spec.whereabouts import named
from bigdata.store.folder import RunFolder


@dataclass(frozen=True)
class UsersFile:
    """A file or folder of the user's as a run's record has it.

    `path` is where the spec means it to be, and `record` what the run says of it (see `record_of`); `imported` is its
    import in this machine's cache, None where it has none.
    """

    path: Path
    record: Mapping[str, Any]
    imported: Path | None = None

    def recorded(self, place: Path) -> Mapping[str, Any]:
        """Its record, with the digest of what has been found at `place` where it had none; an import tells none."""
        return self.record if self.sha256 or place == self.imported else record_of(place, self.record["path"])

    @property
    def sha256(self) -> str:
        """The digest of its content; "" for a folder, and in the record of an old run."""
        return str(self.record.get("sha256", ""))

    def is_in(self, path: Path) -> bool:
        """Whether a file holds the same; without a digest, whether it is called so (see `refuse_other_data`)."""
        if not self.sha256:
            return path.name == self.path.name and path.exists()
        return path.is_file() and path.stat().st_size == self.record["bytes"] and sha256(path) == self.sha256

    def __str__(self) -> str:
        return f"{self.path} (SHA-256 {self.sha256})" if self.sha256 else f"{self.path} (known by name only)"


def records(study: Study) -> Iterator[Mapping[str, Any]]:
    """What a run's record says of the user's files: the path from the spec's folder, and what they hold.

    What an earlier run has said of one holds, since only its import may be left.
    """
    known = study.repeated.files if study.repeated else {}
    for path in study.data_files():
        yield known.get(str(path)) or record_of(path, os.path.relpath(path, study.origin.parent))


def record_of(place: Path, path: str) -> dict[str, Any]:
    """The record of the file that is at `place` now: its path, and, unless it is a folder, digest and size.

    A folder of calculations may hold far more than what is read of it: its inputs have a digest of that.
    """
    if place.is_dir():
        return {"path": path}
    return {"path": path, "sha256": sha256(place), "bytes": place.stat().st_size}


@dataclass(frozen=True)
class Search:
    """Where to look for the files of a run.

    `run` is its folder, and `spec` the file that it was submitted from; `folders` are those from which the files' paths
    may hold; `given` are files that the user names.
    """

    run: RunFolder
    spec: Path
    folders: Sequence[Path]
    given: Sequence[Path]

    def moved(self, files: Sequence[UsersFile]) -> dict[str, str]:
        """Where those files are that aren't where the spec means them.

        Raises SpecError where one can't be found or has changed.
        """
        found = {str(file.path): self._find(file) for file in files}
        return {path: str(place) for path, place in found.items() if str(place) != path}

    def _find(self, file: UsersFile) -> Path:
        by_path = (Path(os.path.abspath(f / file.record["path"])) for f in self.folders)  # noqa: PTH100
        places = [place for place in (file.path, *by_path) if place.exists()]
        for place in (*self._given(), *places, *self._beside()):
            if file.is_in(place):
                return _named_alike(place, file)
        # What is where the spec means it is what the user has now; elsewhere the name may be a coincidence.
        if file.imported is not None and file.path not in places:
            return file.imported
        raise SpecError(self._changed(file, places[0]) if places else self._gone(file))

    def _given(self) -> Iterator[Path]:
        for path in self.given:
            yield path.absolute()
            if path.is_dir():
                yield from sorted(path.absolute().iterdir())

    def _beside(self) -> Iterator[Path]:
        """What lies in the run's folder and beside it."""
        home = self.run.path.absolute()
        yield from (place for folder in (home, home.parent) for place in sorted(folder.iterdir()))

    def refuse_strangers(self, files: Sequence[UsersFile]) -> None:
        """Raise SpecError for a given file that is none of those."""
        for path in self.given:
            if not path.exists():
                raise SpecError(f"--data {path}: there is no such file.")
            inside = sorted(path.iterdir()) if path.is_dir() else []
            if not any(file.is_in(place) for file in files for place in (path, *inside)):
                read = ", ".join(map(str, files)) or "no file of yours"
                digest = f" (SHA-256 {sha256(path)})" if path.is_file() else ""
                raise SpecError(f"--data {path}: the run in {self.run.path} didn't read this{digest}. It read {read}.")

    def _changed(self, file: UsersFile, place: Path) -> str:
        now = f"{sha256(place)[:12]}… now" if place.is_file() else "now a folder"
        return (
            f"{place} has changed since the run in {self.run.path} read it (SHA-256 {file.sha256[:12]}… then, {now}), "
            "so that this would be another study. Give the file as it was with --data FILE to repeat the run, or "
            f"submit {_copy(self.run, self.spec)} to run the changed data."
        )

    def _gone(self, file: UsersFile) -> str:
        return (
            f"the run in {self.run.path} read {file}, which is neither there, nor beside the run, nor in this "
            "machine's cache. Name the file, wherever it is now, with --data FILE."
        )


def _named_alike(place: Path, file: UsersFile) -> Path:
    """The file under its old name, by a link in the cache: some formats name their entries by the file."""
    if place.name == file.path.name:
        return place
    link = cache_folder() / "renamed" / file.sha256 / file.path.name
    link.parent.mkdir(parents=True, exist_ok=True)
    beside = link.with_name(f"{link.name}.{os.getpid()}.partial")
    beside.unlink(missing_ok=True)
    beside.symlink_to(place)
    beside.replace(link)
    return link


def refuse_other_data(study: Study, inputs: Iterable[Input]) -> None:
    """Raise SpecError where a run is repeated, and what was read now of a user's file isn't what it has read.

    Of a folder that is all that tells. A table's spectra, too, lie in files of which only the table knows.
    """
    for data in inputs:
        if data.file and study.repeated and not _is_same(data, study.repeated, str(named(study.folder, data.file))):
            raise SpecError(other_data(study, data))


def _is_same(data: Input, run: Repeated, path: str) -> bool:
    """Whether data are what the run has read from the file that its spec means by `path`, if it has read that."""
    before = run.inputs.get(path)
    if before is None or before["digest"] == data.digest:
        return True
    if before["content"] and data.content:
        return bool(before["content"] == data.content)
    # Another version of a reader gives another digest; then the file's own has been compared.
    return "sha256" in run.files[path]


def other_data(study: Study, data: Input) -> str:
    """The sentence that refuses data that aren't those of the run that is repeated."""
    path = str(named(study.folder, data.file))
    run = RunFolder(Path(study.repeated.run if study.repeated else ""))
    return (
        f"the data of {study.moved.get(path, path)} aren't those that the run in {run.path} has read, so that this "
        "would be another study. Give the data as they were with --data FILE to repeat the run, or submit "
        f"{_copy(run, study.origin)} to run these."
    )


def _copy(run: RunFolder, spec: Path) -> str:
    """The file that runs a run's study with the data that are there now; the spec may have had overrides."""
    return f"a copy of {run.study} in {spec.parent}"


def import_here(recorded: Mapping[str, Any]) -> Path | None:
    """The import that a run's input was read from, in this machine's cache; None where it isn't there, or not whole."""
    from bigdata.data.spectra.importing import is_whole as is_whole_spectra
    from bigdata.store.flat import is_whole as is_whole_flat

    folder = Path(recorded["folder"])
    here = cache_folder() / folder.parent.name / folder.name
    return here if recorded["folder"] and (is_whole_spectra(here) or is_whole_flat(here)) else None
