"""A training that fails costs what its network would have said, and nothing else."""

from __future__ import annotations

import re

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra `networks` isn't installed")

import bigdata
from bigdata.models.networks.training import Trainer
from bigdata.store.reading import Run
from bigdata.studies.transferability import tasks
from tests.bench import Bench, events

pytestmark = pytest.mark.slow
N_PROTOTYPES, N_RANDOM = 90, 120
STUDY = {
    "study": "transferability",
    "name": "few",
    "datasets": {
        "prototypes": {
            "name": "emt-prototypes",
            "target": "formation_energy_per_atom",
            "sample": {"entries": N_PROTOTYPES},
        },
        "random": {
            "name": "emt-random-alloys",
            "target": "formation_energy_per_atom",
            "sample": {"entries": N_RANDOM},
        },
    },
    "combined": {"both": ["prototypes", "random"]},
    "model": {"kind": "edge-gated", "latent": 8, "steps": 1},
    "training": {"max_steps": 10, "evaluate_every": 5},
    "ladder": [0.5],
    "fine_tuning": {"rows": 10, "max_steps": 4},
    "bootstrap": 20,
}
ERRORS = ("mae", "rmse", "r2", "bias", "mae_offset", "mae_refit", "mae_fine_tuned")
MODELS = ["prototypes", "random", "both"]


class Diverging(Trainer):
    """Of the prototypes alone training diverges."""

    def __init__(self, network, setting, problem, *more):
        if len(problem.crystals) == N_PROTOTYPES and setting.max_steps == 10:
            setting = setting.model_copy(update={"learning_rate": 1e30})
        super().__init__(network, setting, problem, *more)


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Bench:
    return Bench(tmp_path_factory.mktemp("failed"))


def submitted(bench: Bench, exit_code: int, **more: object) -> Run:
    done = bench.bigdata("submit", bench.write("few.yaml", STUDY | more), "--site", "process")
    assert done.returncode == exit_code, done.stderr
    return bigdata.open_run(bench.run_folder().path)


def numbers(run: Run) -> dict[str, np.ndarray]:
    names = [f"{name}{end}" for name in ERRORS for end in ("", "_low", "_high")]
    return {name: run[name][...] for name in [*names, "n_tested", "element_mae", "ladder_mae", "ladder_n"]}


@pytest.fixture(scope="module")
def failing(bench) -> tuple[dict[str, np.ndarray], str, dict[tuple[str, int], str]]:
    """Numbers, page and errors of a study with diverging trainings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks.networks, "Trainer", Diverging)
        run = submitted(bench, 5)
        errors = {(e["stage"], e["index"]): e["error"] for e in events(run.folder.path, "failed")}
        return numbers(run), page(run), errors


@pytest.fixture(scope="module")
def mended(bench, failing) -> dict[str, np.ndarray]:
    """The same, submitted again once the cause is mended."""
    return numbers(submitted(bench, 0))


def page(run: Run) -> str:
    return (run.folder.path / "report.html").read_text()


def test_the_failure_names_the_cause_and_costs_one_model(failing):
    failed, _, lost = failing
    assert set(lost) == {("train", 0), ("train", 3)}
    assert all("learning_rate" in error for error in lost.values())
    assert not any(np.isfinite(failed[name][0]).any() for name in failed if name.startswith(ERRORS))
    assert failed["n_tested"][0].tolist() == [0, 0, 0]
    assert np.isnan(failed["element_mae"][0]).all()
    assert np.isnan(failed["ladder_mae"][:, 0]).all()
    assert failed["ladder_n"][:, 0].tolist() == [0, 0]


def test_all_else_has_the_numbers_of_a_study_without_failures(failing, mended):
    failed, _, _ = failing
    for name, values in mended.items():
        of_models = 1 if name.startswith("ladder") else 0
        rest, right = (np.take(some, [1, 2], axis=of_models) for some in (failed[name], values))
        np.testing.assert_array_equal(rest, right, name)
    assert np.isfinite(mended["mae"]).all()
    assert np.isfinite(mended["ladder_mae"]).all()


def test_the_page_says_what_failed_and_lacks_nothing_else(failing):
    _, said, _ = failing
    assert "2 of 6 trainings failed (prototypes, seed 0; prototypes, 50 %, seed 0)" in said
    assert "with no model of prototypes itself to compare with" in said
    assert "Trained on prototypes, tested on" not in said
    assert "can't be shown" not in said
    assert "could not be made" not in said
    assert not re.search(r"\bnan\b", said.replace("its loss is nan", ""))


def test_what_an_earlier_submission_left_of_a_failed_training_is_not_taken_for_its_results(tmp_path, monkeypatch):
    """Another split in the same file: the run stays in its folder, and its trainings are done anew."""
    here = Bench(tmp_path)
    for seed, exit_code in ((1, 0), (2, 5)):
        names = [one["name"] for one in STUDY["datasets"].values()]
        done = here.bigdata("datasets", "split", *names, "--seed", seed, "--out", "split.json")
        assert done.returncode == 0, done.stderr
        run = submitted(here, exit_code, split={"file": "split.json"})
        monkeypatch.setattr(tasks.networks, "Trainer", Diverging)
    assert np.isfinite(run["prediction_prototypes_random"][...]).all()
    found = numbers(run)
    assert not any(np.isfinite(found[name][0]).any() for name in found if name.startswith(ERRORS))
    assert np.isfinite(found["mae"][1:]).all()
    assert "Trained on prototypes, tested on" not in page(run)


def test_a_study_whose_trainings_all_fail_still_tells_how_labels_differ(tmp_path):
    here = Bench(tmp_path)
    run = submitted(here, 5, training={"max_steps": 4, "evaluate_every": 2, "learning_rate": 1e30})
    assert np.isnan(run["mae"][...]).all()
    assert run["n_label_groups"][0, 1] >= 0
    assert "6 of 6 trainings failed" in page(run)
    assert "can't be shown" not in page(run)
    assert "could not be made" not in page(run)
    refused = here.bigdata("predict", run.folder.path, "--file", "emt-prototypes")
    assert refused.returncode == 2
    assert "trainings of all its models failed" in refused.stderr
