"""Characters that cannot be seen in a query: they move nothing, and are shown on demand."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Page, expect

from tests.browser.inert import go, still
from tests.synthetic_store import write_synthetic_store

pytestmark = pytest.mark.browser
# Where the tokens of the first line stand, in their order.
LEFTS = """() => {
    const roots = (root) => [root, ...[...root.querySelectorAll('*')]
        .filter((one) => one.shadowRoot).flatMap((one) => roots(one.shadowRoot))];
    const tokens = roots(document).flatMap((one) => [...one.querySelectorAll('.part.prompt .t')]);
    const boxes = tokens.map((one) => one.getClientRects()[0]).filter(Boolean);
    return boxes.filter((one) => Math.abs(one.top - boxes[0].top) < 3).map((one) => one.left);
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    path = write_synthetic_store(folder / "one.duckdb")
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "UPDATE queries SET prompt = prompt[:2] || chr(8238) || prompt[4:] WHERE query_id = 4"
        )
    return folder


def test_an_override_turns_nothing_and_is_said_and_shown(page: Page, address: str) -> None:
    page.goto(f"{address}/query?run=one&query=4")
    still(page)
    box = page.locator(".nats")
    expect(box.locator(".hidden")).to_contain_text("1 character that cannot be seen: U+202E 1×")
    lefts = page.evaluate(LEFTS)
    assert len(lefts) > 3 and lefts == sorted(lefts)
    expect(box.locator(".sign")).to_have_count(0)
    text = box.locator(".part.prompt").text_content()
    box.locator(".hidden input").check()
    expect(box.locator('.sign[data-sign="U+202E"]')).to_have_count(1)
    assert box.locator(".part.prompt").text_content() == text
    page.locator(".hidden input").uncheck()
    expect(box.locator(".sign")).to_have_count(0)
    go(page, "query", run="one", query=5)
    expect(page.get_by_role("heading", name="Query 5")).to_be_visible()
    expect(page.locator(".nats .hidden")).to_be_hidden()


def test_the_panel_isolates_and_the_strip_grows_with_large_type(page: Page, address: str) -> None:
    page.goto(f"{address}/rankings?run=one&query=4&tails=both&size=")
    still(page)
    expect(page.locator(".panel .prompt .isolated")).to_have_text("\u202e", use_inner_text=False)
    strip = page.locator(".strip svg")
    small = strip.bounding_box()
    assert small is not None and small["height"] == pytest.approx(132, abs=1)
    go(page, "rankings", run="one", query=4, tails="both", size="large")
    expect(page.locator(".strip svg[height='132']")).to_have_count(0)
    strip.scroll_into_view_if_needed()
    large = strip.bounding_box()
    assert large is not None and large["height"] > 1.2 * small["height"]
    assert large["width"] <= small["width"] + 1
    # What is pointed at is what stands there: the last bar, by its right edge.
    bars = page.locator(".strip svg rect.up, .strip svg rect.down")
    last = bars.last.bounding_box()
    assert last is not None
    page.mouse.move(last["x"] + last["width"] / 2, large["y"] + large["height"] / 2)
    expect(page.locator(".strip svg .cover")).not_to_have_attribute("width", "0")
    band = page.locator(".strip svg .cover").bounding_box()
    assert band is not None and band["x"] == pytest.approx(last["x"], abs=2)
