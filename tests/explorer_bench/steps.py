"""What one person does, timed: each step knows from the store what has to stand on the screen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from playwright.sync_api import Browser, Page

from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import DocumentFilter
from tests.explorer_bench.timing import clicked, opened

PAGE = 50  # documents of a page of the ranking, both ends of which are shown
# Common, middling and rare words, two words, a beginning, an exclusion, a phrase.
SEARCHES = (
    *("marbles", "slope rise", "const map", "harbour castle", "loop* -marbles"),
    *('"the rise over the run"', "wrong", "copper", "function return", "total of"),
)
TABLES = "return ids().join('|').startsWith(arg)"


@dataclass
class Result:
    """The times of one step in milliseconds, or why there are none."""

    name: str
    target: float
    times: list[float] = field(default_factory=list)
    problem: str = ""


@dataclass(frozen=True)
class Visit:
    """A session on the store that is measured."""

    browser: Browser
    address: str
    run: str
    reader: StoreReader
    repeats: int

    def page(self) -> Page:
        """A new window of somebody who was never here: nothing of the explorer is in its cache."""
        context = self.browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.set_default_timeout(60_000)
        return page

    def to(self, page: Page, name: str, **fields: object) -> None:
        """Goes to an address and waits until the server is done with it."""
        query = "&".join(f"{key}={value}" for key, value in {"run": self.run, **fields}.items())
        page.goto(f"{self.address}/{name}?{query}")
        settle(page)

    def top(self, query: int, offset: int = 0, only: DocumentFilter | None = None) -> str:
        """The first documents of the upper table, as `ids()` gives them."""
        found = self.reader.rankings(query, offset=offset, limit=5, only=only, fold=True, both=True)
        return " ".join(str(one.doc_id) for one in found.documents)


def settle(page: Page) -> None:
    """Waits until the page is drawn and nothing runs for it."""
    page.wait_for_function(
        """() => document.querySelector('[data-testid="stApp"]')
            ?.dataset.testScriptState === 'notRunning' && document.querySelector('h1, h2')"""
    )
    page.wait_for_timeout(300)


def first_page(visit: Visit, name: str, shown: str) -> Iterator[float]:
    """A page in a browser that has none of the explorer's files."""
    while True:
        page = visit.page()
        yield opened(page, f"{visit.address}/{name}", shown)
        page.context.close()


def overview(visit: Visit) -> Iterator[float]:
    """The first page: its heading and the table of queries are there."""
    yield from first_page(visit, f"?run={visit.run}", "return heading('This run') "
                          "&& ids().some((one) => one.startsWith('0 1 2'))")  # fmt: skip


def linked_ranking(visit: Visit) -> Iterator[float]:
    """A link to a ranking, opened by somebody who was never here."""
    for query in range(visit.reader.run().n_queries - 1, -1, -1):
        shown = f"return ids().join('|').startsWith('{visit.top(query)}')"
        address = f"rankings?run={visit.run}&query={query}&side=helpful&tails=both&fold=1"
        yield next(first_page(visit, address, shown))


def new_query(visit: Visit) -> Iterator[float]:
    """The next query: its words and its ranking."""
    page = visit.page()
    visit.to(page, "rankings", query=10, tails="both", fold="1")
    following = page.get_by_test_id("stSidebar").get_by_role("button", name="Next ›")
    for query in range(11, visit.reader.run().n_queries):
        yield clicked(
            page,
            following.click,
            "return texts('.panel .name').some((one) => one.startsWith(`Query ${arg[0]} `))"
            " && ids().join('|').startsWith(arg[1])",
            [query, visit.top(query)],
        )


def table_page(visit: Visit) -> Iterator[float]:
    """The next page of the ranking."""
    page = visit.page()
    visit.to(page, "rankings", query=3, tails="both", fold="1")
    for number in range(2, 1000):
        button = page.get_by_role("button", name=f"Page {number}", exact=True)
        expected = visit.top(3, (number - 1) * PAGE)
        yield clicked(page, button.click, TABLES, expected)


def documents_of(visit: Visit, low: int, high: int) -> list[tuple[int, int]]:
    """(query, document) of documents with token scores that have so many tokens."""
    found = []
    for query in range(visit.reader.run().n_queries):
        tops = visit.reader.rankings(query, limit=visit.reader.run().tail, fold=True).documents
        found += [(query, one.doc_id) for one in tops if low <= one.n_tokens <= high]
    return found


def open_document(visit: Visit, low: int, high: int) -> Iterator[float]:
    """A click on the link of a document in the ranking, until its whole heatmap is there."""
    page = visit.page()
    for query, doc_id in documents_of(visit, low, high):
        document = visit.reader.document(query, doc_id)
        seen = document.seen_chars if document else 1
        visit.to(page, "rankings", query=query, tails="both", fold="1", doc=doc_id)
        row = page.locator(f"tbody[data-id='{doc_id}'] a").first
        row.scroll_into_view_if_needed()
        yield clicked(
            page,
            row.click,
            # The whole text is there, and what is in view of it has its tokens and their shades.
            "return heading(`Document ${arg[0]}`) && deep('.heatmap .chunk .t[class*=up]').length"
            " && texts('.heatmap .chunk').join('').length >= arg[1]",
            [doc_id, seen],
        )


def rank_curves(visit: Visit) -> Iterator[float]:
    """The curves of all queries, from the menu; the first time the plot library is loaded too."""
    page = visit.page()
    visit.to(page, "rankings", query=3, tails="both", fold="1")
    menu = page.get_by_test_id("stSidebar")
    while True:
        yield clicked(
            page,
            menu.get_by_role("link", name="Rank curves").click,
            "return heading('Rank curves') && "
            "document.querySelectorAll('.js-plotly-plot .scatterlayer path.js-line').length > 3",
        )
        menu.get_by_role("link", name="Rankings").click()
        page.get_by_role("heading", name=re.compile("Most helpful")).first.wait_for()
        settle(page)


def full_text(visit: Visit) -> Iterator[float]:
    """Words typed into the filter of a ranking, from Enter to the ranking of what holds them."""
    page = visit.page()
    visit.to(page, "rankings", query=5, tails="both", fold="1")
    for words in SEARCHES:
        box = page.get_by_role("textbox", name="Search the texts")
        box.fill(words)
        expected = visit.top(5, only=DocumentFilter(text=words))
        yield clicked(page, lambda: page.keyboard.press("Enter"), TABLES, expected, "keydown")


STEPS: dict[str, tuple[str, float, Callable[[Visit], Iterator[float]]]] = {
    "first": ("First page, empty browser cache", 2500, overview),
    "linked": ("Link to a ranking, empty browser cache", 2500, linked_ranking),
    "query": ("New query", 500, new_query),
    "page": ("Page of the table", 400, table_page),
    "document512": ("Open a document with heatmap, 512 tokens", 500,
                    lambda visit: open_document(visit, 500, 524)),
    "document32k": ("Open a document with heatmap, 32,000 tokens", 700,
                    lambda visit: open_document(visit, 30_000, 34_000)),
    "curves": ("Rank curves of all queries", 500, rank_curves),
    "text": ("Full-text filter", 700, full_text),
}  # fmt: skip


def measure(visit: Visit, name: str) -> Result:
    """One step, as often as is wanted or as the store allows."""
    title, target, step = STEPS[name]
    result = Result(title, target)
    try:
        result.times = list(islice(step(visit), visit.repeats))
    except Exception as error:  # a page that fails is a result, and the other steps go on
        result.problem = f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"
    if not result.times and not result.problem:
        result.problem = "the store has nothing to measure this with"
    for context in visit.browser.contexts:
        context.close()
    return result
