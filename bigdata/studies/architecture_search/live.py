"""What a search has found so far, while it goes on: the best trial, and how many were trained, stopped or lost."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from bigdata.kind import View
from bigdata.studies.architecture_search.listed import word
from bigdata.studies.architecture_search.results import Results, name_of
from bigdata.studies.architecture_search.standing import standing
from bigdata.studies.architecture_search.status import RAN
from bigdata.studies.materials.error_units import error_unit


def found(view: View) -> Iterator[str]:
    """Two lines; none before a trial is asked for, or has ended a rung."""
    trials = Live(view)
    if trials.asked:
        yield f"trials: {', '.join(trials.counts())}"
    if trials.curves:
        yield trials.best()


class Live:
    """The trials of a view by the tasks that were asked for, and by what those that have ended returned."""

    def __init__(self, view: View) -> None:
        self.results = view.once(Results)
        path, past = f"{view.group}/train".lstrip("/"), view.run.history
        self.asked: dict[int, dict[str, Any]] = {
            index: record["payload"] for (stage, index), record in past.asked.items() if stage == path
        }
        self._is_over = past.state != "interrupted"
        self._failed = {index for stage, index in past.failed if stage == path}
        self._rows = view.rows("train") if self.asked else None

    @cached_property
    def lost(self) -> set[int]:
        """The numbers of trials without a network."""
        ended = zip(self._rows.numbers, self._rows["rung_status"].tolist(), strict=True) if self._rows else ()
        gone = self._failed | {index for index, status in ended if status != RAN}
        return {self.asked[index]["trial"] for index in gone if index in self.asked}

    @cached_property
    def curves(self) -> dict[int, list[float]]:
        """As `Trials.curves`, of rungs that have ended."""
        by_rung: dict[int, dict[int, float]] = {}
        rows, name = self._rows, f"rung_{self.results.model.reward.metric}"
        for index, value in zip(rows.numbers, rows[name].tolist(), strict=True) if rows else ():
            payload = self.asked.get(index, {})
            if payload and payload["trial"] not in self.lost and math.isfinite(value):
                by_rung.setdefault(payload["trial"], {})[payload["rung"]] = value
        return {trial: [value for _, value in sorted(of.items())] for trial, of in by_rung.items()}

    def counts(self) -> Iterator[str]:
        """How many stand where."""
        begun = {payload["trial"] for payload in self.asked.values()}
        n_rungs, ended = len(self.results.model.rungs), {*(self._rows.numbers if self._rows else ())} | self._failed
        waiting = {payload["trial"] for index, payload in self.asked.items() if index not in ended} - self.lost
        whole = {trial for trial, curve in self.curves.items() if len(curve) == n_rungs}
        short = begun - waiting - whole - self.lost
        yield f"{len(begun):,} of {self.results.model.search.trials:,} begun"
        yield f"{len(whole):,} trained to the end"
        if n_rungs > 1:
            yield f"{len(short):,} stopped{'' if self._is_over else ' or waiting for others'}"
        if not self._is_over:
            yield f"{len(waiting):,} under way"
        if self.lost:
            yield f"{len(self.lost):,} without a network"

    def best(self) -> str:
        """The trial that stands first, and its value."""
        results = self.results
        trial = standing(self.curves)[0]
        curve = self.curves[trial]
        point = next(payload["point"] for payload in self.asked.values() if payload["trial"] == trial)
        said = ", ".join(f"{name_of(path)} {word(value)}" for path, value in point.items())
        scale = error_unit(results.view[results.model.reward.metric].units, curve)
        value, level = scale.said(curve[-1]), results.level(len(curve) - 1)
        return f"best so far: number {trial} ({said}), {results.metric} {value} after {level}"
