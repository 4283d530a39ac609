"""What a search leaves for others: the winner as a study that runs, its weights, and the trials for Optuna's tools."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import SpecError, View
from bigdata.models.networks.network import layout
from bigdata.studies.architecture_search.mirror import write_journal
from bigdata.studies.architecture_search.model import ArchitectureSearch
from bigdata.studies.architecture_search.points import setting_of
from bigdata.studies.architecture_search.prediction import kept_of
from bigdata.studies.architecture_search.results import Results

DATASET = "data"


def export(view: View, model: str, form: str, out: Path | None) -> str:
    """Write what `form` says to `out`; returns what to print. Raises SpecError."""
    results, form = Results(view), form or "spec"
    if model:
        raise SpecError("a search has one model, the best trial's: leave out --model.")
    if form not in FORMATS:
        raise SpecError(
            f"`{form}` is no format of a search: write --format spec, for the winner as a study that runs, "
            "--format npz for its weights, or --format optuna for a journal that optuna-dashboard opens."
        )
    if form == "spec" and out is None:
        return winner(results)
    if out is None:
        raise SpecError(f"the file needs a name: add --out {NAMES[form]}.")
    FORMATS[form](results, out)
    return str(out)


def winner(results: Results) -> str:
    """A transferability study of one dataset that trains the winner, as YAML. Its comments say where it comes from."""
    # YAML is a superset of JSON: a value of each line is written as that.
    study, number = results.model, results.winner
    lines = [
        f"# The best of {len(results.begun)} trials of the search `{study.name}`, number {number}: "
        f"{study.reward.metric} {results.reward[number]:.6g} {results.unit}".rstrip(),
        "study: transferability",
        *(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in _fields(study, results).items()),
    ]
    return "\n".join(lines) + "\n"


def _fields(study: ArchitectureSearch, results: Results) -> dict[str, Any]:
    setting = setting_of(study, results.point(results.winner), _steps(study))
    split = study.split.model_dump(mode="json", exclude_unset=True, exclude={"by", "symprec"})
    split = {name: value for name, value in split.items() if value != ""}
    return {
        "name": f"{study.name}-winner",
        "datasets": {DATASET: _as_written(study.dataset)},
        "target": _as_written(study.target),
        "identity": {"by": list(study.split.by), "symprec": study.split.symprec},
        "split": split,
        "graph": _graph(study),
        "model": _lengths(setting.network.model_dump(mode="json"), "radius"),
        "training": _lengths(setting.training.model_dump(mode="json", exclude={"seeds"}), "jitter")
        | {"seeds": list(range(max(1, study.final.retrain)))},
    }


def _steps(study: ArchitectureSearch) -> int | None:
    return int(study.rungs.levels[-1]) if study.rungs.resource == "steps" else None


def _as_written(part: Any) -> Any:
    return part.model_dump(mode="json", exclude_defaults=True)


def _graph(study: ArchitectureSearch) -> dict[str, Any]:
    return _lengths(study.graph.model_dump(mode="json", exclude_none=True), "cutoff")


def _lengths(fields: dict[str, Any], name: str) -> dict[str, Any]:
    """With the unit behind a length, which a spec needs and a dump doesn't have."""
    return fields | {name: f"{fields[name]} angstrom"} if fields.get(name) is not None else fields


def _spec(results: Results, out: Path) -> None:
    out.write_text(winner(results), encoding="utf-8")


def _npz(results: Results, out: Path) -> None:
    # Made first: what isn't there must not leave an empty file in place of an older one.
    weights = dict(_weights(results))
    with out.open("wb") as file:
        np.savez(file, allow_pickle=False, **weights)


def _weights(results: Results) -> Iterator[tuple[str, NDArray[Any]]]:
    """Of each retrained network: every matrix by its name in the equations, and how targets were standardised."""
    network = results.network
    yield "setting", np.array(json.dumps(network.model_dump(mode="json")))
    yield "element_feature", results.view["element_feature"][...]
    parameters = layout(network).parameters
    ends = np.cumsum([p.size for p in parameters.values()])[:-1]
    for place, kept in zip(results.retrained, kept_of(results), strict=True):
        for (name, p), part in zip(parameters.items(), np.split(kept.weights, ends), strict=True):
            yield f"network{place}/{name}", part.reshape(p.shape)
        yield f"network{place}/baseline", kept.standard.baseline
        yield f"network{place}/mean_scale", np.array([kept.standard.mean, kept.standard.scale])


FORMATS: Mapping[str, Callable[[Results, Path], None]] = {"spec": _spec, "npz": _npz, "optuna": write_journal}
NAMES = {"spec": "winner.yaml", "npz": "winner.npz", "optuna": "trials.log"}
