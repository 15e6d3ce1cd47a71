"""The rankings page in Chromium: both ends, the scores between them, filters, preview, keys."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Locator, Page, expect

from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import DocumentFilter
from tests.browser.clicks import choose, idle, in_address, press, shut, tap
from tests.browser.conftest import PATIENCE
from tests.synthetic_store import write_synthetic_store

pytestmark = pytest.mark.browser
NEAR = (30, 31, 32)  # made near-duplicates of one another


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = write_synthetic_store(tmp_path_factory.mktemp("runs") / "synthetic.duckdb")
    with duckdb.connect(str(store)) as connection:
        connection.execute("UPDATE documents SET near_group = NULL")
        connection.execute(
            "UPDATE documents SET near_group = 30 WHERE doc_id IN (SELECT unnest(?))", [list(NEAR)]
        )
    return store


@pytest.fixture(scope="module")
def reader(store: Path) -> StoreReader:
    return StoreReader(store)


@pytest.fixture(scope="module")
def folder(store: Path) -> Path:
    return store.parent


def rows(page: Page, table: int) -> Locator:
    """The rows of a table, from the top of the page."""
    return page.locator(".table.box").nth(table).locator("tbody")


def go(page: Page, address: str, link: str) -> None:
    page.goto(f"{address}/rankings?run=synthetic&{link}")
    expect(rows(page, 0).first).to_be_visible()
    expect(page.locator(".preview .open")).to_be_visible()
    idle(page)


def previewed(page: Page, doc_id: int | str) -> None:
    expect(page.locator(".preview .open")).to_have_text(f"Open document {doc_id}")
    page.wait_for_url(re.compile(rf"[?&]doc={doc_id}(&|$)"))


def menu_knows(page: Page, doc_id: int) -> None:
    """Waits for the run of the whole page that follows a choice, and for all it draws."""
    link = page.get_by_role("link", name="Document", exact=True)
    expect(link).to_have_attribute("href", re.compile(rf"[?&]doc={doc_id}(&|$)"))
    idle(page)


def test_both_ends_and_the_chosen_document(page: Page, address: str, reader: StoreReader) -> None:
    go(page, address, "query=5&tails=both")
    # First paint does not wait for the plot library.
    assert not page.evaluate(
        "performance.getEntriesByType('resource').some((one) => /plotly/i.test(one.name))"
    )
    helpful, harmful = reader.rankings(5).documents, reader.rankings(5, "harmful").documents
    for table, shown in enumerate((helpful, harmful)):
        expect(rows(page, table)).to_have_count(50)
        expect(rows(page, table).first).to_have_attribute("data-id", str(shown[0].doc_id))
    expect(page.locator(".preview .open")).to_have_text(f"Open document {helpful[0].doc_id}")

    # A click far down leaves both tables where they were scrolled to.
    rows(page, 0).nth(20).scroll_into_view_if_needed()
    rows(page, 1).nth(30).scroll_into_view_if_needed()
    tops = [page.locator(".table.box").nth(at).evaluate("(e) => e.scrollTop") for at in (0, 1)]
    assert min(tops) > 100
    rows(page, 1).nth(30).click()
    previewed(page, harmful[30].doc_id)
    expect(page.locator(".preview .where")).to_have_text("Place 31, most harmful first")
    expect(rows(page, 1).nth(30)).to_have_attribute("aria-current", "true")
    expect(page.locator("tbody.current")).to_have_count(1)
    # And so does the run of the whole page that follows a while later.
    menu_knows(page, harmful[30].doc_id)
    assert tops == [
        page.locator(".table.box").nth(at).evaluate("(e) => e.scrollTop") for at in (0, 1)
    ]
    page.get_by_role("button", name="Next document").click()
    previewed(page, harmful[31].doc_id)
    idle(page)
    link = page.url
    page.reload()
    previewed(page, harmful[31].doc_id)
    expect(rows(page, 1).nth(31)).to_be_visible()
    expect(page).to_have_url(link)
    assert "tails=both" in link and "side=harmful" in link

    # The menu knows of the choice, and the first cell of a row is a link as any other.
    with page.context.expect_page() as opened:
        tap(rows(page, 0).first.locator("a").first, modifiers=["Control"])
    expect(
        opened.value.get_by_role("heading", name=f"Document {helpful[0].doc_id}")
    ).to_be_visible()
    opened.value.close()
    previewed(page, harmful[31].doc_id)
    tap(rows(page, 0).nth(2))
    previewed(page, helpful[2].doc_id)
    menu_knows(page, helpful[2].doc_id)
    page.get_by_role("link", name="Document", exact=True).click()
    expect(page.get_by_role("heading", name=f"Document {helpful[2].doc_id}")).to_be_visible()


def test_keys(page: Page, address: str, reader: StoreReader) -> None:
    helpful, harmful = reader.rankings(5).documents, reader.rankings(5, "harmful").documents
    go(page, address, "query=5&tails=both")
    page.keyboard.press("j")
    previewed(page, helpful[1].doc_id)
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("k")
    previewed(page, helpful[3].doc_id)
    page.keyboard.press("h")
    page.keyboard.press("j")
    previewed(page, harmful[0].doc_id)
    page.keyboard.press("j")
    previewed(page, harmful[1].doc_id)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys in a ranking")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys in a ranking")).to_be_hidden()
    # No key is taken from where someone types.
    search = page.get_by_label("Search the texts", exact=True)
    search.click()
    page.keyboard.type("jkh?")
    expect(search).to_have_value("jkh?")
    previewed(page, harmful[1].doc_id)
    search.fill("")
    page.keyboard.press("Tab")
    # Past the last row the next page begins, before the first one the page before it ends.
    tap(rows(page, 1).last)
    previewed(page, harmful[49].doc_id)
    page.keyboard.press("j")
    beyond = reader.rankings(5, "harmful", offset=50, limit=50).documents
    previewed(page, beyond[0].doc_id)
    in_address(page, "place=2")
    expect(rows(page, 1).first).to_have_attribute("data-id", str(beyond[0].doc_id))
    tap(rows(page, 1).nth(1))
    previewed(page, beyond[1].doc_id)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Document {beyond[1].doc_id}")).to_be_visible()
    page.go_back()
    previewed(page, beyond[1].doc_id)
    idle(page)
    rows(page, 0).nth(4).dblclick()
    fifth = reader.rankings(5, offset=50).documents[4]
    expect(page.get_by_role("heading", name=f"Document {fifth.doc_id}")).to_be_visible()


def test_letters_work_in_the_ranking_that_is_shown(
    page: Page, address: str, reader: StoreReader
) -> None:
    go(page, address, "query=5&tails=both")
    tap(rows(page, 0).nth(2))
    previewed(page, reader.rankings(5).documents[2].doc_id)
    # The tables of the query before, which were drawn more than once, take no keys any more.
    choose(page, "to choose from", re.compile(r"^\W*7 \w+ · "))
    shown = reader.rankings(7).documents
    expect(page.locator(".preview .open")).to_have_text(f"Open document {shown[0].doc_id}")
    idle(page)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    previewed(page, shown[1].doc_id)


def test_filters_are_chips(page: Page, address: str, reader: StoreReader) -> None:
    go(page, address, "query=8&tails=both")
    page.get_by_role("button", name="Filters").click()
    choose(page, "Source", "forum")
    forum = DocumentFilter(sources=("forum",))
    total = reader.rankings(8, only=forum).total
    expect(page.get_by_text(f"{total} of 300 documents pass")).to_be_visible()
    shut(page, "Filters")
    page.get_by_label("Search the texts", exact=True).fill('"the slope" -river')
    page.keyboard.press("Enter")
    only = DocumentFilter(sources=("forum",), text='"the slope" -river')
    found = reader.rankings(8, only=only)
    assert 0 < found.total < total
    expect(page.get_by_text(f"{found.total} of 300 documents pass")).to_be_visible()
    expect(rows(page, 0).first).to_have_attribute("data-id", str(found.documents[0].doc_id))
    expect(rows(page, 0).first.locator("mark").first).to_have_text(re.compile("the slope", re.I))
    in_address(page, "source=forum", "slope")
    tap(page.get_by_role("button", name="Text: "))
    expect(page.get_by_text(f"{total} of 300 documents pass")).to_be_visible()
    tap(page.get_by_role("button", name="Source: forum"))
    expect(page.get_by_text("300 documents; by influence")).to_be_visible()


def test_a_range_of_scores(page: Page, address: str, reader: StoreReader) -> None:
    shape = reader.distribution(5)
    go(page, address, "query=5&tails=both")
    bars = page.locator(".strip svg rect.up, .strip svg rect.down")
    filled = [at for at, count in enumerate(shape.counts) if count]
    expect(bars).to_have_count(len(filled))
    # The fullest bar is clicked: exactly its documents are left.
    fullest = max(range(len(shape.counts)), key=shape.counts.__getitem__)
    bars.nth(filled.index(fullest)).hover()
    expect(page.locator(".strip .hover")).to_contain_text(f": {shape.counts[fullest]} documents")
    bars.nth(filled.index(fullest)).click()
    count = shape.counts[fullest]
    expect(page.get_by_text(f"{count} of 300 documents pass")).to_be_visible()
    idle(page)
    link = page.url
    expect(page.get_by_role("button", name="Influence from")).to_be_visible()
    page.reload()
    expect(page.get_by_text(f"{count} of 300 documents pass")).to_be_visible()
    expect(page).to_have_url(link)
    assert re.search(r"low=[-0-9.e]+&high=[-0-9.e]+&", link)
    tap(page.get_by_role("button", name="Influence from"))
    expect(page.get_by_text("300 documents; by influence")).to_be_visible()
    expect(page.locator(".strip svg rect.out")).to_have_count(0)

    # A drag takes several bars.
    idle(page)
    box = page.locator(".strip svg").bounding_box()
    assert box is not None
    first, last = bars.nth(2).bounding_box(), bars.nth(5).bounding_box()
    assert first is not None and last is not None
    page.mouse.move(first["x"] + 1, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(last["x"] + 1, box["y"] + 60, steps=4)
    page.mouse.up()
    dragged = sum(shape.counts[filled[2] : filled[5] + 1])
    expect(page.get_by_text(f"{dragged} of 300 documents pass")).to_be_visible()
    # Keys do the same, from the range on; Escape takes it off.
    idle(page)
    said = page.locator(".strip .hover")
    page.mouse.move(2, 2)  # a pointer over the bars says what it is on
    expect(said).to_contain_text("Drag over the bars")
    page.locator(".strip svg").focus()
    for at in (2, 3):
        page.keyboard.press("ArrowRight")
        expect(said).to_contain_text(f": {shape.counts[filled[at]]} document")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"{shape.counts[filled[3]]} of 300 documents pass")).to_be_visible()
    idle(page)
    page.locator(".strip svg").focus()
    page.keyboard.press("Escape")
    expect(page.get_by_text("300 documents; by influence")).to_be_visible()


def test_near_duplicates_fold_and_open(page: Page, address: str, reader: StoreReader) -> None:
    ranked = [one.doc_id for one in reader.rankings(5, limit=300).documents]
    leader = min(NEAR, key=ranked.index)
    place = ranked.index(leader) // 50 + 1
    go(page, address, f"query=5&tails=one&fold=1&place={place}")
    expect(page.get_by_text("2 of them folded as near-duplicates")).to_be_visible()
    tap(page.locator(f"tbody[data-id='{leader}'] a.near"))
    expect(page.get_by_text("3 of 300 documents pass")).to_be_visible()
    expect(rows(page, 0)).to_have_count(3)
    tap(page.get_by_role("button", name="Near-duplicates of one another"))
    expect(page.get_by_text("2 of them folded as near-duplicates")).to_be_visible()
    tap(page.get_by_text("Fold near-duplicates", exact=True))
    expect(page.get_by_text("300 documents; by influence")).to_be_visible()
    page.wait_for_url(re.compile(r"[?&]fold=&"))


def test_one_end_and_its_pages(page: Page, address: str, reader: StoreReader) -> None:
    go(page, address, "query=7&tails=both")
    press(page, "▼ Harmful")
    expect(page.get_by_role("heading", name="Most harmful documents").first).to_be_visible()
    expect(page.locator(".table.box")).to_have_count(1)
    press(page, "Norm-corrected")
    tap(page.get_by_role("button", name="Page 2"))
    expected = reader.rankings(7, "harmful", "normed", 50, 50).documents
    expect(rows(page, 0).first).to_have_attribute("data-id", str(expected[0].doc_id))
    previewed_first = page.locator(".preview .open")
    expect(previewed_first).to_have_text(f"Open document {expected[0].doc_id}")
    tap(rows(page, 0).nth(3))
    previewed(page, expected[3].doc_id)
    page.keyboard.press("h")
    best = reader.rankings(7, "helpful", "normed").documents[0]
    expect(rows(page, 0).first).to_have_attribute("data-id", str(best.doc_id))
    page.wait_for_url(re.compile("side=helpful"))


def test_rankings_are_saved_with_whole_texts(page: Page, address: str, reader: StoreReader) -> None:
    go(page, address, "query=5&tails=one&text=slope")
    rows_of = reader.ranking_rows(5, only=DocumentFilter(text="slope"))
    tap(page.get_by_role("button", name=f"First {len(rows_of)}"))
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").click()
    text = Path(saved.value.path()).read_text("utf-8-sig")
    written = list(csv.DictReader(io.StringIO(text)))
    assert [int(row["doc_id"]) for row in written] == [row.doc_id for row in rows_of]
    assert any(row["text"] == one.text for row, one in zip(written, rows_of, strict=True))
    assert {row["run"] for row in written} == {"synthetic"}
    shut(page, f"First {len(rows_of)}")
    with page.expect_download() as drawn:
        page.get_by_role("button", name="Save this figure as SVG").click()
    figure = Path(drawn.value.path()).read_text("utf-8")
    assert figure.startswith("<svg") and "query 5" in figure and "#0072b2" not in figure[:60]
    with page.expect_download() as image:
        page.get_by_role("button", name="Save this figure as PNG").click()
    assert Path(image.value.path()).read_bytes().startswith(b"\x89PNG")
    # The first PDF of a server waits for its library.
    with page.expect_download(timeout=2 * PATIENCE) as printed:
        page.get_by_role("button", name="Distribution as PDF").click()
    assert Path(printed.value.path()).read_bytes().startswith(b"%PDF")
