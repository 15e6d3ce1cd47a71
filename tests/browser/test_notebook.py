"""The notebook in Chromium: kept, written by two at once, put in order, presented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.clicks import idle, press, tap
from tests.synthetic_store import write_synthetic_store

pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror='window.harmed=1'> $x$ **b** \u202egnp\u202c </textarea>\nsecond line"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_synthetic_store(tmp_path_factory.mktemp("runs") / "synthetic.duckdb").parent


def bookmark(page: Page, text: str, tags: str) -> None:
    expect(page.locator(".bar .cite")).not_to_be_empty()  # the bar's buttons do something
    tap(page.get_by_role("button", name="Bookmark"))
    page.get_by_placeholder("What is to be seen here").fill(text)
    page.get_by_label("Tags, with commas").fill(tags)
    said = page.get_by_text("Kept as note")
    before = said.text_content() if said.count() else ""
    page.get_by_role("button", name="Keep in the notebook").click()
    expect(said).to_have_text(re.compile(r"note \d+"))
    expect(said).not_to_have_text(before or "nothing")


def open_notebook(page: Page, address: str, tag: str) -> None:
    page.goto(f"{address}/notebook?run=synthetic&query=0&tag={tag}&note=")
    expect(page.locator(".notes > li").first).to_be_visible()
    idle(page)


def test_a_view_is_kept_and_comes_back(page: Page, address: str) -> None:
    page.goto(f"{address}/rank_curves?run=synthetic&query=3")
    press(page, "Raw nats")
    page.wait_for_url(re.compile("unit=influence"))
    idle(page)
    kept = page.url
    bookmark(page, HOSTILE, "kept, hostile <b>")
    tap(page.get_by_role("link", name="Open the notebook"))
    note = page.locator(".notes > li").last
    expect(note.locator(".text")).to_have_text(HOSTILE)
    expect(note.locator(".own span")).to_have_text(["kept", "hostile <b>"])
    expect(note).to_have_class(re.compile("current"))
    tap(page.get_by_role("button", name="hostile <b> (1)"))
    page.wait_for_url(re.compile("tag=hostile"))
    page.reload()
    note = page.locator(".notes > li").last
    expect(note.locator(".text")).to_have_text(HOSTILE)
    assert page.evaluate("window.harmed") is None
    tap(note.locator(".title"))
    expect(page.get_by_text("|influence| (nats per unit of extra weight)").first).to_be_visible()
    expect(page).to_have_url(kept)


def test_two_people_change_one_note_and_nothing_is_lost(
    page: Page, address: str, context: BrowserContext
) -> None:
    page.goto(f"{address}/method?run=synthetic&query=3")
    bookmark(page, "as it was", "two")
    other = context.new_page()
    for one in (page, other):
        open_notebook(one, address, "two")
        one.get_by_role("button", name="Edit note 1").click()
    other.get_by_label("Note", exact=True).last.fill("by the other")
    other.get_by_role("button", name="Save").click()
    expect(other.get_by_text("by the other")).to_be_visible()
    other.close()
    page.get_by_label("Note", exact=True).last.fill("by me")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Somebody else has changed this note")).to_be_visible()
    expect(page.locator(".both pre")).to_have_text(
        ["by me\n\nTags: two", "by the other\n\nTags: two"]
    )
    tap(page.get_by_role("button", name="Keep both"))
    expect(page.locator(".notes .text")).to_have_text("by the other\n\nby me")


def test_order_removing_and_undoing(page: Page, address: str) -> None:
    page.goto(f"{address}/method?run=synthetic&query=3")
    for text in ("one", "two", "three"):
        bookmark(page, text, "order")
    open_notebook(page, address, "order")
    expect(page.locator(".notes > li .text")).to_have_text(["one", "two", "three"])
    tap(page.get_by_role("button", name="Move note 3 to the top"))
    expect(page.locator(".notes .text").first).to_have_text("three")
    tap(page.get_by_role("button", name="Move note 2 down"))
    expect(page.locator(".notes .text").last).to_have_text("one")
    tap(page.get_by_role("button", name="Remove note 2"))
    expect(page.locator(".notes .text")).to_have_text(["three", "one"])
    tap(page.get_by_role("button", name="Undo"))
    expect(page.locator(".notes .text")).to_have_text(["three", "two", "one"])
    tap(page.get_by_role("button", name="Remove note 1"))
    expect(page.locator(".notes .text")).to_have_text(["two", "one"])
    idle(page)
    page.reload()
    expect(page.get_by_text("Removed notes (1)")).to_be_visible()
    tap(page.get_by_text("Removed notes (1)"))
    tap(page.get_by_role("button", name="Bring back"))
    expect(page.locator(".notes .text")).to_have_text(["three", "two", "one"])


def test_a_presentation(page: Page, address: str) -> None:
    for where, text in (
        ("rank_curves?run=synthetic&query=3&unit=influence&kind=&mine=", "the curves"),
        ("method?run=synthetic&query=3", "the method"),
        ("rankings?run=synthetic&query=4&side=harmful", "the ranking"),
    ):
        page.goto(f"{address}/{where}")
        bookmark(page, text, "talk")
    open_notebook(page, address, "talk")
    page.get_by_role("button", name="Present these 3 notes").click()
    place, text = page.locator(".footer .place"), page.locator(".footer .text")
    expect(place).to_have_text("1 of 3")
    expect(text).to_have_text("the curves")
    page.wait_for_function("Boolean(document.fullscreenElement)")
    for gone in (
        "[data-testid=stSidebar]",
        "[data-testid=stHeader]",
        "[data-testid=stButtonGroup]",
    ):
        expect(page.locator(gone).first).to_be_hidden()
    expect(page.get_by_role("button", name="Copy link")).to_have_count(0)
    expect(page.get_by_text("|influence| (nats per unit of extra weight)").first).to_be_visible()
    for key, at, words in (
        ("ArrowRight", 2, "the method"),
        ("PageDown", 3, "the ranking"),
        ("ArrowRight", 3, "the ranking"),
        ("PageUp", 2, "the method"),
        ("Home", 1, "the curves"),
        ("Space", 2, "the method"),
        ("End", 3, "the ranking"),
    ):
        page.keyboard.press(key)
        expect(place).to_have_text(f"{at} of 3")
        expect(text).to_have_text(words)
        page.wait_for_url(re.compile(r"present=\d+.*tag=talk"))
    # Keys that lead to where one is leave the next key its meaning.
    for key, at in (("End", 3), ("Home", 1), ("Home", 1), ("End", 3)):
        page.keyboard.press(key)
        expect(place).to_have_text(f"{at} of 3")
    expect(page.locator("table tbody").first).to_be_visible()
    for width, height in ((1280, 720), (1920, 1080), (3840, 2160)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(
            """([width, least]) => {
                const root = document.documentElement;
                return window.innerWidth === width && root.scrollWidth <= width
                    && parseFloat(getComputedStyle(root).fontSize) >= least;
            }""",
            arg=[width, max(17, width * 0.0105)],
        )
    page.set_viewport_size({"width": 1280, "height": 900})
    page.reload()
    expect(place).to_have_text("3 of 3")
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile(r"/notebook.*tag=talk.*note=\d+"))
    expect(page).not_to_have_url(re.compile("present="))
    expect(page.get_by_role("button", name="Copy link")).to_be_visible()
    expect(page.locator(".notes > li.current .text")).to_have_text("the ranking")
