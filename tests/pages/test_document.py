"""The page of a document: what the heatmap is sent, what is said in words, what a link can ask."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from attribution_engine.store.document_views import Cells, Passage
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.token_scale import SHADES, cells_of
from pages.parts import links, packed
from pages.parts.heatmap import (
    ANSWER,
    EXPLORATION,
    ISOLATED,
    UNSEEN,
    Shown,
    heatmap_data,
    parts,
    span_rows,
    spans_note,
)
from pages.parts.raw_text import SENT, raw_data
from pages.parts.reading_words import exact, legend_words, passage_lines
from tests.pages.test_pages import draw, words
from tests.store import small_store
from tests.store.plain_cells import plain_parts
from tests.synthetic_store import TAIL, write_synthetic_store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_synthetic_store(folder / "synthetic.duckdb")
    small_store.build(folder / "small.duckdb")
    with duckdb.connect(str(folder / "synthetic.duckdb")) as connection:
        connection.execute("DELETE FROM spans")
        connection.execute("INSERT INTO spans VALUES (0, 0, 0, 60, 'passage', 'verifies', 'x')")
        connection.execute("UPDATE queries SET reference = 'bold', keywords = '[]'")
    return folder


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


@pytest.fixture(scope="module")
def reader(folder: Path) -> StoreReader:
    return StoreReader(folder / "synthetic.duckdb")


def shown(reader: StoreReader, doc_id: int, **more) -> Shown:
    document = reader.document(0, doc_id)
    assert document is not None
    alignment = document.alignments[0] if document.alignments else ""
    return Shown(
        identity="x",
        document=document,
        cells=reader.document_cells(doc_id),
        reading=reader.reading(0, doc_id, alignment, more.pop("level", "token")),
        overlays=reader.document_overlays(0, doc_id, alignment),
        marks=["answer"],
        unit="nats",
        **more,
    )


def counts(column: tuple[str, list[int]]) -> list[int]:
    long = iter(column[1])
    return [next(long) if one == packed.LONG else one for one in b64decode(column[0])]


def test_columns_are_unpacked_as_they_were() -> None:
    values = [0, 3, 254, 255, 256, 70_000]
    assert counts(packed.counts(values)) == values
    found = np.frombuffer(b64decode(packed.reals([0.1, -2.5e-7])), "<f4")
    assert found == pytest.approx([0.1, -2.5e-7])


@pytest.mark.parametrize("level", ["token", "word"])
def test_the_page_is_sent_every_cell_and_its_shade(reader: StoreReader, level: str) -> None:
    for doc_id in range(TAIL):
        given = shown(reader, doc_id, level=level)
        data = json.loads(json.dumps(heatmap_data(given)))
        reading, cells = given.reading, given.cells
        assert reading is not None and data["text"] == cells.text
        lengths = counts(data["lengths"])
        text, at = cells.text.encode("utf-16-le"), 0
        for cell, length in enumerate(lengths):
            piece = text[2 * at : 2 * (at + length)].decode("utf-16-le")
            assert piece == cells.piece(cell, cell)
            at += length
        assert 2 * at == len(text)
        assert np.frombuffer(b64decode(data["values"]), "<f4") == pytest.approx(
            reading.scores.values, rel=1e-6
        )
        shades = np.frombuffer(b64decode(data["shades"]), np.uint8).astype(int) - SHADES
        assert shades.tolist() == reading.shades.tolist() and abs(shades).max() == SHADES
        if level == "word":
            assert sum(counts(data["units"])) == len(cells)
            first = data["listed"][0][0]
            assert cells.piece(first["first"], first["last"]).startswith(first["text"])
        else:
            assert "units" not in data


def test_kinds_hold_class_answer_exploration_and_marks_of_direction(reader: StoreReader) -> None:
    given = shown(reader, 0)
    kinds = np.frombuffer(b64decode(heatmap_data(given)["kinds"]), np.uint8)
    assert (kinds & 7).tolist() == given.cells.classes.tolist()
    marked = {one.name: one.cells.tolist() for one in given.overlays}
    assert (kinds & ANSWER > 0).tolist() == marked["answer"] and any(marked["answer"])
    assert (kinds & EXPLORATION > 0).tolist() == marked["exploration"]
    assert any(marked["exploration"]) and not (kinds & ISOLATED).any()
    given = shown(reader, 2)
    kinds = np.frombuffer(b64decode(heatmap_data(given)["kinds"]), np.uint8)
    held = [given.cells.piece(at, at) for at in np.flatnonzero(kinds & ISOLATED)]
    assert held == ["\u202e", "\u202c"]


def test_a_document_without_scores_is_sent_without_shades(reader: StoreReader) -> None:
    data = heatmap_data(shown(reader, 150))
    assert not data["scored"] and "values" not in data and data["overlays"]
    assert all(one["share"] == "" for one in data["overlays"])


def test_of_what_the_model_did_not_see_a_part_is_sent(reader: StoreReader) -> None:
    given = shown(reader, 4)
    assert given.document.seen_chars < len(given.document.text)
    data = heatmap_data(given)
    assert data["text"] + data["unseen"] == given.document.text
    assert "only in the file" not in data["unseenLabel"]
    long = replace(given.document, text=given.document.text + "y" * (UNSEEN + 5))
    data = heatmap_data(replace(given, document=long))
    assert len(data["unseen"]) == UNSEEN and "only in the file" in data["unseenLabel"]


def test_a_raw_text_beyond_the_bound_says_how_much_is_there() -> None:
    assert raw_data("a\x00b", "x")["text"] == "a\x00b"
    long = raw_data("z" * (SENT + 1), "x")
    assert len(long["text"]) == SENT and "The first" in long["words"]
    assert "these" in long["copy"] and "these" not in raw_data("z" * SENT, "x")["copy"]


def test_the_scale_and_the_passage_in_words(reader: StoreReader) -> None:
    given = shown(reader, 3, level="word")
    reading = given.reading
    assert reading is not None
    said = legend_words(reading, "nats")
    assert "99th percentile of this document's words" in said and "eight steps" in said
    over_query = reader.reading(0, 3, "predicted", "word", "query")
    assert over_query is not None
    assert f"the {TAIL} most helpful and the {TAIL} most harmful" in legend_words(
        over_query, "nats"
    )
    passage = reader.document_passage(0, 3, "predicted", 0, 3)
    assert passage is not None
    lines = dict(passage_lines(passage, given.cells, reading, "nats"))
    assert lines["Token"] == "1" and lines["Class"] == "other" and "Word" in lines
    assert float(lines["Exactly"].split()[0].replace("−", "-")) == pytest.approx(passage.value)
    several = reader.document_passage(0, 3, "predicted", 0, 20)
    assert several is not None and several.value is not None
    lines = dict(passage_lines(several, given.cells, reading, ""))
    assert lines["Tokens"].startswith(str(several.n_tokens)) and "Class" not in lines
    unscored = Passage(0, 3, 0, 0, 1, None)
    assert "Influence" not in dict(passage_lines(unscored, given.cells, None, ""))


def test_an_exact_value_is_the_one_that_the_store_holds() -> None:
    stored = np.float32(-0.001234567)
    assert np.float32(exact(float(stored), True).replace("−", "-")) == stored
    assert exact(0.1 + 0.2, False) == "0.3"


def cells(*texts: str) -> Cells:
    ends = np.cumsum([len(text) for text in texts])
    return cells_of("".join(texts), ends, np.full(len(texts), 5, np.uint8))


def test_a_chat_turns_from_prompt_to_answer_and_back() -> None:
    chat = cells("Hi", ": ", "yes", "\n\n", "Go", ": ", "no", "\n")
    ranges = ((4, 7), (13, 15))
    # The blank cell behind the last answer stays with it, that before "Go" too.
    assert parts(chat, ranges) == [(0, False), (2, True), (4, False), (6, True)]
    assert parts(chat, ((0, 16),)) == []
    assert parts(chat, ((4, 16),)) == [(0, False), (2, True)]
    assert parts(cells("ab", "cd", "ef"), ((3, 6),)) == [(0, False), (1, True)]
    assert parts(cells("a", "b"), ((5, 6),)) == [(0, False)]


def test_parts_are_those_of_the_plain_loop() -> None:
    random = np.random.default_rng(5)
    for _ in range(200):
        texts = random.choice(["a", "bc", " ", "\n", "def"], int(random.integers(1, 12))).tolist()
        length = len("".join(texts))
        edges = sorted(random.choice(length + 1, min(4, length + 1), replace=False).tolist())
        ranges = list(zip(edges[::2], edges[1::2]))
        assert parts(cells(*texts), ranges) == plain_parts(texts, ranges)


def test_span_rows_point_at_the_tokens_that_were_summed(folder: Path) -> None:
    reader = StoreReader(folder / "small.duckdb")
    doc_id = reader.rankings(0).documents[0].doc_id
    scores, spans = reader.token_scores(0, doc_id, "predicted"), reader.document_spans(0, doc_id)
    document = reader.document(0, doc_id)
    assert scores is not None and spans is not None and document is not None
    for row in span_rows(scores.cells, document.text, spans):
        inside = scores.values[row["first"] : row["last"] + 1]
        assert inside.sum() == pytest.approx(row["value"], rel=1e-5)
    assert "Cut:" in spans_note(spans, "nats") and "predicted" in spans_note(spans, "nats")


def test_the_page_says_what_is_read_and_offers_what_there_is() -> None:
    app = draw("document", run="synthetic", query="0", doc="0", level="behaviour", scale="query")
    assert "stretches, each of neighbouring spans" in words(app) and "Their sum is" in words(app)
    assert app.segmented_control(key="pick_level").value == "behaviour"
    app = draw("document", run="synthetic", query="0", doc="1", level="behaviour")
    assert "No span of this document has a behaviour" in words(app)
    assert "Behaviour" not in app.segmented_control(key="pick_level").options
    app.segmented_control(key="pick_level").set_value("step").run()
    assert "One step in all" in words(app)


def test_the_raw_text_hides_what_belongs_to_the_heatmap() -> None:
    app = draw("document", run="synthetic", query="0", doc="2")
    assert "characters that cannot be seen" in words(app) and "U+202E" in words(app)
    app.checkbox(key="pick_raw").check().run()
    assert "characters that cannot be seen" not in words(app)
    assert not [one for one in app.segmented_control if one.key == "pick_level"]
    app.checkbox(key="pick_raw").uncheck().run()
    assert app.segmented_control(key="pick_level").value == "token"


@pytest.mark.parametrize(
    ("doc", "span", "said"),
    [
        ("3", "5-100000", "but the document has"),
        ("4", "1700-1701", "but the model saw the first"),
        ("3", "0-4", ""),
    ],
)
def test_a_link_to_characters_that_are_not_there_says_so(doc: str, span: str, said: str) -> None:
    app = draw("document", run="synthetic", query="0", doc=doc, span=span)
    errors = " ".join(one.value for one in app.error)
    assert said in errors and bool(errors) == bool(said)


def test_a_marked_passage_is_of_one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {links.VIEW: {**links.DEFAULTS, "run": "a", "doc": "5", "span": "1-9"}}
    monkeypatch.setattr(links.st, "session_state", state)
    assert links.address_of("document", query=3)["span"] == ["1-9"]
    assert links.address_of("document", doc=5)["span"] == ["1-9"]
    assert links.address_of("document", doc=6)["span"] == [""]
    assert links.address_of("document", doc=6, span="2-3")["span"] == ["2-3"]
    links.put(doc="6")
    assert state[links.VIEW]["span"] == ""
