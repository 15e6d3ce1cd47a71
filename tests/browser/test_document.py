"""Reading a document in Chromium: levels, marks, passages, blanks, raw text, length, hostility."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from attribution_engine.store.reader import StoreReader
from tests.browser.clicks import copied, idle, press, tap
from tests.synthetic_store import HOSTILE, tokenize, write_synthetic_store

pytestmark = pytest.mark.browser
LONG, ENDLESS, CODE, BIDI = 6, 7, 3, 2
LONG_TOKENS = 32_000
TEXT_OF = "(box) => [...box.querySelectorAll('.chunk')].map((e) => e.textContent).join('')"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a document of 32,000 tokens, one of 10 MB on a line, one with behaviours."""
    path = write_synthetic_store(tmp_path_factory.mktemp("runs") / "synthetic.duckdb")
    long = "\n\n".join([HOSTILE[5]] * 60)
    with duckdb.connect(str(path)) as connection:
        for doc_id, text, limit in (
            (LONG, long, LONG_TOKENS),
            (ENDLESS, "a line " * 1_500_000, 300),
            (CODE, HOSTILE[5] + " The answer is 12.", 10_000),
        ):
            ends = tokenize(text, limit)
            connection.execute(
                """UPDATE documents SET text = ?, token_ends = ?, n_tokens = ?, prompt_chars = 0
                WHERE doc_id = ?""",
                [text, ends, len(ends), doc_id],
            )
            scores = 1e-3 * np.random.default_rng(doc_id).standard_t(2, len(ends))
            connection.execute("DELETE FROM token_influence WHERE doc_id = ?", [doc_id])
            connection.execute(
                "INSERT INTO token_influence VALUES (0, ?, 'predicted', ?)",
                [doc_id, scores.tolist()],
            )
        connection.execute("DELETE FROM spans")
        connection.execute("INSERT INTO spans VALUES (3, 0, 10, 60, 'passage', 'verifies', 'x')")
        connection.execute("UPDATE queries SET reference = '12', keywords = '[]'")
    return path


@pytest.fixture(scope="module")
def folder(store: Path) -> Path:
    return store.parent


@pytest.fixture(scope="module")
def reader(store: Path) -> StoreReader:
    return StoreReader(store)


def open_document(page: Page, address: str, doc: int, **fields: str) -> Locator:
    more = "".join(f"&{name}={value}" for name, value in fields.items())
    page.goto(f"{address}/document?run=synthetic&query=0&side=helpful&doc={doc}{more}")
    expect(page.get_by_role("heading", name=f"Document {doc}")).to_be_visible()
    expect(page.locator(".heatmap .t").first).to_be_visible()
    idle(page)
    return page.locator(".heatmap .text")


def span_of(page: Page) -> tuple[int, int]:
    page.wait_for_url(re.compile(r"span=\d+-\d+"))
    found = re.search(r"span=(\d+)-(\d+)", page.url)
    assert found is not None
    return int(found[1]), int(found[2])


def test_a_unit_is_shaded_as_one_and_says_its_sum_and_the_tokens_own(
    page: Page, address: str, reader: StoreReader
) -> None:
    open_document(page, address, CODE)
    press(page, "Sentence")
    page.wait_for_url(re.compile("level=sentence"))
    found = reader.reading(0, CODE, "predicted", "sentence")
    assert found is not None
    unit = found.most_helpful[0]
    first = int(found.units.starts[unit])
    last = int(found.units.starts[unit + 1]) - 1
    shade = f"up{found.shades[unit]}"
    for at in (first, last):
        expect(page.locator(f".t[data-i='{at}']")).to_have_class(re.compile(rf"\b{shade}\b"))
    idle(page)
    page.locator(f".t[data-i='{first + 1}']").hover()
    expect(page.locator(".hover .value")).to_contain_text(f"+{found.sums[unit]:#.3g} nats")
    own = f"{abs(found.scores.values[first + 1]):#.3g}"
    expect(page.locator(".hover .where").first).to_contain_text(own)
    expect(page.get_by_text("Most helpful sentences")).to_be_visible()
    tap(page.locator(".units .helpful button").first)
    assert span_of(page)[0] == found.scores.cells.starts[first]
    expect(page.locator(".t.framed")).to_have_count(last - first + 1)


