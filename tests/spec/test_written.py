"""Layers of a study in one text: it reads back as the same study, tells origins, and leaves the user's words alone."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from bigdata.errors import SpecError
from bigdata.spec import Study, load_study
from tests.examples import examples

PARENT = """\
study: similarity
dataset: {name: hbn-dos-gpaw, where: {xc: [LDA, PBE]}}
groups: {linkage: complete, min_similarity: 0.9}
"""
CHILD = """\
# My study
extends: base/parent.yaml   # as before
# A comment of mine
name: child
similarity: {measure: tanimoto, keep: matrix}  # as in the paper
groups:
  linkage: single   # by hand

order_by: [xc, n_kpts_full, mode, n_basis]
# the end
"""


def written(folder: Path, child: str, *overrides: str, parent: str = "") -> Study:
    """The study of a file with these overrides, checked to be the same when its text is read elsewhere, alone."""
    (folder / "base").mkdir(exist_ok=True)
    (folder / "alone").mkdir(exist_ok=True)
    (folder / "base/parent.yaml").write_bytes(parent.encode())
    (folder / "child.yaml").write_bytes(child.encode())
    study = load_study(folder / "child.yaml", overrides)
    alone = folder / "alone" / "study.yaml"
    alone.write_bytes(study.text.encode())
    again = load_study(alone)
    assert json.dumps(again.resolved()) == json.dumps(study.resolved())
    assert again.text == study.text
    return study


def test_a_text_of_its_own_stays_byte_for_byte(tmp_path: Path) -> None:
    text = "\ufeff# ä comment\r\nstudy: similarity\r\n\r\nname:   x # why\r\ndataset: {name: hbn-dos-gpaw}"
    assert written(tmp_path, text).text == text


def test_a_parents_values_stand_where_it_was_named_with_their_origin(tmp_path: Path) -> None:
    assert (
        written(tmp_path, CHILD, parent=PARENT).text
        == """\
# My study
# extends: base/parent.yaml   # as before
study: similarity  # from base/parent.yaml
dataset: {name: hbn-dos-gpaw, where: {xc: [LDA, PBE]}}  # from base/parent.yaml
# A comment of mine
name: child
similarity: {measure: tanimoto, keep: matrix}  # as in the paper
groups:
  min_similarity: 0.9  # from base/parent.yaml
  linkage: single   # by hand

