"""What a run's folder records of its study: the text, where the spec was, and which files of the user's were read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bigdata.planning.found import UsersFile, import_here
from bigdata.spec import Study, load_study, study_from_resolved
from bigdata.spec.source import text_of
from bigdata.spec.whereabouts import named
from bigdata.store.folder import RunFolder


class Record:
    """The record of a run: `run` its folder, `data` what is in its resolved.json."""

    def __init__(self, run: RunFolder, data: Mapping[str, Any]) -> None:
        self.run, self.data = run, data

    @cached_property
    def text(self) -> str:
        """The study as YAML."""
        return text_of(self.run.study)

    @property
    def overrides(self) -> tuple[str, ...]:
        """What the text doesn't say of what was run, as options of `--set`."""
        return ()

    @property
    def is_edited(self) -> bool:
        """Whether the text is no longer the one that the run wrote."""
        return hashlib.sha256(self.text.encode()).hexdigest() != str(self.data["spec"]["sha256"])

    @cached_property
    def study(self) -> Study | None:
        """The study as it was understood, without its text; None where this version doesn't understand it any more."""
        try:
            return study_from_resolved(self.data["study"])
        except (ValidationError, KeyError):
            return None

    def read(self, overrides: Sequence[str] = (), look: bool = True) -> Study:
        """The study that the text says with `--set` above it; its data are looked at unless `look` is false."""
        overrides = (*self.overrides, *overrides)
        return load_study(self.run.study, overrides, start=self.spec.parent, text=self.text, look=look)

    @cached_property
    def spec(self) -> Path:
        """The file that was submitted: where it was, or where it is now if all has moved together. It may be gone."""
        before = Path(self.data["spec"]["path"])
        now = Path(os.path.abspath(self.folders[0] / before.name))  # noqa: PTH100 - links stay as they are
        return next((spec for spec in (before, now) if self._is_home(spec)), before)

    def _is_home(self, spec: Path) -> bool:
        """Whether the spec is there, or all of the user's files are as seen from there."""
        files = [named(spec.parent, file["path"]) for file in self.data["files"]]
        return spec.is_file() or (bool(files) and all(file.exists() for file in files))

    @property
    def folders(self) -> Sequence[Path]:
        """From where the paths of the user's files may hold, if not from the spec's folder."""
        home = self.run.path.absolute()
        return home / self.data["spec"]["from_run"], home, home.parent

    @cached_property
    def files(self) -> list[UsersFile]:
        """The user's files that the run has read."""
        imports = {path: import_here(i) for path, i in self.inputs_of.items()}
        paths = [(named(self.spec.parent, file["path"]), file) for file in self.data["files"]]
        return [UsersFile(path, file, imports.get(str(path))) for path, file in paths]

    @cached_property
    def inputs(self) -> list[Mapping[str, Any]]:
        """The inputs of all variants, each once."""
        every = (i for variant in self.data["variants"] for i in variant["inputs"].values())
        return list({(i["folder"], i["digest"], i.get("file")): i for i in every}.values())

    @property
    def inputs_of(self) -> dict[str, Mapping[str, Any]]:
        """The inputs from files of the user's, by the paths that the spec means."""
        return {str(named(self.spec.parent, i["file"])): i for i in self.inputs if i.get("file")}

    def refuse_other_text(self) -> None:
        """Raise SpecError where it can't be known what was run."""

    def refuse_other_data(self, study: Study) -> None:
        """Raise SpecError where data that are known by less than their content aren't what was read."""
