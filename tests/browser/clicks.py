"""What a person clicks, by the words that stand on it, once the page is there to be clicked."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

OPENINGS = 8  # of one box: a page that is drawn anew closes what is open
# Nothing runs for the page, all of what was sent is drawn (a part whose script is not yet fetched
# has a placeholder; a plot comes later), and so it has been for a while: what was done a moment ago
# reaches the server first, and what the server says of it reaches the page a moment later.
_IDLE = """(quiet) => {
    const busy = '[data-testid="stSkeleton"], [data-testid="stAppSkeleton"], [data-stale="true"]';
    const app = document.querySelector('[data-testid="stApp"]');
    const shown = (one) => !one.closest('[data-testid="stPlotlyChart"], .stPlotlyChart');
    const now = performance.now();
    if (app?.dataset.testScriptState !== 'notRunning'
        || app.dataset.testConnectionState !== 'CONNECTED'
        || [...document.querySelectorAll(busy)].some(shown)) window.lastBusy = now;
    return now - window.lastBusy > quiet;
}"""


def idle(page: Page, quiet: int = 300) -> None:
    """Waits until nothing has run for the page, and all of it been drawn, for some milliseconds."""
    page.evaluate("window.lastBusy = performance.now()")
    page.wait_for_function(_IDLE, arg=quiet)


def tap(target: Locator, **how: Any) -> None:
    """Clicks once nothing is drawn any more: what is clicked is not replaced under the click."""
    idle(target.page)
    target.click(**how)


def point_at(mark: Locator) -> tuple[float, float]:
    """Points at a mark of a plot until the plot says what it is; where that is.

    Again where the plot has moved or was drawn anew under the pointer.
    """
    page, said = mark.page, mark.page.locator(".js-plotly-plot .hoverlayer .hovertext").first
    for _ in range(OPENINGS):
        expect(mark).to_be_visible()
        mark.scroll_into_view_if_needed()
        idle(page)
        box = mark.bounding_box()
        if box is None:
            continue
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x + 2, y + 2)
        page.mouse.move(x, y)
        try:
            said.wait_for(timeout=5_000)
            return x, y
        except PlaywrightTimeout:
            page.mouse.move(2, 2)
    pytest.fail("the plot says nothing of what is pointed at")


def copied(button: Locator, said: Locator, words: str) -> str:
    """What a click on a button copies, once the page has said so: it does for a moment only."""
    idle(button.page)
    said.evaluate(
        """(one, words) => {
            window.saidSo = false;
            new MutationObserver(() => {
                window.saidSo ||= one.textContent.includes(words) && one.checkVisibility();
            }).observe(one, { childList: true, characterData: true, subtree: true });
        }""",
        words,
    )
    button.click()
    button.page.wait_for_function("window.saidSo")
    return str(button.page.evaluate("navigator.clipboard.readText()"))


def shut(page: Page, name: str | re.Pattern[str]) -> None:
    """Closes a popover with the Escape key; another list that is open in it closes first."""
    # Not by its role: a list that is open hides all else from who cannot see.
    opener = page.get_by_test_id("stPopoverButton").filter(has_text=name).first
    for _ in range(OPENINGS):
        idle(page)
        if opener.get_attribute("aria-expanded") == "false":
            return
        page.keyboard.press("Escape")
    expect(opener).to_have_attribute("aria-expanded", "false")


def choose(page: Page, label: str, option: str | re.Pattern[str]) -> None:
    """Picks an option of a selectbox or multiselect as a person does."""
    idle(page)
    box = page.get_by_label(label, exact=False).first
    wanted = page.get_by_role("option", name=option).first
    for _ in range(OPENINGS):
        if not wanted.is_visible():
            box.click()
        try:
            wanted.click(timeout=5_000)
            return
        except PlaywrightTimeout:
            idle(page)
    expect(wanted).to_be_visible()


def press(page: Page, choice: str) -> None:
    """Picks a segment of a segmented control."""
    tap(page.get_by_role("radio", name=choice).or_(page.get_by_role("button", name=choice)))


def in_address(page: Page, *parts: str) -> None:
    """Waits until all of these stand in the address."""
    for part in parts:
        expect(page).to_have_url(re.compile(re.escape(part)))
