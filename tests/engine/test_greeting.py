"""What workers find is compared by what the study needs: packages of other extras are nobody's business."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from distributed import Client, LocalCluster

from bigdata import environment
from bigdata.engine import greeting
from bigdata.engine.greeting import difference, greet, missing
from bigdata.environment import EXTRAS, OPTIONAL, Environment
from bigdata.errors import SiteError, SpecError
from bigdata.spec import extras
from tests.bench import Bench

NONE = Environment("3.11.7", {"bigdata": "0.1.0", "numpy": "2.4.6"}, {}, "abc", True)
ALL = replace(NONE, packages={**NONE.packages, **dict.fromkeys(OPTIONAL, "1.0")})
OTHER = replace(ALL, packages={**ALL.packages, "tensorflow": "2.0"})
BROKEN = replace(ALL, packages={**ALL.packages, "dm-sonnet": ""}, errors={"dm-sonnet": "ImportError: why"})
LACKS = "there, Python doesn't find `tensorflow`, `graph-nets` and `dm-sonnet`, which the study needs"
OTHERS = "there, Python finds other packages than here: tensorflow is 2.0 there, 1.0 here"
CASES: dict[str, tuple[Environment, Environment, str, str, str]] = {
    # there, here, the extra, what is missing, what differs
    "both have all": (ALL, ALL, "networks", "", ""),
    "workers alone have them": (ALL, NONE, "networks", "", ""),
    "workers lack them": (NONE, ALL, "networks", LACKS, ""),
    "nobody has them": (NONE, NONE, "networks", LACKS, ""),
    "another version": (OTHER, ALL, "networks", "", OTHERS),
    "another version, and no need": (OTHER, ALL, "", "", ""),
    "workers lack them, and no need": (NONE, ALL, "", "", ""),
    "broken": (BROKEN, ALL, "networks", "", "there, not everything can be imported: dm-sonnet: ImportError: why"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_study_needs_counts(case: str) -> None:
    there, here, extra, lacks, differs = CASES[case]
    assert (missing("there", there, extra), difference("there", there, here, extra)) == (lacks, differs)


@pytest.mark.parametrize("extra", [(), ("networks",)], ids=["for any study", "for one of networks"])
def test_only_what_the_study_needs_is_imported(extra: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow takes 4 s, and more memory than a small job has."""
    asked: list[list[str]] = []

    class Done:
        returncode, stdout = 0, '{"python": "", "packages": {}, "errors": {}, "code": "", "kernel": true}'

    def run(command: list[str], **_: Any) -> Done:
        asked.append(command)
        return Done()

    monkeypatch.setattr(greeting, "environment", lambda imported: ALL)
    monkeypatch.setattr(greeting.subprocess, "run", run)
    greet(True, *extra)
    assert {*OPTIONAL} & {*asked[0]} == {name for one in extra for name in EXTRAS[one]}
    assert {"bigdata", "numpy"} <= {*asked[0]}


def test_workers_of_somebodys_cluster_without_them_are_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a task is handed out; the packages of this process don't count."""
    is_here = environment._is_here
    monkeypatch.setattr(environment, "_is_here", lambda name: name != "graph-nets" and is_here(name))
    spec = bench.write("n.yaml", {"study": "networked", "name": "n"})
    said = re.compile(
        r"on \S+, a worker of the Dask cluster at inproc://\S+, Python doesn't find .*`?graph-nets`.*, which the study "
        r"needs\. Run `pip install '\.\[networks\]'` there, and submit again\.$"
    )
    with _cluster() as cluster, Client(cluster) as client, pytest.raises(SiteError, match=said):
        bench.submit(spec, client=client)


def test_workers_of_somebodys_cluster_may_have_what_this_process_has_not(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "version", lambda name: "")
    version = environment.version
    monkeypatch.setattr(environment, "version", lambda name: "1.0" if name in OPTIONAL else version(name))
    spec = bench.write("n.yaml", {"study": "networked", "name": "n"})
    with pytest.raises(SpecError, match="which this environment lacks"):
        bench.submit(spec)
    with _cluster() as cluster, Client(cluster) as client:
        assert list(bench.submit(spec, client=client)["answer"][...]) == [42]


def _cluster() -> LocalCluster:
    return LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, silence_logs=50)
