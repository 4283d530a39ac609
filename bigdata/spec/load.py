"""A study file to a checked Study, or to everything that is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigdata.errors import Problem, SpecError
from bigdata.spec.checked import checked, valid_fields, validated, written_fields
from bigdata.spec.kinds import is_known, kind
from bigdata.spec.layers import Layers, read_layers
from bigdata.spec.left_empty import left_empty
from bigdata.spec.node import Located, Node, Source, Span, in_order, locate, located
from bigdata.spec.source import in_lines, read_file
from bigdata.spec.study import Finding, PathInSpec, StudyModel
from bigdata.spec.whereabouts import named
from bigdata.units import RESOLVED

if TYPE_CHECKING:
    from bigdata.spec.repeated import Repeated


# Keys at the top of a spec that aren't the study's.
BESIDE = ("extends", "sweep")


@dataclass(frozen=True)
class Variant:
    """One point of a sweep: its label ("" without a sweep), the values that the sweep set, the model."""

    label: str
    settings: Mapping[str, Any]
    model: StudyModel


@dataclass(frozen=True)
class Study:
    """A study file, read and checked; `files` are those that were read for it, `overrides` what `--set` changed.

    `text` is one YAML text that says all of it: the file's own, byte for byte, where that has no parent and nothing was
    set. Relative paths of data start at `start`, or where the file is. `repeated` is what a run's study has from it.
    """

    path: Path
    text: str
    variants: tuple[Variant, ...]
    files: tuple[Path, ...] = ()
    overrides: tuple[str, ...] = ()
    root: Node = field(default=Node({}, Span(Source(""))), repr=False, compare=False)
    start: Path | None = None
    repeated: Repeated | None = None

    @property
    def folder(self) -> Path:
        """Where relative paths in the spec start from."""
        return self.start or self.path.parent

    @property
    def origin(self) -> Path:
        """The file that was submitted first, for whose folder relative paths are written; it may be gone."""
        return Path(self.repeated.spec) if self.repeated else self.path.absolute()

    @property
    def moved(self) -> Mapping[str, str]:
        """Where those of the user's files are that aren't where the spec means them."""
        return self.repeated.moved if self.repeated else {}

    @property
    def kind(self) -> str:
        return self.variants[0].model.study

    @property
    def extra(self) -> str:
        """The extra of bigdata whose packages its tasks import; "" for none."""
        return self.variants[0].model.extra

    @property
    def name(self) -> str:
        return self.variants[0].model.name

    def data_files(self) -> list[Path]:
        """Files and folders of the user's that the variants name as data."""
        return self.data_files_from(self.folder)

    def data_files_from(self, folder: Path) -> list[Path]:
        """Those that they would name if the spec were in that folder; absolute paths."""
        paths = (p for v in self.variants for p in v.model.data_files(folder))
        return list(dict.fromkeys(named(folder, str(path)) for path in paths))

    def resolved(self) -> dict[str, Any]:
        """The study as understood: every default filled, quantities as numbers in base units; JSON-able."""
        variants = [
            {"label": v.label, "settings": dict(v.settings), "study": v.model.model_dump(mode="json")}
            for v in self.variants
        ]
        return {"study": self.kind, "name": self.name, "variants": variants}

    def found(self, finding: Finding) -> Problem:
        """A finding made later, such as while planning, at its place in the file."""
        return _found(finding, self.root).problem

    def problem(self, path: PathInSpec, what: str, right: str = "", hint: str = "") -> Problem:
        """A problem found later, such as while planning, at its place in the file."""
        return located(locate(self.root, path), path, what, right, hint).problem


