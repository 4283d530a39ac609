"""Finding the user's files that a run has read: where they were, beside the run, among those given, or in the cache."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigdata.data.content import content_digest, n_bytes
from bigdata.errors import SpecError
from bigdata.places import cache_folder
from bigdata.spec import Study
from bigdata.spec.study import Input
from bigdata.spec.whereabouts import named
from bigdata.store.folder import RunFolder


@dataclass(frozen=True)
class UsersFile:
    """A file or folder of the user's as a run's record has it.

    `path` is where the spec means it to be, and `record` what the run says of it (see `records`), without a digest
    where the run is an old one; `imported` is its import in this machine's cache, None where it has none.
    """

    path: Path
    record: Mapping[str, Any]
    imported: Path | None = None

    def recorded(self, place: Path) -> Mapping[str, Any]:
        """Its record, with the digest of what has been found at `place` where it had none; an import tells none."""
        return self.record if self.sha256 or place == self.imported else record_of(place, self.record["path"])

    @property
    def sha256(self) -> str:
        """The digest of its content; "" in the record of an old run."""
        return str(self.record.get("sha256", ""))

    def is_in(self, path: Path) -> bool:
        """Whether this file or folder holds the same; without a digest, whether it has the same name."""
        if not path.exists():
            return False
        # A folder by its name too: to read all that lies beside a run may take hours.
        if (path.is_dir() or not self.sha256) and path.name != self.path.name:
            return False
        return not self.sha256 or (n_bytes(path) == self.record["bytes"] and content_digest(path) == self.sha256)

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
    """The record of the file that is at `place` now."""
    return {"path": path, "sha256": content_digest(place), "bytes": n_bytes(place)}


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
        for place in (*places, *self._given(), *self._beside()):
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
                raise SpecError(
                    f"--data {path}: the run in {self.run.path} didn't read this (SHA-256 {content_digest(path)}). It "
                    f"read {read}."
                )

    def _changed(self, file: UsersFile, place: Path) -> str:
        return (
            f"{place} has changed since the run in {self.run.path} read it (SHA-256 {file.sha256[:12]}… then, "
            f"{content_digest(place)[:12]}… now), so that this would be another study. Give the file as it was with "
            f"--data FILE to repeat the run, or submit {_copy(self.run, self.spec)} to run the changed data."
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
    """Raise SpecError where a run is repeated, and the files beside a user's file aren't what it has read.

    A table's spectra, for one, lie in files that only the table names; their bytes count in the inputs' `content`.
    """
    known = study.repeated.contents if study.repeated else {}
    for data in inputs:
        before = known.get(str(named(study.folder, data.file))) if data.file else None
        if before and data.content and data.content != before:
            raise SpecError(other_data(study, data))


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
