"""The figures of a transferability study's report: what each shows of a run, under its caption."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
from matplotlib.figure import Figure as Drawing
from numpy.typing import NDArray

from bigdata.kind import Figure, View
from bigdata.studies.materials.drawn import histograms_of
from bigdata.studies.transferability import figures
from bigdata.studies.transferability.data import TEST
from bigdata.studies.transferability.model import Transferability
from bigdata.studies.transferability.periodic_table import FEW
from bigdata.studies.transferability.trainings import trainings

Floats = NDArray[np.float64]

# Panels that a page can hold.
MOST_ROWS, MOST_COLUMNS = 5, 4
MOST_LOSSES = 12
MOST_LADDERS = 9
MOST_TABLES = 4

CAUSES = {
    "mae": "MAE",
    "mae_offset": "without mean error",
    "mae_refit": "references refitted",
    "mae_fine_tuned": "fine-tuned",
}


def parity(view: View) -> Figure:
    study = _study(view)
    return Figure(
        "Predictions against targets",
        " ".join(filter(None, _said_of_parity(study))),
        "A grid of panels with clouds of points about a diagonal.",
        lambda: _parity(view),
    )


def _said_of_parity(study: Transferability) -> Iterator[str]:
    yield "Fig. 1 of the paper: the test part of each column's datasets, predicted by the model of each row."
    yield "Panels with a blue ground: datasets that the model was trained on. Colours count entries; the line is where"
    yield "prediction and target are the same. Predictions beyond the axes are counted in the corner and in the MAE."
    yield _first(len(study.members) + len(study.outside), MOST_ROWS, "models")
    yield _first(len(study.test_sets), MOST_COLUMNS, "test parts")
    if study.outside:
        yield f"{', '.join(study.outside)}: models of other programs, which may have been trained on these entries."


def loss_parts(view: View) -> Figure:
    study = _study(view)
    return Figure(
        "Where the loss comes from",
        " ".join(filter(None, _said_of_losses(study, len(_tested(view))))),
        "A panel of horizontal bars for each model and dataset, with lines to compare them with.",
        lambda: figures.loss_parts(list(_losses(view)), view["mae"].units),
    )


def _said_of_losses(study: Transferability, n_pairs: int) -> Iterator[str]:
    tuned = ", and after fine-tuning on some of that part" if study.fine_tuning else ""
    yield "MAE of each model on test parts of datasets that it wasn't trained on; what is left of it without the mean"
    yield f"error; with references of the elements refitted to the tested dataset's training part{tuned}."
    yield "Whiskers: 95 % intervals. Broken lines: what labels of the two datasets differ by for the same materials. A"
    yield "model that has learned the labels of the one can't be expected to do better on those of the other."
    yield "Each panel has its own scale."
    yield _first(n_pairs, MOST_LOSSES, "pairs")


def curves(view: View) -> Figure:
    return Figure(
        "Training",
        "Error of the validation part, and training loss, of each network that was trained on its whole training part; "
        "a line for each seed. The dot is the look whose weights were kept. Losses are of targets that each model "
        "standardises in its own way: compare them along a line only.",
        "Two panels of falling lines, coloured by model.",
        lambda: _curves(view),
    )


def ladder(view: View) -> Figure:
    study = _study(view)
    said = (
        "MAE of the test parts against the number n of entries trained on: full points and lines for datasets that the "
        "model was trained on, empty points and broken lines for others. Lines: MAE ∝ n^−exponent, with the 95 % "
        "interval of the exponent where three rungs or more give one."
    )
    return Figure(
        "What more data bring",
        f"{said} {_first(len(study.members), MOST_LADDERS, 'models')}".strip(),
        "A panel for each model with falling lines on logarithmic axes.",
        lambda: _ladder(view),
    )


def elements(view: View) -> Figure:
    study = _study(view)
    where = "on the first other dataset" if len(study.datasets) > 1 else "on its own test part"
    return Figure(
        "Errors by element",
        f"MAE of the test entries that contain an element, for each dataset's own model {where}. Grey: in no test "
        f"entry; italics: in fewer than {FEW}. {_first(len(study.datasets), MOST_TABLES, 'models')}".strip(),
        "Periodic tables in colours.",
        lambda: figures.elements(list(_elements(view)), view["mae"].units),
    )


def histograms(view: View) -> Figure:
    study = _study(view)
    shared = " and of those whose group all have" if len(study.datasets) > 1 else ""
    return Figure(
        "Targets in all and in common groups" if shared else "Targets",
        f"Fig. 2 of the paper: the values of each dataset, of all its entries{shared}.",
        "Two histograms side by side, one colour for each dataset." if shared else "A histogram.",
        lambda: _histograms(view),
    )


def _study(view: View) -> Transferability:
    return cast(Transferability, view.model)


def _first(n: int, most: int, what: str) -> str:
    """Says that not all are shown; nothing where all are."""
    return f"Of {n} {what} the first {most} are shown." if n > most else ""


def _parity(view: View) -> Drawing:
    study = _study(view)
    models = [*study.members, *study.outside][:MOST_ROWS]
    shown = [(m, d) for m in models for d in [*study.test_sets][:MOST_COLUMNS]]
    rows = {m: f"trained on\n{m}" if m in study.members else f"{m}\n(outside)" for m in models}
    labels = {(m, d): (rows[m], f"tested on\n{d}") for m, d in shown}
    pairs = {labels[m, d]: _pair(view, m, d) for m, d in shown}
    own = {labels[m, d] for m, d in shown if m in study.members and {*study.test_sets[d]} <= {*study.members[m].of}}
    return figures.parity(pairs, own, study.target.quantity or "target", view["mae"].units)


def _pair(view: View, model: str, tested: str) -> figures.Pair:
    """Of all datasets of a test set together."""
    study = _study(view)
    of = study.test_sets[tested]
    test = [view[f"split_{name}"][...] == TEST for name in of]
    target, made = (
        np.concatenate([values[rows] for values, rows in zip(some, test, strict=True)])
        for some in ([view[f"target_{name}"][...] for name in of], [_predicted(view, model, name) for name in of])
    )
    return figures.Pair(target, made)


def _predicted(view: View, model: str, dataset: str) -> Floats:
    """For a dataset's entries; of a model whose training failed, the store has nothing, or what an earlier submission
    wrote."""
    study = _study(view)
    at = [*study.members, *study.outside].index(model), [*study.test_sets].index(dataset)
    if not view["n_tested"][at]:
        return np.full(view[f"target_{dataset}"].shape, np.nan)
    return view[f"prediction_{model}_{dataset}"][...]


def _foreign(study: Transferability) -> list[tuple[str, str]]:
    """Each model, and those of other programs, with each dataset that it wasn't trained on."""
    known = {name: one.of for name, one in study.members.items()}
    return [(m, d) for m in (*known, *study.outside) for d in study.datasets if d not in known.get(m, ())]


