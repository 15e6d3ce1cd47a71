"""The page Exploration in Chromium: a span opens in its document, a row lists its spans."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.clicks import idle, in_address, tap
from tests.finding_stages.test_exploration import EXPLORES, build, computed

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "traces.duckdb"
    build(path)
    computed(path)
    return path.parent


def test_a_span_opens_in_its_document(page: Page, address: str) -> None:
    page.goto(f"{address}/exploration?run=traces")
    figures = page.locator("table[aria-label='Influence by behaviour']")
    row = figures.locator("tbody", has_text="mbpp").filter(has_text="explores after")
    expect(row.first).to_be_visible()
    tap(row.first)
    in_address(page, "suite=mbpp")
    idle(page)  # until then the table of before stands beside the new one
    spans = page.locator("table[aria-label='Spans']")
    expect(spans.locator("tbody").first).to_contain_text("mbpp")
    expect(spans).not_to_contain_text("gsm8k")
    expect(spans.locator("tbody").first).to_contain_text(EXPLORES.strip())
    tap(spans.locator("tbody").first)
    in_address(page, "/document?", "level=behaviour")
    expect(page.get_by_role("heading", name=re.compile(r"^Document \d+"))).to_be_visible()
    expect(page.get_by_text("Marked", exact=True)).to_be_visible()
    idle(page)
    page.go_back()
    expect(page.locator("table[aria-label='Spans']").first).to_be_visible()
