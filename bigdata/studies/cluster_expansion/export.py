"""A fitted expansion for people and other programs: JSON that can be read, or icet's own file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bigdata.kind import SpecError, View
from bigdata.lattices.basis import point_functions
from bigdata.lattices.species import symbol
from bigdata.studies.cluster_expansion.prediction import chosen
from bigdata.studies.cluster_expansion.results import Expansion, Results, feature_name

DEFINITION = (
    "value = constant + sum of coefficient * feature. A feature is a product of correlations X_k. X_k is the "
    "mean, over the clusters of its kind in a structure, of the product of its points' functions; a function is a "
    "number for each species of the site, listed under `functions`. `points` is one cluster of the kind: cell (in "
    "primitive vectors), site and function of each point; the others follow from the parent's symmetry."
)


def export(view: View, model: str, form: str, out: Path | None) -> str:
    """Write a model to `out`; returns what to print. Raises SpecError where it can't be written so."""
    results = Results(view)
    expansion = chosen(results, model)
    form = form or "json"
    if form == "json":
        text = readable(as_json(results, expansion))
        if out is None:
            return text
        out.write_text(text + "\n", encoding="utf-8")
    elif form == "icet":
        if out is None:
            raise SpecError("an icet file needs a name: add --out expansion.ce.")
        from bigdata.studies.cluster_expansion.icet_export import as_icet

        as_icet(results.space, results.model.clusters.cutoffs, expansion).write(str(out))
    else:
        raise SpecError(f"`{form}` is no format of models; there are json and icet.")
    return str(out)


def readable(document: dict[str, Any]) -> str:
    """JSON with one line for each entry of a part, so that people can read it."""

    def part(value: Any) -> str:
        if isinstance(value, dict) and value:
            return "{\n" + ",\n".join(f'  "{k}": {_line(v)}' for k, v in value.items()) + "\n }"
        if isinstance(value, list) and value:
            return "[\n" + ",\n".join(f"  {_line(v)}" for v in value) + "\n ]"
        return _line(value)

    return "{\n" + ",\n".join(f' "{key}": {part(value)}' for key, value in document.items()) + "\n}"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def as_json(results: Results, expansion: Expansion) -> dict[str, Any]:
    """The parent, the clusters that the model uses, and its features."""
    space = results.space
    used = sorted({int(k) for k in expansion.factors.ravel() if k >= 0})
    return {
        "study": results.model.name,
        "quantity": results.quantity,
        "unit": expansion.unit,
        "per": results.model.target.per,
        "definition": DEFINITION,
        "parent": space.parent.as_json(),
        "basis": space.basis,
        "functions": _functions(results),
        "clusters": {f"X_{k + 1}": _cluster(results, k) for k in used},
        "degree": expansion.degree,
        "cv_rmse": float(results.cv_rmse[results.degrees.index(expansion.degree), expansion.size - 1]),
        "constant": expansion.intercept,
        "features": [
            {"feature": feature_name(factors), "coefficient": float(c)}
            for factors, c in zip(expansion.factors, expansion.coefficients, strict=True)
        ],
    }


def _functions(results: Results) -> list[dict[str, list[float]]]:
    """For each site class, the values of the functions 1, 2, … by species."""
    space = results.space
    return [
        {symbol(z): row.tolist() for z, row in zip(species, point_functions(space.basis, len(species)), strict=True)}
        if len(species) > 1
        else {}
        for species in space.parent.species
    ]


def _cluster(results: Results, k: int) -> dict[str, Any]:
    space = results.space
    member, n = int(space.first_member[k]), int(space.order[k])
    points = [
        # Sites are counted from 1, as in the report; functions are from the start.
        {"cell": site[:3].tolist(), "site": int(site[3]) + 1, "function": int(function)}
        for site, function in zip(space.member_site[member, :n], space.member_function[member, :n], strict=True)
    ]
    return {
        "name": space.names[k],
        "diameter_angstrom": round(float(space.diameter[k]), 6),
        "in_a_primitive_cell": int(space.multiplicity[k]),
        "points": points,
    }
