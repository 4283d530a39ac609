"""The records of runs made before a run's study.yaml told all that was run, and its record what the files held."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from bigdata.errors import SpecError
from bigdata.planning.found import UsersFile, import_here, other_data
from bigdata.planning.recorded import Record
from bigdata.planning.run_folder import study_key
from bigdata.spec import Study
from bigdata.spec.source import text_of
from bigdata.spec.whereabouts import moved, named

_OVERRIDES = re.compile(r"\n\n# submitted with\n((?:# --set [^\n]*\n)+)\Z")


class OldRecord(Record):
    """Neither the values of parents nor those of `--set` are in its text, and its files are known by name only."""

    @cached_property
    def text(self) -> str:
        return _OVERRIDES.sub("\n", text_of(self.run.study))

    @property
    def overrides(self) -> tuple[str, ...]:
        """The comments at the end of the text."""
        found = _OVERRIDES.search(text_of(self.run.study))
        return tuple(line.removeprefix("# --set ") for line in found.group(1).splitlines()) if found else ()

    @property
    def is_edited(self) -> bool:
        return False  # `refuse_other_text` has compared what it says

    @cached_property
    def spec(self) -> Path:
        """In the first folder from which all files are found: that of the spec isn't recorded."""
        files = (self.study.data_files_from(folder) if self.study else [] for folder in self.folders)
        whole = (folder for folder, found in zip(self.folders, files, strict=True) if all(p.exists() for p in found))
        return next(whole, self.folders[0]) / self.run.study.name

    @property
    def folders(self) -> Sequence[Path]:
        """Runs lie in `runs` beside the spec where nothing else was said."""
        home = self.run.path.absolute()
        return home.parent.parent, home.parent, home, Path.cwd()

    @cached_property
    def files(self) -> list[UsersFile]:
        paths = self.study.data_files_from(self.spec.parent) if self.study else []
        inputs = {i["digest"]: i for i in self.inputs}
        # Which import is of which file can be told where there is one of each.
        single = import_here(next(iter(inputs.values()))) if len(paths) == len(inputs) == 1 else None
        return [UsersFile(path, {"path": os.path.relpath(path, self.spec.parent)}, single) for path in paths]

    def refuse_other_text(self) -> None:
        if self.study is None or study_key(self.study) != self._key_of_text():
            raise SpecError(
                f"{self.run.path} was made by an older version of bigdata, and its study.yaml doesn't say by itself "
                "what was run: values came from a parent file, or it was changed since. Submit the original study file."
            )

    def _key_of_text(self) -> str:
        """The key of what the text says; "" where that is wrong."""
        try:
            return study_key(self.read(look=False))
        except SpecError:
            return ""

    def refuse_other_data(self, study: Study) -> None:
        known, digests = {file.path for file in self.files}, {i["digest"] for i in self.inputs}
        for variant in study.variants:
            with moved(study.moved):
                inputs = variant.model.inputs(study.folder)
            for data in inputs.values():
                if data.file and named(study.folder, data.file) in known and data.digest not in digests:
                    raise SpecError(other_data(study, data))
