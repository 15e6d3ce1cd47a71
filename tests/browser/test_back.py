"""The back button pressed at once, and while what the server says is still under way.

What arrives from the server is held here for as long as a slow machine or line would hold it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.clicks import choose, idle
from tests.synthetic_store import write_synthetic_store

pytestmark = pytest.mark.browser
METHOD = "How the numbers are made"
SEVENTH = re.compile(r"^\W*7 \w+ · ")


class Line:
    """The line from the server to a page, on which messages can be held up."""

    def __init__(self, page: Page) -> None:
        self.page, self.holds, self.held = page, False, list[str | bytes]()
        self.sockets: list[WebSocketRoute] = []
        page.route_web_socket(re.compile("_stcore/stream"), self._connect)

    def _connect(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.connect_to_server().on_message(self._pass)

    def _pass(self, message: str | bytes) -> None:
        if self.holds:
            self.held.append(message)
        else:
            self.sockets[-1].send(message)

    def hold(self, until: str = "") -> None:
        """Holds from now on; waits until something with these words is held."""
        self.holds = True
        for _ in range(900):
            if any(until in str(one, "utf-8", "replace") for one in self.held if until):
                return
            if not until:
                return
            self.page.wait_for_timeout(50)
        pytest.fail(f"nothing with “{until}” came: {len(self.held)} messages")

    def release(self) -> None:
        """Lets everything go that was held, in its order."""
        self.holds, held, self.held = False, self.held, []
        for one in held:
            self.sockets[-1].send(one)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_synthetic_store(tmp_path_factory.mktemp("runs") / "synthetic.duckdb").parent


@pytest.fixture
def line(page: Page) -> Line:
    return Line(page)


def cite(page: Page, citation: str) -> None:
    page.get_by_label("Go to a citation").fill(citation)
    page.keyboard.press("Enter")


def read(page: Page, heading: str, query: int, address: str = "") -> str:
    """Waits until a page is drawn to its end under a query; its address."""
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.get_by_label(re.compile("^Query .*to choose from"))).to_have_value(
        re.compile(rf"^\W*{query} ")
    )
    page.wait_for_url(address or re.compile(rf"[?&]query={query}&side="))
    idle(page)
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    assert re.search(rf"[?&]query={query}&", page.url)
    assert not address or page.url == address
    return page.url


def walk(page: Page, address: str) -> tuple[str, str, str]:
    """The addresses of three steps: the method under query 2, documents under 3 and 4."""
    page.goto(f"{address}/method?run=synthetic&query=2")
    start = read(page, METHOD, 2)
    cite(page, "synthe·q3·d5")
    middle = read(page, "Document 5", 3)
    cite(page, "synthe·q4·d6")
    return start, middle, read(page, "Document 6", 4)


def go(page: Page, by: int) -> None:
    """A press of the back or forward button, which does not wait for anything."""
    before = page.url
    page.evaluate("(by) => { history.go(by); }", by)
    page.wait_for_function("(before) => location.href !== before", arg=before)


def test_back_twice_before_the_widgets_of_the_first_step_are_drawn(
    page: Page, address: str, line: Line
) -> None:
    start, middle, end = walk(page, address)
    line.hold()
    go(page, -1)
    line.hold(until="Document 5")
    # The pickers of the browser still show query 4, and it says so to the server.
    go(page, -1)
    line.release()
    read(page, METHOD, 2, start)
    go(page, 1)
    read(page, "Document 5", 3, middle)
    go(page, 1)
    read(page, "Document 6", 4, end)


def test_back_before_the_address_of_the_page_that_was_asked_for_arrives(
    page: Page, address: str, line: Line
) -> None:
    start, middle, _ = walk(page, address)
    go(page, -1)
    read(page, "Document 5", 3, middle)
    line.hold()
    cite(page, "synthe·q5·d7")
    line.hold(until="Document 7")
    go(page, -1)
    line.release()
    read(page, METHOD, 2, start)
    go(page, 1)
    read(page, "Document 5", 3, middle)


def test_back_before_a_chosen_query_is_drawn(page: Page, address: str, line: Line) -> None:
    start, middle, _ = walk(page, address)
    go(page, -1)
    read(page, "Document 5", 3, middle)
    line.hold()
    choose(page, "to choose from", SEVENTH)
    line.hold(until="query=7")
    go(page, -1)
    line.release()
    read(page, METHOD, 2, start)
    go(page, 1)
    read(page, "Document 5", 3, middle)


@pytest.mark.parametrize("presses", [(-1, -1, 1), (-1, 1), (-1, -1, 1, -1), (-2, 1, 1)])
def test_back_and_forward_as_fast_as_they_can_be_pressed(
    page: Page, address: str, presses: tuple[int, ...]
) -> None:
    stops = walk(page, address)
    at = 2
    for by in presses:
        go(page, by)
        at += by
    heading = (METHOD, "Document 5", "Document 6")[at]
    read(page, heading, at + 2, stops[at])
    choose(page, "to choose from", SEVENTH)
    expect(page).to_have_url(re.compile("query=7&"))
    page.go_back()
    read(page, heading, at + 2, stops[at])
