"""The hostile corpus in what leaves the page: the clipboard, tables as files, notes and reports."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest
from markdown_it import MarkdownIt
from playwright.sync_api import BrowserContext, Download, Page, expect

from attribution_engine.notes import MAX_TAG, MAX_TEXT, Notebook
from tests.browser.clicks import copied, shut, tap
from tests.browser.conftest import PATIENCE
from tests.browser.inert import foreign, go, still, strange_requests, told
from tests.hostile_corpus import HOSTILE
from tests.hostile_store import METHOD, RUN, TEXTS, TWIN, field, write_hostile_store

pytestmark = pytest.mark.browser
NOTES = 26  # each with four of the texts
DRAWN = (1, 2, 3, 6, 11)  # of which the folder of figures is written
COPIED = (
    "script element", "null characters", "control characters", "bidi overrides", "emoji",
    "zero-width characters", "byte order marks", "separators of lines", "invisible tag characters",
    "white space of every kind", "nothing but white space", "stacks of combining marks", "dollars",
)  # fmt: skip
# What a spreadsheet passes over before it looks whether a cell is a formula.
SKIPPED = {"Cc", "Cf", "Zs", "Zl", "Zp"}
COMMANDS = re.compile(
    r"\\(input|include\w*|write\d*|immediate|openout|def|newcommand|catcode|href|url|end\{document)"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_hostile_store(folder / f"{RUN}.duckdb")
    write_hostile_store(folder / f"{TWIN}.duckdb", seed=1, tested=False, method=METHOD)
    return folder


@pytest.fixture(scope="module")
def notes(notes_path: Path) -> list[str]:
    """Texts of notes, which are in the notebook with hostile titles, tags and addresses."""
    book, found = Notebook(notes_path), []
    for number in range(NOTES):
        texts = TEXTS[number::NOTES]
        page, more = (
            ("document", {"doc": [str(number)]}),
            ("rankings", {"text": ["script"], "find": [field(number)]}),
            ("query", {"query": [str(number)]}),
            ("compare", {"mode": ["runs"], "other": [TWIN], "doc": [str(number)]}),
            ("trust", {"share": [field(number)]}),
            ("rank_curves", {"kind": [field(number)]}),
            ("answers", {"query": [str(number)], "kind": [field(number)]}),
            ("correlations", {}),
            ("totals", {"other": [TWIN]}),
            ("sources", {"whose": [field(number)]}),
            ("groups", {"labels": [field(number)], "asked": [field(number + 1)]}),
            ("tokens", {"among": [field(number)]}),
            ("exploration", {"reader": [field(number)], "does": [field(number)]}),
        )[number % 13]
        note = book.add(
            page,
            {"run": [RUN if number else field(1)], "query": ["0"], **more},
            run=RUN if number else field(1),
            citation=field(number),
            title=field(number + 1),
            text="\n".join(texts)[:MAX_TEXT],
            tags=[*(text[:MAX_TAG] for text in texts), *(["drawn"] if number in DRAWN else [])],
        )
        found.append(note.text)
    return found


@pytest.fixture
def page(page: Page, address: str) -> Iterator[Page]:
    """The session of every browser test; its own server is asked for nothing but its own."""
    strange = strange_requests(page, address)
    yield page
    assert not strange


def saved(page: Page, button: str, folder: Path, of: re.Pattern[str] | None = None) -> bytes:
    """What a download button gives, one in a popover where `of` names that."""
    if of:
        tap(page.get_by_role("button", name=of).first)
    # What is drawn by the server waits for its library.
    with page.expect_download(timeout=2 * PATIENCE) as waiting:
        tap(page.get_by_role("button", name=button, exact=True).last)
    download: Download = waiting.value
    # The name comes from the run and the query: it may lead nowhere.
    assert PurePosixPath(download.suggested_filename).name == download.suggested_filename
    download.save_as(folder / "file")
    if of:
        shut(page, of)
    return (folder / "file").read_bytes()


def test_a_copied_text_is_the_text(page: Page, address: str, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{address}/document?run={RUN}&query=0&doc=0&raw=1")
    still(page)
    wrong = {}
    for number, (name, text) in enumerate(HOSTILE.items()):
        if name not in COPIED:
            continue
        go(page, "document", run=RUN, query=0, doc=number, raw="1")
        expect(page.get_by_role("heading", name=f"Document {number}", exact=True)).to_be_visible()
        page.evaluate("() => navigator.clipboard.writeText('nothing copied')")
        button = page.get_by_role("button", name="Copy the text")
        if copied(button, page.locator(".raw .said"), "Copied.") != text:
            wrong[name] = ["what was copied is another text"]
    told(wrong)


def test_tables_as_files_hold_every_text_and_no_formula(
    page: Page, address: str, tmp_path: Path
) -> None:
    page.goto(f"{address}/rankings?run={RUN}&query=0&side=helpful&tails=one")
    still(page)
    name = re.compile("^First ")
    csv.field_size_limit(20_000_000)
    rows = list(csv.DictReader(io.StringIO(saved(page, "CSV", tmp_path, name).decode("utf-8-sig"))))
    assert len(rows) == len(TEXTS)
    for row in rows:
        for cell in row.values():
            seen = next((c for c in cell if unicodedata.category(c) not in SKIPPED), "")
            assert unicodedata.normalize("NFKC", seen) not in ("=", "+", "-", "@") or is_number(
                cell
            )
    table = pq.read_table(io.BytesIO(saved(page, "Parquet", tmp_path, name)))
    assert table["text"].to_pylist() == TEXTS
    go(page, "rankings", run=RUN, query=0, side="helpful", tails="one", text="passwd")
    latex = saved(page, "LaTeX", tmp_path, name).decode()
    assert "passwd" in latex
    assert not COMMANDS.search(latex)


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_notes_stay_text_on_the_page_and_in_a_presentation(
    page: Page, address: str, notes: list[str]
) -> None:
    page.goto(f"{address}/notebook?run={RUN}")
    still(page)
    shown = page.locator(".note .text")
    expect(shown).to_have_count(NOTES)
    assert [one.evaluate("(e) => e.textContent") for one in shown.all()] == notes
    assert foreign(page) == []
    tap(page.get_by_role("button", name="Present these"))
    wrong = {}
    for number in range(1, 7):
        expect(page.locator(".footer .place")).to_have_text(f"{number} of {NOTES}")
        still(page)
        assert page.locator(".footer .text").evaluate("(e) => e.textContent") == notes[number - 1]
        # The first note is of a run that is not there.
        if found := foreign(page, app=number > 1):
            wrong[f"note {number}"] = found
        page.keyboard.press("ArrowRight")
    told(wrong)


def test_the_report_opens_without_a_network_and_runs_nothing(
    page: Page, address: str, notes: list[str], tmp_path: Path
) -> None:
    page.goto(f"{address}/notebook?run={RUN}")
    still(page)
    report = tmp_path / "report.html"
    report.write_bytes(saved(page, "Export as one HTML page", tmp_path))
    opened = page.context.new_page()
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("websocket", lambda socket: asked.append(socket.url))
    opened.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    opened.on("pageerror", lambda error: asked.append(str(error)))
    opened.goto(report.as_uri())
    opened.wait_for_load_state("networkidle")
    assert [one for one in asked if not one.startswith(("data:", "blob:"))] == [report.as_uri()]
    assert foreign(opened, app=False) == []
    shown = " ".join(opened.evaluate("() => document.body.textContent").split())
    missing = [
        note for note in notes if " ".join(note.replace("\0", "␀").split())[:5_000] not in shown
    ]
    assert not missing
    opened.close()


def test_the_report_in_markdown_holds_no_markup_of_a_text(
    page: Page, address: str, notes: list[str], tmp_path: Path
) -> None:
    page.goto(f"{address}/notebook?run={RUN}")
    still(page)
    text = saved(page, "Export as Markdown", tmp_path).decode()
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text)
    flat = [one for token in tokens for one in (token, *(token.children or ()))]
    assert not [one.content[:99] for one in flat if one.type in ("html_block", "html_inline")]
    sources = [str(one.attrs.get("src", one.attrs.get("href", ""))) for one in flat]
    assert not [one for one in sources if re.match(r"(?i)\s*(javascript|data|vbscript|file):", one)]
    assert not [one for one in sources if "beacon" in one and not one.startswith((address, "?"))]


def test_the_folder_of_figures_holds_only_files_below_itself(
    page: Page, address: str, notes: list[str], tmp_path: Path
) -> None:
    page.goto(f"{address}/notebook?run={RUN}&tag=drawn")
    still(page)
    found = zipfile.ZipFile(io.BytesIO(saved(page, "Export the figures", tmp_path)))
    assert found.testzip() is None and found.namelist()
    for name in found.namelist():
        path = PurePosixPath(name)
        assert not path.is_absolute() and ".." not in path.parts and len(name) < 250
        assert re.fullmatch(r"[\w .,()/+-]+", name, re.ASCII), name
        if path.suffix == ".svg":
            told({name: strange} if (strange := not_drawn(found.read(name))) else {})


def not_drawn(svg: bytes) -> list[str]:
    """What of an SVG is more than a drawing."""
    found = []
    for one in ElementTree.fromstring(svg).iter():
        tag = one.tag.rpartition("}")[2]
        if tag in ("script", "foreignObject", "iframe", "animate", "set", "a"):
            found.append(tag)
        for name, value in one.attrib.items():
            name = name.rpartition("}")[2].lower()
            leads = name == "href" and not value.startswith(("#", "data:image/png"))
            if name.startswith("on") or leads or re.search(r"url\((?!['\"]?#)", value):
                found.append(f"{tag} {name}={value[:80]}")
    return found
