"""Many people browsing at once: does anybody see an error, and what does it cost in memory?"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from statistics import median
from urllib.parse import urlencode

from playwright.async_api import BrowserContext, Error, Page, async_playwright

from tests.explorer_bench.steps import SEARCHES
from tests.explorer_bench.timing import DEEP

# Goes to an address and notes when the script has begun to run for it.
GO = """(url) => {
    window.ran = false;
    window.watched?.disconnect();
    // A short run begins and ends between two calls of this: the old values tell of it.
    window.watched = new MutationObserver((changes) => {
        const state = document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState;
        const states = [...changes.map((one) => one.oldValue), state];
        if (states.some((one) => one && one !== 'notRunning')) window.ran = true;
    });
    window.watched.observe(document, {
        subtree: true, attributes: true, attributeOldValue: true,
        attributeFilter: ['data-test-script-state'],
    });
    history.pushState(null, '', url);
    dispatchEvent(new PopStateEvent('popstate'));
}"""
# The script has run, has ended, and what it was to draw is there.
DONE = """([went, arg]) => {
    DEEP
    const app = document.querySelector('[data-testid="stApp"]');
    return (!went || window.ran) && app?.dataset.testScriptState === 'notRunning'
        && (() => { SHOWN })();
}"""
PLOT = " && !!document.querySelector('.js-plotly-plot .main-svg')"
QUERY = "texts('.panel .name').some((one) => one.startsWith(`Query ${arg[0]} `))"
# What has to be on screen of each page; `arg` is [query, document or null, whether
# nothing may have been found].
SHOWN = {
    "rankings": f"return {QUERY} && (arg[2] || deep('table').length > 0)",
    "document": """return [...document.querySelectorAll('h2')].some((one) => arg[1] === null
        ? /^Document \\d+$/.test(one.textContent) : one.textContent === `Document ${arg[1]}`)""",
    "query": "return heading(`Query ${arg[0]}`)",
    "search": "return heading('Search')",
    "rank_curves": f"return heading('Rank curves'){PLOT}",
    "compare": f"return heading('Compare two queries over all documents'){PLOT}",
    "notebook": "return heading('Notebook')",
}
WRONG = """() => [...document.querySelectorAll('[data-testid="stException"], [role="dialog"],'
    + '[data-testid="stAlertContentError"], [data-testid="stConnectionStatus"]')]
    .map((one) => one.textContent.slice(0, 200))"""
ARRIVING = 2.0  # seconds between two people who come; all stay until the end


@dataclass(frozen=True)
class View:
    """A page and the fields of its address."""

    page: str
    fields: Mapping[str, object]

    @property
    def address(self) -> str:
        """As it stands behind the server's."""
        return f"{self.page}?{urlencode(self.fields)}"


@dataclass
class Crowd:
    """What happened to the people. `errors` has one entry for each view that was not right."""

    sessions: int
    actions: int = 0
    waited: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def median_wait(self) -> float:
        """Of all actions, in milliseconds."""
        return median(self.waited) if self.waited else float("nan")


def browse(
    chromium: str, flags: list[str], address: str, run: str, n_queries: int, n_documents: int,
    sessions: int, seconds: float,
) -> Crowd:  # fmt: skip
    """Lets people look at queries, pages, documents, filters and curves for so long."""
    crowd = Crowd(sessions)

    async def all_of_them() -> None:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=flags)
            # Each window is a session of its own. They share the browser's cache, as people have
            # who come back: loading 20 empty ones would measure this machine's browsers.
            context = await browser.new_context(viewport={"width": 1280, "height": 900})
            people = []
            end = time.monotonic() + ARRIVING * sessions + seconds
            for number in range(sessions):
                people.append(
                    asyncio.create_task(
                        _person(context, address, run, n_queries, n_documents, number, end, crowd)
                    )
                )
                # They come one after another, and stay until the last is done.
                await asyncio.sleep(ARRIVING)
            await asyncio.gather(*people)
            await browser.close()

    asyncio.run(all_of_them())
    return crowd


async def _person(
    context: BrowserContext, address: str, run: str, n_queries: int, n_documents: int, number: int,
    end: float, crowd: Crowd,
) -> None:  # fmt: skip
    drawn = random.Random(number)
    page = await context.new_page()
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(f"script: {error}"))
    view = View("rankings", {})
    try:
        for turn in count():
            view = _somewhere(drawn, run, n_queries, n_documents)
            began = time.monotonic()
            if turn:
                await page.evaluate(GO, f"/{view.address}")
            else:
                await page.goto(f"{address}/{view.address}", wait_until="commit", timeout=90_000)
            await _done(page, view, turn > 0)
            if turn:
                crowd.waited.append(1000 * (time.monotonic() - began))
            crowd.actions += 1
            wrong = await page.evaluate(WRONG)
            await asyncio.sleep(drawn.uniform(1.0, 4.0))  # reading
            wrong += await page.evaluate(WRONG)  # what came late
            if wrong or thrown:
                told = "; ".join(dict.fromkeys([*wrong, *thrown]))
                crowd.errors.append(f"{view.address}: {told}")
                thrown.clear()
            if time.monotonic() >= end:
                break
    except Error as error:
        crowd.errors.append(f"{view.address}: person {number}: {str(error).splitlines()[0]}")
    finally:
        await page.close()


def _somewhere(drawn: random.Random, run: str, n_queries: int, n_documents: int) -> View:
    """Where somebody goes next: most often to a ranking or a document."""
    query = drawn.randrange(n_queries)
    both = {"run": run, "query": query, "tails": "both", "fold": "1"}
    name, fields = drawn.choice(
        [
            ("rankings", both),
            ("rankings", {**both, "place": drawn.randint(1, 50)}),
            ("rankings", {**both, "text": drawn.choice(SEARCHES)}),
            ("rankings", {**both, "score": "normed", "tails": "one", "side": "harmful"}),
            ("document", both),
            ("document", {**both, "doc": drawn.randrange(n_documents)}),
            ("document", {**both, "side": "harmful"}),
            ("query", {"run": run, "query": query}),
            ("search", {"run": run, "query": query, "look": drawn.choice(SEARCHES)}),
            ("rank_curves", {"run": run, "query": query}),
            (
                "compare",
                {"run": run, "query": query, "mode": "queries", "query2": (query + 1) % n_queries},
            ),
            ("notebook", {"run": run, "query": query}),
        ]
    )
    return View(name, fields)


async def _done(page: Page, view: View, went: bool) -> None:
    """Waits until a view is drawn.

    Args:
        went: from another view; the script has to run anew for it.
    """
    done = DONE.replace("DEEP", DEEP).replace("SHOWN", SHOWN[view.page])
    arg = [view.fields["query"], view.fields.get("doc"), "text" in view.fields]
    await page.wait_for_function(done, arg=[went, arg], timeout=90_000, polling=100)
