"""The YAML of an overlap study: datasets with a target each, what identifies an entry, and how groups are split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from bigdata.data.materials.origin import MaterialsOrigin
from bigdata.kind import Finding, Grown, Input, StudyModel
from bigdata.studies.materials.datasets import files_of, inputs_of, wrong_datasets, wrong_split
from bigdata.studies.materials.model import DatasetName, Identity, Split, Target


class Overlap(Grown, StudyModel):
    """What do databases share, and how do their values differ where they do?"""

    stages_at: ClassVar[str] = "bigdata.studies.overlap.stages:stages"
    report_at: ClassVar[str] = "bigdata.studies.overlap.report:report"
    starter_at: ClassVar[str] = "bigdata.studies.overlap:starter.yaml"
    packages: ClassVar[tuple[str, ...]] = ("moyopy", "spglib", "pymatgen")
    LATER: ClassVar[tuple[str, ...]] = ("without_target",)

    study: Literal["overlap"] = "overlap"
    datasets: dict[DatasetName, MaterialsOrigin] = Field(
        min_length=1, description="The datasets, each under a short name."
    )
    target: Target = Target()
    identity: Identity = Identity()
    split: Split | None = Field(default=None, description="Split the groups too; left out: no split.")
    without_target: Literal["bad-entries", "keep"] = Field(
        default="bad-entries",
        description="keep: entries without a value of their dataset's target count in the groups, and in no histogram.",
    )

    @classmethod
    def check(cls, fields: Mapping[str, Any], folder: Path) -> Iterable[Finding]:
        """The datasets exist and have the fields that are named; fractions make a whole."""
        datasets = fields.get("datasets", {})
        yield from wrong_datasets(datasets, folder, fields.get("target"))
        if (split := fields.get("split")) is not None:
            yield from wrong_split(split, datasets, folder)
        if (target := fields.get("target")) is not None:
            yield from target.findings("target")
        if (identity := fields.get("identity")) is not None:
            yield from identity.findings("identity", is_split=fields.get("split") is not None)

    def data_files(self, folder: Path) -> Iterable[Path]:
        """The files of the user's own."""
        return files_of(self.datasets, self.split, folder)

    def inputs(self, folder: Path) -> dict[str, Input]:
        """The datasets, imported into the cache, and the split file. Raises Findings for data that can't be used."""
        return inputs_of(self.datasets, self.identity, self.split, folder)

    def figures(self) -> dict[str, str]:
        at = "bigdata.studies.overlap.captioned"
        has_targets, several = any(d.target for d in self.datasets.values()), len(self.datasets) > 1
        shown = {
            "overlap": several,
            "group_sizes": True,
            "histograms": has_targets,
            "agreement": has_targets and several,
        }
        return {name: f"{at}:{name}" for name, is_shown in shown.items() if is_shown}
