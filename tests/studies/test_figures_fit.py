"""The figures of all kinds with few, with many and with odd data: everything stands inside, nothing over another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise, product

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from bigdata.kind.drawing import STYLE
from bigdata.kind.legend import MOST_NAMED
from bigdata.studies.architecture_search import figures as search
from bigdata.studies.cluster_expansion import figures as clusters
from bigdata.studies.complexity import class_figures
from bigdata.studies.complexity import figures as complexity
from bigdata.studies.cost import figures as cost
from bigdata.studies.high_throughput import figures as calculations
from bigdata.studies.materials.drawn import histograms
from bigdata.studies.overlap import figures as overlap
from bigdata.studies.similarity import figures as similarity
from bigdata.studies.transferability import figures as transferability

Floats = np.ndarray
RNG = np.random.default_rng(1)
BEGINNING = RNG.bit_generator.state
# What values may be like: usual; one that stands for none; over eight decades; all the same; with gaps; only one.
VALUES: dict[str, Callable[[int], Floats]] = {
    "usual": lambda n: RNG.normal(2.0, 0.3, n),
    "one -9999": lambda n: np.where(np.arange(n) == n // 2, -9999.0, RNG.normal(2.0, 0.3, n)),
    "eight decades": lambda n: 10.0 ** RNG.uniform(-4, 4, n),
    "all the same": lambda n: np.full(n, 2.0),
    "gaps": lambda n: np.where(np.arange(n) % 3 == 0, np.nan, RNG.normal(2.0, 0.3, n)),
}
NUMBERS = [1, 14, 600]
NAMES: dict[str, Callable[[int], str]] = {
    "short": lambda i: f"d{i}",
    "long": lambda i: f"the calculations of the whole group of {i} people with the tightest settings of all ({i})",
}


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    """Whichever tests ran before."""
    RNG.bit_generator.state = BEGINNING


def named(words: str, n: int) -> list[str]:
    return [NAMES[words](i) for i in range(n)]


def faults(figure: Figure) -> Iterator[str]:
    """What can't be read in a figure that has been laid out."""
    panels = [axes for axes in figure.axes if axes.axison and not hasattr(axes, "_colorbar")]
    axes_of = [axis for axes in panels for axis in (axes.xaxis, axes.yaxis)]
    for text in texts(figure, axes_of):
        if leaves(text.get_window_extent(), figure.bbox):
            yield f"`{text.get_text()}` leaves the figure"
    for axis in axes_of:
        yield from (f"tick `{one}` lies over `{other}`" for one, other in overlapping(axis))
    for legend in figure.legends:
        if len(legend.get_texts()) > MOST_NAMED + 1:
            yield f"the legend has {len(legend.get_texts())} entries"
        if any(legend.get_window_extent().overlaps(axes.get_window_extent()) for axes in panels):
            yield "the legend lies over a panel"
    for axes in panels:
        inches = axes.get_window_extent().size / figure.dpi
        if min(inches) < 0.25:
            yield f"a panel is {inches[0]:.2f} by {inches[1]:.2f} inches"


def leaves(at: Bbox, box: Bbox) -> bool:
    return at.width > 0 and bool((at.min < box.min - 2).any() or (at.max > box.max + 2).any())


def texts(figure: Figure, axes_of: list[Axis]) -> list[Text]:
    """All that is drawn: of ticks those within the limits, of axes those that are on."""
    ticks = {
        id(label)
        for axis in figure.findobj(Axis)
        for tick in (*axis.majorTicks, *axis.minorTicks)
        for label in (tick.label1, tick.label2)
    }
    others = [
        text
        for text in figure.findobj(Text)
        if id(text) not in ticks and text.get_visible() and text.get_text().strip()
        if text.axes is None or text.axes.axison
    ]
    return [*others, *(label for axis in axes_of for label in labels(axis))]


def labels(axis: Axis) -> list[Text]:
    low, high = sorted(axis.get_view_interval())
    room = 1e-9 * (high - low)
    ticks = [tick for tick in axis.get_major_ticks() if low - room <= tick.get_loc() <= high + room]
    return [tick.label1 for tick in ticks if tick.label1.get_visible() and tick.label1.get_text()]


