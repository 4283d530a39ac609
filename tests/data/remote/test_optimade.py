"""The OPTIMADE client against the reference server, on loopback, behind a proxy that spoils answers."""

from __future__ import annotations

import gzip
import importlib.util
import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import urllib3

from bigdata.data import DataProblem
from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.materials.formats import FORMATS
from bigdata.data.materials.formats.entry import MaterialEntry
from bigdata.data.remote.http import Client
from bigdata.data.remote.optimade import fetch
from bigdata.data.remote.providers import PROVIDERS, base_url
from bigdata.data.remote.queries import answers_about, is_fetched
from bigdata.data.remote.query import OptimadeQuery
from bigdata.errors import SiteError
from bigdata.store.reading import Run
from tests.bench import Bench
from tests.loopback import Fault, Loopback, Question, Reply, busy, cut

GAP = "_test_band_gap"
N_ROWS = 80


def row(name: str, lattice: Any, species: list[str], positions: Any, gap: float) -> dict[str, Any]:
    """A structure as the server is fed with it; positions are fractions."""
    counts = Counter(species)
    elements = sorted(counts)
    formula = "".join(e + (str(counts[e]) if counts[e] > 1 else "") for e in elements)
    attributes = {
        "elements": elements,
        "nelements": len(elements),
        "elements_ratios": [counts[e] / len(species) for e in elements],
        "chemical_formula_descriptive": formula,
        "chemical_formula_reduced": formula,
        "chemical_formula_anonymous": "AB",
        "dimension_types": [1, 1, 1],
        "nperiodic_dimensions": 3,
        "lattice_vectors": lattice,
        "cartesian_site_positions": (np.array(positions) @ np.array(lattice)).tolist(),
        "nsites": len(species),
        "species": [{"name": e, "chemical_symbols": [e], "concentration": [1.0]} for e in elements],
        "species_at_sites": species,
        "structure_features": [],
        "last_modified": {"$date": "2026-01-01T00:00:00Z"},
        "band_gap": gap,
    }
    return {"id": name, "type": "structures", "attributes": attributes}


def made() -> Iterator[dict[str, Any]]:
    """Rock salts and caesium chlorides, whatever they would be in nature."""
    metals, others = ("Li", "Na", "K", "Rb", "Mg", "Ca"), ("F", "Cl", "Br", "O", "S")
    for i in range(60):
        a = 4.0 + 0.01 * i
        pair = [metals[i % 6], others[i % 5]]
        yield row(f"t-{i}", [[a, 0, 0], [0, a, 0], [0, 0, a]], pair, [[0, 0, 0], [0.5, 0.5, 0.5]], 0.1 * i)


def mirrored(mirror: str) -> Iterator[dict[str, Any]]:
    with gzip.open(Path(mirror) / "mp20_biternary" / "structures.jsonl.gz") as file:
        for _, line in zip(range(N_ROWS), file, strict=False):
            r = json.loads(line)
            yield row(r["id"], r["lattice"], r["species"], r["frac_coords"], r["band_gap"])


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    mirror = os.environ.get("BIGDATA_MIRROR")
    return list(mirrored(mirror) if mirror else made())


