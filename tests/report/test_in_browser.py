"""The report in a real browser: nothing loaded, no errors, the matrix drawn, read and zoomed."""

from __future__ import annotations

import numpy as np
import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from bigdata.store.reading import Run
from tests.report.conftest import HOSTILE, Page, Submit

VIEW = "return window.bigdata.panels[0].view"
READOUT = ".readout .value"


def matrix(page: Page, panel: int = 0) -> WebElement:
    """The matrix, drawn to its end and scrolled into sight."""
    drawn = "const p = window.bigdata.panels[arguments[0]]; return p.draws > 0 && !p.canvas.dataset.busy"
    WebDriverWait(page.driver, 60, 0.05).until(lambda _: page.js(drawn, panel))
    canvas = page.driver.find_elements(By.CSS_SELECTOR, ".panel canvas")[panel]
    page.js("arguments[0].scrollIntoView({block: 'center'})", canvas)
    return canvas


def hover(page: Page, canvas: WebElement, across: float, down: float) -> dict[str, str]:
    """Point at a place of the square, 0 … 1 from its left and top; what the readout then says of it."""
    side = page.js("return window.bigdata.panels[0].side")
    box = page.js("const b = arguments[0].getBoundingClientRect(); return [b.width, b.height]", canvas)
    at = [round(26 + across * side - box[0] / 2), round(22 + down * side - box[1] / 2)]
    ActionChains(page.driver).move_to_element_with_offset(canvas, *at).perform()
    return dict(page.js(f"return {{...document.querySelector('{READOUT}').dataset}}"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_loads_nothing_and_logs_nothing(page: Page, hbn: Run, scheme: str) -> None:
    page.open(hbn, scheme)
    matrix(page)
    assert page.requests() == [hbn.folder.report.absolute().as_uri()]
    assert page.driver.get_log("browser") == []


def test_light_and_dark_differ_and_both_are_legible(page: Page, hbn: Run) -> None:
    script = "const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]"
    for scheme in ("light", "dark"):
        text, ground = (luminance(c) for c in page.open(hbn, scheme).js(script))
        lighter, darker = max(text, ground), min(text, ground)
        assert (text < ground) == (scheme == "light")
        assert (lighter + 0.05) / (darker + 0.05) > 7  # WCAG's enhanced contrast


def test_says_that_it_draws_until_the_first_drawing_is_there(page: Page, hbn: Run) -> None:
    matrix(page.open(hbn))
    script = """
        const p = window.bigdata.panels[0], g = p.canvas.getContext("2d"), said = [];
        g.fillText = (text) => said.push(text);
        p.paint(); const after = said.includes("drawing…");
        p.done = null; p.paint(); const before = said.includes("drawing…");
        return [before, after];
    """
    assert page.js(script) == [True, False]


def luminance(rgb: str) -> float:
    channels = np.array([float(v) for v in rgb.strip("rgb()").split(",")]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_hover_reads_the_stores_value(page: Page, hbn: Run) -> None:
    canvas = matrix(page.open(hbn))
    stored = hbn["similarity"][...]
    order = hbn["order"][...].tolist()
    for row, column in ((46, 11), (54, 54), (7, 100)):
        said = hover(page, canvas, (column + 0.5) / 108, (row + 0.5) / 108)
        i, j = int(said["row"]), int(said["column"])
        assert (i, j) == (order[row], order[column])
        assert float(said["value"]) == stored[i, j]
        readout = page.driver.find_element(By.CLASS_NAME, "readout").text
        assert f"{stored[i, j]:.4f}" in readout
        assert all(str(hbn["entry"][k]) in readout for k in (i, j))


def test_every_similarity_equals_the_stores(page: Page, hbn: Run) -> None:
    matrix(page.open(hbn))
    script = (
        "const p = window.bigdata.panels[0], all = [];"
        "for (let i = 0; i < p.data.n; i++) for (let j = 0; j < p.data.n; j++) all.push(p.value(i, j));"
        "return all"
    )
    order = hbn["order"][...]
    np.testing.assert_array_equal(page.js(script), hbn["similarity"][...][np.ix_(order, order)].ravel())


def test_wheel_zooms_at_the_pointer_and_double_click_shows_all(page: Page, hbn: Run) -> None:
    canvas = matrix(page.open(hbn))
    before = hover(page, canvas, 0.7, 0.3)
    for _ in range(5):
        origin = ScrollOrigin.from_element(canvas)
        ActionChains(page.driver).scroll_from_origin(origin, 0, -80).perform()
    assert page.js(VIEW)["size"] < 108 / 4
    matrix(page)
    assert page.js("return window.bigdata.panels[0].done.view.size") == page.js(VIEW)["size"]
    centre = hover(page, canvas, 0.5, 0.5)
    assert centre != before
    ActionChains(page.driver).double_click(canvas).perform()
    assert page.js(VIEW) == {"x": 0, "y": 0, "size": 108}


def test_dragging_moves_the_window(page: Page, hbn: Run) -> None:
    canvas = matrix(page.open(hbn))
    page.js("window.bigdata.panels[0].zoom(0.25, 0.5, 0.5)")
    before = page.js(VIEW)
    ActionChains(page.driver).click_and_hold(canvas).move_by_offset(-60, -30).release().perform()
    after = page.js(VIEW)
    assert after["x"] > before["x"]
    assert after["y"] > before["y"]
    assert after["size"] == before["size"]


def test_keyboard_moves_zooms_and_resets(page: Page, hbn: Run) -> None:
    canvas = matrix(page.open(hbn))
    canvas.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    assert page.js("return window.bigdata.panels[0].cursor") == [55, 55]
    canvas.send_keys("+", "+")
    assert page.js(VIEW)["size"] == pytest.approx(48)
    canvas.send_keys("0")
    assert page.js(VIEW)["size"] == 108


def test_zooming_stops_at_a_few_entries(page: Page, hbn: Run) -> None:
    matrix(page.open(hbn))
    page.js("for (let k = 0; k < 40; k++) window.bigdata.panels[0].zoom(0.5, 1, 1)")
    assert page.js(VIEW) == {"x": 104, "y": 104, "size": 4}


def test_names_that_look_like_html_are_text(page: Page, hostile: Run) -> None:
    canvas = matrix(page.open(hostile))
    hover(page, canvas, 0.4, 0.8)
    assert page.driver.title == "made - report"
    assert HOSTILE in page.driver.find_element(By.CLASS_NAME, "readout").text
    assert page.driver.find_elements(By.CSS_SELECTOR, "img[src=x]") == []
    assert page.driver.get_log("browser") == []


@pytest.mark.parametrize(("variant", "tolerance"), [(0, 0.0), (1, 0.0), (2, 1e-6)])
def test_each_measure_is_computed_like_the_store(page: Page, hostile: Run, variant: int, tolerance: float) -> None:
    matrix(page.open(hostile), variant)
    stored = hostile.variants[variant]["similarity"][...]
    order = hostile.variants[variant]["order"][...]
    script = "const p = window.bigdata.panels[arguments[0]]; return p.value(arguments[1], arguments[2])"
    for i, j in ((0, 0), (0, 11), (7, 3), (5, 6)):
        assert page.js(script, variant, i, j) == pytest.approx(stored[order[i], order[j]], abs=tolerance)


@pytest.mark.slow
def test_ten_thousand_entries_are_small_and_quick(page: Page, submit: Submit) -> None:
    run = submit(10_000, "order_by: [kind, n_basis]\ngroups: {min_similarity: 0.9}\n")
    assert run.folder.report.stat().st_size < 20e6
    canvas = matrix(page.open(run))
    assert page.js("return window.bigdata.panels[0].data.n") == 10_000
    said = hover(page, canvas, 0.31, 0.77)
    assert float(said["value"]) == run["similarity"][int(said["row"]), int(said["column"])]
    assert page.driver.get_log("browser") == []
