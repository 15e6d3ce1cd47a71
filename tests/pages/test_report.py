"""The report: what it shows, that nothing in it runs, and that what is missing is said."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from attribution_engine.notes import Note
from attribution_engine.store.reader import StoreReader
from pages.parts import links
from pages.parts.export_latex import escaped as latex_cell
from pages.report import report_figures, report_html, report_markdown
from pages.report.address import view_of
from pages.report.markdown import _heat, fenced, inline
from pages.report.section import Heat, Plot
from pages.report.sections import sections_of
from tests.hostile_corpus import HOSTILE
from tests.hostile_store import LONG, RUN, TWIN, write_hostile_folder
from tests.store.tested_store import add_tests, rows
from tests.synthetic_store import write_synthetic_store

# Everything that the report is made of; whatever a text brought in would be something else.
ELEMENTS = set(
    "html head meta title style body header h1 h2 h3 p nav ol li a main article bdi b div dl dt dd "
    "details summary figure figcaption table thead tbody tr th td span footer script".split()
)
ATTRIBUTES = set(
    "lang charset http-equiv content name class id href role aria-label tabindex scope open hidden "
    "style type data-s data-figure data-file".split()
)
VOID = {"meta"}


class Page(HTMLParser):
    """The elements of a page, its scripts, and the text of each element by its class."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.pieces: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(page.decode("utf-8"))
        self.close()
        assert not self.open, "an element is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            names = dict(attrs).get("class") or ""
            for name in names.split():
                self.texts.setdefault(name, []).append("")
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open:
            return
        tag, attrs = self.elements[-1]
        if self.open and self.open[-1] == "script":
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        elif self.open and self.open[-1] == tag:
            for name in (attrs.get("class") or "").split():
                self.texts[name][-1] += data
        if self.open and self.open[-1] == "span" and "t" in (attrs.get("class") or "").split():
            self.pieces.append(data)


def note(page: str, number: int = 1, text: str = "", title: str = "", **address: Any) -> Note:
    fields = {
        name: [value] if isinstance(value, str) else list(value) for name, value in address.items()
    }
    run = address.get("run", "")
    return Note(number, float(number), page, fields, run, "", title or page, text, (text[:50],),
                "", "", 1)  # fmt: skip


def views(run: str, other: str) -> list[Note]:
    """A note of every page and state that shows something of its own."""
    return [
        note("overview", run=run, query="1"),
        note("rankings", run=run, query="1", tails="both"),
        note("rankings", run=run, query="1", tails="one", side="harmful", score="normed",
             text="", source=["x"]),
        note("document", run=run, query="0", doc="0", marks=["number", "answer", "connective"]),
        note("document", run=run, query="0", doc="2", level="word", span="0-4"),
        note("query", run=run, query="1"),
        note("search", run=run, query="1", look="slope", doc="3"),
        note("compare", run=run, query="1", mode="queries", query2="2"),
        note("compare", run=run, query="1", mode="document", query2="2", doc="1"),
        note("compare", run=run, query="1", mode="documents", doc="1", doc2="2"),
        note("compare", run=run, query="1", mode="runs", other=other),
        note("rank_curves", run=run, query="1"),
        note("trust", run=run, query="1", spread="query"),
        note("method", run=run),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_synthetic_store(folder / "demo.duckdb")
    add_tests(folder / "demo.duckdb", rows([0, 1], ["s"]))
    write_synthetic_store(folder / "other.duckdb", score_seed=5)
    return folder


@pytest.fixture
def runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_hostile_folder(tmp_path_factory.mktemp("hostile"))


def is_inert(page: Page) -> None:
    """Only what the report itself is made of is there, and only its own scripts may run."""
    for tag, attrs in page.elements:
        assert tag in ELEMENTS, tag
        assert set(attrs) <= ATTRIBUTES, (tag, attrs)
        assert not (attrs.get("style") or "") or re.fullmatch(r"height:\d+px", attrs["style"] or "")
        if "href" in attrs:
            assert re.fullmatch(r"#note-\d+", attrs["href"] or "")
    policies = [
        attrs["content"] for tag, attrs in page.elements
        if attrs.get("http-equiv") == "Content-Security-Policy"
    ]  # fmt: skip
    assert len(policies) == 1 and (policies[0] or "").startswith("default-src 'none'; script-src")
    allowed = re.findall(r"'sha256-([^']+)'", policies[0] or "")
    ours = [text for attrs, text in page.scripts if attrs.get("type") != "application/json"]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in ours]
    assert hashes == allowed and len(ours) <= 2
    for attrs, text in page.scripts:
        if attrs.get("type") == "application/json":
            assert json.loads(text) and not re.search("[<>&]", text)