def overlapping(axis: Axis) -> Iterator[tuple[str, str]]:
    which = 0 if axis.axis_name == "x" else 1
    texts = sorted(labels(axis), key=lambda text: text.get_window_extent().min[which])
    for one, other in pairwise(texts):
        if one.get_rotation() % 90:  # slanted: their boxes overlap, their letters don't
            continue
        if one.get_window_extent().overlaps(other.get_window_extent()):
            yield one.get_text(), other.get_text()


def drawn(draw: Callable[[], Figure]) -> Figure:
    """Laid out as for saving, without any pixels."""
    with mpl.rc_context(STYLE):
        figure = draw()
        figure.draw_without_rendering()
    return figure


def check(draw: Callable[[], Figure]) -> None:
    assert list(faults(drawn(draw))) == []


# Long names leave least room: what fits with them fits with short ones, which only the slow tests try everywhere.
SHORT_AND_LONG = [pytest.param("short", marks=pytest.mark.slow), "long"]
MANY = [pytest.param(n, w, marks=[pytest.mark.slow] if w == "short" else []) for n, w in product(NUMBERS, NAMES)]
# Of all pairs of number and values only some: each figure takes a tenth of a second, that of 600 series seconds.
SOME = [(14, "long", "usual"), *((1, "short", values) for values in VALUES), (6, "short", "one -9999")]


@pytest.mark.parametrize(("n", "words"), MANY)
def test_datasets(n: int, words: str) -> None:
    names = named(words, n)
    common = RNG.integers(0, 90, (n, n))
    check(lambda: overlap.overlap(names, common, np.full(n, 100)))
    sizes = {name: RNG.geometric(0.2, 50) for name in names}
    check(lambda: overlap.group_sizes(sizes))
    counts = {name: RNG.integers(0, 90, 20) for name in names}
    check(lambda: histograms(np.linspace(-1, 1, 21), counts, counts, "formation energy (eV/atom)", 3))


@pytest.mark.parametrize("largest", [1, 2, 40, 41, 3_000, 10**6])
def test_group_sizes(largest: int) -> None:
    sizes = {"a": np.ones(7, np.int64), "b": np.array([0, 1, 1, 2, largest])}
    check(lambda: overlap.group_sizes(sizes))


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("n", [2, 50])
@pytest.mark.parametrize("words", SHORT_AND_LONG)
def test_agreement(values: str, n: int, words: str) -> None:
    names = named(words, 4)
    pairs = {(a, b): (VALUES[values](n), VALUES[values](n)) for a in names for b in names if a < b}
    check(lambda: overlap.agreement(pairs, "formation energy per atom (eV/atom)"))


@pytest.mark.parametrize(("n", "words", "values"), [*SOME, (600, "short", "usual")])
def test_settings_of_calculations(n: int, words: str, values: str) -> None:
    some = np.abs(np.stack([VALUES[values](3) for _ in range(n)], axis=1))
    check(lambda: calculations.by_setting(named(words, n), some, some, [0] * n))
    check(lambda: calculations.efforts(named(words, n), some, some))


@pytest.mark.parametrize(("n", "words"), MANY)
def test_spectra_of_settings(n: int, words: str) -> None:
    of = {NAMES[words](i): RNG.random((n, 40)) for i in range(2)}
    check(lambda: calculations.spectra(np.linspace(-5, 5, 40), of, named(words, n)))


def cloud(name: str, values: str) -> complexity.Cloud:
    error = np.abs(VALUES[values](5))
    return complexity.Cloud(name, 10.0 ** np.arange(5), error, error * 0.9, error * 1.1, 2)


@pytest.mark.parametrize(("n", "words", "values"), [*SOME, (600, "short", "usual")])
def test_classes_of_models(n: int, words: str, values: str) -> None:
    names = named(words, min(n, 60))
    clouds = [cloud(name, values) for name in names]
    check(lambda: complexity.errors(clouds, 3.0, "RMSE (eV), samples tested", True, "mean"))
    n_trained = np.array([30.0, 80.0, 300.0])
    learned = {name: complexity.Learned(n_trained, *np.abs([VALUES[values](3) for _ in range(3)])) for name in names}
    places = {name: i for i, name in enumerate(names)}
    check(lambda: complexity.learning_curve(learned, places, "RMSE (eV), samples tested", True))


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("n", [1, 60])
@pytest.mark.parametrize("is_logarithmic", [False, True])
@pytest.mark.parametrize("n_panels", [1, 5])
def test_predictions_of_models(values: str, n: int, is_logarithmic: bool, n_panels: int) -> None:
    target = np.nan_to_num(VALUES[values](n), nan=1.0)
    target = np.abs(target) if is_logarithmic else target
    tested = np.arange(n) % 3 == 0
    panels = [complexity.Parity(f"class {i}", i, target, target * 1.1, tested, "RMSE 0.1") for i in range(n_panels)]
    check(lambda: complexity.parity(panels, "energy (eV)", is_logarithmic))