def load_study(
    path: str | Path,
    overrides: Sequence[str] = (),
    *,
    start: Path | None = None,
    text: str | None = None,
    look: bool = True,
) -> Study:
    """Read, merge, sweep and check a study file; `overrides` are texts such as `target.units=eV`.

    Relative paths of data start at `start`, or where the file is, and `text` stands for the file's own. The data are
    looked at unless `look` is false. Raises SpecError with all that is wrong, in file order.
    """
    path = Path(path)
    layers = read_layers(path, overrides, text=text)
    variants = _variants(layers.root, layers.problems, (start or path.parent) if look else None)
    if layers.problems:
        raise SpecError(in_order(layers.problems))
    study = Study(path, layers.text, variants, layers.files, tuple(overrides), layers.root, start)
    return study if layers.own is layers.root else replace(study, text=_one_text(layers, study))


def _variants(root: Node, problems: list[Located], folder: Path | None) -> tuple[Variant, ...]:
    """The variants of a tree, those that are right; their data are looked at from the folder where one is given."""
    model = _kind(root, problems)
    points = _points(root, problems)
    models = [_checked(model, tree, folder, problems) for _, _, tree in points] if model else []
    # Behind what the models say: where a value must be, they know better what it may be.
    problems += left_empty(root)
    pairs = zip(points, models, strict=False)
    return tuple(Variant(label, values, m) for (label, values, _), m in pairs if m is not None)


def _one_text(layers: Layers, study: Study) -> str:
    """The layers in one text, the file's own with changes where these can be written into it."""
    from bigdata.spec.written import edited, plainly

    wanted = json.dumps(study.resolved())
    text = edited(in_lines(layers.text), layers.own, layers.root, layers.files)
    if _resolved(text) == wanted:
        return text
    text = plainly(layers.root, layers.files)
    if _resolved(text) != wanted:
        raise AssertionError(f"the study reads back otherwise from:\n{text}")
    return text


def _resolved(text: str) -> str:
    """What a text says, as JSON; "" where it says no study."""
    try:
        root, problems = read_file(text, "")
        variants = _variants(root, problems, None) if isinstance(root.value, dict) else ()
    except SpecError:
        return ""
    return json.dumps(Study(Path(), "", variants).resolved()) if variants and not problems else ""


def study_from_resolved(data: Mapping[str, Any], path: Path | None = None) -> Study:
    """The study of a `resolved.json`; data files aren't looked at again. `path` is where the spec was."""
    model = kind(data["study"])
    # `RESOLVED`: quantities are plain numbers in base units there, and in a spec one without a unit is a mistake.
    variants = tuple(
        Variant(v["label"], v["settings"], validated(model, v["study"], {RESOLVED: True})) for v in data["variants"]
    )
    return Study(path or Path("study.yaml"), "", variants)


def _kind(root: Node, problems: list[Located]) -> type[StudyModel] | None:
    """The model that `study:` names; None, and problems added, where it names none."""
    node = root.child("study")
    if node is not None and isinstance(node.value, str) and is_known(node.value):
        return kind(node.value)
    from bigdata.spec.unknown import of_unknown_kind

    problems += of_unknown_kind(root)
    return None


def _points(root: Node, problems: list[Located]) -> list[tuple[str, Mapping[str, Any], Node]]:
    """The points of the sweep: label, values set, tree with them; the study as it is where it has no sweep."""
    sweep = root.child("sweep")
    if sweep is None:
        return [("", {}, root)]
    from bigdata.spec.sweep import swept

    return [(s.label, s.values, s.root) for s in swept(root, sweep, problems)]


def _checked(model: type[StudyModel], root: Node, folder: Path | None, problems: list[Located]) -> StudyModel | None:
    found: list[Located] = []
    study = checked(model, root, found, also=BESIDE)
    if study is None and (other := _of_other_kind(model, root)):
        problems.append(other)
        return None
    problems += found
    if folder is None:
        return study
    fields = valid_fields(model, root) if study is None else written_fields(study, root)
    problems += [_found(finding, root) for finding in model.check(fields, folder)]
    return study


def _of_other_kind(model: type[StudyModel], root: Node) -> Located | None:
    from bigdata.spec.other_kind import of_other_kind

    return of_other_kind(model, root, BESIDE)


def _found(finding: Finding, root: Node) -> Located:
    from bigdata.spec.problems import from_finding

    return from_finding(finding, root)
