"""How much work trainings are, and how large what they leave: in gradient steps of one network, so that small and large
ones can be added up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import numpy as np

from bigdata.kind import Pack
from bigdata.models.networks.network import layout
from bigdata.models.networks.setting import SchNet, Training
from bigdata.studies.architecture_search.model import ArchitectureSearch
from bigdata.studies.architecture_search.points import Setting, setting_of
from bigdata.studies.architecture_search.space import Point
from bigdata.studies.materials.training_cost import start_steps, step_seconds, training_bytes

# SchNet of 64 features and 3 steps on batches of 32, as in the paper.
UNIT = (SchNet(), Training())
# Points of the space that stand for all, where their mean is asked for.
N_DRAWN = 64
# Measured: a network's setting and the zip around both; weights are float32, which deflate makes a twelfth smaller.
PACKED_BYTES, WEIGHT_BYTES = 700, 3.7
LEAST_FACTOR = 1.1


class Payload(TypedDict, total=False):
    """What a task is asked to do: train a trial from the end of the rung before, or its beginning, to that of `rung`,
    both in `steps` or both in `seconds`."""

    trial: int
    rung: int
    point: Point
    steps: tuple[int, int]
    seconds: tuple[float, float]


def unit_seconds(study: ArchitectureSearch) -> float:
    """Of a gradient step of `UNIT` with the study's graphs, on one core."""
    return step_seconds(UNIT[0], study.graph, UNIT[1])


def work_of(study: ArchitectureSearch, payload: Payload) -> float:
    """Of a rung of a trial, with its start."""
    if (seconds := payload.get("seconds")) is not None:
        return (seconds[1] - seconds[0]) / unit_seconds(study)
    begin, end = payload["steps"]
    return _of(study, setting_of(study, payload["point"]), end - begin)


def _of(study: ArchitectureSearch, setting: Setting, steps: float) -> float:
    one = step_seconds(setting.network, study.graph, setting.training)
    return (steps + start_steps(setting.network, study.graph, setting.training)) * one / unit_seconds(study)


def points_drawn(study: ArchitectureSearch) -> list[Setting]:
    """Some points of the space, evenly drawn."""
    rng = np.random.default_rng(0)
    return [setting_of(study, study.searched.draw(rng)) for _ in range(N_DRAWN)]


def mean_work(study: ArchitectureSearch, counts: Mapping[int, int] | tuple[int, ...]) -> float:
    """Of a task, over points of the space and over `counts` tasks of each rung."""
    rungs, drawn = study.rungs, points_drawn(study)
    spans = [rungs.span(rung) for rung in range(len(rungs))]
    if rungs.resource == "seconds":
        of = [(end - begin) / unit_seconds(study) for begin, end in spans]
    else:
        of = [float(np.mean([_of(study, one, end - begin) for one in drawn])) for begin, end in spans]
    n = [counts[rung] for rung in range(len(rungs))]
    return float(np.dot(of, n) / max(1, sum(n)))


def network_pack(study: ArchitectureSearch) -> Pack:
    """What a trained network leaves: its weights, of which nobody knows before which point of the space they are of."""
    sizes = [PACKED_BYTES + WEIGHT_BYTES * layout(one.network).n_parameters for one in points_drawn(study)]
    low, middle, high = np.quantile(sizes, (0.05, 0.5, 0.95))
    return Pack(round(middle), float(max(high / middle, middle / low, LEAST_FACTOR)))


def most_bytes(study: ArchitectureSearch, n_entries: int) -> int:
    """What the largest network of some points of the space takes."""
    return max(training_bytes(one.network, n_entries) for one in points_drawn(study))
