"""How every page looks: nothing overflows or is cut, text can be read, everything has a name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from attribution_engine.findings.claims import FINDINGS
from tests.browser.clicks import idle
from tests.browser.inert import DEEP, go, still, told
from tests.store.tested_store import add_tests
from tests.synthetic_store import write_synthetic_store
from tests.with_findings import add_findings

pytestmark = pytest.mark.browser
Scheme = Literal["light", "dark"]
PAGES: dict[str, dict[str, str | int]] = {
    "": {"query": 4},
    "rankings": {"query": 0, "tails": "both", "fold": "1"},
    "document": {"query": 0, "doc": 5},
    "query": {"query": 3},
    "search": {"look": "slope"},
    "compare": {"query": 3, "mode": "runs", "other": "second"},
    "rank_curves": {"query": 3},
    **{finding: {"query": 3} for finding in FINDINGS},
    "trust": {"query": 3},
    "notebook": {},
    "method": {},
}
# Of everything that shows a text of its own: is it wider than its holder without a way to scroll?
CUT = """
const box = (one) => one.getBoundingClientRect();
const parent = (one) => one.parentElement ?? one.getRootNode().host ?? null;
const styles = (one) => getComputedStyle(one);
const shown = (one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && box(one).width > 1 && box(one).height > 1;
const main = document.querySelector('[data-testid="stMain"]');
const words = (one) => [...one.childNodes].filter((each) => each.nodeType === 3)
    .map((each) => each.data).join('').trim();
const name = (one) => `<${one.tagName.toLowerCase()} class="${one.getAttribute('class') ?? ''}"> `
    + one.textContent.trim().slice(0, 60);
const hiddenByDesign = (one) => {
    for (let at = one; at; at = parent(at)) {
        const { overflowX, textOverflow, position, clipPath } = styles(at);
        if (/auto|scroll/.test(overflowX) || textOverflow === 'ellipsis' || position === 'fixed'
            || clipPath !== 'none' || at.matches?.('svg, [aria-hidden="true"]')) return true;
    }
    return false;
};
"""
OVERFLOWS = f"""() => {{ {DEEP} {CUT}
    const found = [];
    for (const one of [document.documentElement, main]) {{
        if (one.scrollWidth > one.clientWidth + 1) {{
            found.push(`${{one.tagName}} is ${{one.scrollWidth}} wide of ${{one.clientWidth}}`);
        }}
    }}
    const right = box(main).right;
    for (const one of deep('*')) {{
        if (!words(one) || !shown(one) || hiddenByDesign(one)) continue;
        if (box(one).right > right + 1) found.push(`beyond the page: ${{name(one)}}`);
        // What holds it cuts it off.
        for (let at = parent(one); at && at !== main; at = parent(at)) {{
            if (/hidden|clip/.test(styles(at).overflowX) && box(one).right > box(at).right + 2) {{
                found.push(`cut: ${{name(one)}}`);
                break;
            }}
        }}
    }}
    return [...new Set(found)].slice(0, 8);
}}"""
NAMELESS = f"""() => {{ {DEEP} {CUT}
    const labelled = (one) => (one.getAttribute('aria-labelledby') ?? '').split(' ')
        .map((id) => id && (one.getRootNode().getElementById?.(id) ?? document.getElementById(id)))
        .filter(Boolean).map((each) => each.textContent).join('');
    const named = (one) => [one.getAttribute('aria-label'), labelled(one), one.title,
        one.placeholder, one.alt, one.textContent, ...[...(one.labels ?? [])]
            .map((label) => label.textContent), one.closest('label')?.textContent,
        one.querySelector('[aria-label], title, img[alt]')?.getAttribute('aria-label')]
        .some((text) => text?.trim());
    const kinds = 'button, a[href], input:not([type=hidden]), select, textarea, summary,'
        + '[role=button], [role=tab], [role=option], [role=slider], [tabindex="0"]';
    return [...new Set(deep(kinds).filter((one) => shown(one) && !named(one)
        && !one.matches('[role=presentation], [data-testid], .react-aria-Popover')
        && !one.closest('[aria-hidden="true"], .js-plotly-plot'))
        .map((one) => one.outerHTML.slice(0, 160)))].slice(0, 8);
}}"""
# Ratio of luminances of a text and what is behind it (WCAG); 4.5 is asked of texts of this size.
FAINT = f"""() => {{ {DEEP} {CUT}
    const canvas = document.createElement('canvas')
        .getContext('2d', {{ willReadFrequently: true }});
    const colour = (css) => {{
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = css; canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    }};
    const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
    const behind = (one) => {{
        const layers = [];
        for (let at = one; at; at = parent(at)) {{
            const layer = colour(styles(at).backgroundColor);
            if (layer[3] > 0) layers.push(layer);
            if (layer[3] === 1) break;
        }}
        return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
    }};
    const light = (rgb) => rgb.map((one) => one / 255)
        .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
        .reduce((sum, one, i) => sum + one * [0.2126, 0.7152, 0.0722][i], 0);
    const found = new Set();
    for (const one of deep('*')) {{
        if (!words(one) || !shown(one) || one.closest('svg, button:disabled, [aria-disabled=true]')
            || one.closest('[aria-hidden="true"], script, style')) continue;
        const opacity = (() => {{
            let all = 1;
            for (let at = one; at; at = parent(at)) all *= Number(styles(at).opacity);
            return all;
        }})();
        const below = behind(one);
        const ink = colour(styles(one).color);
        ink[3] *= opacity;
        const [a, b] = [light(over(ink, below)), light(below)].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        const big = parseFloat(styles(one).fontSize) >= 24;
        if (ratio < (big ? 3 : 4.5) - 0.05) found.add(`${{ratio.toFixed(2)}}: ${{name(one)}}`);
    }}
    return [...found].slice(0, 8);
}}"""
# Every place of a plot that is shown holds a plot with its axes.
DRAWN = """() => [...document.querySelectorAll('.stPlotlyChart, [data-testid="stPlotlyChart"]')]
    .filter((one) => one.checkVisibility()).every((one) => one.querySelector('.main-svg .xtick, '
        + '.main-svg .x2tick') && one.querySelector('.main-svg .ytick, .main-svg .y2tick'))"""
MENU_AND_PAGE, MOST_STOPS = {"Overview", "Method", "Copy link"}, 150
FOCUS = """() => {
    let one = document.activeElement;
    while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
    const style = getComputedStyle(one);
    const ring = (s) => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0
        || s.boxShadow !== 'none';
    const around = [one, one.parentElement, one.parentElement?.parentElement].filter(Boolean);
    const words = one.textContent.trim().slice(0, 30) || one.getAttribute('aria-label') || '';
    return [one.tagName, words,
        around.some((each) => ring(getComputedStyle(each))) || style.borderColor !== ''
            && around.some((each) => each.matches('[data-focused], [data-focus-visible]'))];
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    add_findings(add_tests(write_synthetic_store(folder / "first.duckdb")))
    write_synthetic_store(folder / "second.duckdb", method="gradient-dot", score_seed=1)
    return folder


@pytest.fixture
def page(page: Page) -> Iterator[Page]:
    """A session whose console says nothing of an error."""
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    yield page
    # Streamlit asks below the page's own name first, and is told that nothing is there.
    assert [one for one in said if "404" not in one] == []


def visits(page: Page, address: str) -> Iterator[str]:
    """Every page in turn, drawn."""
    page.goto(f"{address}/method?run=first")
    still(page)
    for name, more in PAGES.items():
        go(page, name, **{"run": "first", "side": "helpful", **more})
        expect(page.get_by_role("heading").first).to_be_visible()
        page.wait_for_function(DRAWN)
        idle(page)
        yield name or "overview"


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 1920), ("dark", 3840)]
)
def test_every_page_fits_can_be_read_and_is_named(
    page: Page, address: str, scheme: Scheme, width: int
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    wrong = {}
    for name in visits(page, address):
        found = page.evaluate(OVERFLOWS) + page.evaluate(FAINT)
        if width == 1280:
            found += [f"no name: {one}" for one in page.evaluate(NAMELESS)]
        expect(page.get_by_test_id("stException")).to_have_count(0)
        if found:
            wrong[name] = found
    told(wrong)


def test_every_figure_has_axes_with_titles_and_words_for_who_cannot_see_it(
    page: Page, address: str
) -> None:
    wrong = {}
    for name in visits(page, address):
        for figure in page.locator(".js-plotly-plot").all():
            facts = figure.evaluate(
                """(one) => [one.querySelectorAll('.xtick, .x2tick').length,
                    one.querySelectorAll('.ytick, .y2tick').length,
                    [...one.querySelectorAll('.xtitle, .ytitle, .x2title, .y2title')]
                        .map((each) => each.textContent),
                    one.closest('[aria-label]')?.getAttribute('aria-label')
                        ?? one.closest('[role=img], figure')?.textContent ?? '']"""
            )
            if not facts[0] or not facts[1] or not facts[2] or not facts[3].strip():
                wrong[f"{name} {facts[3][:40]}"] = [str(facts)]
    told(wrong)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_tab_key_goes_from_the_menu_into_the_page_and_shows_where_it_is(
    page: Page, address: str, scheme: Scheme
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{address}/rankings?run=first&query=0&tails=both")
    still(page)
    expect(page.get_by_role("link", name="Method", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Copy link")).to_be_visible()
    invisible, stops = [], 0
    reached: set[str] = set()
    # How many stops there are before the page depends on the run and on what the browser counts
    # as one (Chromium: also boxes that scroll).
    while len(reached) < 30 or not MENU_AND_PAGE.issubset(reached):
        page.keyboard.press("Tab")
        tag, words, ringed = page.evaluate(FOCUS)
        stops += 1
        assert stops <= MOST_STOPS, sorted(MENU_AND_PAGE - reached)
        reached.add(words)
        if not ringed and tag not in ("BODY", "HTML", "MAIN"):
            invisible.append(f"{tag} {words}")
    assert not invisible


def test_a_printed_page_holds_the_page_without_the_menu(
    page: Page, address: str, context: BrowserContext
) -> None:
    page.goto(f"{address}/document?run=first&query=0&doc=5")
    still(page)
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Document 5")).to_be_visible()
    expect(page.get_by_test_id("stSidebar")).not_to_be_visible()
    page.wait_for_function(
        """() => {
            const main = document.querySelector('[data-testid="stMain"]');
            return main.scrollWidth - main.clientWidth <= 1;
        }"""
    )