def test_a_click_pins_the_exact_value_and_the_link_reopens_it(
    page: Page, address: str, reader: StoreReader
) -> None:
    open_document(page, address, CODE)
    scores = reader.token_scores(0, CODE, "predicted")
    assert scores is not None
    at = 40
    page.locator(f".t[data-i='{at}']").click()
    start, end = span_of(page)
    assert (start, end) == (scores.cells.starts[at], scores.cells.ends[at])
    pin = page.locator(".pin")
    exact = str(np.float32(scores.values[at])).replace("-", "−")
    expect(pin).to_contain_text(f"Exactly{exact} nats")
    page.reload()
    expect(pin).to_contain_text(exact)
    expect(page.locator(".t.framed")).to_have_attribute("data-i", str(at))
    tap(pin.get_by_role("button", name="clear"))
    page.wait_for_url(re.compile("span=&"))
    expect(pin).to_be_hidden()


def test_dragging_over_a_passage_gives_its_sum(
    page: Page, address: str, reader: StoreReader
) -> None:
    open_document(page, address, CODE)
    one, other = (page.locator(f".t[data-i='{at}']") for at in (4, 12))
    one.scroll_into_view_if_needed()
    start, end = one.bounding_box(), other.bounding_box()
    assert start is not None and end is not None
    page.mouse.move(start["x"] + 1, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] - 1, end["y"] + end["height"] / 2, steps=6)
    page.mouse.up()
    passage = reader.document_passage(0, CODE, "predicted", *span_of(page))
    assert passage is not None and passage.value is not None
    assert (passage.first, passage.last) == (4, 12)
    exact = f"{passage.value:.9g}".replace("-", "−")
    expect(page.locator(".pin")).to_contain_text(f"Exactly{exact} nats")
    expect(page.locator(".pin")).to_contain_text(f"Tokens{passage.n_tokens}: 5 to 13")


def test_a_long_document_opens_at_the_passage_of_a_link(
    page: Page, address: str, reader: StoreReader
) -> None:
    cells = reader.document_cells(LONG)
    assert cells.counts.sum() > 20_000
    at = len(cells) - 50
    start, end = int(cells.starts[at]), int(cells.ends[at + 5])
    box = open_document(page, address, LONG, span=f"{start}-{end}")
    expect(page.locator(".t.framed")).to_have_count(6)
    expect(page.locator(f".t[data-i='{at}']")).to_be_in_viewport()
    # All of the text is there, for the browser's own search and for screen readers.
    document = reader.document(0, LONG)
    assert document is not None
    assert box.evaluate(TEXT_OF) == document.text[: document.seen_chars + 20_000]
    expect(page.locator(".heatmap .t")).to_have_count(len(cells))


def test_overlays_differ_by_line_and_say_their_share(
    page: Page, address: str, reader: StoreReader
) -> None:
    open_document(page, address, CODE)
    overlays = {one.name: one for one in reader.document_overlays(0, CODE, "predicted")}
    for name, label in (("answer", "answer of the query"), ("exploration", "exploration")):
        one = overlays[name]
        assert one.n_tokens and one.share is not None
        row = page.locator(".mark").filter(has_text=label)
        expect(row).to_contain_text(f"{one.n_tokens} · {100 * one.share:.0f} %")
        idle(page)
        row.locator("input").check()
        expect(page.locator(f".heatmap.mark-{name}")).to_be_visible()
        page.wait_for_url(re.compile(f"marks={name}"))
    expect(page.locator(".mark").filter(has_text="exploration")).to_contain_text("verifies 1×")
    idle(page)
    looks = page.locator(".sample").evaluate_all(
        """(all) => all.map((one) => {
            const s = getComputedStyle(one);
            return [s.textDecorationStyle, s.textDecorationLine, s.boxShadow !== 'none',
                s.backgroundImage !== 'none', s.color].join(' ');
        })"""
    )
    assert len(looks) == len(set(looks)) == 8, "two overlays look alike"
    assert len({look.split("rgb")[1] for look in looks}) == 1, "an overlay differs by colour"
    first = int(np.flatnonzero(overlays["answer"].cells)[0])
    shadow = page.locator(f".t[data-i='{first}']").evaluate("(e) => getComputedStyle(e).boxShadow")
    assert shadow != "none"


