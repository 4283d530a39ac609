"""The page at several widths in a real browser: nothing leaves it, a wide screen is used, figures enlarge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from bigdata.store.reading import Run
from tests.report.conftest import Page

FIGURES = ".figures figure"
SIZE = "const b = document.querySelector('.enlarge img').getBoundingClientRect(); return [b.x, b.y, b.width, b.height]"
WINDOW = "return [0, 0, document.documentElement.clientWidth, window.innerHeight]"


@pytest.fixture
def at_width(page: Page, hbn: Run) -> Iterator[Page]:
    yield page
    page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def widened(page: Page, width: int, run: Run) -> Page:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    return page.open(run)


@pytest.mark.parametrize("width", [400, 1400, 2200])
def test_nothing_leaves_the_page(at_width: Page, hbn: Run, width: int) -> None:
    page = widened(at_width, width, hbn)
    assert page.js("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "side_by_side"), [(400, 1), (2200, 3)])
def test_figures_stand_side_by_side_where_the_screen_is_wide(
    at_width: Page, hbn: Run, width: int, side_by_side: int
) -> None:
    page = widened(at_width, width, hbn)
    tops = page.js(f"return [...document.querySelectorAll('{FIGURES}')].map(f => f.getBoundingClientRect().y)")
    assert len(tops) >= side_by_side
    assert tops.count(tops[0]) == side_by_side


def test_a_figure_fills_the_window_when_clicked_and_goes_back(at_width: Page, hbn: Run) -> None:
    page = widened(at_width, 1400, hbn)
    image = page.driver.find_element(By.CSS_SELECTOR, ".enlarge img")
    page.js("arguments[0].scrollIntoView({block: 'center'})", image)
    before = page.js(SIZE)
    image.click()
    assert page.js(SIZE) == page.js(WINDOW)
    image.click()
    assert page.js(SIZE) == before


def test_the_keyboard_enlarges_a_figure(at_width: Page, hbn: Run) -> None:
    page = widened(at_width, 1400, hbn)
    page.driver.find_element(By.CSS_SELECTOR, ".enlarge input").send_keys(Keys.SPACE)
    assert page.js(SIZE) == page.js(WINDOW)