def _tested(view: View) -> list[tuple[str, str]]:
    """Those for which there is something to draw: another program's model may have no prediction for a dataset."""
    study, n = _study(view), view["n_tested"][...]
    return [pair for pair in _foreign(study) if pair[0] in study.members or n[_place(study, *pair)]]


def _place(study: Transferability, model: str, dataset: str) -> tuple[int, int]:
    """Where a model and a dataset stand in the matrix."""
    return [*study.members, *study.outside].index(model), [*study.datasets].index(dataset)


def _losses(view: View) -> Iterator[figures.Loss]:
    study = _study(view)
    names = list(study.datasets)
    arrays = {name: np.stack([view[f"{name}{end}"][...] for end in ("", "_low", "_high")], axis=-1) for name in CAUSES}
    if study.fine_tuning is None:
        del arrays["mae_fine_tuned"]
    differences = [view[name][...] for name in ("label_difference", "label_difference_refit")]
    for model, dataset in _tested(view)[:MOST_LOSSES]:
        i, j = _place(study, model, dataset)
        errors = {CAUSES[name]: figures.Estimate(*values[i, j].tolist()) for name, values in arrays.items()}
        members = study.members[model].of if model in study.members else ()
        # Of a model of several datasets, each of them differs from the tested one in its own way.
        floors = [float(d[names.index(members[0]), j]) if len(members) == 1 else np.nan for d in differences]
        trained = f"trained on {model}" if members else model
        yield figures.Loss(f"{trained}, tested on {dataset}", errors, _own(view, model), *floors)


def _own(view: View, model: str) -> float:
    """MAE over the test parts of all datasets that a model was trained on; NaN for models of other programs."""
    study = _study(view)
    if model not in study.members:
        return np.nan
    i = [*study.members].index(model)
    of = [j for j, name in enumerate(study.datasets) if name in study.members[model].of]
    mae, n = view["mae"][i][of], view["n_tested"][i][of]
    return float(mae[n > 0] @ n[n > 0] / n.sum()) if n.any() else np.nan


def _curves(view: View) -> Drawing:
    n_steps = view["n_steps"][...]
    trained = [
        figures.Curve(one.model, view["curve_mae"][i], view["curve_loss"][i])
        for i, one in enumerate(trainings(_study(view)))
        if one.share == 1 and n_steps[i] >= 0
    ]
    return figures.curves(view["evaluation"][...], trained, view["curve_mae"].units)


def _ladder(view: View) -> Drawing:
    study = _study(view)
    n, mae, power = (view[f"ladder_{what}"][...] for what in ("n", "mae", "power"))
    models = {
        f"trained on {model}": (
            n[:, i].astype(np.float64),
            [
                figures.Rungs(
                    name, name in members.of, mae[:, i, j], figures.Estimate(*power[i, j, :3]), power[i, j, 3]
                )
                for j, name in enumerate(study.datasets)
            ],
        )
        for i, (model, members) in enumerate([*study.members.items()][:MOST_LADDERS])
    }
    return figures.ladder(models, view["ladder_mae"].units)


def _elements(view: View) -> Iterator[figures.ByElement]:
    names = list(_study(view).datasets)
    for i, name in enumerate(names[:MOST_TABLES]):
        j = next((j for j in range(len(names)) if j != i), i)
        title = f"trained on {name}, tested on {names[j]}"
        yield figures.ByElement(title, view["element_mae"][i, j], view["element_n"][j])


def _histograms(view: View) -> Drawing:
    study = _study(view)
    unit = view["bin"].units
    label = (study.target.quantity or "target") + ("" if unit == "1" else f" ({unit})")
    return histograms_of(view, {name: i for i, name in enumerate(study.datasets)}, label)
