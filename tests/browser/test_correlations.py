"""The heatmap of correlations in Chromium: a cell leads to its two queries, a table row too."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from attribution_engine.finding_stages import correlations
from tests.browser.clicks import idle, in_address
from tests.finding_stages.filled import fill_into
from tests.synthetic_store import write_synthetic_store

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    fill_into(write_synthetic_store(folder / "one.duckdb"), correlations.fill)
    return folder


def test_a_cell_opens_the_scatter_of_its_two_queries(page: Page, address: str) -> None:
    page.goto(f"{address}/correlations?run=one&query=0&correlation=spearman")
    # The figure listens from then on.
    page.wait_for_selector('[data-clicks="heard"]', state="attached")
    idle(page)
    cells = page.locator(".js-plotly-plot .nsewdrag").first
    cells.scroll_into_view_if_needed()
    box = cells.bounding_box()
    assert box is not None
    # The middle of the cell in the second row and the fifth column, of twelve.
    page.mouse.move(box["x"] + box["width"] * 4.4 / 12, box["y"] + box["height"] * 1.4 / 12)
    page.mouse.move(box["x"] + box["width"] * 4.5 / 12, box["y"] + box["height"] * 1.5 / 12)
    expect(page.locator(".js-plotly-plot .hoverlayer .hovertext").first).to_contain_text("query 1")
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_role("heading", name="Compare two queries")).to_be_visible()
    in_address(page, "mode=queries", "query=1", "query2=4")
    # Its points open their documents: the plane of Compare.
    expect(page.locator(".js-plotly-plot .scatterlayer .point").first).to_be_visible()


def test_the_strongest_pair_opens_by_keyboard(page: Page, address: str) -> None:
    page.goto(f"{address}/correlations?run=one&query=0")
    row = page.get_by_role("table", name="Strongest pairs").locator("tbody").first
    expect(row).to_be_visible()
    idle(page)
    first, second = str(row.get_attribute("data-id")).split()
    row.get_by_role("link").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Compare two queries")).to_be_visible()
    in_address(page, "mode=queries", f"query={first}", f"query2={second}")