order_by: [xc, n_kpts_full, mode, n_basis]
# the end
"""
    )


def test_what_is_set_stands_in_its_place_with_the_option_beside(tmp_path: Path) -> None:
    text = CHILD.replace("extends: base/parent.yaml   # as before\n", PARENT.replace("groups", "# groups"))
    sets = ("similarity.measure=dice", "order_by.1=mode", "order_by.2=n_kpts_full", "groups.min_similarity=0.95")
    assert written(tmp_path, text, *sets, "pools={similarity: gpu}").text == (
        text.replace("measure: tanimoto", "measure: dice")
        .replace("as in the paper", "as in the paper  # --set similarity.measure=dice")
        .replace("[xc, n_kpts_full, mode, n_basis]", "[xc, mode, n_kpts_full, n_basis]")
        .replace("n_basis]\n", "n_basis]  # --set order_by.1=mode; --set order_by.2=n_kpts_full\nPOOLS\n")
        .replace("POOLS", "pools: {similarity: gpu}  # --set pools={similarity: gpu}")
        .replace("# by hand", "# by hand\n  min_similarity: 0.95  # --set groups.min_similarity=0.95")
    )


def test_a_value_set_again_tells_its_last_origin_alone(tmp_path: Path) -> None:
    once = written(tmp_path, PARENT + "name: x\n", "groups.linkage=single").text
    twice = written(tmp_path, once, "groups.linkage=average").text
    assert "groups: {linkage: average, min_similarity: 0.9}  # --set groups.linkage=average\n" in twice
    assert twice.count("--set") == 1


def test_a_grandparents_values_are_named_after_it(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(PARENT)
    study = written(tmp_path, CHILD, parent="extends: ../old.yaml\ngroups: {min_similarity: 0.8}\n")
    assert "study: similarity  # from old.yaml\n" in study.text
    assert "min_similarity: 0.8  # from base/parent.yaml\n" in study.text


@pytest.mark.parametrize(
    ("child", "sets"),
    [
        pytest.param("extends: base/parent.yaml\nname: x\n", (), id="a file that only names its parent"),
        pytest.param('{"extends": "base/parent.yaml", "name": "x"}', ("groups.linkage=single",), id="JSON"),
        pytest.param("name: x\nextends: base/parent.yaml", ("description=ä",), id="no newline at the end"),
        pytest.param("name: &n x\nextends: base/parent.yaml\ndescription: *n\n", ("name=y",), id="an alias set"),
        pytest.param(
            "extends: base/parent.yaml\nname: x\nblocks: &b {by: [xc]}\nconvergence: {within: &w [xc]}\norder_by: *w\n",
            ("order_by.0=mode",),
            id="a list that two places share",
        ),
        pytest.param(
            "extends: base/parent.yaml\nname: x\ngroups:\n  <<: {linkage: single, min_similarity: 0.5}\n",
            ("groups.linkage=average",),
            id="a merge key",
        ),
        pytest.param(
            "extends: base/parent.yaml\nname: x\ndescription: |\n  two\n  lines\n", ("name=y",), id="a block of text"
        ),
        pytest.param(
            "extends: base/parent.yaml\nname: x\ndescription: |\n  two\n  lines\n",
            ('description="2018-06-01"',),
            id="a date as text in the place of a block",
        ),
        pytest.param(
            'extends: base/parent.yaml\nname: x\ndescription: "two\n  lines"\norder_by: [xc,\n  mode]  # c\n',
            ("order_by.0=mode", "order_by.1=xc", "description='# no: comment'"),
            id="values over several lines",
        ),
        pytest.param("extends: base/parent.yaml\nname: x\ngroups:\n", ("groups={linkage: single}",), id="no value"),
        pytest.param("extends: base/parent.yaml\nname: x\ngroups: null\n", (), id="a part that is turned off"),
        pytest.param(
            "extends: base/parent.yaml\nname: x\n",
            ("dataset.where={n_basis: {at_least: 1e-5, below: 1e300}, kpts: ['1e-5', 'null', '0o7', '12', 'on']}",),
            id="words that look like numbers",
        ),
        pytest.param(
            "extends: base/parent.yaml\nname: x\nsweep:\n  grid:\n    similarity.measure: [dice, tanimoto]\n",
            ("sweep.grid={groups.linkage: [single, average]}",),
            id="a sweep that is set",
        ),
        pytest.param(
            "extends: base/parent.yaml\nname: x\nsweep: {grid: {similarity.measure: [dice, tanimoto]}}\n",
            ("similarity={keep: {above: 0.5}}",),
            id="a sweep over what is set",
        ),
    ],
)
def test_the_text_reads_back_as_the_same_study(tmp_path: Path, child: str, sets: tuple[str, ...]) -> None:
    written(tmp_path, child, *sets, parent=PARENT)


ODD = ["2018-06-01", "1e-5", "null", "a: b", "a # b", "😀", "\u2028", "- x", "~"]
TEXTS = st.text(max_size=12) | st.sampled_from(ODD)
SCALARS = TEXTS | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
WHERE = st.dictionaries(
    st.sampled_from(["xc", "mode", "n_basis", "n_kpts_full"]),
    SCALARS | st.lists(SCALARS, max_size=3) | st.fixed_dictionaries({"below": st.floats(-1e9, 1e9)}),
    max_size=3,
)
PARTS = st.fixed_dictionaries(
    {},
    optional={
        "description": TEXTS,
        "dataset": st.fixed_dictionaries({"name": st.just("hbn-dos-gpaw")}, optional={"where": WHERE}),
        "similarity": st.fixed_dictionaries({}, optional={"measure": st.sampled_from(["dice", "cosine"])}),
        "spectrum": st.fixed_dictionaries({}, optional={"window": st.just(["-1 eV", "1.5e-3 Ha"])}),
        "order_by": st.lists(st.sampled_from(["xc", "mode"]), unique=True, max_size=2),
        "pools": st.dictionaries(st.sampled_from(["cpu", "similarity", "fingerprints"]), st.just("gpu"), max_size=2),
        "sweep": st.just({"grid": {"groups.linkage": ["single", "complete"], "groups.min_similarity": [1e-5, 0.5]}}),
    },
)
SETS = st.lists(
    st.tuples(st.just("description"), TEXTS)
    | st.tuples(st.just("dataset.where"), WHERE)
    | st.tuples(st.just("dataset.where.xc"), SCALARS)
    | st.tuples(st.just("similarity.measure"), st.just("integrated-l1"))
    | st.tuples(st.just("spectrum"), st.just({"zero": "fermi"})),
    max_size=3,
)


def block(data: Any) -> str:
    """Data as YAML in lines."""
    stream = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = False
    yaml.dump(data, stream)
    return stream.getvalue()


@given(PARTS, PARTS, SETS, st.booleans(), st.booleans())
@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_layers_read_back_as_the_same_study(
    tmp_path: Path, below: dict[str, Any], above: dict[str, Any], sets: list[tuple[str, Any]], flat: bool, late: bool
) -> None:
    parent = json.dumps({"study": "similarity", "dataset": {"name": "hbn-dos-gpaw"}, **below})
    named = {"extends": "base/parent.yaml", "name": "x"}
    child = {**above, **named} if late else {**named, **above}
    text, overrides = json.dumps(child) if flat else block(child), [f"{path}={json.dumps(v)}" for path, v in sets]
    (tmp_path / "base").mkdir(exist_ok=True)
    (tmp_path / "base/parent.yaml").write_text(parent)
    (tmp_path / "child.yaml").write_text(text)
    try:
        load_study(tmp_path / "child.yaml", overrides)
    except SpecError:  # such a study can't be
        reject()
    written(tmp_path, text, *overrides, parent=parent)