@pytest.mark.parametrize(("n", "words"), MANY)
def test_features(n: int, words: str) -> None:
    values = {name: 1.0 / (i + 1) for i, name in enumerate(named(words, n))}
    check(lambda: complexity.bars(values, "share of folds"))
    check(lambda: complexity.importance(dict.fromkeys(("a", "b", "c"), values), {"a": 0, "b": 1, "c": 2}))


@pytest.mark.parametrize(("n", "words"), MANY[len(NAMES) :])
def test_classes_of_samples(n: int, words: str) -> None:
    labels = named(words, n)
    panels = [class_figures.Confusion(f"model {i}", RNG.integers(0, 9, (n, n)), "accuracy 0.9") for i in range(4)]
    check(lambda: class_figures.confusions(panels, labels))
    n_samples = 3 * n
    values, codes = RNG.normal(size=(2, n_samples)), np.arange(n_samples) % n
    tested = RNG.random(n_samples) < 0.3
    check(lambda: class_figures.hulls(values, codes, tested, labels, NAMES[words](0).split("~") * 2))
    check(lambda: class_figures.hulls(values[:1], codes, tested, labels, [NAMES[words](0)]))


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("n", [1, 3])
def test_cluster_expansions(values: str, n: int) -> None:
    error = np.abs(np.nan_to_num(VALUES[values](12), nan=1.0))
    curves = [clusters.Curve(d + 1, error, error, error * 0.9, error * 1.1, 5) for d in range(n)]
    target = np.nan_to_num(VALUES[values](40), nan=1.0)
    made = {d + 1: target + 0.1 for d in range(n)}
    bound = np.arange(40) % 9 == 0
    check(lambda: clusters.errors(curves, 9, target, made, made, bound, "mixing energy (eV)", "eV"))
    order, diameter = np.arange(12) % 5, np.linspace(2, 9, 12)
    found = VALUES[values](12)
    check(lambda: clusters.interactions(order, diameter, found, found - 0.1, found + 0.1, "eV"))


@pytest.mark.parametrize(("n", "words"), MANY)
@pytest.mark.parametrize("scale", [1, 10**9])
def test_costs(n: int, words: str, scale: int) -> None:
    lines = [cost.Line(name, 10 * scale, 7.0 * scale * (i + 1), 2e6 * scale) for i, name in enumerate(named(words, n))]
    check(lambda: cost.against_structures(lines, 10**6, 10**12))
    given = [cost.Search(name, 2000, 10**6, 0.01 * (i + 1), 3.0, True) for i, name in enumerate(named(words, n))]
    given.append(cost.Search("V100 (paper)", 2000, 10**6, 0.01, np.nan, False))
    check(lambda: cost.searches(given))