def test_the_sections_show_what_the_pages_show(runs: None) -> None:
    sections = sections_of(views("demo", "other"))
    said = [one.missing for one in sections]
    assert "source “x”" in said.pop(2) and said == [""] * len(said)
    kinds = [[type(each).__name__ for each in one.content] for one in sections]
    assert kinds[1] == ["Plot", "Table", "Table"] and kinds[2] == ["Plot", "Table"]
    assert kinds[8] == kinds[9] == ["Heat", "Heat"] and "Plot" in kinds[7] and "Plot" in kinds[10]
    assert kinds[12].count("Plot") >= 4
    for one in sections[:-1]:
        assert one.caption.startswith("Run ") and one.content
        for each in one.content:
            if isinstance(each, Plot):
                assert "scale: " in each.caption and each.alt


def test_the_tables_of_both_tails_are_the_readers(runs: None, folder: Path) -> None:
    section = sections_of([note("rankings", run="demo", query="1", tails="both", place="2")])[0]
    reader = StoreReader(folder / "demo.duckdb")
    for side, table in zip(("helpful", "harmful"), section.content[1:], strict=True):
        wanted = reader.rankings(1, side, "influence", 50, 50).documents  # type: ignore[arg-type]
        assert tuple(table.records) == wanted  # type: ignore[union-attr]


def test_the_report_holds_the_whole_text_and_one_plot_library(runs: None, folder: Path) -> None:
    notes = views("demo", "other")
    page = Page(report_html(notes))
    is_inert(page)
    ours = [text for attrs, text in page.scripts if attrs.get("type") != "application/json"]
    assert len(ours) == 2 and len(ours[0]) > 3_000_000
    one = Page(report_html([notes[3]]))
    assert len([1 for attrs, _ in one.scripts if not attrs.get("type")]) == 1
    text = StoreReader(folder / "demo.duckdb").document(0, 0).text  # type: ignore[union-attr]
    assert "".join(one.pieces) + "".join(one.texts.get("rest", [])) == text


def test_a_piece_says_its_value_class_and_place(runs: None, folder: Path) -> None:
    reader = StoreReader(folder / "demo.duckdb")
    heat = sections_of([note("document", run="demo", query="0", doc="0")])[0].content[0]
    scores = reader.token_scores(0, 0, "predicted")
    assert isinstance(heat, Heat) and scores is not None
    assert len(heat.pieces) == len(heat.says) == len(heat.shades) == len(scores.values)
    strongest = int(max(range(len(scores.values)), key=lambda at: scores.values[at]))
    assert heat.says[strongest].startswith("+") and " nats · " in heat.says[strongest]
    assert heat.shades[strongest] == 8
    assert re.search(r"token \d+$", heat.says[0])


def test_what_is_not_there_is_said(runs: None) -> None:
    lost = [
        note("document", run="gone", query="0", doc="0"),
        note("document", run="demo", query="99", doc="0"),
        note("document", run="demo", query="0", doc="<b>9999"),
        note("compare", run="demo", query="0", mode="runs", other="../../etc/passwd"),
        note("compare", run="demo", query="0", mode="queries", query2="x"),
        note("search", run="demo", query="0", doc="5000"),
        note("no such page", run="demo"),
        note("rankings", run="demo", query=""),
    ]
    sections = sections_of(lost)
    said = [one.missing for one in sections]
    parts = ("“gone”", "“99”", "“<b>9999”", "../../etc/passwd", "“x”", "“5000”")
    for words, part in zip(said, parts, strict=False):
        assert part in words and re.search("not in th", words)
    assert "“”" in said[7] and said[6] == ""
    page = Page(report_html(lost))
    is_inert(page)
    assert report_markdown(lost) and report_figures(lost)


def test_hostile_notes_runs_and_texts_stay_text(
    hostile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(hostile))
    texts = [text for name, text in HOSTILE.items() if name != "one long line"]
    notes = [
        note("method", number, text, text[:200], run=text[:40], look=text[:60])
        for number, text in enumerate(texts)
    ]
    notes += [*views(RUN, TWIN), note("overview", run=TWIN), note("query", run=LONG, query="0")]
    n_documents = StoreReader(hostile / f"{RUN}.duckdb").run().n_documents
    notes += [note("document", run=RUN, query="0", doc=str(doc)) for doc in range(n_documents)]
    sections = sections_of(notes)
    made = report_html(notes)
    page = Page(made)
    is_inert(page)
    shown = [text.replace("\0", "␀") for text in texts]
    assert [text for text in page.texts["note"] if text] == [text for text in shown if text]
    reader = StoreReader(hostile / f"{RUN}.duckdb")
    for doc, section in zip(range(n_documents), sections[-n_documents:], strict=True):
        heat = section.content[0]
        assert isinstance(heat, Heat)
        document = reader.document(0, doc)
        assert document is not None and heat.text == document.text
    figures = " ".join(text for attrs, text in page.scripts if attrs.get("type"))
    tags = re.compile(r"(?<!\\)\\u003c(?!br|extra|/extra)[a-z/!]", re.IGNORECASE)
    assert [found.group() for found in tags.finditer(figures)] == []


