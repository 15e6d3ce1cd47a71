"""Trust in Chromium: the badge leads there, states are in the address, text stays text."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.clicks import in_address, press, tap
from tests.store.tested_store import add_tests, rows
from tests.synthetic_store import write_synthetic_store

pytestmark = pytest.mark.browser

HOSTILE = (
    "<img src=x onerror='window.harmed = true'><b>mean</b> $5 and $10 ![i](http://x.invalid/p)"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_synthetic_store(folder / "demo.duckdb")
    found = rows(range(10), ["slopes", HOSTILE])
    add_tests(folder / "demo.duckdb", [replace(row, how=HOSTILE) for row in found])
    write_synthetic_store(folder / "untested.duckdb")
    return folder


def test_the_badge_of_a_ranking_leads_to_the_tests_of_its_run(page: Page, address: str) -> None:
    page.goto(f"{address}/rankings?run=demo&query=4&side=harmful")
    badge = page.get_by_role("link", name="How far to trust this")
    expect(badge).to_contain_text("EK-FAC LDS 0.31 of a ceiling of 0.75")
    tap(badge)
    expect(page.get_by_role("heading", name="Trust", exact=True)).to_be_visible()
    page.wait_for_url(re.compile("trust.*run=demo&query=4&side=harmful"))
    for heading in ("Removal", "Linear datamodelling score", "Planted facts", "Stability",
                    "Behaviour cut"):  # fmt: skip
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(5)


def test_what_is_drawn_is_in_the_address_and_comes_back(page: Page, address: str) -> None:
    page.goto(f"{address}/trust?run=demo&query=4")
    press(page, "Query 4")
    page.wait_for_url(re.compile("spread=query"))
    press(page, "5%")
    page.wait_for_url(re.compile("share=5%25"))
    page.reload()
    drops = page.get_by_role("table", name="Drop in share reproduced with 5% removed")
    expect(drops).to_be_visible()
    page.goto(f"{address}/trust?run=demo&query=11&spread=query")
    expect(page.get_by_text("Query 11 was not tested. Those that were: 0, 1,")).to_be_visible()


def test_text_of_a_store_is_not_run(page: Page, address: str) -> None:
    page.goto(f"{address}/trust?run=demo")
    tap(page.get_by_text("How every figure was taken"))
    how = page.get_by_role("table", name="Every mean of every test").locator("td.snippet").first
    expect(how).to_have_text(HOSTILE)
    expect(page.locator(".js-plotly-plot .ytick").get_by_text("<img").first).to_be_visible()
    assert page.evaluate("window.harmed") is None


def test_an_untested_run_says_how_to_test_it(page: Page, address: str) -> None:
    page.goto(f"{address}/rankings?run=untested")
    badge = page.get_by_role("link", name="How far to trust this")
    expect(badge).to_contain_text("not tested")
    tap(badge)
    expect(page.get_by_text("this run's store holds no test of its scores")).to_be_visible()
    expect(page.get_by_text("python -m attribution_engine trust untested.duckdb")).to_be_visible()
    in_address(page, "run=untested")
