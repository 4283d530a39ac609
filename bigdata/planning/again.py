"""The study of a run, from its folder, to be run again: what it asked for, and the data that it read."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bigdata import spec
from bigdata.errors import SpecError
from bigdata.planning.found import Search, UsersFile, import_here, other_data
from bigdata.planning.plan import study_key
from bigdata.spec import Study, study_from_resolved
from bigdata.spec.repeated import Repeated
from bigdata.spec.source import text_of
from bigdata.spec.whereabouts import moved, named
from bigdata.store.folder import RunFolder

# Runs made before the values of parents and of `--set` went into study.yaml itself had these lines below it.
_EXTENDS = re.compile(r"^[{\s\"']*extends[\"']?\s*:", re.MULTILINE)
_OLD_OVERRIDES = re.compile(r"\n\n# submitted with\n((?:# --set [^\n]*\n)+)\Z")


def load_study(path: str | Path, overrides: Sequence[str] = (), data: Sequence[str | Path] = ()) -> Study:
    """The checked study of a YAML file, or of a run's folder (or the study.yaml in it), to be run again.

    `overrides` are texts such as `similarity.measure=dice`. `data` are files that a run has read and that aren't where
    they were; they are known by their content. Raises SpecError with all that is wrong, in file order.
    """
    run = run_in(Path(path))
    if run is not None:
        return _Again(run).study(overrides, [Path(file) for file in data])
    if data:
        raise SpecError(f"{path} is no run: --data says where the files of a run are now. A study names its own files.")
    return spec.load_study(path, overrides)


def run_in(path: Path) -> RunFolder | None:
    """The run that a path means, by its folder or the study.yaml in it; None where it means none."""
    path = path.parent if path.name == RunFolder(path).study.name else path
    # From inside the folder it is called `.`, which has no name and no parent.
    folder = RunFolder(path if path.name not in ("", "..") else path.resolve())
    return folder if folder.exists() else None


@dataclass(frozen=True)
class _Again:
    """A run that is to be run again."""

    run: RunFolder

    def study(self, overrides: Sequence[str], given: Sequence[Path]) -> Study:
        asked = self._base
        if overrides or asked is None:
            asked = self._read(overrides, look=False)
        wanted = asked.data_files()
        search = Search(self.run, self._folders, given)
        search.refuse_strangers(self._files)
        places = search.moved([file for file in self._files if file.path in wanted])
        with moved(places):
            study = self._read(overrides)
        study = replace(study, repeated=self._repeated(study, places, overrides))
        if self.is_old and study.repeated and study.repeated.same:
            self._refuse_other_inputs(study)
        return study

    @cached_property
    def record(self) -> dict[str, Any]:
        return self.run.read_resolved()

    @property
    def is_old(self) -> bool:
        """Whether the run was made before its record told where its spec was and what its files held."""
        return "spec" not in self.record

    @cached_property
    def _recorded(self) -> Study | None:
        """The study of the record; None where this version of bigdata doesn't understand it."""
        try:
            study = study_from_resolved(self.record["study"])
        except (ValidationError, KeyError):
            return None
        return replace(study, start=self._start_of(study))

    @cached_property
    def _base(self) -> Study | None:
        """What study.yaml says; None where that is wrong. SpecError for an old run's that says something else."""
        try:
            base = self._read((), look=False)
        except SpecError:
            if self.is_old and _EXTENDS.search(self._text[0]):
                raise SpecError(self._incomplete()) from None
            return None
        if self.is_old and (self._recorded is None or base.resolved() != self._recorded.resolved()):
            raise SpecError(self._incomplete())
        return base

    def _incomplete(self) -> str:
        return (
            f"{self.run.path} was made by an older version of bigdata, and its study.yaml doesn't say by itself what "
            "was run: values came from a parent file, or the file was changed since. Submit the original study file."
        )

    def _read(self, overrides: Sequence[str], look: bool = True) -> Study:
        text, before = self._text
        return spec.load_study(self.run.study, (*before, *overrides), start=self._start, text=text, look=look)

    @cached_property
    def _text(self) -> tuple[str, tuple[str, ...]]:
        """study.yaml, and what an old run was submitted with besides it."""
        text = text_of(self.run.study)
        besides = _OLD_OVERRIDES.search(text) if self.is_old else None
        if besides is None:
            return text, ()
        lines = besides.group(1).splitlines()
        return f"{text[: besides.start()]}\n", tuple(line.removeprefix("# --set ") for line in lines)

    @cached_property
    def _start(self) -> Path:
        """Where the relative paths of the spec start from."""
        if not self.is_old:
            return Path(self.record["spec"]["path"]).parent
        return self._recorded.folder if self._recorded else self.run.path.absolute().parent

    def _start_of(self, study: Study) -> Path:
        """The spec's folder; an old run doesn't tell it, and it is one from which all of its files are found."""
        if not self.is_old:
            return self._start
        whole = (f for f in self._folders if all(p.exists() for p in replace(study, start=f).data_files()))
        return next(whole, self._folders[0])

    @property
    def _folders(self) -> Sequence[Path]:
        """From where the paths of the user's files may hold, if not from the spec's folder: all may have moved."""
        home = self.run.path.absolute()
        if self.is_old:
            return home.parent.parent, home.parent, home, Path.cwd()
        return home / self.record["spec"]["from_run"], home, home.parent

    @cached_property
    def _files(self) -> list[UsersFile]:
        """The user's files that the run has read."""
        return list(self._old_files() if self.is_old else self._recorded_files())

    def _recorded_files(self) -> Iterator[UsersFile]:
        imports = {
            named(self._start, i["file"]): import_here(i)
            for variant in self.record["variants"]
            for i in variant["inputs"].values()
            if i.get("file")
        }
        for file in self.record["files"]:
            path = named(self._start, file["path"])
            yield UsersFile(path, file, imports.get(path))

    def _old_files(self) -> Iterator[UsersFile]:
        paths = self._recorded.data_files() if self._recorded else []
        inputs = [i for variant in self.record["variants"] for i in variant["inputs"].values()]
        # Which import is of which file can be told where there is one of each.
        single = import_here(inputs[0]) if len(paths) == 1 and len({i["digest"] for i in inputs}) == 1 else None
        for path in paths:
            yield UsersFile(path, {"path": os.path.relpath(path, self._start)}, single)

    def _repeated(self, study: Study, places: Mapping[str, str], overrides: Sequence[str]) -> Repeated:
        recorded = self._recorded
        same = recorded is not None and study_key(study) == study_key(recorded)
        return Repeated(
            run=str(self.run.path),
            same=same,
            files={str(file.path): file.record for file in self._files if file.sha256},
            moved=dict(places),
            contents=[_contents(v["inputs"]) for v in self.record["variants"]] if same else (),
            notes=() if same or overrides else (self._why_other(),),
        )

    def _why_other(self) -> str:
        """Why what study.yaml says isn't what the run has computed."""
        edited = hashlib.sha256(self._text[0].encode()).hexdigest() != self.record["spec"]["sha256"]
        if edited:
            return f"{self.run.study} was changed since its run, so that this is another study, with a run of its own"
        return (
            f"this version of bigdata understands {self.run.study} in another way than the one that ran it, so that "
            "this is another study, with a run of its own"
        )

    def _refuse_other_inputs(self, study: Study) -> None:
        """SpecError where an old run's data, known by name alone, aren't those that it read."""
        for variant, recorded in zip(study.variants, self.record["variants"], strict=True):
            with moved(study.moved):
                inputs = variant.model.inputs(study.folder)
            for name, data in inputs.items():
                if data.file and data.digest != recorded["inputs"].get(name, {}).get("digest"):
                    raise SpecError(other_data(study, data))


def _contents(inputs: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: i["content"] for name, i in inputs.items() if i.get("content")}
