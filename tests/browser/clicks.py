"""What a person clicks, by the words that stand on it, once the page is there to be clicked."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
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
    idle(page)
    page.get_by_role("radio", name=choice).or_(page.get_by_role("button", name=choice)).click()


def in_address(page: Page, *parts: str) -> None:
    """Waits until all of these stand in the address."""
    for part in parts:
        expect(page).to_have_url(re.compile(re.escape(part)))
