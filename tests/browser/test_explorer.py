"""The explorer in Chromium: what a person clicks, and what an address brings back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import DocumentFilter
from tests.browser.clicks import choose, idle, in_address, press, shut, tap
from tests.synthetic_store import HOSTILE, write_synthetic_store

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_synthetic_store(tmp_path_factory.mktemp("runs") / "synthetic.duckdb")


@pytest.fixture(scope="module")
def reader(store: Path) -> StoreReader:
    return StoreReader(store)


@pytest.fixture(scope="module")
def folder(store: Path) -> Path:
    return store.parent


def test_a_deep_link_is_the_first_thing_a_server_is_asked(page: Page, address: str) -> None:
    """Must stay the first test here: only a fresh server can show the fault it guards against."""
    page.goto(f"{address}/rankings?run=synthetic&query=3&side=harmful")
    expect(page.get_by_role("heading", name="Most harmful documents")).to_be_visible()
    expect(page.locator(".panel .name")).to_contain_text("Query 3")


def test_from_overview_to_a_token_and_back(page: Page, address: str, reader: StoreReader) -> None:
    page.goto(address)
    expect(page.get_by_role("heading", name="This run")).to_be_visible()
    tap(page.locator("tbody[data-id='4'] a"))
    for heading in ("Most helpful and most harmful documents", "Most helpful documents"):
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    expect(page.locator(".panel .word")).to_have_text("wrong")
    expect(page.locator(".panel .completion")).to_contain_text("Therefore the slope is")
    tap(page.get_by_role("button", name="Show all"))
    expect(page.get_by_role("button", name="Fold", exact=True)).to_be_visible()

    press(page, "▼ Harmful")
    expect(page.get_by_role("heading", name="Most harmful documents", exact=True)).to_be_visible()
    expect(page.locator(".table.box")).to_have_count(1)
    worst = reader.rankings(4, "harmful", limit=2).documents
    first = page.locator(".table tbody").first
    expect(first).to_have_attribute("data-id", str(worst[0].doc_id))
    expect(first.locator("td").first).to_have_text("300")
    tap(first.locator("a").first)

    expect(page.get_by_role("heading", name=f"Document {worst[0].doc_id}")).to_be_visible()
    scores = reader.token_scores(4, worst[0].doc_id, "predicted")
    assert scores is not None
    at = int(scores.values.argmin())
    idle(page)
    page.locator(f".t[data-i='{at}']").hover()
    value = f"−{abs(float(scores.values[at])):#.3g} nats"
    expect(page.locator(".hover .value")).to_have_text(value)
    expect(page.locator(".hover .where")).to_contain_text(f"token {scores.cells.firsts[at] + 1} of")
    tap(page.get_by_role("button", name="Next ›").last)
    expect(page.get_by_role("heading", name=f"Document {worst[1].doc_id}")).to_be_visible()
    in_address(page, f"doc={worst[1].doc_id}")
    tap(page.get_by_role("link", name="Back to the ranking"))
    expect(page.locator("tbody.current")).to_have_attribute("data-id", str(worst[1].doc_id))


def test_pick_a_query_and_filter(page: Page, address: str, reader: StoreReader) -> None:
    page.goto(f"{address}/rankings?run=synthetic&query=0")
    choose(page, "Suite", "facts")
    expect(page.locator(".panel .name")).to_contain_text("Query 6 · facts")
    choose(page, "Query (3 to choose from)", re.compile(r"8 \w+ · "))
    expect(page.locator(".panel .name")).to_contain_text("Query 8")
    tap(page.get_by_role("button", name="Filters"))
    choose(page, "Source", "forum")
    shut(page, "Filters")
    search = page.get_by_label("Search the texts", exact=True)
    search.fill("apples")
    page.keyboard.press("Enter")
    expected = reader.rankings(8, only=DocumentFilter(sources=("forum",), text="apples"))
    expect(page.get_by_text(f"{expected.total} of 300 documents pass")).to_be_visible()
    expect(page.locator(".table tbody").first).to_have_attribute(
        "data-id", str(expected.documents[0].doc_id)
    )
    in_address(page, "source=forum", "text=apples", "query=8")
    idle(page)
    search.fill("no such words")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No document of this run passes the filter")).to_be_visible()
    tap(page.get_by_role("button", name="Take all filters off").first)
    expect(page.get_by_text("300 documents; by influence")).to_be_visible()


def test_reload_restores_the_view(page: Page, address: str, reader: StoreReader) -> None:
    page.goto(f"{address}/rankings?run=synthetic&query=7&side=harmful")
    press(page, "Norm-corrected")
    expect(page.get_by_text("300 documents; by norm-corrected")).to_be_visible()
    tap(page.get_by_role("button", name="Page 2"))
    expect(page.get_by_text("Places 51 to 100")).to_be_visible()
    idle(page)
    link = page.url
    for part in ("run=synthetic", "query=7", "side=harmful", "score=normed", "place=2"):
        assert part in link
    expected = reader.rankings(7, "harmful", "normed", 50, 50).documents[0]
    page.reload()
    expect(page.get_by_text("Places 51 to 100")).to_be_visible()
    expect(page.locator(".table tbody").first).to_have_attribute("data-id", str(expected.doc_id))
    expect(page).to_have_url(link)
    tap(page.get_by_role("link", name="Rank curves"))
    expect(page.get_by_role("heading", name="Rank curves")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Places 51 to 100")).to_be_visible()
    expect(page).to_have_url(link)
    press(page, "▲ Helpful")
    expect(page.get_by_role("heading", name="Most helpful documents")).to_be_visible()
    page.wait_for_url(re.compile("side=helpful"))
    page.go_back()
    expect(page.get_by_role("heading", name="Most harmful documents")).to_be_visible()
    expect(page.get_by_text("Places 51 to 100")).to_be_visible()


def test_overlays_and_alignment_are_in_the_address(page: Page, address: str) -> None:
    page.goto(f"{address}/document?run=synthetic&query=0&doc=5&side=helpful")
    expect(page.locator(".heatmap.mark-connective.mark-code")).to_be_visible()
    page.goto(f"{address}/document?run=synthetic&query=0&doc=3&side=helpful")
    idle(page)
    page.get_by_role("checkbox", name="number").check()
    page.wait_for_url(re.compile("marks=number"))
    idle(page)
    page.get_by_role("checkbox", name="code syntax").uncheck()
    expect(page.locator(".heatmap.mark-number:not(.mark-code)")).to_be_visible()
    press(page, "update")
    expect(page.get_by_text("weight update made at its position")).to_be_visible()
    page.wait_for_url(re.compile("alignment=update.*marks=number"))
    page.reload()
    expect(page.get_by_text("weight update made at its position")).to_be_visible()
    expect(page.locator(".heatmap.mark-number.mark-connective:not(.mark-code)")).to_be_visible()


def test_hostile_documents_are_shown_unaltered(
    page: Page, address: str, reader: StoreReader
) -> None:
    page.goto(f"{address}/rankings?run=synthetic&query=0")
    expect(page.locator(".table tbody").first).to_contain_text("<script>window.harmed = true")
    expect(page.locator(".table tbody").nth(1)).to_contain_text("$5 and $10, *not* `code`")
    tap(page.locator(".table tbody").first.locator("a").first)
    for doc_id, hostile in HOSTILE.items():
        expect(page.get_by_role("heading", name=f"Document {doc_id}")).to_be_visible()
        view = reader.document(0, doc_id)
        assert view is not None and hostile in view.text
        page.wait_for_function(
            """(text) => {
                const hosts = [...document.querySelectorAll('*')].filter((e) => e.shadowRoot);
                const maps = hosts.map((e) => e.shadowRoot.querySelector('.heatmap .text'));
                const pieces = maps.find(Boolean)?.querySelectorAll('.t, .unseen') ?? [];
                return [...pieces].map((e) => e.textContent).join('') === text;
            }""",
            arg=view.text,
        )
        assert page.evaluate("window.harmed") is None
        # The last of these buttons, once all of the page is there, is the document's.
        tap(page.get_by_role("button", name="Next ›").last)


def test_rank_curves_draw(page: Page, address: str) -> None:
    page.goto(f"{address}/rank_curves?run=synthetic&query=0")
    lines = page.locator(".js-plotly-plot .scatterlayer path.js-line")
    expect(lines.first).to_be_visible()
    expect(lines.nth(7)).to_be_attached()
    expect(page.get_by_text("query 0 (reasoning)")).to_be_visible()
    press(page, "Raw nats")
    expect(
        page.get_by_text("|influence| (nats per unit of extra weight)", exact=True)
    ).to_be_visible()
    in_address(page, "unit=influence")


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("rankings?run=<img src=x>", "names the run “<img src=x>”, which is not"),
        ("rankings?run=synthetic&query=999", "names the query “999”, which is not in this run"),
        ("document?run=synthetic&query=0&doc=9999", "names the document “9999”, which is not"),
    ],
)
def test_links_to_nothing_say_so(page: Page, address: str, link: str, said: str) -> None:
    page.goto(f"{address}/{link}")
    expect(page.get_by_text(said)).to_be_visible()


def test_suite_and_search_are_in_the_address(page: Page, address: str) -> None:
    page.goto(f"{address}/rankings?run=synthetic&query=6&suite=facts&find=slope")
    expect(page.locator(".panel .name")).to_contain_text("Query 6")
    expect(page.get_by_label("Query (3 to choose from)")).to_be_visible()
    tap(page.get_by_role("button", name="Next ›").first)
    expect(page.locator(".panel .name")).to_contain_text("Query 7")
    idle(page)
    page.reload()
    expect(page.get_by_label("Query (3 to choose from)")).to_be_visible()
    in_address(page, "suite=facts", "find=slope")


def test_a_link_with_an_unknown_filter_says_so(page: Page, address: str) -> None:
    page.goto(f"{address}/rankings?run=synthetic&query=1&source=nosuch")
    expect(page.get_by_text("which this run does not have")).to_be_visible()
    expect(page.get_by_text("300 documents; by influence")).to_be_visible()
    expect(page).not_to_have_url(re.compile("nosuch"))
