"""The rankings page through AppTest: what its tables hold is held against the reader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from attribution_engine.notes import Note
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import DocumentFilter, RankedDocument, RankingPage
from pages.parts import wording
from pages.parts.tails import _note
from pages.report.section import Table
from pages.report.sections import sections_of
from tests.pages.test_pages import draw, words
from tests.synthetic_store import write_synthetic_store

NEAR = (30, 31, 32)  # made near-duplicates of one another


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    store = write_synthetic_store(folder / "synthetic.duckdb")
    with duckdb.connect(str(store)) as connection:
        connection.execute("UPDATE documents SET near_group = NULL")
        connection.execute(
            "UPDATE documents SET near_group = 30 WHERE doc_id IN (SELECT unnest(?))", [list(NEAR)]
        )
    return folder


@pytest.fixture(scope="module")
def reader(folder: Path) -> Iterator[StoreReader]:
    reader = StoreReader(folder / "synthetic.duckdb")
    yield reader
    reader.close()


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))
    monkeypatch.setenv("INFLUENCE_NOTES", str(tmp_path / "notes.sqlite"))


def data_of(app: AppTest, component: str) -> list[Any]:
    """What the components of one name draw."""
    return [
        json.loads(one.proto.json)
        for one in app.get("bidi_component")
        if one.proto.component_name == component
    ]


def tables(app: AppTest) -> list[dict[str, Any]]:
    return data_of(app, "influence_table")


def ids(table: dict[str, Any]) -> list[int]:
    return [int(row["id"]) for row in table["rows"]]


def both(**address: str | list[str]) -> AppTest:
    return draw("rankings", run="synthetic", tails="both", **address)


def test_both_ends_stand_above_each_other(reader: StoreReader) -> None:
    helpful, harmful = tables(both(query="5"))
    assert ids(helpful) == [one.doc_id for one in reader.rankings(5).documents]
    assert ids(harmful) == [one.doc_id for one in reader.rankings(5, "harmful").documents]
    first = reader.rankings(5).documents[0]
    # Rank, three scores with bars, the other rank, labels and the passage.
    row = helpful["rows"][0]["cells"]
    assert row[0] == "1" and row[4] == str(first.rank_normed) and row[-1] == first.snippet
    assert row[1][1] == pytest.approx(first.bar)
    assert helpful["current"] == str(first.doc_id) and harmful["current"] == ""


def test_both_ends_never_overlap(reader: StoreReader) -> None:
    helpful, harmful = tables(both(query="5", place="3"))
    assert len(helpful["rows"]) == len(harmful["rows"]) == 50
    shown = [ids(table) for place in "123" for table in tables(both(query="5", place=place))]
    assert sorted(sum(shown, [])) == list(range(300))
    # Of an odd number the upper end has one more; past the end the last page is shown.
    only = DocumentFilter(sources=("code",), domains=("math",))
    passing = reader.rankings(5, only=only).total
    app = both(query="5", place="9", source=["code"], domain=["math"])
    upper, lower = tables(app)
    assert len(upper["rows"]) == passing - passing // 2 and len(lower["rows"]) == passing // 2


def test_one_end_says_where_the_other_side_begins(reader: StoreReader) -> None:
    (table,) = tables(draw("rankings", run="synthetic", query="5", side="harmful", place="5"))
    page = reader.rankings(5, "harmful", offset=200)
    assert ids(table) == [one.doc_id for one in page.documents]
    assert table["title"] == "Most harmful documents" and "this far down" in table["note"]
    assert table["alone"] and table["box"] == "tall"


def test_the_switch_of_ends_and_the_score() -> None:
    app = both(query="5", place="2")
    app.segmented_control(key="pick_ends").set_value("harmful").run()
    (table,) = tables(app)
    assert table["title"] == "Most harmful documents" and table["note"].startswith("Places 1 to")
    app.segmented_control(key="pick_score").set_value("normed").run()
    app.segmented_control(key="pick_ends").set_value("both").run()
    assert [one["title"] for one in tables(app)] == [
        "Most helpful documents", "Most harmful documents",
    ]  # fmt: skip
    assert "by norm-corrected" in words(app)


def test_filters_are_chips_that_come_off(reader: StoreReader) -> None:
    app = both(query="5", source=["code", "forum"], text="slope", low="0", high="1")
    only = DocumentFilter(sources=("code", "forum"), text="slope", low=0.0, high=1.0)
    total = reader.rankings(5, only=only).total
    assert 0 < total < 300 and f"{total} of 300 documents pass" in words(app)
    chips = [one for one in app.button if str(one.key).startswith("chip ")]
    assert [one.label.replace("\\", "") for one in chips] == [
        "Source: code ✕", "Source: forum ✕", "Text: slope ✕", "Influence from 0 to +1.00 ✕",
    ]  # fmt: skip
    chips[1].click().run()
    only = DocumentFilter(sources=("code",), text="slope", low=0.0, high=1.0)
    assert f"{reader.rankings(5, only=only).total} of 300" in words(app)
    app.button(key="chip 2 low").click().run()
    only = DocumentFilter(sources=("code",), text="slope")
    assert f"{reader.rankings(5, only=only).total} of 300" in words(app)
    app.button(key="chips off").click().run()
    assert "300 documents" in words(app) and "pass" not in words(app).replace("passage", "")


def test_filters_never_change_ranks(reader: StoreReader) -> None:
    (table,) = tables(draw("rankings", run="synthetic", query="5", text="slope"))
    ranks = {str(one.doc_id): str(one.rank) for one in reader.rankings(5, limit=300).documents}
    assert all(row["cells"][0] == ranks[row["id"]] for row in table["rows"])
    assert table["marks"] == ["slope"]


def test_near_duplicates_are_folded_with_their_count(reader: StoreReader) -> None:
    app = draw("rankings", run="synthetic", query="5", fold="1")
    assert "300 documents, 2 of them folded as near-duplicates" in words(app)
    ranked = [one.doc_id for one in reader.rankings(5, limit=300).documents]
    leader = min(NEAR, key=ranked.index)
    place = str((ranked.index(leader)) // 50 + 1)
    (table,) = tables(draw("rankings", run="synthetic", query="5", fold="1", place=place))
    row = next(row for row in table["rows"] if row["id"] == str(leader))
    assert row["near"]["text"] == "+2 near-duplicates" and "group=30" in row["near"]["href"]
    assert not [other for other in table["rows"] if "near" in other and other is not row]
    app.toggle(key="pick_fold").set_value(False).run()
    assert "folded" not in words(app)
    # The link leads to them alone, none folded.
    (table,) = tables(draw("rankings", run="synthetic", query="5", fold="1", group="30"))
    assert sorted(ids(table)) == list(NEAR)


def test_near_duplicates_are_counted_as_their_link_shows_them(reader: StoreReader) -> None:
    """The count is of the whole corpus, so the link takes the other filters off."""
    labels = {one.doc_id: one for one in reader.rankings(5, limit=300).documents}
    source = labels[30].source
    (table,) = tables(draw("rankings", run="synthetic", query="5", source=[source], low="-9"))
    near = next(row["near"] for row in table["rows"] if row["id"] == "30")
    assert near["text"] == "+2 near-duplicates in the corpus" and "other filters" in near["help"]
    fields = parse_qs(urlsplit(near["href"]).query)
    assert fields["group"] == ["30"] and not {"source", "low", "text"} & set(fields)
    (table,) = tables(draw("rankings", **{name: value[0] for name, value in fields.items()}))
    assert sorted(ids(table)) == list(NEAR)


def test_both_ends_show_a_group_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups over the middle: first and last, two in the middle, the middle and an end."""
    store = write_synthetic_store(tmp_path / "spanning.duckdb", 60)
    monkeypatch.setenv("INFLUENCE_RUNS", str(store.parent))
    plain = StoreReader(store)
    ranked = [one.doc_id for one in plain.rankings(5, limit=60).documents]
    plain.close()
    groups = [[0, 59], [29, 30], [28, 57], [2, 31], [33, 34, 35], [26, 27]]
    with duckdb.connect(str(store)) as connection:
        connection.execute("UPDATE documents SET near_group = NULL")
        for places in groups:
            members = [ranked[at] for at in places]
            connection.execute(
                "UPDATE documents SET near_group = ? WHERE doc_id IN (SELECT unnest(?))",
                [min(members), members],
            )
        connection.execute("CHECKPOINT")
    gone = [ranked[at] for at in (59, 30, 28, 31, 33, 34, 27)]
    app = draw("rankings", run="spanning", query="5", tails="both", fold="1")
    assert "60 documents, 7 of them folded as near-duplicates" in words(app)
    upper, lower = tables(app)
    expected = [one for one in ranked if one not in gone]
    assert ids(upper) + ids(lower)[::-1] == expected and len(ids(upper)) == 27
    # A report of the same view has the same documents.
    address = {
        "run": ["spanning"],
        "query": ["5"],
        "tails": ["both"],
        "fold": ["1"],
        "place": ["1"],
    }
    note = Note(1, 1.0, "rankings", address, "spanning", "c", "t", "", (), "", "", 1)
    (section,) = sections_of([note])
    reported = [one for one in section.content if isinstance(one, Table)]
    assert [len(one.rows) for one in reported] == [27, 26]
    # A document is stepped through in the same list, past the middle too.
    app = draw("document", run="spanning", query="5", tails="both", fold="1", doc=str(ranked[57]))
    assert "Place 52 of 53 documents" in words(app)


