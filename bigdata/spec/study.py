"""What every study kind's YAML shares: the base of their pydantic models, and what a kind adds to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bigdata.units import Seconds

PathInSpec = tuple[str | int, ...]
POOL_NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}"


class WrongText(ValueError):
    """A text that can't stand where it does: `what` is wrong, and what would be `right`."""

    def __init__(self, what: str, right: str) -> None:
        self.what, self.right = what, right
        super().__init__(f"{what}. {right}.")


def _pool_name(text: str) -> str:
    if not re.fullmatch(POOL_NAME, text):
        raise WrongText(f"`{text}` can't be a pool's name", "Write letters, digits, '_' and '-'")
    return text


PoolName = Annotated[str, AfterValidator(_pool_name), Field(json_schema_extra={"pattern": f"^{POOL_NAME}$"})]
"""`cpu`, `gpu`, or another pool of the site."""


class SpecModel(BaseModel):
    """A part of a spec: unknown keys are errors, and nothing changes after reading."""

    # NaN equals nothing, not even itself, and JSON, of which tasks' keys are made, has no word for it.
    # Parts are built with the first whole that is read: each by itself would take longer than reading a spec.
    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True, hide_input_in_errors=True
    )


@dataclass(frozen=True)
class Finding:
    """Something wrong that a type can't see, such as a missing file, at a path of the spec.

    `known` lists what could have stood there instead of what was `given`, for "Did you mean …?"; `at_key`
    shows the path's key rather than its value.
    """

    path: PathInSpec
    what: str
    right: str = ""
    given: str = ""
    known: tuple[str, ...] = ()
    at_key: bool = False


@dataclass(frozen=True)
class Input:
    """Data that a study reads: its content's digest, and the folder of its import, which workers open.

    `file` is what the spec calls a file or folder of the user's, "" for other data; `content` the digest of the bytes
    alone, whatever reads them, "" where that isn't known.
    """

    digest: str
    folder: str
    file: str = ""
    content: str = ""


class Findings(Exception):
    """Raised while inputs are opened or stages made; becomes a SpecError located in the spec."""

    def __init__(self, *findings: Finding) -> None:
        self.findings = findings
        super().__init__("; ".join(f.what for f in findings))


class Budget(SpecModel):
    """What a study may use up, over all of its submissions; a search ends in order when nothing more would fit."""

    core_hours: Annotated[float, Field(gt=0)] | None = Field(default=None, description="Cores times hours.")
    gpu_hours: Annotated[float, Field(gt=0)] | None = Field(default=None, description="GPUs times hours.")
    dollars: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Of computing, at the site's prices, in USD."
    )
    wall_time: Seconds | None = Field(default=None, description="From the start of a submission, all of them together.")


class StudyModel(SpecModel):
    """The fields that all studies have.

    A kind subclasses this, and registers the subclass as an entry point of the group `bigdata.studies`, under
    the word that stands after `study:`. `stages_at`, `report_at`, and `predict_at` and `export_at` where a study
    makes models, name the kind's functions as "module:function"; none is imported before it is needed. Its models
    are of structures, or of rows of `tables`, as `predicts` says. `uploads_at` names a function of a run's view that
    tells what `bigdata upload` sends, and where. `starter_at` names a commented spec to begin with, as "package:file".
    `status_at` names a function of a run's view that tells in a few lines what it has found so far, for `bigdata
    status`: it is called while the run goes on, and reads what tasks have returned. `packages` are what its numbers
    depend on, beside NumPy and SciPy: their versions are recorded. `variables` are those of the environment that its
    tasks read. `extra` is the extra of bigdata whose packages its tasks import, such as `networks`: they are looked
    for before anything runs, and nothing but tasks may import them.
    """

    stages_at: ClassVar[str]
    report_at: ClassVar[str] = ""
    predict_at: ClassVar[str] = ""
    export_at: ClassVar[str] = ""
    uploads_at: ClassVar[str] = ""
    predicts: ClassVar[Literal["structures", "tables"]] = "structures"
    starter_at: ClassVar[str] = ""
    status_at: ClassVar[str] = ""
    packages: ClassVar[tuple[str, ...]] = ()
    variables: ClassVar[tuple[str, ...]] = ()

    study: str = Field(description="The kind of study.")
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)] = Field(
        description="Names the run's folder: letters, digits, '.', '_' and '-'."
    )
    description: str = Field(default="", description="For people; not part of any result.")
    pools: dict[str, PoolName] = Field(
        default={}, description="Which pool of the site a stage runs on, where not the usual one."
    )
    budget: Budget | None = Field(default=None, description="What the study may use up; left out: what it needs.")

    @property
    def extra(self) -> str:
        """The extra of bigdata that the study's tasks need; "" where they need none."""
        return ""

    @classmethod
    def check(cls, fields: Mapping[str, Any], folder: Path) -> Iterable[Finding]:
        """What is wrong beyond types, given the top-level fields that are right, and the spec's folder."""
        return ()

    def data_files(self, folder: Path) -> Iterable[Path]:
        """Files and folders of the user's that the study names as data, seen from the spec's folder."""
        return ()

    def inputs(self, folder: Path) -> dict[str, Input]:
        """Import the data that the study reads, where that hasn't been done, seen from the spec's folder.

        The user's files are opened where `bigdata.spec.whereabouts.located` finds them. Raises Findings for data that
        can't be used.
        """
        return {}

    def figures(self) -> Mapping[str, str]:
        """The figures of the report, in the order of the page: by name the function, as "module:function", that makes
        one of a variant of a run.

        They follow from the study alone: a plan counts their files, and a report draws them, without the datasets.
        """
        return {}