@pytest.fixture(scope="module")
def database(rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of the reference server, with the rows in it."""
    missing = [name for name in ("optimade", "uvicorn", "mongomock") if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"the reference server isn't installed: {', '.join(missing)} missing (`optimade[server]`)")
    folder = tmp_path_factory.mktemp("optimade")
    header = {"x-optimade": {"meta": {"api_version": "1.1.0"}}}
    (folder / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in (header, *rows)), encoding="utf-8")
    config = {
        "insert_from_jsonl": str(folder / "rows.jsonl"),
        "insert_test_data": False,
        "database_backend": "mongomock",
        "provider": {"prefix": "test", "name": "Test", "description": "On loopback"},
        "provider_fields": {"structures": ["band_gap"]},
        "page_limit_max": 100,
        "log_dir": str(folder),
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "optimade.server.main:app", "--fd", str(listening.fileno())],
            env=os.environ | {"OPTIMADE_CONFIG_FILE": str(folder / "config.json"), "HOME": str(folder)},
            pass_fds=[listening.fileno()],
            stdout=(folder / "out").open("w"),
            stderr=subprocess.STDOUT,
        )
        port = listening.getsockname()[1]
        try:
            wait_for(port, server, folder / "out")
            yield port
        finally:
            server.terminate()
            server.wait()


def wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            urllib3.request("GET", f"http://127.0.0.1:{port}/v1/structures?page_limit=1", timeout=60, retries=False)
        except urllib3.exceptions.HTTPError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text())


@pytest.fixture
def proxy(database: int) -> Iterator[Loopback]:
    """In front of the server; its address is in the links, as `Host` tells it."""
    pool = urllib3.PoolManager()

    def forward(question: Question) -> Reply:
        host = proxy.url.removeprefix("http://")
        url = f"http://127.0.0.1:{database}{question.path}"
        answer = pool.request("GET", url, headers={"Host": host}, retries=False)
        return Reply(answer.data, answer.status, {"Content-Type": answer.headers["Content-Type"]})

    with Loopback(forward) as proxy:
        yield proxy


@pytest.fixture
def query(proxy: Loopback) -> Callable[..., OptimadeQuery]:
    return lambda **more: OptimadeQuery(**{"url": proxy.url, "fields": (GAP,), "page": 25} | more)


def quick(attempts: int = 4, slept: list[float] | None = None) -> Client:
    return Client(timeout_s=30, attempts=attempts, per_second=1e6, sleep=(slept if slept is not None else []).append)


def answered(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def edited(change: Callable[[dict[str, Any]], Any]) -> Fault:
    """Spoils an answer's document."""

    def spoil(reply: Reply) -> Reply:
        document = json.loads(reply.body)
        change(document)
        return reply._replace(body=json.dumps(document).encode())

    return spoil


def test_all_structures_come_as_they_are(query, rows):
    found = {r["id"]: r["attributes"] for r in answered(fetch(query(), quick()))}
    assert list(found) == [r["id"] for r in rows]
    for r in rows:
        given, came = r["attributes"], found[r["id"]]
        assert came[GAP] == given["band_gap"]
        for name in ("lattice_vectors", "cartesian_site_positions", "species_at_sites", "chemical_formula_reduced"):
            assert came[name] == given[name]


def test_the_version_in_an_address_is_left_out(query, proxy, rows):
    assert len(answered(fetch(query(url=proxy.url + "/v1/"), quick()))) == len(rows)
    assert proxy.asked[0].path.startswith("/v1/structures?")


def test_answers_are_read_as_materials(query, rows):
    path = fetch(query(), quick())
    assert FORMATS.tell(path) == "optimade"
    for r, entry in zip(rows, FORMATS.named("optimade").read(path, "answers.jsonl"), strict=True):
        assert isinstance(entry, MaterialEntry), entry
        assert entry.structure is not None
        assert (entry.name, entry.properties[GAP]) == (r["id"], r["attributes"]["band_gap"])
        assert [SYMBOLS[z] for z in entry.structure.numbers] == r["attributes"]["species_at_sites"]
        cartesian = entry.structure.positions @ entry.structure.lattice
        np.testing.assert_allclose(cartesian, r["attributes"]["cartesian_site_positions"], atol=1e-9)


def test_pages_follow_the_links(query, proxy, rows):
    told: list[tuple[int, int | None]] = []
    fetch(query(page=40), quick(), lambda n, total: told.append((n, total)))
    n_pages = -(-len(rows) // 40)
    assert len(proxy.asked) == len(told) == n_pages
    assert told[-1] == (len(rows), len(rows))


def test_a_filter_is_passed_as_it_is_written(query, rows):
    wanted = [r["id"] for r in rows if "O" in r["attributes"]["elements"] and r["attributes"]["band_gap"] > 1]
    found = answered(fetch(query(filter=f'elements HAS "O" AND {GAP} > 1'), quick()))
    assert [r["id"] for r in found] == wanted != []


def test_no_more_come_than_are_wanted(query, proxy):
    assert len(answered(fetch(query(max_entries=30), quick()))) == 30
    assert len(proxy.asked) == 2


def test_answers_are_fetched_once(query, proxy):
    path = fetch(query(), quick())
    n_asked = len(proxy.asked)
    assert fetch(query(page=10), quick()) == path
    assert (len(proxy.asked), is_fetched(query())) == (n_asked, True)


def test_what_is_known_of_the_answers_is_kept(query, rows):
    fetch(query(), quick())
    about = answers_about(query())
    assert (about["n"], about["total"], about["lacking"], about["repeated"]) == (len(rows), len(rows), 0, 0)
    assert about["provider"]["prefix"] == "test"


def test_a_busy_and_breaking_server_costs_nothing_but_time(query, proxy, rows):
    slept: list[float] = []
    proxy.faults = [lambda _: Reply(b"", 429, {"Retry-After": "9"}), None, busy, cut, lambda _: Reply(b"oops")]
    found = answered(fetch(query(), quick(slept=slept)))
    assert [r["id"] for r in found] == [r["id"] for r in rows]
    assert (slept[0], len(slept)) == (9.0, 4)


def test_a_broken_fetch_goes_on_where_it_broke(query, proxy, rows):
    proxy.faults = [None, cut]
    with pytest.raises(SiteError):
        fetch(query(), quick(attempts=1))
    assert not is_fetched(query())
    proxy.asked.clear()
    found = answered(fetch(query(), quick()))
    assert [r["id"] for r in found] == [r["id"] for r in rows]
    assert len(proxy.asked) == -(-len(rows) // 25) - 1


def test_a_link_that_has_aged_is_walked_to_again(query, proxy, rows):
    proxy.faults = [None, cut]
    with pytest.raises(SiteError):
        fetch(query(), quick(attempts=1))
    proxy.faults = [lambda _: Reply(b'{"errors": [{"detail": "cursor expired"}]}', 410)]
    found = answered(fetch(query(), quick()))
    assert [r["id"] for r in found] == [r["id"] for r in rows]
    assert answers_about(query())["repeated"] == 0


def test_entries_given_twice_are_kept_once(query, proxy, rows):
    proxy.faults = [None, edited(lambda document: document["data"].append({**rows[0], "attributes": {}}))]
    found = answered(fetch(query(), quick()))
    assert len(found) == len(rows)
    assert answers_about(query())["repeated"] == 1


def test_entries_that_are_counted_but_do_not_come_are_told(query, proxy, rows, caplog):
    proxy.faults = [edited(lambda document: document["data"].pop())]
    fetch(query(), quick())
    assert answers_about(query())["lacking"] == 1
    assert f"counts {len(rows)} entries and gave {len(rows) - 1} different ones" in caplog.text


def test_a_property_that_no_entry_has_is_told(query, caplog):
    caplog.set_level(logging.WARNING, "bigdata")
    fetch(query(fields=(GAP, "_other_hardness"), max_entries=5), quick())
    assert answers_about(query(fields=(GAP, "_other_hardness"), max_entries=5))["never_given"] == ["_other_hardness"]
    assert "gave no entry a value of _other_hardness" in caplog.text


@pytest.mark.parametrize(
    ("more", "key", "words"),
    [
        ({"filter": "elements HAS ALL"}, "filter", "the database refuses this: "),
        ({"filter": 'elements HAS "Og"'}, "filter", "matches"),
        ({"page": 5000}, "page", "Max allowed page_limit is 100"),
        ({"url": ""}, "provider", "neither `provider` nor `url` is given"),
        ({"provider": "oqmd"}, "provider", "both `provider` and `url` are given"),
    ],
    ids=["broken filter", "nothing matches", "too large a page", "no database", "two databases"],
)
def test_a_query_that_cannot_be_asked_is_the_spec_s_matter(query, more, key, words):
    with pytest.raises(DataProblem) as raised:
        fetch(query(**more), quick())
    (finding,) = raised.value.findings
    assert finding.path == ("optimade", key)
    assert words in finding.what


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda _: Reply(b'{"hello": 1}'), "not as OPTIMADE has it"),
        (edited(lambda d: d["data"][0].pop("id")), "not as OPTIMADE has it"),
        (edited(lambda d: d["links"].pop("next")), "there is more, but not where"),
        (edited(lambda d: d["links"].update(next=d["links"]["next"].replace("page_offset=25", "page_offset=0"))), ""),
    ],
    ids=["another service", "an entry without id", "no next link", "a link back"],
)
def test_an_answer_that_makes_no_sense_is_refused(query, proxy, spoil, words):
    proxy.faults = [spoil] * 9
    if words:
        with pytest.raises(SiteError, match=words):
            fetch(query(), quick())
    else:
        with pytest.raises(SiteError, match="lead in a circle"):
            fetch(query(), quick())
    assert not is_fetched(query())


