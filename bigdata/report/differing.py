"""Runs by what tells them apart: the fields in which their studies differ, and their headline numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigdata.errors import BigdataError
from bigdata.report.faults import Faults
from bigdata.report.variant import VariantPart
from bigdata.store.reading import Run, View

# What is for people, or stands in the name of the run.
_SAID = ("study", "name", "description")


@dataclass(frozen=True)
class Variant:
    """One variant of a run: its study's `fields` by their paths, in base units, and its headline `numbers`."""

    run: Path
    label: str
    kind: str
    fields: Mapping[str, Any]
    numbers: Mapping[str, Any]


@dataclass(frozen=True)
class Differing:
    """The variants of all runs of one kind, with the `fields` that aren't the same in all, and all `numbers`."""

    kind: str
    fields: tuple[str, ...]
    numbers: tuple[str, ...]
    variants: tuple[Variant, ...]

    def values(self, variant: Variant) -> dict[str, Any]:
        """Of one variant; None where it has no such field or number."""
        return {name: variant.fields.get(name) for name in self.fields} | {
            name: variant.numbers.get(name) for name in self.numbers
        }


def differing(runs: Sequence[Path]) -> tuple[list[Differing], dict[Path, str]]:
    """A table for each kind of study, and why other runs can't be read."""
    found, unreadable = dict[str, list[Variant]](), dict[Path, str]()
    for path in runs:
        try:
            for variant in _variants(path):
                found.setdefault(variant.kind, []).append(variant)
        except BigdataError as error:
            unreadable[path] = str(error)
    return [_table(kind, variants) for kind, variants in found.items()], unreadable


def _variants(path: Path) -> list[Variant]:
    run = Run(path)
    faults = Faults(run)
    return [_variant(path, view, faults) for view in run.variants]


def _variant(path: Path, view: View, faults: Faults) -> Variant:
    numbers, _ = VariantPart(view, faults).headline()
    dumped = view.model.model_dump(mode="json", exclude={*_SAID})
    plain = {name: value.item() if hasattr(value, "item") else value for name, value in numbers.items()}
    return Variant(path, view.label, view.model.study, dict(_flat(dumped)), plain)


def _flat(part: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in part.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{above}{key}.")
        elif value is not None:
            yield f"{above}{key}", value


def _table(kind: str, variants: Sequence[Variant]) -> Differing:
    names = dict.fromkeys(name for variant in variants for name in variant.fields)
    # As JSON, since 1 and `true` are equal in Python.
    told = (n for n in names if len({json.dumps(v.fields.get(n), sort_keys=True) for v in variants}) > 1)
    numbers = dict.fromkeys(name for variant in variants for name in variant.numbers)
    return Differing(kind, tuple(told), tuple(numbers), tuple(variants))
