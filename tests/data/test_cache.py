import shutil
import threading

import pytest

from bigdata.data.cache import cached
from bigdata.errors import SiteError


def _whole(folder) -> bool:
    return (folder / "whole").is_file()


def _fill(folder) -> None:
    (folder / "whole").write_text("yes")


def test_what_another_process_made_of_parts_that_it_then_removed_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("BIGDATA_CACHE", str(tmp_path / "cache"))
    parts = tmp_path / "parts"
    parts.mkdir()
    _fill(parts)
    reading, removed = threading.Event(), threading.Event()

    def late(folder):
        reading.set()
        assert removed.wait(10)
        shutil.copy(parts / "whole", folder)

    found = []
    second = threading.Thread(target=lambda: found.append(cached("kind", "digest", _whole, late)))
    second.start()
    assert reading.wait(10)
    first = cached("kind", "digest", _whole, _fill)
    shutil.rmtree(parts)
    removed.set()
    second.join(10)
    assert found == [first]


def test_parts_that_are_gone_are_an_error_where_nobody_else_made_the_whole(tmp_path, monkeypatch):
    monkeypatch.setenv("BIGDATA_CACHE", str(tmp_path / "cache"))

    def make(folder):
        shutil.copy(tmp_path / "nowhere", folder)

    with pytest.raises(SiteError, match="No such file"):
        cached("kind", "digest", _whole, make)