@pytest.mark.parametrize("form", [lambda url: {"href": url}, lambda url: url.partition("/v1/")[2]])
def test_links_come_in_several_forms(query, proxy, rows, form):
    def change(document: dict[str, Any]) -> None:
        if url := document["links"]["next"]:
            document["links"]["next"] = form(url)

    proxy.faults = [edited(change)] * 99
    assert len(answered(fetch(query(), quick()))) == len(rows)


def listing(question: Question) -> Reply:
    """The consortium's list, and those of two providers, with one database and with two."""

    def link(name: str, url: str, kind: str) -> dict[str, Any]:
        return {"id": name, "type": "links", "attributes": {"name": name, "base_url": url, "link_type": kind}}

    lists = {
        "/v1/links": [
            link("one", "/one", "external"),
            link("two", "/two/v1/", "external"),
            link("gone", "", "external"),
        ],
        "/one/v1/links": [link("self", "/one", "root"), link("db", "https://one.org/optimade/", "child")],
        "/two/v1/links": [link("a", "https://two.org/a", "child"), link("b", "https://two.org/b", "child")],
    }
    return Reply(json.dumps({"data": lists[question.path.partition("?")[0]]}).encode())


@pytest.fixture
def consortium() -> Iterator[Loopback]:
    def absolute(question: Question) -> Reply:
        reply = listing(question)
        return reply._replace(body=reply.body.replace(b'"base_url": "/', f'"base_url": "{server.url}/'.encode()))

    with Loopback(absolute) as server:
        yield server


