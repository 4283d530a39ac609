"""Where trainings run: in the pool `gpu` where the site has one, elsewhere with a note."""

from __future__ import annotations

import pytest

from bigdata.spec.site import Site
from tests.bench import ROOT, Bench

CPU = {"cores": 2, "memory": "8 GiB"}
SPEC = ROOT / "specs/transferability.yaml"


def planned(bench: Bench, **pools: dict[str, object]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The pool of each stage, and the notes."""
    site = Site.model_validate({"site": "here", "scheduler": "local", "pools": pools})
    plan = bench.plan(SPEC, site=site)
    return {stage.path: stage.pool for stage in plan.stages}, plan.notes


def test_trainings_run_on_gpus_where_there_are_any(bench: Bench) -> None:
    pools, notes = planned(bench, cpu=CPU, gpu={**CPU, "gpus": 1})
    assert {stage for stage, pool in pools.items() if pool == "gpu"} == {"train", "fine_tune"}
    assert not [note for note in notes if "pool" in note]


def test_without_gpus_the_plan_says_that_they_run_on_processors(bench: Bench) -> None:
    pools, notes = planned(bench, cpu=CPU)
    assert set(pools.values()) == {"cpu"}
    for stage in ("train", "fine_tune"):
        assert f"stage `{stage}` asks for pool `gpu`; site `here` has none, so it runs on `cpu`" in notes


@pytest.mark.parametrize("name", ["train", "fine_tune"])
def test_a_study_may_send_them_elsewhere(bench: Bench, name: str) -> None:
    text = SPEC.read_text() + f"pools: {{{name}: cpu}}\n"
    (bench.folder / "study.yaml").write_text(text)
    site = Site.model_validate({"site": "here", "scheduler": "local", "pools": {"cpu": CPU, "gpu": {**CPU, "gpus": 1}}})
    plan = bench.plan(bench.folder / "study.yaml", site=site)
    assert {stage.pool for stage in plan.stages if stage.path == name} == {"cpu"}
