"""Totals in Chromium: dots and rows lead to their queries, and the way back shows the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.clicks import in_address, point_at, tap
from tests.store.totals_store import add_totals
from tests.synthetic_store import write_synthetic_store

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    add_totals(write_synthetic_store(folder / "demo.duckdb"))
    add_totals(write_synthetic_store(folder / "other.duckdb", score_seed=3))
    return folder


def click_first_dot(page: Page, plot: int) -> None:
    """Clicks a small dot of a figure: the first trace of each row holds the single queries."""
    dots = page.locator(".js-plotly-plot").nth(plot).locator(".scatterlayer .trace").first
    page.mouse.click(*point_at(dots.locator(".point").first))


def test_dots_lead_to_the_query_and_back_again(page: Page, address: str) -> None:
    page.goto(f"{address}/totals?run=demo&query=9&amount=share&kind=")
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    in_address(page, "other=other", "amount=share")
    tap(page.get_by_role("radio", name="Summed influence", exact=True))
    in_address(page, "amount=total")
    click_first_dot(page, 1)
    page.wait_for_url(re.compile(r"rank_curves\?run=demo&query=[0-5]&"))
    expect(page.get_by_role("heading", name="Rank curves", exact=True)).to_be_visible()
    page.go_back()
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    in_address(page, "amount=total", "query=9")
    click_first_dot(page, 2)
    page.wait_for_url(re.compile(r"compare\?run=demo&query=[0-5]&"))
    in_address(page, "mode=runs", "other=other")
    expect(page.get_by_role("heading", name="Compare two runs")).to_be_visible()