def test_blanks_are_shown_and_not_copied(page: Page, address: str, reader: StoreReader) -> None:
    box = open_document(page, address, BIDI)
    document = reader.document(0, BIDI)
    assert document is not None
    expect(page.get_by_text("characters that cannot be seen")).to_be_visible()
    expect(box.locator(".sign")).to_have_count(0)
    page.get_by_text("Show blanks", exact=True).click()
    page.wait_for_url(re.compile("blanks=1"))
    expect(box.locator(".sign.boxed[data-sign='U+202E']").first).to_be_attached()
    assert box.evaluate(TEXT_OF) == document.text
    copied = box.evaluate(
        """(box) => {
            document.getSelection().selectAllChildren(box);
            const event = new ClipboardEvent('copy', {
                clipboardData: new DataTransfer(), bubbles: true, cancelable: true,
            });
            box.dispatchEvent(event);
            return event.clipboardData.getData('text/plain');
        }"""
    )
    assert copied == document.text


def test_an_override_moves_no_other_token(page: Page, address: str, reader: StoreReader) -> None:
    open_document(page, address, BIDI)
    cells = reader.document_cells(BIDI)
    at = next(n for n in range(len(cells)) if cells.piece(n, n) == "\u202e")
    tokens = [page.locator(f".t[data-i='{n}']").bounding_box() for n in (at - 1, at + 1, at + 3)]
    lefts = [box["x"] for box in tokens if box is not None]
    assert len(lefts) == 3 and lefts == sorted(lefts)


def test_the_raw_text_is_one_block_and_copies_exactly(
    page: Page, address: str, reader: StoreReader
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{address}/document?run=synthetic&query=0&doc={CODE}&raw=1")
    block = page.locator(".raw .block")
    expect(block).to_be_visible()
    expect(page.locator(".heatmap")).to_have_count(0)
    document = reader.document(0, CODE)
    assert document is not None and block.evaluate(TEXT_OF) == document.text
    button = page.get_by_role("button", name="Copy the text")
    assert copied(button, page.locator(".raw .said"), "Copied.") == document.text


def test_ten_megabytes_on_a_line_stay_usable(page: Page, address: str, reader: StoreReader) -> None:
    box = open_document(page, address, ENDLESS)
    expect(box.locator(".label").last).to_contain_text("only in the file")
    shown = len(box.evaluate(TEXT_OF))
    box.get_by_role("button", name=re.compile("Show .* more characters")).click()
    expect(box.get_by_role("button", name=re.compile("Show .* more characters"))).to_be_hidden()
    assert len(box.evaluate(TEXT_OF)) > shown
    with page.expect_download() as wanted:
        page.get_by_role("button", name="Text as .txt").click()
    document = reader.document(0, ENDLESS)
    assert document is not None
    assert Path(wanted.value.path()).read_text(encoding="utf-8") == document.text
    idle(page)
    page.locator("body").press("n")
    expect(page.get_by_role("heading", name=f"Document {ENDLESS}")).to_have_count(0)


def test_the_keyboard_steps_widens_marks_and_lets_go(
    page: Page, address: str, reader: StoreReader
) -> None:
    box = open_document(page, address, CODE)
    box.focus()
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "Enter"):
        page.keyboard.press(key)
    cells = reader.document_cells(CODE)
    assert span_of(page) == (cells.starts[1], cells.ends[3])
    expect(page.locator(".t.framed")).to_have_count(3)
    idle(page)
    box.press("Escape")
    page.wait_for_url(re.compile("span=&"))
    expect(page.locator(".t.framed")).to_have_count(0)
