"""Sets, spans and chats in Chromium: what a click shows, and where `/overview` leads."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Page, expect

from attribution_engine.store.reader import StoreReader
from tests.browser.clicks import idle, tap
from tests.store import small_store

pytestmark = pytest.mark.browser
LONG = "First a long beginning. " * 40


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "small.duckdb"
    small_store.build(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """UPDATE queries SET completion = ? || 'the answer is 2' || ?, span = [?, ?]
            WHERE query_id = 1""",
            [LONG, LONG, len(LONG), len(LONG) + 15],
        )
        connection.execute("UPDATE documents SET prompt_chars = 0, loss_ranges = [2, 4, 8, 12]")
        connection.execute("UPDATE query_items SET prompt = '<b>1</b>' WHERE item = 1")
    return path


@pytest.fixture(scope="module")
def folder(store: Path) -> Path:
    return store.parent


@pytest.fixture(scope="module")
def reader(store: Path) -> StoreReader:
    return StoreReader(store)


def test_the_name_of_the_first_page_leads_to_it(page: Page, address: str) -> None:
    page.goto(f"{address}/overview?run=small&query=2&side=harmful")
    expect(page.get_by_role("heading", name="This run")).to_be_visible()
    expect(page.locator(".panel .name")).to_contain_text("Query 2")
    assert "/overview" not in page.url and "query=2" in page.url and "side=harmful" in page.url
    expect(page.get_by_text("Page not found")).to_have_count(0)


def test_the_items_of_a_set_open_one_by_one(page: Page, address: str) -> None:
    page.goto(f"{address}/rankings?run=small&query=2")
    expect(page.locator(".panel .key b")).to_have_text("the 2 correctly answered of 4 items")
    tap(page.locator(".items > summary"))
    expect(page.locator(".item")).to_have_count(4)
    first = page.locator(".item").first
    expect(first.locator(".completion")).to_be_hidden()
    first.locator("summary").click()
    # The text of an item is text.
    expect(first.locator(".text")).to_have_text("<b>1</b> 2")
    expect(page.locator(".item .number").nth(2)).to_have_text("✗ 2")
    # Another query closes what was open and has no items.
    page.goto(f"{address}/rankings?run=small&query=0")
    expect(page.locator(".items")).to_be_hidden()


def test_a_folded_completion_shows_the_span_that_is_explained(
    page: Page,
    address: str,
) -> None:
    page.goto(f"{address}/rankings?run=small&query=1")
    mark = page.locator(".panel mark")
    expect(mark).to_have_text("the answer is 2")
    idle(page)
    box, around = mark.bounding_box(), page.locator(".panel .completion").bounding_box()
    assert box is not None and around is not None
    assert around["y"] - 2 <= box["y"] and box["y"] + box["height"] < around["y"] + around["height"]


def test_a_span_is_framed_in_the_text(page: Page, address: str, reader: StoreReader) -> None:
    doc_id = reader.rankings(0).documents[0].doc_id
    spans = reader.document_spans(0, doc_id)
    assert spans is not None
    page.goto(f"{address}/document?run=small&query=0&doc={doc_id}")
    rows = page.locator(".spans li button")
    expect(rows).to_have_count(2)
    values = [one.influence for one in spans.spans]
    best = values.index(max(values))
    tap(rows.first)
    expect(page.locator(".t.framed").first).to_be_visible()
    framed = "".join(page.locator(".t.framed").all_inner_texts())
    first, last = spans.spans[best].start, spans.spans[best].end
    assert framed.strip() == small_store.TEXT[first:last].strip()
    page.get_by_role("button", name="in text order").click()
    expect(rows.first).to_contain_text(small_store.TEXT[:6].strip())
    expect(rows.first).to_contain_text("cut +0.500")
    # The chat: read, learnt, read, learnt.
    labels = page.locator(".text .label").all_inner_texts()
    assert [one.split(":")[0] for one in labels] == ["Prompt", "Response"] * 2