def test_a_known_provider_needs_no_list():
    assert base_url("oqmd", quick(), "http://127.0.0.1:9") == PROVIDERS["oqmd"].url


def test_another_provider_is_looked_up(consortium):
    assert base_url("one", quick(), consortium.url) == "https://one.org/optimade"


def test_of_several_databases_one_has_to_be_named(consortium):
    with pytest.raises(DataProblem, match=r"has 2 databases: a \(https://two.org/a\), b \(https://two.org/b\)"):
        base_url("two", quick(), consortium.url)


def test_an_unknown_provider_shows_those_that_exist(consortium):
    with pytest.raises(DataProblem) as raised:
        base_url("onee", quick(), consortium.url)
    (finding,) = raised.value.findings
    assert (finding.given, {"one", "two", "oqmd"} <= set(finding.known)) == ("onee", True)


def test_a_study_names_a_query_which_is_asked_once(proxy: Loopback, bench: Bench, rows: list[dict[str, Any]]) -> None:
    """From YAML to the store: fetched when first planned, then from the cache, even where the server is gone."""
    asked = {"url": proxy.url, "filter": "nelements=2", "fields": [GAP], "page": 50}
    study = {
        "study": "overlap",
        "name": "remote",
        "datasets": {
            "there": {"optimade": asked, "target": GAP, "units": {GAP: "eV"}, "on_bad_entry": "skip"},
            "here": {"name": "emt-prototypes"},
        },
        "target": {"units": "meV"},
    }
    bench.write("study.yaml", study)
    fetched = bench.bigdata("datasets", "fetch", "study.yaml")
    assert "entries, retrieved 20" in fetched.stdout, fetched.stderr
    n_asked = len(proxy.asked)
    submitted = bench.bigdata("submit", "study.yaml")
    assert submitted.returncode == 0, submitted.stderr
    assert len(proxy.asked) == n_asked
    run = Run(bench.run_folder().path)
    binaries = {r["id"]: r["attributes"]["band_gap"] for r in rows if r["attributes"]["nelements"] == 2}
    found = dict(zip(run["entry_there"][...].tolist(), run["target_there"][...].tolist(), strict=True))
    assert found.keys() == binaries.keys()
    assert found == pytest.approx({name: 1000 * gap for name, gap in binaries.items()})
