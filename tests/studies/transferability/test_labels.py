"""Differences between labels: plain counting, references put in by hand, and two real databases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from bigdata.studies.transferability.labels import Labels, label_differences
from tests.studies.transferability import mirrored

N_GROUPS = 60


def compositions(rng: np.random.Generator) -> np.ndarray:
    """Two of eight elements for each group."""
    made = np.zeros((N_GROUPS, 118))
    for row in made:
        row[rng.choice(8, 2, replace=False)] = rng.dirichlet([1, 1])
    return made


def databases(seed: int = 0) -> dict[str, Labels]:
    """Three databases of groups 0-59, the third with its own few."""
    rng = np.random.default_rng(seed)
    of_group, found = compositions(rng), {}
    for name, last, shift in (("a", 40, 0.0), ("b", N_GROUPS, 0.5), ("c", 3, 0.0)):
        groups = rng.integers(0, last, 150) + (57 if name == "c" else 0)
        values = of_group[groups] @ np.arange(118.0) * (1 + shift) + 0.1 * rng.normal(size=150)
        values[rng.random(150) < 0.1] = np.nan
        found[name] = Labels(values, groups, of_group[groups])
    return found


def mean_by_group(labels: Labels) -> dict[int, float]:
    by_group: dict[int, list[float]] = {}
    for group, value in zip(labels.groups.tolist(), labels.values.tolist(), strict=True):
        if value == value:
            by_group.setdefault(group, []).append(value)
    return {group: sum(values) / len(values) for group, values in by_group.items()}


def test_differences_are_those_of_plain_loops_over_groups() -> None:
    given = databases()
    found = label_differences(given, seed=3)
    for i, one in enumerate(map(mean_by_group, given.values())):
        for j, (labels, other) in enumerate((labels, mean_by_group(labels)) for labels in given.values()):
            common = sorted(one.keys() & other.keys())
            assert found.n_groups[i, j] == len(common)
            if len(common) < 5:
                continue
            d = np.array([one[group] - other[group] for group in common])
            assert found.mae[i, j] == pytest.approx(np.abs(d).mean(), abs=1e-12)
            x = np.array([labels.fractions[labels.groups == group][0] for group in common])
            fold, left = np.random.default_rng(3).permutation(len(d)) % 5, []
            for k in range(5):
                out = fold == k
                fit = Ridge(alpha=0.3, fit_intercept=False).fit(x[~out], d[~out] - d[~out].mean())
                left += (d[out] - d[~out].mean() - fit.predict(x[out])).tolist()
            assert found.mae_refit[i, j] == pytest.approx(np.abs(left).mean(), abs=1e-12)


def test_databases_without_a_common_group_have_no_difference() -> None:
    found = label_differences(databases())
    assert found.n_groups[0, 2] == 0
    assert np.isnan([found.mae[0, 2], found.mae_refit[0, 2]]).all()
    np.testing.assert_array_equal(np.diag(found.mae), 0)


def test_the_order_of_two_databases_and_of_their_rows_is_all_the_same() -> None:
    given = databases()
    found = label_differences(given)
    for array in found:
        np.testing.assert_allclose(array, array.T, rtol=1e-12)
    turned = {name: Labels(*(column[::-1] for column in labels)) for name, labels in given.items()}
    np.testing.assert_allclose(label_differences(turned).mae_refit, found.mae_refit, rtol=1e-12)


def test_a_difference_by_elements_is_gone_after_the_fit() -> None:
    """The same labels but for references of the elements: all that is left is what the penalty keeps."""
    rng, groups = np.random.default_rng(1), np.arange(N_GROUPS)
    fractions, energies = compositions(rng), rng.normal(0, 0.3, 118)
    a, b = (Labels(fractions @ (k * energies), groups, fractions) for k in (1, 2))
    found = label_differences({"a": a, "b": b})
    assert found.mae_refit[0, 1] < 0.2 * found.mae[0, 1]


@pytest.mark.parametrize("n", [1, 3])
def test_few_common_groups_are_left_out_one_by_one(n: int) -> None:
    labels = Labels(np.arange(n, dtype=float), np.arange(n), np.eye(118)[:n])
    found = label_differences({"a": labels, "b": labels._replace(values=labels.values + 1)})
    assert found.mae[0, 1] == 1
    np.testing.assert_allclose(found.mae_refit[0, 1], np.nan if n == 1 else 0, atol=1e-12)


def test_materials_project_and_aflow_differ_by_124_mev_and_by_half_of_it_after_the_fit(mirror: Path) -> None:
    read = {
        "mp": mirrored.read(mirror / "mp20_biternary", "formation_energy_per_atom"),
        "aflow": mirrored.read(mirror / "aflow_structures_thermal", "formation_energy_composition"),
    }
    code_of: dict[object, int] = {}
    groups = {name: [code_of.setdefault(m, len(code_of)) for m in found.materials] for name, found in read.items()}
    found = label_differences({n: Labels(r.target, np.array(groups[n]), r.fractions) for n, r in read.items()})
    assert found.n_groups[0, 1] == pytest.approx(1508, abs=5)
    assert found.mae[0, 1] == pytest.approx(0.124, abs=0.001)
    assert found.mae_refit[0, 1] == pytest.approx(0.064, abs=0.002)
