"""What the tests of the report share: finished runs, and a real browser where there is one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver

import bigdata
from bigdata.data.spectra.dataset import open_import
from bigdata.store.reading import Run

SPECS = Path(__file__).parents[2] / "specs"
HOSTILE = '</script><script>document.title="taken"</script><img src=x onerror=alert(1)>&amp;"\''
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--window-size=1200,1000"),
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIGDATA_CACHE", str(tmp_path_factory.mktemp("cache")))
        open_import.cache_clear()
        yield


@pytest.fixture(scope="session")
def hbn(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of the shipped study."""
    study = bigdata.load_study(SPECS / "similarity.yaml")
    return bigdata.submit(study, site="process", runs=tmp_path_factory.mktemp("hbn"))


Submit = Callable[..., Run]


@pytest.fixture(scope="session")
def submit(tmp_path_factory: pytest.TempPathFactory) -> Submit:
    """Run a study of `n` jittered Gaussian spectra; `more` are lines of its spec."""

    def run(n: int, more: str, prefix: str = "entry") -> Run:
        folder = tmp_path_factory.mktemp("run")
        np.savez(folder / "spectra.npz", **spectra(n, prefix))
        (folder / "study.yaml").write_text(
            "study: similarity\nname: made\ndataset: {file: spectra.npz}\n"
            "spectrum: {zero: none}\nfingerprint: {grid: 'nonuniform:0:0.05:1.05:0.5:5.5:10:-5:5:56'}\n" + more
        )
        return bigdata.submit(bigdata.load_study(folder / "study.yaml"), site="process", runs=folder / "runs")

    return run


def spectra(n: int, prefix: str) -> dict[str, Any]:
    """Three kinds of spectra, each getting nearer to its last entry."""
    random, energies = np.random.default_rng(7), np.linspace(-8, 8, 321)
    kind, level = np.arange(n) % 3, np.arange(n) // 3
    centre = (2.0 * kind + 3.0 / (level + 1))[:, None] + random.normal(0, 0.02, (n, 1))
    dos = 8 * np.exp(-((energies - centre) ** 2)) + 0.5
    return {
        "energies_eV": energies,
        "dos_states_per_eV_cell": dos,
        "name": np.array([f"{prefix} {i}" for i in range(n)]),
        "kind": np.array([f"{prefix[:9]} kind {k}" for k in kind]),
        "n_basis": 10 * (level % 50 + 1),
    }


@pytest.fixture(scope="session")
def hostile(submit: Submit) -> Run:
    """A sweep over entries whose names try to break out of the page."""
    more = (
        "order_by: [kind, n_basis]\ngroups: {min_similarity: 0.8}\n"
        "sweep: {grid: {similarity.measure: [dice, cosine, integrated-l1]}}\n"
    )
    return submit(12, more, HOSTILE)


class Page:
    """A report in the browser."""

    def __init__(self, driver: WebDriver) -> None:
        self.driver = driver

    def open(self, run: Run, scheme: str = "light") -> Page:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        for log in ("browser", "performance"):
            self.driver.get_log(log)
        self.driver.get(run.folder.report.absolute().as_uri())
        return self

    def js(self, script: str, *values: Any) -> Any:
        return self.driver.execute_script(script, *values)

    def requests(self) -> list[str]:
        """The addresses of everything that was loaded, from the file itself on."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        return [url for url in sent if not url.startswith("data:")]


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    browser, control = shutil.which("chromium"), shutil.which("chromedriver")
    if not browser or not control:
        pytest.skip("no chromium and chromedriver here (Debian: apt-get install chromium chromium-driver)")
    options = Options()
    options.binary_location = browser
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(control))
    yield driver
    driver.quit()


@pytest.fixture
def page(driver: WebDriver) -> Page:
    return Page(driver)