@pytest.mark.parametrize(("n", "words"), MANY)
def test_kinds_of_spectra(n: int, words: str) -> None:
    for n_fields in (1, 2, 6):
        fields = [NAMES[words](i) for i in range(n_fields)]
        values = {name: 10.0 ** np.arange(4) for name in fields}
        alone = {name: np.array([True, True, False, False]) for name in fields}
        series = [
            similarity.Series(name, i % 3, i // 3, values, RNG.random(4), alone)
            for i, name in enumerate(named(words, n))
        ]
        units = dict.fromkeys(fields, "eV")
        check(lambda: similarity.convergence(series, units, "Tanimoto"))  # noqa: B023
    numbers = {NAMES[words](i): (10.0 ** RNG.uniform(1, 3, n), "eV") for i in range(2)}
    block = [f"{i // 3}" for i in range(n)]
    check(lambda: similarity.matrix(RNG.random((n, n)), n, block, numbers, "Tanimoto"))


@pytest.mark.parametrize("words", SHORT_AND_LONG)
def test_fingerprints(words: str) -> None:
    columns = similarity.Columns(np.arange(-4.0, 4.0), np.ones(8), np.full(8, 2.0), 4)
    a = similarity.Shown(2 * NAMES[words](0), np.arange(8).astype(np.uint8))
    b = similarity.Shown(NAMES[words](1), np.ones(8, np.uint8), covered=slice(2, 7))
    check(lambda: similarity.fingerprints(columns, a, b, 0.5, "Tanimoto", "energy (eV)"))
    check(lambda: similarity.neighbors(RNG.random(9), np.full(9, np.nan), 5, "Tanimoto"))


def pair(values: str, n: int) -> transferability.Pair:
    target = VALUES[values](n)
    return transferability.Pair(target, target + 0.1)


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("words", SHORT_AND_LONG)
@pytest.mark.parametrize("size", [(1, 1), (5, 4)])
def test_predictions_of_networks(values: str, words: str, size: tuple[int, int]) -> None:
    pairs = {
        (f"trained on\n{NAMES[words](i)}", f"tested on\n{NAMES[words](j)}"): pair(values, 60)
        for i in range(size[0])
        for j in range(size[1])
    }
    check(lambda: transferability.parity(pairs, [], "formation energy", "eV/atom"))


@pytest.mark.parametrize(("n", "words", "values"), [*SOME, (600, "short", "usual")])
def test_trainings_of_networks(n: int, words: str, values: str) -> None:
    steps, names = 100 * np.arange(1, 9), named(words, n)
    trained = [transferability.Curve(name, np.abs(VALUES[values](8)), np.abs(VALUES[values](8))) for name in names]
    check(lambda: transferability.curves(steps, trained, "eV/atom"))


@pytest.mark.parametrize("words", SHORT_AND_LONG)
@pytest.mark.parametrize("n", [1, 9])
@pytest.mark.parametrize("values", ["usual", "eight decades"])
def test_ladders_and_losses(words: str, n: int, values: str) -> None:
    estimate = transferability.Estimate(0.31, 0.28, 0.34)
    rungs = [
        transferability.Rungs(NAMES[words](i), i == 0, np.abs(VALUES[values](4)), estimate, 0.5)
        for i in range(min(n, 6))
    ]
    models = {f"trained on {name}": (np.array([10.0, 100, 1000, 10**5]), rungs) for name in named(words, n)}
    check(lambda: transferability.ladder(models, "eV/atom"))
    losses = [
        transferability.Loss(f"trained on {a}, tested on b", {"MAE": estimate, "fine-tuned": estimate}, 0.2, 0.1, 0.1)
        for a in named(words, n)
    ]
    check(lambda: transferability.loss_parts(losses, "eV/atom"))


def axis(words: str, n: int) -> search.Axis:
    return search.Axis(NAMES[words](0), [i + 0.5 for i in range(n)], named(words, n))


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("words", SHORT_AND_LONG)
@pytest.mark.parametrize("size", [(1, 1), (3, 6), (8, 8)])
def test_surfaces_of_a_search(values: str, words: str, size: tuple[int, int]) -> None:
    best = VALUES[values](size[0] * size[1]).reshape(size)
    best[0, 0] = 1.0
    found = search.Surface(axis(words, size[0]), axis(words, size[1]), best, np.zeros(size, bool), (0, 0))
    check(lambda: search.surface(found, "validation RMSE (meV/atom)"))


@pytest.mark.parametrize("values", [v for v in VALUES if v != "gaps"])
@pytest.mark.parametrize("words", SHORT_AND_LONG)
@pytest.mark.parametrize("n", [1, 30])
def test_courses_of_a_search(values: str, words: str, n: int) -> None:
    of = VALUES[values](n)
    spent, best = np.arange(1.0, n + 1), np.minimum.accumulate(of)
    label = "validation RMSE (meV/atom)"
    check(lambda: search.best_so_far(search.Course(spent, "h", of, best, best), label))
    check(lambda: search.trials(of, search.Again(float(of[0]), 0.1), label))
    beside = [search.Objective(10.0 ** RNG.uniform(0, 6, n), "parameters") for _ in range(2)]
    on_front = np.arange(n) % 4 == 0
    check(lambda: search.front(search.Objective(of, label), beside, on_front))
    fields = [search.Axis(f"{NAMES[words](i)}", np.linspace(0, 1, 5), named(words, 5)) for i in range(8)]
    check(lambda: search.parallel(RNG.random((n, 8)), np.sort(of), fields, label))
    ranks = search.Ranks(np.arange(1.0, n + 1), np.arange(1.0, n + 1), "epoch 10: ρ = 0.9")
    check(lambda: search.ranks([ranks] * 5))