def test_an_influence_of_zero_is_of_neither_side() -> None:
    def one(influence: float) -> RankedDocument:
        return RankedDocument(1, 1, 1, influence, None, None, 0.0, "", "", "", "", 1, "")

    page = RankingPage(4, 0, (one(1.0), one(0.0), one(0.0), one(-1.0)))
    method = wording.method("EK-FAC")
    assert "1 of the 4 here lower" in _note(page, "helpful", method)
    assert "1 of the 4 here raise" in _note(page, "harmful", method)
    page = RankingPage(2, 0, (one(0.0), one(0.0)))
    assert _note(page, "helpful", method) == "Places 1 to 2"


def test_the_distribution_and_its_range(reader: StoreReader) -> None:
    app = both(query="5")
    (strip,) = data_of(app, "influence_strip")
    assert sum(strip["counts"]) == 300 and strip["low"] is None
    chosen = reader.rankings(5).documents[0]
    assert strip["mark"]["value"] == pytest.approx(chosen.influence)
    (helpful, harmful) = reader.distribution(5).helpful_from, reader.distribution(5).harmful_from
    assert {tail["at"] for tail in strip["tails"]} == {helpful, harmful}
    # A range leaves exactly the documents of its bars.
    at = max(range(len(strip["counts"])), key=strip["counts"].__getitem__)
    low, high = (f"{strip['edges'][at + by]:.10g}" for by in (0, 1))
    app = both(query="5", low=low, high=high)
    assert f"{strip['counts'][at]} of 300 documents pass" in words(app)
    assert data_of(app, "influence_strip")[0]["low"] == float(low)


