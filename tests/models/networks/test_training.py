"""Training: steps by hand, batches, stopping, and going on after a stop to the same bits."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

pytest.importorskip("tensorflow", reason="the extra `networks` isn't installed")

from bigdata.data.graphs import build
from bigdata.data.materials.dataset import open_materials
from bigdata.data.materials.origin import NamedMaterials
from bigdata.errors import Paused
from bigdata.models.networks.crystals import Crystals
from bigdata.models.networks.setting import MPEU, Decay, EdgeGated, PaiNN, SchNet, Training
from bigdata.models.networks.standard import Standard, ridge
from bigdata.models.networks.training import Problem, Trainer, outputs, predicted, rate
from tests.models.networks.crystals import compiled, setting

HOME = Path(__file__).parents[3]
QUICK = EdgeGated(latent=8, steps=2)
SHORT = Training(max_steps=12, batch=8, evaluate_every=4, baseline="elements", jitter="0.02 angstrom")


def problem(network, n=60, n_validation=12, neighbors=8) -> Problem:
    alloys = open_materials(NamedMaterials(name="emt-random-alloys"), Path())
    of = Crystals(build(alloys.structures.between(0, n), setting(network, neighbors=neighbors)), network)
    values = alloys.columns.numbers("formation_energy_per_atom")[:n]
    return Problem(of, values, np.arange(n - n_validation), np.arange(n - n_validation, n))


def trainer(network=QUICK, training=SHORT, seed=1, of=None, **more) -> Trainer:
    return Trainer(compiled(network, "float32", **more), training, of or problem(network), seed)


def test_steps_are_adams_on_batches_of_the_literature_formula():
    from bigdata.models.networks.loading import tf

    training = Training(max_steps=3, batch=8, learning_rate=1e-2, decay="none", averaging=0.9, evaluate_every=3)
    made = Trainer(compiled(QUICK, "float64"), training, problem(QUICK), 1)
    theta = made.network.layout.initial(1)
    m, v, average = np.zeros_like(theta), np.zeros_like(theta), theta.copy()
    for step in range(3):
        rows = made._rows()
        variable = tf.constant(theta)
        with tf.GradientTape() as tape:
            tape.watch(variable)
            batch = made.network.tensors(made._batch(rows))
            wrong = made.network.outputs(variable, batch, None) - made._targets[rows]
            loss = tf.reduce_mean(tf.square(wrong))
        gradient = tape.gradient(loss, variable).numpy()
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        # The paper's second form, at the end of its section 2: epsilon stands beside the root that isn't corrected.
        corrected = 1e-2 * np.sqrt(1 - 0.999 ** (step + 1)) / (1 - 0.9 ** (step + 1))
        theta = theta - corrected * m / (np.sqrt(v) + 1e-8)
        memory = min(0.9, step / (step + 50))
        average = memory * average + (1 - memory) * theta
        made._one_step()
    state = made.state()
    np.testing.assert_allclose(state["weights"], theta, atol=1e-8)
    np.testing.assert_allclose(state["average"], average, atol=1e-8)


def test_what_is_counted_is_optimised_and_saved():
    made = trainer()
    state = made.state()
    n = made.network.layout.n_parameters
    assert state["weights"].shape == state["average"].shape == state["m"].shape == (n,)
    made.train()
    changed = made.state()["weights"] != state["weights"]
    # Elements that no crystal has keep their first weights, and so do Gaussians beyond all distances.
    p = made.network.layout.parameters
    for (name, one), part in zip(p.items(), np.split(changed, np.cumsum(made.network.layout.sizes)[:-1]), strict=True):
        assert part.any(), name
        if name not in ("embedding", "from_edge0"):
            assert part.mean() > 0.9, (name, one)


@pytest.mark.parametrize("stops", [1, 4, 5, 7, 11])
def test_a_training_that_paused_goes_on_to_the_same_bits(stops):
    whole = trainer().train()
    saved = {}
    left = iter(range(stops))
    first = trainer()
    with pytest.raises(Paused):
        first.train(saved.update, lambda: next(left, None) is None)
    assert first.step == stops
    second = trainer()
    second.resume(saved)
    rest = second.train()
    assert (rest.weights == whole.weights).all()
    np.testing.assert_array_equal(rest.curve_mae, whole.curve_mae)
    np.testing.assert_array_equal(rest.curve_loss, whole.curve_loss)
    assert (rest.n_steps, rest.best_step) == (whole.n_steps, whole.best_step)


def test_saving_takes_a_small_part_of_the_time():
    saved = []
    trainer().train(lambda state: saved.append(time.sleep(0.2)), save_seconds=0.0)
    assert len(saved) == 1


KILLED = """
import sys
from pathlib import Path
import numpy as np
from bigdata.kind import Checkpoint
from tests.models.networks.test_training import trainer, QUICK, Training
path = Path(sys.argv[1])
kept = Checkpoint(path, print)
made = trainer(QUICK, Training(max_steps=400, batch=8, evaluate_every=40, jitter="0.02 angstrom"))
if (saved := kept.load()) is not None:
    made.resume(saved)
