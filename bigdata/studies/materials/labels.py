"""What a study's targets are by (functional, corrections, program), and what that means for errors between datasets."""

from __future__ import annotations

from collections.abc import Mapping

from bigdata.data.label import Label
from bigdata.data.materials.origin import MaterialsOrigin, NamedMaterials
from bigdata.data.registry import registered

# Of each part of a label: that datasets differ by it, and that not all of them say it.
_SAID = {
    "functional": ("the functional differs", "the functional isn't said of all"),
    "corrections": ("corrections differ", "corrections aren't said of all"),
    "program": ("the program differs", "the program isn't said of all"),
}


def labels_of(datasets: Mapping[str, MaterialsOrigin]) -> dict[str, Label]:
    """The label of each dataset's target: what the spec says of it, else what is known of a registered dataset's.

    Raises DataProblem for a name that isn't registered.
    """
    return {name: dataset.label.over(_known(dataset)) for name, dataset in datasets.items()}


def _known(dataset: MaterialsOrigin) -> Label:
    if isinstance(dataset, NamedMaterials):
        return registered(dataset.name).label_of(dataset.target)
    return Label()


def label_notes(labels: Mapping[str, Label]) -> list[str]:
    """A sentence for each part of the labels by which datasets differ, or which one of them doesn't say."""
    parts = {part: {name: getattr(label, part) for name, label in labels.items()} for part in _SAID}
    return [note for part, said in parts.items() if len(said) > 1 and (note := _note(part, said))]


def _note(part: str, said: Mapping[str, str]) -> str:
    listed = ", ".join(f"{name}: {text or 'not said'}" for name, text in said.items())
    # Case and spaces are a matter of writing, not of physics.
    values = {" ".join(text.casefold().split()) for text in said.values()}
    differ, not_said = _SAID[part]
    if len(values - {""}) > 1:
        return f"{differ} ({listed}): errors between datasets hold the difference of their labels"
    return f"{not_said} ({listed}): labels of the datasets may differ by it" if "" in values else ""
