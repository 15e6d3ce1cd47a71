"""What a page must not hold, whatever the texts say that it shows."""

from __future__ import annotations

import re
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Page

from tests.browser.clicks import idle

# What the explorer asks its server for; a relative address of a text would be another path.
OWN = re.compile(
    r"/(static/.*|(\w+/)?_stcore/.*|media/.*|component/.*|favicon\.png|vendor/.*|"
    r"(overview|rankings|document|query|search|compare|rank_curves|trust|notebook|method)?)$"
)
# Goes to an address of the explorer without loading it anew, as the back button does.
GO = "history.pushState(null, '', url); dispatchEvent(new PopStateEvent('popstate'));"

# Every root of the page, those of components included; `deep(selector)` searches all of them.
DEEP = """
const roots = (root) => [root, ...[...root.querySelectorAll('*')]
    .filter((one) => one.shadowRoot).flatMap((one) => roots(one.shadowRoot))];
const deep = (selector) => roots(document).flatMap((one) => [...one.querySelectorAll(selector)]);
"""
_FOREIGN = """
const origin = location.origin, found = [];
const say = (what, element) => found.push(`${what}: ${element.outerHTML.slice(0, 160)}`);
if (window.harmed !== undefined || Object.prototype.harmed !== undefined) found.push('harmed');
const inside = (url) => url === '' || /^(data:image|blob:)/.test(url)
    || (URL.canParse(url, location.href) && new URL(url, location.href).origin === origin);
for (const one of deep('iframe, object, embed, applet, portal, base, [action], [formaction],'
    + 'marquee, dialog[open], [popover]:popover-open, plaintext, xmp, foreignObject, animate,'
    + 'audio, video, source, math, .katex, .mermaid,'
    + 'meta[http-equiv]:not([content*="text/html"], [http-equiv="Content-Security-Policy"])')) {
    say('element', one);
}
for (const one of deep('script:not([type="application/json"])')) {
    if (one.src ? !inside(one.src) : one.textContent.includes('harmed')) say('script', one);
}
for (const one of deep('img, image, use, link')) {
    if (!inside(one.getAttribute('src') ?? one.getAttribute('href') ?? '')) say('source', one);
}
for (const one of deep('a[href]')) {
    const href = one.getAttribute('href');
    if (/^\\s*(javascript|data|vbscript|file):/i.test(href) || (!OUTSIDE && !inside(href)
        && !/^blob:/.test(href))) say('link', one);
}
for (const one of deep('style')) {
    if (/beacon|expression\\(/.test(one.textContent)) say('style', one);
}
for (const one of deep('*')) {
    if (/beacon|expression\\(/.test(one.getAttribute('style') ?? '')) say('style', one);
    for (const { name } of one.attributes) if (/^on/.test(name)) say('handler', one);
}
"""
_APP = """
if (!document.title.includes('Influence Explorer')) found.push(`title: ${document.title}`);
if (!deep('h1, h2').some((one) => one.checkVisibility())) found.push('no heading');
for (const one of deep('[data-testid="stException"]')) say('error', one);
if (/Traceback|Uncaught/.test(document.body.innerText.slice(0, 2000))) found.push('a traceback');
"""
_STANDS = """() =>
    document.querySelector('[data-testid="stMain"] :is(h1, h2, [role="alert"])')"""


def strange_requests(page: Page, address: str) -> list[str]:
    """A list that fills with what a page asks for and the explorer does not."""
    found: list[str] = []

    def watch(url: str) -> None:
        if not url.startswith(("data:", "blob:")) and not (
            url.startswith(address) and OWN.fullmatch(urlsplit(url).path)
        ):
            found.append(url)

    page.on("request", lambda request: watch(request.url))
    return found


def go(page: Page, name: str, **fields: str | int) -> None:
    """Goes to a page within the session and waits until it is drawn."""
    page.evaluate(f"(url) => {{ {GO} }}", f"/{name}?{urlencode(fields)}")
    still(page)


def still(page: Page) -> None:
    """Waits until nothing runs for the page and something stands on it."""
    page.wait_for_function(_STANDS)
    idle(page)
    page.wait_for_function(_STANDS)


def told(wrong: dict[str, list[str]]) -> None:
    """Fails with a line for everything that was not harmless."""
    if wrong:
        pytest.fail("\n".join(f"{name}: {'; '.join(found)}" for name, found in wrong.items()))


def foreign(page: Page, app: bool = True, outside: bool = False) -> list[str]:
    """What has become of a text that is more than text; nothing if all is well.

    Args:
        app: a page of the explorer, with a heading and without an error.
        outside: links to elsewhere are expected.
    """
    script = f"() => {{ {DEEP} {_FOREIGN} {_APP if app else ''} return [...new Set(found)]; }}"
    found = page.evaluate(script.replace("OUTSIDE", "true" if outside else "false"))
    for frame in page.frames[1:]:
        found.append(f"a frame: {frame.url}")
    return list(found)
