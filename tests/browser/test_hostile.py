"""The hostile corpus in Chromium: nothing runs, nothing is fetched, nothing is hidden."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from attribution_engine.findings.claims import FINDINGS
from tests.browser.conftest import PATIENCE
from tests.browser.inert import DEEP, GO, foreign, go, still, strange_requests, told
from tests.hostile_corpus import HOSTILE, fields
from tests.hostile_store import (
    IN_A_FIELD,
    IN_A_QUERY,
    LONG,
    MOST_TOKENS,
    RUN,
    TEXTS,
    TWIN,
    write_hostile_folder,
)

pytestmark = pytest.mark.browser
NUMBERS = {name: number for number, name in enumerate(HOSTILE)}
TEXT = "const textOf = (selector) => deep(selector).map((one) => one.textContent).join('');"
READ = f"""async ([url, heading, text, prompt, completion]) => {{
    {DEEP} {GO} {TEXT}
    const lacks = () => {{
        if (!deep('h1, h2').some((one) => one.textContent === heading)) return 'the heading';
        // Of what the model did not see, a long text shows a part and says how much is left.
        const shown = textOf('.heatmap .text .chunk');
        const rest = text.length - shown.length;
        if (!text.startsWith(shown) || !shown || (rest && (shown.length < SEEN
            || !deep('.heatmap .text button').some((one) => one.checkVisibility()
                && one.textContent.includes('more characters'))))) return 'the text';
        if (textOf('.panel .prompt') !== prompt) return 'the prompt';
        if (completion !== null && textOf('.panel .completion') !== completion) {{
            return 'the completion';
        }}
        return '';
    }};
    const end = performance.now() + PATIENCE;
    while (lacks() && performance.now() < end) await new Promise((next) => setTimeout(next, 15));
    return lacks();
}}""".replace("SEEN", str(MOST_TOKENS)).replace("PATIENCE", str(PATIENCE))
SOURCES = f"""() => {{ {DEEP}
    return deep('table[aria-label="Documents by source"] tbody')
        .map((one) => one.querySelector('td').textContent);
}}"""
PAGES: dict[str, dict[str, str | int]] = {
    "": {},
    "rankings": {"tails": "both", "fold": "1", "doc": NUMBERS["deep nesting"]},
    "query": {"query": NUMBERS["bidi overrides"]},
    "search": {"look": "script"},
    "compare": {"mode": "runs", "other": TWIN, "doc": 3},
    "rank_curves": {"mine": "1"},
    "trust": {"spread": "query"},
    **{finding: {} for finding in FINDINGS},
    "notebook": {},
}
COMPARED: dict[str, dict[str, str | int]] = {
    "queries": {"query2": NUMBERS["LaTeX links"], "query": NUMBERS["Plotly templates"]},
    "documents": {"doc": NUMBERS["style element"], "doc2": NUMBERS["open comment"]},
    "document": {"doc": NUMBERS["SVG"], "query2": NUMBERS["script element"]},
}
TYPED = (
    "SQL", "wildcards", "regular expressions", "words of the search", "case that changes lengths",
    "script element", "stacks of combining marks", "templates", "formula with a link",
)  # fmt: skip
LINKED = (
    "run", "query", "side", "score", "source", "behaviour", "correct", "low", "text", "place",
    "doc", "alignment", "level", "span", "marks", "suite", "find", "group",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_hostile_folder(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def page(page: Page, address: str) -> Iterator[Page]:
    """The session of every browser test; its own server is asked for nothing but its own."""
    strange = strange_requests(page, address)
    yield page
    assert not strange


def test_every_text_stands_unaltered_as_document_prompt_and_completion(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/document?run={RUN}&query=0&doc=0&side=helpful")
    expect(page.get_by_role("heading", name="Document 0")).to_be_visible()
    wrong = {}
    for number, (name, text) in enumerate(HOSTILE.items()):
        url = f"/document?run={RUN}&query={number}&doc={number}&side=helpful"
        # The last query is a set: its completion is its items.
        following = None if number + 1 == len(TEXTS) else TEXTS[number + 1][:IN_A_QUERY]
        asked = [url, f"Document {number}", text, text[:IN_A_QUERY], following]
        lacks = page.evaluate(READ, asked)
        if lacks or foreign(page):
            wrong[name] = [lacks, *foreign(page)]
    told(wrong)


def test_no_page_makes_more_of_a_text_than_a_text(page: Page, address: str) -> None:
    page.goto(f"{address}/?run={RUN}&query=0")
    page.locator("table[aria-label='Documents by source'] tbody").first.wait_for()
    sources = page.evaluate(SOURCES)
    # A name is put on one line and cut, and stays what it is otherwise.
    known = [" ".join(one.split()) for one in fields(IN_A_FIELD)]
    assert len(sources) > 15
    for shown in sources:
        assert any(one.startswith(shown.removesuffix("…")) for one in known)
    wrong = {}
    visits = list(PAGES.items())
    visits += [("compare", {"mode": mode, **more}) for mode, more in COMPARED.items()]
    for name, more in visits:
        go(page, name, **{"run": RUN, "query": 0, "side": "helpful", **more})
        if found := foreign(page):
            wrong[f"{name} {more}"] = found
    told(wrong)


def test_what_is_typed_is_looked_for_and_nothing_else(page: Page, address: str) -> None:
    wrong = {}
    page.goto(f"{address}/rankings?run={RUN}&query=0")
    still(page)
    for name in TYPED:
        go(page, "rankings", run=RUN, query=0, text=HOSTILE[name], find=HOSTILE[name])
        wrong[f"filter: {name}"] = foreign(page)
        go(page, "search", run=RUN, query=0, look=HOSTILE[name])
        wrong[f"search: {name}"] = foreign(page)
    told({name: found for name, found in wrong.items() if found})


def test_links_with_hostile_fields_are_harmless(page: Page, address: str) -> None:
    page.goto(f"{address}/document?run={RUN}&query=0&doc=0")
    still(page)
    wrong = {}
    names = ("Markdown images", "script element", "null characters", "bidi overrides")
    for at, field in enumerate(LINKED):
        text = HOSTILE[names[at % len(names)]]
        go(page, "document" if at % 2 else "rankings", **{"run": RUN, "query": 0, field: text})
        # Where nothing can be shown, there need not be a heading.
        if found := foreign(page, app=False):
            wrong[field] = found
        expect(page.get_by_test_id("stException")).to_have_count(0)
    told(wrong)


@pytest.mark.parametrize(
    "name", ["../hostile", "/etc/passwd", "hostile.duckdb", "..", "a/../hostile"]
)
def test_the_run_of_a_link_cannot_leave_the_folder(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/rankings?run={name}&query=0")
    expect(page.get_by_text("which is not in the runs folder")).to_be_visible()
    assert foreign(page, app=False) == []


def test_a_query_of_ten_million_characters_leaves_the_page_usable(page: Page, address: str) -> None:
    sent: list[int] = []
    page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda frame: sent.append(len(frame))),
    )
    page.goto(f"{address}/?run={RUN}")
    still(page)
    go(page, "rankings", run=LONG, query=0, tails="both", fold="1")
    expect(page.get_by_role("heading", name="Most helpful").first).to_be_visible()
    go(page, "rankings", run=LONG, query=1, tails="both", fold="1")
    expect(page.locator(".panel .name")).to_contain_text("Query 1 ")
    # All that the page was sent and has drawn is a small part of the text.
    assert 0 < sum(sent) < 3_000_000
    assert foreign(page) == []
