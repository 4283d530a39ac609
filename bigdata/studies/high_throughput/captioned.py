"""The figures of a high-throughput study's report: what each shows of a run, under its caption."""

from __future__ import annotations

import numpy as np

from bigdata.kind import Figure, View
from bigdata.studies.high_throughput import figures
from bigdata.studies.high_throughput.results import Results

MOST_SPECTRA = 4


def settings(view: View) -> Figure:
    results = view.once(Results)
    return Figure(
        "What the settings change",
        "a: how far energies lie from those of the last setting of the same functional, which is left out. b: band "
        "gaps. A point for each structure, a bar at the median; calculations that are done.",
        "Two panels of points over the settings.",
        lambda: figures.by_setting(results.names, 1000 * np.abs(results.above_finest), results.gap, results.finest),
    )


def spectra(view: View) -> Figure:
    results = view.once(Results)
    return Figure(
        "Densities of states",
        f"Of the first {MOST_SPECTRA} structures that have any, a line for each setting; states/eV of the cell, "
        "from the Fermi energy.",
        "Curves over the energy, a panel for each structure.",
        lambda: figures.spectra(view["energy"][...], _spectra(results), results.names),
    )


def _spectra(results: Results) -> dict[str, figures.Floats]:
    """(P, n) of each of the first structures; NaN where a calculation left none."""
    chosen = np.flatnonzero((results.status <= 1).any(axis=1))[:MOST_SPECTRA]
    return {results.labels[s]: results.view["dos"][int(s)] for s in chosen}


def effort(view: View) -> Figure:
    results = view.once(Results)
    known = results.status <= 2
    return Figure(
        "What calculations cost",
        "a: time of the code, a point for each calculation that was run. b: bytes that it left on its node.",
        "Two panels of points over the settings.",
        lambda: figures.efforts(
            results.names,
            np.where(known, results.array("seconds"), np.nan),
            np.where(known, results.array("n_bytes") / 1e6, np.nan),
        ),
    )
