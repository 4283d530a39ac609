"""What the matrix panel of the report needs to compute similarities in the browser: the fingerprints
themselves, in order."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.studies.similarity.figures import MATRIX_COLOURS, lowest_colour
from bigdata.studies.similarity.page_size import MOST_BYTES, item_bytes, sample_step
from bigdata.studies.similarity.results import Results, letters, plain

SAMPLE = 400


def matrix_data(results: Results) -> dict[str, Any]:
    """The JSON input of matrix.js. Arrays are base64 of little-endian numbers, (m, …) for the m entries
    shown.
    """
    shown = _sample(results)
    integrated = results.model.similarity.measure == "integrated-l1"
    first, last = results.covered
    return {
        "measure": results.model.similarity.measure,
        "measureName": f"{results.measure} similarity",
        "total": len(results),
        "n": len(shown),
        "columns": results.view["height"].shape[1],
        "entry": _packed(shown, "<i4"),
        "first": _packed(first[shown], "<i4"),
        "last": _packed(last[shown], "<i4"),
        **(_states(results, shown) if integrated else {"height": _packed(results.height[shown], "u1")}),
        "names": [results.names[i] for i in shown],
        "settings": [_setting(results, f, shown) for f in results.settings],
        "blocks": _blocks(results, shown),
        "low": _low(results, shown),
        "colours": _colours(),
    }


def _sample(results: Results) -> NDArray[np.intp]:
    """The entries shown, in order: all, or every k-th where their fingerprints would be too many bytes."""
    entry_bytes = item_bytes(results.model) * (results.view["height"].shape[1] + 1)
    return results.order[:: sample_step(len(results), entry_bytes, MOST_BYTES // len(results.view.run.variants))]


def _states(results: Results, shown: NDArray[np.intp]) -> dict[str, str]:
    states = results.states[shown]
    before = np.zeros((len(states), states.shape[1] + 1))
    np.cumsum(states, axis=1, out=before[:, 1:])
    # Single precision halves the page, and a colour shows no more.
    return {"states": _packed(before, "<f4"), "width": _packed(results.view["column_width"][...], "<f8")}


def _setting(results: Results, name: str, shown: NDArray[np.intp]) -> dict[str, Any]:
    """A setting's different values, and for each entry the place of its own among them."""
    values = [plain(v) for v in results.settings[name][shown]]
    place = {value: i for i, value in enumerate(dict.fromkeys(values))}
    codes = np.array([place[v] for v in values])
    return {"name": name, "unit": results.unit(name), "values": list(place), "codes": _packed(codes, "<i4")}


def _blocks(results: Results, shown: NDArray[np.intp]) -> list[dict[str, Any]]:
    """Runs of entries of the same block: letter, settings, first and last (excluded) place in the order."""
    if not results.has_blocks:
        return []
    of = results.block[shown]
    starts = np.flatnonzero(np.diff(of, prepend=-1))
    ends = np.append(starts[1:], len(of))
    labels = results.block_labels
    return [
        {"letter": letters(int(of[s])), "label": labels[of[s]], "first": int(s), "last": int(e)}
        for s, e in zip(starts, ends, strict=True)
    ]


def _low(results: Results, shown: NDArray[np.intp]) -> float:
    """Where the colours begin, from a sample of all pairs."""
    some = shown[:: -(-len(shown) // SAMPLE)]
    return float(lowest_colour(results.similarities(some, some)))


def _colours() -> str:
    """256 colours as bytes red, green, blue."""
    from matplotlib import colormaps

    return _packed(np.round(colormaps[MATRIX_COLOURS](np.arange(256))[:, :3] * 255), "u1")


def _packed(values: NDArray[Any], dtype: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype=dtype).tobytes()).decode("ascii")