done = made.train(lambda state: kept.save(**state), save_seconds=0.0)
np.savez(path.with_name("done.npz"), weights=done.weights, curve=done.curve_mae)
"""


def in_a_process(path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", KILLED, str(path)], cwd=HOME)


def until(there, process) -> None:
    for _ in range(2400):
        if there() or process.poll() is not None:
            return
        time.sleep(0.05)


@pytest.mark.slow
def test_a_training_killed_at_five_moments_ends_with_the_bits_of_one_that_was_not(tmp_path):
    (tmp_path / "whole").mkdir()
    assert in_a_process(tmp_path / "whole/kept").wait(120) == 0
    for _ in range(5):
        process = in_a_process(tmp_path / "kept")
        before = (tmp_path / "kept").stat().st_mtime_ns if (tmp_path / "kept").exists() else 0
        until(lambda b=before: (tmp_path / "kept").exists() and (tmp_path / "kept").stat().st_mtime_ns > b, process)
        time.sleep(0.15)
        process.send_signal(signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL
    assert in_a_process(tmp_path / "kept").wait(120) == 0
    killed, whole = np.load(tmp_path / "done.npz"), np.load(tmp_path / "whole/done.npz")
    assert (killed["weights"] == whole["weights"]).all()
    assert (killed["curve"] == whole["curve"]).all()


@pytest.mark.parametrize(
    ("network", "steps"),
    [
        (EdgeGated(latent=32), 1500),
        pytest.param(SchNet(latent=32), 3000, marks=pytest.mark.slow),
        pytest.param(MPEU(latent=32), 2500, marks=pytest.mark.slow),
        pytest.param(PaiNN(latent=24), 1500, marks=pytest.mark.slow),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_32_crystals_are_learned_by_heart_to_1_mev(network, steps):
    of = problem(network, 32, 0)
    of = Problem(of.crystals, of.values, of.train, of.train)
    training = Training(max_steps=steps, batch=32, evaluate_every=steps, learning_rate=3e-3, warm_up=0.02)
    done = trainer(network, training, of=of).train()
    assert done.validation_mae < 1e-3


def test_every_step_has_a_whole_batch_and_every_epoch_another_order():
    made = trainer(training=Training(max_steps=20, batch=9, evaluate_every=20))
    epochs = []
    for epoch in range(2):
        batches = []
        for place in range(48 // 9):
            made.step = epoch * (48 // 9) + place
            batches.append(made._rows())
        assert {len(rows) for rows in batches} == {9}
        epochs.append(np.concatenate(batches))
        assert len(np.unique(epochs[-1])) == 45
        assert (epochs[-1] != np.sort(epochs[-1])).any()
    assert (epochs[0] != epochs[1]).any()


def test_the_rate_warms_up_falls_and_cools_down():
    linear = Training(max_steps=100, learning_rate=1.0, warm_up=0.1)
    assert [rate(linear, step) for step in (0, 4, 9, 50, 99)] == pytest.approx([0.1, 0.48, 0.91, 0.5, 0.01])
    steps = Training(max_steps=100, learning_rate=1.0, decay=Decay(factor=0.5, every=30), cool_down=0.2)
    assert [rate(steps, step) for step in (0, 29, 30, 79, 90)] == pytest.approx([1, 1, 0.5, 0.25, 0.125 * 0.5])
    cosine = Training(max_steps=100, learning_rate=1.0, decay="cosine")
    assert [rate(cosine, step) for step in (0, 50, 75)] == pytest.approx([1, 0.5, 0.5 * (1 - math.sqrt(0.5))])


def test_training_stops_when_the_newest_look_is_worse_than_the_oldest_of_the_patience():
    training = Training(
        max_steps=4000, batch=8, evaluate_every=20, patience=60, learning_rate=2e-2, decay="none", averaging=0.0
    )
    done = trainer(training=training).train()
    mae = done.curve_mae[: done.n_steps // 20]
    worse = [i for i in range(3, len(mae)) if mae[i] > mae[i - 3]]
    assert worse == [len(mae) - 1]
    assert np.isnan(done.curve_mae[len(mae) :]).all()
    assert done.validation_mae == mae.min()
    assert done.best_step == 20 * (1 + int(mae.argmin()))


def test_what_is_dropped_follows_from_the_seed_and_only_training_drops():
    network = SchNet(latent=16, dropout=0.5)
    made, of = compiled(network, "float32"), problem(network).crystals
    batch, theta = made.tensors(of.batch(np.arange(8))), made.layout.initial(0).astype("f4")
    one, same, other, none = (
        made.outputs(theta, batch, seed).numpy()
        for seed in (np.array([1, 2]), np.array([1, 2]), np.array([1, 3]), None)
    )
    assert (one == same).all()
    assert (one != other).any()
    np.testing.assert_allclose(none, made.predict(theta, batch).numpy(), atol=1e-6)


QUIET = SHORT.model_copy(update={"jitter": 0.0})


def test_programs_compiled_by_xla_train_alike():
    plain, by_xla = (trainer(training=QUIET, compiles=compiles).train() for compiles in (False, True))
    assert by_xla.validation_mae == pytest.approx(plain.validation_mae, rel=1e-3)


MIXED = """
from tests.models.networks.test_training import QUICK, QUIET, Trainer, compiled, problem
for precision in ("float32", "mixed"):
    print(Trainer(compiled(QUICK, precision), QUIET, problem(QUICK), 1).train().validation_mae)
