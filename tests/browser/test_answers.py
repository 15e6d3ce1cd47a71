"""Answers in Chromium: from a query to its places, and from a place to its marked document."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from attribution_engine.store.reader import StoreReader
from tests.browser.clicks import press, tap
from tests.finding_stages.planted_answers import planted_answers

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    planted_answers(folder / "planted.duckdb")
    return folder


def test_from_a_query_to_the_place_in_its_document(page: Page, address: str, folder: Path) -> None:
    page.goto(f"{address}/answers?run=planted&query=0")
    listed = page.get_by_role("table", name="Queries and where they are found")
    row = listed.locator('tbody[data-id="12"]')
    expect(row).to_contain_text("elsewhere")
    tap(row)
    page.wait_for_url(re.compile("query=12"))
    expect(page.get_by_role("heading", name="Places of query 12")).to_be_visible()
    press(page, "Elsewhere")
    page.wait_for_url(re.compile("hits=corpus"))
    reader = StoreReader(folder / "planted.duckdb")
    hit = reader.answer_hits(12, "corpus")[0]
    places = page.get_by_role("table", name="Places of query 12")
    expect(places.locator("tbody")).to_have_count(len(reader.answer_hits(12, "corpus")))
    expect(places.locator("mark").first).to_have_text(" ".join(hit.matched.split()))
    tap(places.locator("tbody").first)
    page.wait_for_url(re.compile(rf"document\?.*doc={hit.doc_id}&.*span={hit.start}-{hit.end}"))
    expect(page.get_by_role("heading", name=f"Document {hit.doc_id}")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Places of query 12")).to_be_visible()
