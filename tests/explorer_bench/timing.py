"""Milliseconds from a click to its content being on screen, taken by the page itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

TIMEOUT = 60_000
# Roots of components are few and known by their holders; looking at every element would cost more
# than what is measured.
DEEP = """
const hosts = () => [...document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')]
    .filter((one) => one.shadowRoot);
const deep = (selector) => [document, ...hosts().map((one) => one.shadowRoot)]
    .flatMap((root) => [...root.querySelectorAll(selector)]);
const texts = (selector) => deep(selector).map((one) => one.textContent);
const heading = (text) => [...document.querySelectorAll('h1, h2')]
    .some((one) => one.textContent === text && one.checkVisibility());
const ids = () => deep('table').map((one) => [...one.querySelectorAll('tbody[data-id]')].slice(0, 5)
    .map((row) => row.dataset.id).join(' '));
"""
# Looks once a frame; the time is that of the frame after the one that found everything in place,
# so it has been painted. The clock starts with the browser's own stamp of the click or key.
ARM = """([event, timeout, arg]) => {
    DEEP
    const shown = () => { SHOWN };
    if (shown()) return 'already there';
    window.measured = new Promise((done) => {
        let start = null;
        const begin = (happened) => {
            if (event === 'keydown' && happened.key !== 'Enter') return;
            start ??= happened.timeStamp;
        };
        window.addEventListener(event, begin, { capture: true });
        const armed = performance.now();
        const look = () => {
            const late = performance.now() - armed > timeout;
            if (late || (start !== null && shown())) {
                window.removeEventListener(event, begin, { capture: true });
                requestAnimationFrame(() => done(late ? null : performance.now() - start));
            } else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    });
    return '';
}"""
# The same from the start of a navigation.
FIRST = """(() => {
    window.measured = new Promise((done) => {
        const look = () => {
            DEEP
            if ((() => { SHOWN })()) requestAnimationFrame(() => done(performance.now()));
            else requestAnimationFrame(look);
        };
        document.addEventListener('DOMContentLoaded', () => requestAnimationFrame(look));
    });
})();"""


class NotShown(RuntimeError):
    """What was waited for did not come, or was there before the click."""


def clicked(
    page: Page, act: Callable[[], None], shown: str, arg: Any = None, event: str = "click"
) -> float:
    """Milliseconds from the event that `act` causes until `shown` holds and is painted.

    Args:
        shown: body of a JavaScript function that says whether all is in place; it has `arg`,
            `deep(selector)`, `texts(selector)`, `heading(text)` and `ids()`.

    Raises:
        NotShown: it held before, or does not within a minute.
    """
    before = page.evaluate(ARM.replace("DEEP", DEEP).replace("SHOWN", shown), [event, TIMEOUT, arg])
    if before:
        raise NotShown(f"{before}: {shown} {arg}")
    act()
    took = page.evaluate("() => window.measured")
    if took is None:
        raise NotShown(f"not within {TIMEOUT // 1000} s: {shown} {arg}")
    return float(took)


def opened(page: Page, address: str, shown: str) -> float:
    """Milliseconds from the start of a navigation until `shown` holds and is painted."""
    page.add_init_script(FIRST.replace("DEEP", DEEP).replace("SHOWN", shown))
    page.goto(address, wait_until="commit")
    return float(page.evaluate("() => window.measured"))
