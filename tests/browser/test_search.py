"""Document first, in Chromium: search, choose, see both lists, open under a query, reload."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from attribution_engine.store.effects import both_ends
from attribution_engine.store.reader import StoreReader
from tests.browser.clicks import choose, idle, tap
from tests.synthetic_store import write_synthetic_store

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_synthetic_store(folder / "one.duckdb")
    return folder


@pytest.fixture(scope="module")
def reader(folder: Path) -> StoreReader:
    return StoreReader(folder / "one.duckdb")


def test_from_a_word_to_a_document_under_a_query_it_harms(
    page: Page, address: str, reader: StoreReader
) -> None:
    page.goto(f"{address}/search?run=one&query=3&look=slope&place=99")
    page.wait_for_url(re.compile(r"place=(?!99)\d+"))
    idle(page)
    page.get_by_label("Search the full text").fill("")
    page.get_by_label("Search the full text").press("Enter")
    page.wait_for_url(re.compile("look=&place=1&"))
    expect(page.get_by_text("Nothing is searched for yet")).to_be_visible()
    box = page.get_by_label("Search the full text")
    idle(page)
    box.fill("capital -verify")
    box.press("Enter")
    page.wait_for_url(re.compile("look=capital"))
    found = reader.search_documents("capital -verify", 0, 20)
    rows = page.get_by_role("table", name="Documents found").locator("tbody")
    expect(rows).to_have_count(len(found.documents))
    expect(rows.first.locator("mark").first).to_have_text(re.compile("capital", re.IGNORECASE))
    chosen = found.documents[1].doc_id
    tap(rows.nth(1))
    page.wait_for_url(re.compile(f"doc={chosen}"))
    expect(page.get_by_role("heading", name=f"Document {chosen}")).to_be_visible()
    ends = both_ends(reader.query_effects(chosen))
    for name, listed in (("helps", ends.helped), ("harms", ends.harmed)):
        table = page.get_by_role("table", name=f"Queries that document {chosen} {name}")
        expect(table.locator("tbody")).to_have_count(len(listed))
    page.reload()
    harms = page.get_by_role("table", name=f"Queries that document {chosen} harms")
    suite = ends.harmed[0].query.suite
    choose(page, "Queries of the suite", suite)
    page.wait_for_url(re.compile(f"suite={suite}"))
    left = [one for one in ends.harmed if one.query.suite == suite]
    expect(harms.locator("tbody")).to_have_count(len(left))
    tap(harms.locator("tbody").first)
    expect(page.get_by_role("heading", name=f"Document {chosen}")).to_be_visible()
    page.wait_for_url(re.compile(f"/document.*query={left[0].query.query_id}&"))


def test_a_number_is_a_document_and_hostile_text_stays_text(page: Page, address: str) -> None:
    page.goto(f"{address}/search?run=one&query=3&look=%230")
    row = page.get_by_role("table", name="The document of this number").locator("tbody")
    expect(row).to_contain_text("<script>")
    tap(row)
    expect(page.get_by_role("heading", name="Document 0")).to_be_visible()
    idle(page)
    page.get_by_label("Search the full text").fill("<img src=x onerror=alert(1)> **no** $such$")
    page.get_by_label("Search the full text").press("Enter")
    expect(page.get_by_text("No document of this run has “<img src=x")).to_be_visible()
    assert page.evaluate("window.harmed === undefined")