def test_the_chosen_document_is_read_beside(reader: StoreReader) -> None:
    fifth = reader.rankings(5, "harmful").documents[4]
    app = both(query="5", side="harmful", doc=str(fifth.doc_id))
    (preview,) = data_of(app, "influence_preview")
    assert preview["id"] == str(fifth.doc_id) and preview["where"] == "Place 5, most harmful first"
    assert preview["before"] and preview["after"]
    assert [table["current"] for table in tables(app)] == ["", str(fifth.doc_id)]
    far = reader.rankings(5, offset=120, limit=1).documents[0].doc_id
    (preview,) = data_of(both(query="5", doc=str(far)), "influence_preview")
    assert preview["where"] == "Not on the pages shown here." and not preview["after"]
    assert "which is not in this run" in words(both(query="5", doc="9999"))


def test_signs_say_that_token_scores_are_kept(reader: StoreReader) -> None:
    (table,) = tables(draw("rankings", run="synthetic", query="5"))
    signed = {row["id"] for row in table["rows"] if "sign" in row}
    kept = {
        str(doc_id)
        for doc_id in ids(table)
        if any(reader.token_scores(5, doc_id, one) for one in ("predicted", "update"))
    }
    assert signed == kept and kept


def test_exported_rows_hold_the_whole_texts(reader: StoreReader) -> None:
    only = DocumentFilter(text="slope")
    rows = reader.ranking_rows(5, "harmful", offset=3, limit=20, only=only)
    shown = reader.rankings(5, "harmful", offset=3, limit=20, only=only).documents
    assert [row.doc_id for row in rows] == [one.doc_id for one in shown]
    assert [row.rank for row in rows] == [one.rank for one in shown]
    assert [row.place for row in rows] == list(range(4, 4 + len(rows)))
    for row in rows:
        document = reader.document(5, row.doc_id)
        assert document is not None and row.text == document.text
    assert len(reader.ranking_rows(5)) == 300


def test_queries_are_narrowed_by_outcome(reader: StoreReader) -> None:
    app = draw("overview", run="synthetic", outcome="wrong")
    (table,) = [one for one in tables(app) if one["name"] == "Queries"]
    wrong = [one.query_id for one in reader.queries() if one.correct is False]
    assert ids(table) == wrong and f"{len(wrong)} of 12 queries" in words(app)
    app.selectbox(key="pick_outcome").set_value("correct").run()
    (table,) = [one for one in tables(app) if one["name"] == "Queries"]
    assert ids(table) == [one.query_id for one in reader.queries() if one.correct]


def test_another_query_starts_at_its_first_document(reader: StoreReader) -> None:
    app = both(query="5", doc="17", place="2")
    app.button(key="query_after").click().run()
    (preview,) = data_of(app, "influence_preview")
    assert preview["id"] == str(reader.rankings(6).documents[0].doc_id)
