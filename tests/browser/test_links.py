"""Links in Chromium: copied, typed, reloaded, gone back to; and what the whole page looks like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from tests.browser.clicks import copied, idle, in_address, press, tap
from tests.browser.conftest import PATIENCE
from tests.synthetic_store import write_synthetic_store

pytestmark = pytest.mark.browser
ALLOWED = ["clipboard-read", "clipboard-write"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_synthetic_store(tmp_path_factory.mktemp("runs") / "synthetic.duckdb").parent


@pytest.fixture
def clipboard(context: BrowserContext) -> Iterator[None]:
    context.grant_permissions(ALLOWED)
    yield
    context.clear_permissions()


def bar(page: Page) -> Locator:
    """The bar of the view, once its buttons do something."""
    expect(page.locator(".bar .cite")).not_to_be_empty()
    idle(page)
    return page.get_by_role("group", name="This view")


def taken(page: Page, button: str | re.Pattern[str]) -> str:
    """What a button of the bar copies."""
    shown = bar(page)
    return copied(shown.get_by_role("button", name=button), shown.locator(".said"), "Copied")


def go_to(page: Page, citation: str) -> None:
    bar(page)
    page.get_by_label("Go to a citation").fill(citation)
    page.keyboard.press("Enter")


def test_a_copied_link_shows_the_same_view_to_somebody_else(
    page: Page, address: str, context: BrowserContext, clipboard: None
) -> None:
    page.goto(f"{address}/rank_curves?run=synthetic&query=3")
    press(page, "Raw nats")
    page.wait_for_url(re.compile("unit=influence"))
    link = taken(page, "Copy link")
    assert link == page.url
    other = context.new_page()
    other.goto(link)
    expect(other.get_by_text("|influence| (nats per unit of extra weight)").first).to_be_visible()
    expect(other).to_have_url(link)
    other.close()


def test_where_the_clipboard_is_refused_the_link_is_selected(page: Page, address: str) -> None:
    refusing = "{value: {writeText: () => Promise.reject()}}"
    page.add_init_script(f"Object.defineProperty(navigator, 'clipboard', {refusing})")
    page.goto(f"{address}/method?run=synthetic&query=3")
    bar(page).get_by_role("button", name="Copy link").click()
    shown = page.get_by_label("did not let the page copy")
    expect(shown).to_be_focused()
    assert shown.input_value() == page.url
    assert shown.evaluate("e => e.selectionEnd - e.selectionStart === e.value.length")


def test_a_citation_is_copied_and_typed(page: Page, address: str, clipboard: None) -> None:
    page.goto(f"{address}/document?run=synthetic&query=4&doc=7&span=3-9&side=helpful")
    cited = taken(page, re.compile("^synthe·"))
    assert cited == "synthe·q4·d7·c3-9"
    page.goto(f"{address}/method?run=synthetic&query=0")
    go_to(page, cited.replace("·", " ").upper())
    expect(page.get_by_role("heading", name="Document 7")).to_be_visible()
    in_address(page, "query=4", "doc=7", "span=3-9")
    expect(page.get_by_label("Go to a citation")).to_have_value("")
    go_to(page, "synth-q5-d9999")
    expect(page.get_by_text("names the document “9999”, which is not in this run")).to_be_visible()
    go_to(page, "ffff·q1")
    expect(page.get_by_text("of the folder has an id that begins with “ffff”")).to_be_visible()
    go_to(page, "<b>$x$</b>")
    expect(page.get_by_text("“<b>$x$</b>” is no citation")).to_be_visible()


def test_a_document_that_the_page_chose_is_in_the_link_and_in_the_citation(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/document?run=synthetic&query=4")
    page.wait_for_url(re.compile(r"doc=\d+"))
    doc = re.search(r"doc=(\d+)", page.url)
    assert doc is not None
    expect(page.get_by_role("button", name=f"synthe·q4·d{doc[1]}")).to_be_visible()
    expect(page.get_by_role("link", name="Document", exact=True)).to_have_attribute(
        "href", re.compile(rf"doc={doc[1]}\b")
    )


def test_back_goes_one_step_back(page: Page, address: str) -> None:
    page.goto(f"{address}/method?run=synthetic&query=2")
    expect(page.get_by_role("button", name="synthe", exact=True)).to_be_visible()
    page.wait_for_url(re.compile("side="))
    idle(page)
    start = page.url
    go_to(page, "synthe·q3·d5")
    expect(page.get_by_role("heading", name="Document 5")).to_be_visible()
    page.wait_for_url(re.compile(r"/document\?.*query=3"))
    go_to(page, "synthe·q4·d6")
    expect(page.get_by_role("heading", name="Document 6")).to_be_visible()
    page.wait_for_url(re.compile("query=4"))
    page.go_back()
    expect(page.get_by_role("heading", name="Document 5")).to_be_visible()
    page.wait_for_url(re.compile(r"/document\?.*query=3"))
    page.go_back()
    expect(page.get_by_role("heading", name="How the numbers are made")).to_be_visible()
    expect(page).to_have_url(start)
    page.go_forward()
    expect(page.get_by_role("heading", name="Document 5")).to_be_visible()


def test_what_a_link_asks_for_in_vain_is_said_until_something_else_is_done(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/rank_curves?run=synthetic&query=2&unit=miles&colour=red")
    expect(page.get_by_text("asks for a unit “miles”, which there is not")).to_be_visible()
    expect(page.get_by_text("a field “colour”, which this version")).to_be_visible()
    expect(page.get_by_role("heading", name="Rank curves")).to_be_visible()
    page.wait_for_url(lambda url: "miles" not in url and "colour" not in url)
    press(page, "Raw nats")
    expect(page.get_by_text("“miles”")).to_have_count(0)


def test_large_type_is_in_the_address(page: Page, address: str) -> None:
    page.goto(f"{address}/method?run=synthetic&query=2")
    size = "parseFloat(getComputedStyle(document.documentElement).fontSize)"
    bar(page).get_by_role("button", name="Aa").click()
    page.wait_for_url(re.compile("size=large"))
    page.wait_for_function(f"{size} > 18")
    link = page.get_by_role("link", name="Notebook")
    expect(link).to_have_attribute("href", re.compile("size=large"))
    tap(link)
    page.wait_for_url(re.compile("notebook.*size=large"))
    page.reload()
    page.wait_for_function(f"{size} > 18")
    bar(page).get_by_role("button", name="Aa").click()
    page.wait_for_function(f"{size} < 16")
    page.wait_for_url(lambda url: "size=" not in url)


def test_the_keyboard_reaches_everything(page: Page, address: str) -> None:
    page.goto(f"{address}/method?run=synthetic&query=2")
    bar(page)
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    for name in ("Copy link", "synthe", "Bookmark"):
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name=name, exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_placeholder("What is to be seen here")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_placeholder("What is to be seen here")).to_be_hidden()


def test_a_print_shows_the_page_and_no_chrome(page: Page, address: str) -> None:
    page.goto(f"{address}/rankings?run=synthetic&query=2")
    expect(page.get_by_role("button", name="Copy link")).to_be_visible()
    expect(page.locator("table tbody").first).to_be_visible()
    idle(page)
    page.emulate_media(media="print")
    for gone in ("[data-testid=stSidebar]", "[data-testid=stHeader]", ".st-key-chrome"):
        expect(page.locator(gone)).to_be_hidden()
    expect(page.locator("table tbody").first).to_be_visible()
    main = page.locator("[data-testid=stMain]")
    assert main.evaluate("(e) => getComputedStyle(e).overflowY") == "visible"
    # Nothing is below the fold of a box that does not scroll on paper.
    page.wait_for_function(
        """() => {
            const last = [...document.querySelectorAll('[data-testid=stMain] .stElementContainer')];
            const bottom = last.at(-1).getBoundingClientRect().bottom + window.scrollY;
            return bottom <= document.documentElement.scrollHeight;
        }"""
    )
    exact = "getComputedStyle(document.querySelector('.stApp')).printColorAdjust"
    assert page.evaluate(exact) == "exact"
    page.emulate_media(media="screen")


def test_words_and_tables_do_not_wait_for_the_plot_library(page: Page, address: str) -> None:
    """The chunk that holds Plotly is held back until everything else is there."""
    held: list[Route] = []
    holds = True
    page.route(
        re.compile(r"plotly", re.IGNORECASE),
        lambda route: held.append(route) if holds else route.continue_(),
    )
    page.goto(f"{address}/rankings?run=synthetic&query=2")
    expect(page.get_by_role("button", name="Copy link")).to_be_visible()
    expect(page.locator("table tbody").first).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(0)
    page.get_by_role("link", name="Rank curves").click()
    expect(page.get_by_text("Slope over the top")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(0)
    for _ in range(PATIENCE // 50):  # the page asks for it a moment later
        if held:
            break
        page.wait_for_timeout(50)
    assert held
    holds = False
    for route in held:
        route.continue_()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
