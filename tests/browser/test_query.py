"""The query page in Chromium: its tokens, its tails, its sources and its neighbours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from attribution_engine.store.reader import StoreReader
from pages.parts import wording
from tests.browser.clicks import in_address, tap
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


def test_tokens_show_their_nats_to_pointer_and_keys(
    page: Page, address: str, reader: StoreReader
) -> None:
    page.goto(f"{address}/query?run=one&query=6")
    text = reader.query_text(6)
    assert text is not None
    box = page.locator(".nats")
    expect(box.locator(".part.completion")).to_have_text(
        "".join(cell.text for cell in text.cells[text.completion_from :])
    )
    first = text.most_surprising[0]
    top = text.cells[first]
    expect(box.locator("aside li")).to_have_count(len(text.most_surprising))
    tap(box.locator("aside button").first)
    hover = box.locator(".hover")
    expect(hover.locator(".value")).to_have_text(
        re.compile(f"^{re.escape(wording.plain(top.nats))} nats · probability 0\\.")
    )
    expect(hover.locator(".where")).to_contain_text(f"token {top.position + 1} of")
    expect(hover).to_be_visible()
    expect(box.locator(".t.at")).to_have_attribute("data-i", str(first))
    # The next key goes to the explained token beside it, whatever its text is.
    page.mouse.move(2, 2)  # a pointer that rests on a token would show it again
    box.locator(".text").focus()
    page.keyboard.press("ArrowLeft")
    beside = text.cells[first - 1]
    expect(hover.locator(".token")).to_have_text(beside.text.replace(" ", "␣"))
    expect(hover).to_contain_text("in the completion")
    expect(hover).to_be_visible()
    page.keyboard.press("Escape")
    expect(hover).to_be_hidden()
    # Nor is it shown late: what a key is about to show, an Escape right after it takes back.
    box.locator(".text").evaluate(
        "text => ['ArrowLeft', 'Escape'].forEach(key =>"
        " text.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })))"
    )
    page.wait_for_timeout(300)
    assert hover.is_hidden()
    shade = box.locator(f'.t[data-i="{first}"]').evaluate("e => getComputedStyle(e).background")
    assert "204, 121, 167" in shade


def test_tails_sources_and_neighbours_lead_on(
    page: Page, address: str, reader: StoreReader
) -> None:
    page.goto(f"{address}/query?run=one&query=6")
    expect(page.locator(".js-plotly-plot .scatterlayer .point").first).to_be_visible()
    tap(page.get_by_role("radio", name="50"))
    page.wait_for_url(re.compile("top=50"))
    share = reader.query_sources(6, "helpful", 50)[0]
    row = page.get_by_role("table", name="Sources of the top documents").locator("tbody").first
    expect(row).to_contain_text(f"× {wording.decimal(share.multiplier)}")
    titles = page.locator(".js-plotly-plot .xtitle")
    expect(titles.filter(has_text="share of the top 50").first).to_be_visible()
    near = reader.query_neighbours(6)[0]
    found = page.get_by_role("table", name="Correlation neighbours").locator("tbody").first
    tap(found.get_by_role("link", name="Compare"))
    heading = page.get_by_role("heading", name="Compare two queries over all documents")
    expect(heading).to_be_visible()
    in_address(page, "query=6&", "mode=queries", f"query2={near.query.query_id}&")
    page.go_back()
    expect(page.get_by_role("heading", name="Query 6")).to_be_visible()
    tap(found.locator("td").nth(1))
    page.wait_for_url(re.compile(f"query={near.query.query_id}&"))
    expect(page.get_by_role("heading", name=f"Query {near.query.query_id}")).to_be_visible()
    worst = reader.rankings(near.query.query_id, "harmful", "influence", 0, 1).documents[0]
    harms = page.get_by_role("table", name="What harms it").locator("tbody").first
    expect(harms).to_have_attribute("data-id", str(worst.doc_id))
    tap(harms)
    expect(page.get_by_role("heading", name=f"Document {worst.doc_id}")).to_be_visible()
    in_address(page, "side=harmful")
