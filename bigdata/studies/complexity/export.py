"""A model of a complexity study for people and other programs: formulas as they are written, all others as arrays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from bigdata.kind import SpecError, View
from bigdata.models.sisso.writing import escaped, quoted
from bigdata.studies.complexity.results import Results

FORMATS = ("json", "npz", "text", "latex", "python")


def export(view: View, model: str, form: str, out: Path | None) -> str:
    """Write a model to `out`; returns what to print. Raises SpecError where it can't be written so."""
    results, form = Results(view), form or "json"
    place = results.place_of(model)
    if form not in FORMATS:
        raise SpecError(f"`{form}` is no format of these models; there are {', '.join(FORMATS)}.")
    if form == "npz":
        return _arrays(results, place, out)
    text = (
        json.dumps(about(results, place), indent=1, ensure_ascii=False)
        if form == "json"
        else _formula(results, place, form)
    )
    if out is None:
        return text
    out.write_text(text + "\n", encoding="utf-8")
    return str(out)


def _formula(results: Results, place: int, form: str) -> str:
    fitted: Any = results.fitted(place)
    if not hasattr(fitted, "text"):
        raise SpecError(f"{results.names[place]} is no formula: write --format npz, for the arrays that predict.")
    match form:
        case "latex":
            return f"{_latex_name(results)} = {fitted.latex()}"
        case "python":
            return _function(results, fitted)
    return f"{results.learned} = {fitted.text()}"


def _latex_name(results: Results) -> str:
    return rf"\mathrm{{{escaped(results.learned)}}}"


def _function(results: Results, fitted: Any) -> str:
    """A function named `predict` that gives the target itself, also where its logarithm is learned."""
    if not results.scale.is_logarithmic:
        return str(fitted.python(name="predict"))
    inner = str(fitted.python(name="decadic_logarithm"))
    head = inner[: inner.index("\n")]
    arguments = head[head.index("(") + 1 : head.rindex(")")]
    says = f"{quoted(results.target_words)}: ten to the power of its logarithm."
    lines = [f"def predict({arguments}):", f'    """{says}"""', f"    return 10 ** decadic_logarithm({arguments})", ""]
    return "\n".join([inner, "", *lines])


def _arrays(results: Results, place: int, out: Path | None) -> str:
    if out is None:
        raise SpecError("arrays need a file: add --out model.npz.")
    arrays = results.fitted(place).arrays()
    # An open file, since savez would put `.npz` behind any other name.
    with out.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, about=np.array(json.dumps(about(results, place))), **arrays)
    return str(out)


def about(results: Results, place: int) -> dict[str, Any]:
    """What a model is, what it was fitted to, and its errors of samples tested."""
    point, view = results.point(place), results.view
    fitted: Any = results.fitted(place)
    parameters = dict(zip(("additive", "linear", "nonlinear"), results.rows["parameters"][place].tolist(), strict=True))
    said = {"formula": fitted.text(), "latex": fitted.latex()} if hasattr(fitted, "text") else {}
    return {
        "study": results.model.name,
        "model": results.names[place],
        "class": point.kind,
        "options": {**point.place, **point.options},
        "quantity": results.quantity,
        "unit": results.unit,
        "learned": "class" if results.labels else results.model.target.transform,
        **({"classes": results.labels} if results.labels else {}),
        "features": [str(name) for name in view["feature_name"][...]],
        "units": [str(unit) for unit in view["unit"][...]],
        "parameters": {name: int(n) for name, n in parameters.items()},
        "errors": dict(zip(results.model.metrics, results.errors()[place].tolist(), strict=True)),
        **said,
    }