"""


@pytest.mark.slow
def test_products_in_bfloat16_train_nearly_alike():
    # oneDNN has none without the newest instructions, and ends the process: only GPUs are asked for them.
    environment = os.environ | {"TF_ENABLE_ONEDNN_OPTS": "0"}
    ran = subprocess.run(
        [sys.executable, "-c", MIXED], cwd=HOME, env=environment, capture_output=True, text=True, check=True
    )
    plain, mixed = map(float, ran.stdout.split())
    assert mixed == pytest.approx(plain, rel=0.05)
    assert mixed != plain


def test_a_diverged_training_says_what_helps():
    with pytest.raises(ArithmeticError, match="learning_rate"):
        trainer(training=Training(max_steps=40, batch=8, evaluate_every=20, learning_rate=1e30)).train()


def test_references_of_the_elements_are_scikit_learns_ridge():
    rng = np.random.default_rng(0)
    x, y = rng.dirichlet(np.ones(118), 300), rng.normal(size=300)
    right = Ridge(alpha=0.3, fit_intercept=False, solver="cholesky").fit(x, y).coef_
    np.testing.assert_allclose(ridge(x, y), right, atol=1e-12)


@pytest.mark.parametrize("sums", [False, True], ids=["of an atom", "of the cell"])
def test_standardised_targets_have_no_mean_and_unit_spread(sums):
    rng = np.random.default_rng(0)
    x, n_atoms = rng.dirichlet(np.ones(118), 300), rng.integers(1, 9, 300).astype(np.int32)
    y = rng.normal(3, 2, size=300) * (n_atoms if sums else 1)
    made = Standard.of(y, x, n_atoms, "mean", sums)
    left = (y - made.known(x, n_atoms)) / made.scale
    assert left.std() == pytest.approx(1)
    assert (left / (n_atoms if sums else 1)).mean() == pytest.approx(0, abs=1e-12)


def test_predictions_stand_in_the_order_asked_for():
    made = trainer()
    of, rows = made.problem.crystals, np.array([7, 3, 50, 11])
    weights = made.network.layout.initial(1)
    every = outputs(made.network, weights, of, np.arange(len(of)))
    np.testing.assert_allclose(outputs(made.network, weights, of, rows), every[rows], atol=1e-6)
    values = predicted(made.network, (weights, made.standard), of, rows)
    known = made.standard.known(made.problem.crystals.fractions, of.graphs.n_atoms)[rows]
    np.testing.assert_allclose(values, known + made.standard.scale * every[rows], atol=1e-6)