def test_markdown_has_no_markup_of_texts(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(hostile))
    texts = [text for name, text in HOSTILE.items() if name != "one long line"]
    notes = [note("method", 1, text, text[:200], run=text[:40]) for text in texts]
    source = report_markdown([*notes, *views(RUN, TWIN)]).decode()
    outside, fence = [], ""
    for line in source.split("\n"):
        run = re.match(r"`{3,}", line)
        if not fence and run:
            fence = run.group()
        elif fence and line == fence:
            fence = ""
        elif not fence:
            outside.append(line)
    assert not fence
    for line in outside:
        bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", line)
        bare = re.sub(r"^(#{1,3} |- |\| )|\*\*| \|$| \| |:|---+", " ", bare)
        assert not re.search(r"[<>\[\]`$*_|#{}!&]", bare), line
    for text in texts:
        shown = text.replace("\0", "␀")
        assert not shown or f"\n{shown}\n" in source


def test_fences_are_longer_than_any_run_inside() -> None:
    assert fenced("a ```` b\n```\n").startswith("`````text\n")
    assert inline("<b>*a*\n# $5 \u202ex") == r"\<b\>\*a\* \# \$5 \[U\+202E\]x"


@pytest.mark.parametrize(
    "character", "\u200b\u200e\u061c\u2060\u00ad\u3164\U000e0041\u2028\x85\x0b"
)
def test_no_hidden_character_stands_unnamed_in_markdown(character: str) -> None:
    assert inline(f"a{character}b") == rf"a\[U\+{ord(character):04X}\]b"
    assert f"U+{ord(character):04X}" in latex_cell(f"a{character}b")


def test_the_deepest_pieces_are_in_the_order_of_their_size() -> None:
    values = [0.5, -3.0, 2.0, 0.0, -1.0, 3.0, 2.5]
    # Five of them are of the same step.
    heat = Heat("t", list("abcdefg"), [1, -8, 8, 0, -8, 8, 8], [f"{one:+}" for one in values],
                [""] * 7, values=values)  # fmt: skip
    lines = "\n".join(_heat(heat)).replace("\\", "")
    raising, lowering = lines.partition("Deepest on the lowering side")[::2]
    assert [f"- {one}:" for one in "fgca"] == re.findall("- .:", raising)
    assert [f"- {one}:" for one in "be"] == re.findall("- .:", lowering)


def test_the_zip_has_a_folder_a_note(runs: None) -> None:
    notes = [
        note("rankings", 1, "why", "Top <of> ../../x", run="demo", query="1"),
        note("document", 2, run="demo", query="0", doc="0"),
    ]
    archive = zipfile.ZipFile(io.BytesIO(report_figures(notes)))
    names = archive.namelist()
    assert all(re.fullmatch(r"0[12]-[A-Za-z0-9.-]+/[A-Za-z0-9.-]+", name) for name in names)
    assert not [name for name in names if ".." in name]
    second = "02-document"
    endings = {name.split("/")[1] for name in names if name.startswith("01")}
    assert {"caption.txt", "figure.svg", "figure.png", "figure.pdf"} <= endings
    pdf = archive.read(f"{second}/heatmap.pdf")
    assert pdf.startswith(b"%PDF") and b"/FontFile2" in pdf
    is_inert(Page(archive.read(f"{second}/heatmap.html")))
    table = next(name for name in names if "Most-helpful" in name)
    found = list(csv.DictReader(io.StringIO(archive.read(table).decode("utf-8-sig"))))
    assert len(found) == 50 and found[0]["run"] == "demo" and found[0]["rank"] == "1"
    assert "why" in archive.read(next(n for n in names if n.endswith("caption.txt"))).decode()


@pytest.mark.parametrize("given", [
    {},
    {"run": ["a"], "query": ["1", "2"], "tails": ["none"], "source": [""], "marks": ["x", "code"]},
    {"low": ["nan"], "high": ["0.5"], "place": ["-1"], "group": ["3"], "span": ["5-2"]},
    {"place": ["3"], "span": ["5-9"], "fold": ["1"], "difficulty": ["a", "b"], "answer": ["1"]},
])  # fmt: skip
@pytest.mark.parametrize("page", ["rankings", "document", "compare", "trust"])
def test_an_address_means_what_it_means_on_the_page(page: str, given: dict[str, list[str]]) -> None:
    st.session_state.clear()
    links.take(page, given)
    mine, theirs = view_of(page, given), links.view()
    assert {name: mine[name] for name in theirs} == dict(theirs)
    assert mine.only == links.only() and mine.folds == links.folds()
    assert mine.passage == links.passage()
    assert [mine.number(n) for n in ("query", "doc")] == [links.number(n) for n in ("query", "doc")]
    st.session_state.clear()
