from __future__ import annotations

import gzip
import json
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bigdata.data.materials.formats import items as module
from bigdata.data.materials.formats.items import items, members
from bigdata.data.problem import EntryError
from tests.examples import examples

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(), inside, max_size=4),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(60))
@given(st.lists(_JSON), st.sampled_from([None, 1, "\t"]), st.integers(1, 40), st.booleans())
def test_items_of_an_array_come_one_by_one_however_it_is_cut(
    tmp_path, monkeypatch, documents, indent, chunk, ascii_only
):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(documents, indent=indent, ensure_ascii=ascii_only), encoding="utf-8")
    monkeypatch.setattr(module, "_CHUNK", chunk)
    assert [item for _, item in items(path)] == documents


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(40))
@given(st.dictionaries(st.text(), _JSON), st.lists(_JSON), st.integers(1, 40))
def test_members_of_an_object_come_one_by_one_its_array_item_by_item(tmp_path, monkeypatch, others, rows, chunk):
    others.pop("data", None)
    path = tmp_path / "a.json"
    path.write_text(json.dumps({**others, "data": rows}), encoding="utf-8")
    monkeypatch.setattr(module, "_CHUNK", chunk)
    found = [(key, value) for _, key, value in members(path, "data")]
    assert found == [*others.items(), *(("data", row) for row in rows)]


def test_lines_are_counted(tmp_path):
    (tmp_path / "a.json").write_text('[\n  {"a":\n 1},\n\n  2]\n')
    assert list(items(tmp_path / "a.json")) == [(2, {"a": 1}), (5, 2)]


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ('[1,\n{"a" 2}]', 2, "expecting ':' delimiter"),
        ("[1, 2", 1, "ends too early"),
        ('[1,\n\n"abc', 3, "unterminated"),
        ("[1] 2", 1, "stands behind its end"),
        ("[1 2]", 1, "`2` stands where `,` should be"),
        ("", 1, "ends too early"),
        ("[" * 100_000, 1, "can't be read as JSON"),
    ],
)
def test_what_is_not_json_is_refused_with_its_line(text, line, sentence, tmp_path):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(EntryError, match=sentence) as e:
        list(items(tmp_path / "a.json"))
    assert e.value.line == line


def test_compressed_data_that_are_cut_off_are_refused_behind_the_last_item(tmp_path):
    packed = gzip.compress(json.dumps([{"n": i} for i in range(200_000)]).encode())
    (tmp_path / "a.json.gz").write_bytes(packed[: len(packed) // 2])
    found = []
    with pytest.raises(EntryError, match="damaged or cut off"):
        found.extend(item for _, item in items(tmp_path / "a.json.gz"))


def test_a_large_array_is_never_held(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([{"n": i, "text": "x" * 200} for i in range(40_000)]))
    tracemalloc.start()
    assert sum(1 for _ in items(tmp_path / "a.json")) == 40_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4e6 < (tmp_path / "a.json").stat().st_size
