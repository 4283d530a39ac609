"""Paths in the texts of a run's page, told without the machine's folders above them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path, PurePath

from bigdata.store.reading import Run

# Where Linux, macOS and clusters keep users' files, beside the roots of this machine and of the run's own paths.
_ROOTS = (
    *("home", "Users", "root", "tmp", "var", "usr", "opt", "mnt", "media", "srv", "data", "scratch", "work"),
    *("project", "projects", "gpfs", "lustre", "beegfs", "nfs"),
)
# A path begins where a word does: the slashes of a formula and of an address stand behind a letter, a bracket, a slash.
_BEFORE = r"(?:^|(?<=[\s\"'(\[{<=,;:>`|!]))"
_NAME = r"[^\s\"'`,;:<>()\[\]{}|/]+"
# What lies below a folder that Python imports from has the name by which it is imported.
_IMPORTED = re.compile(
    r".*/(?:site-packages|dist-packages|lib(?:64)?/python3[.\d]*)/|.*/(?=bigdata/(?:\w+/)*\w+\.\w+$)"
)


class Paths:
    """Cuts paths: those in the run's folder begin with its name, those below the study's folder there, Python's modules
    at their package; of others the last name is left.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def cut(self, text: str) -> str:
        """The text with its paths cut."""
        # Most texts have no path, and one may be megabytes of a panel's numbers.
        if not any(sign in text for sign in self._signs):
            return text
        text = self._path.sub(_imported, text)
        for place, name in self._places:
            text = place.sub(name, text)
        return self._path.sub(_last, text)

    @cached_property
    def _places(self) -> list[tuple[re.Pattern[str], str]]:
        """Folders and what stands for them, the innermost first: their names may have blanks, where no path is seen
        to end.
        """
        run, study = self._run.folder.path, self._study
        told = {str(path): run.name for path in (run, run.absolute(), run.resolve()) if path.name} | study
        folders = sorted(told, key=len, reverse=True)
        return [place for folder in folders for place in _place(folder, told[folder])]

    @property
    def _study(self) -> dict[str, str]:
        """The study's folder, which paths are relative to; one that holds the home says nothing of the study."""
        folder = PurePath(self._run.resolved.get("spec", {}).get("path", "")).parent
        tells = folder.is_absolute() and not Path.home().is_relative_to(folder)
        return {str(folder): ""} if tells else {}

    @cached_property
    def _signs(self) -> list[str]:
        """What no text with a path is without."""
        return ["~", str(self._run.folder.path), *(f"/{root}/" for root in self._roots)]

    @cached_property
    def _roots(self) -> set[str]:
        """The first folders of absolute paths."""
        inputs = [i.folder for view in self._run.variants for i in view.inputs.values()]
        paths = (str(self._run.folder.path.absolute()), *self._study, *inputs)
        known = (PurePath(path).parts[1] for path in paths if len(PurePath(path).parts) > 1 and path.startswith("/"))
        return {*_ROOTS, *(path.name for path in Path("/").iterdir()), *known}

    @cached_property
    def _path(self) -> re.Pattern[str]:
        """Absolute paths, and those of homes; in quotes they may have blanks."""
        root = rf"(?:file://)?(?:/(?:{'|'.join(map(re.escape, self._roots))})|~[\w.-]*)"
        quoted = "|".join(rf"(?<={q}){root}(?:/[^{q}/\n]+)+/?(?={q})" for q in "\"'`")
        return re.compile(rf"{quoted}|{_BEFORE}{root}(?:/{_NAME})+/?")


def _place(folder: str, name: str) -> Iterable[tuple[re.Pattern[str], str]]:
    """How a folder's own path is told, and the beginning of those below it."""
    begin, name = rf"{_BEFORE}(?:file://)?{re.escape(folder)}", name.replace("\\", r"\\")
    yield re.compile(rf"{begin}/(?=[^\s/])"), f"{name}/" if name else ""
    yield re.compile(rf"{begin}(?![\w/-]|\.\w)"), name or "."


def _imported(found: re.Match[str]) -> str:
    path = found[0]
    module = _IMPORTED.match(path)
    return path[module.end() :] if module else path


def _last(found: re.Match[str]) -> str:
    return f"…/{PurePath(found[0]).name}"
