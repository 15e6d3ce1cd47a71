"""The report shows of a bookmarked view what its page shows, or says what it leaves out."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import pytest

from attribution_engine.store.comparison import Comparison
from attribution_engine.store.effects import both_ends
from attribution_engine.store.reader import StoreReader
from pages.parts import wording
from pages.report import comparing, report_figures
from pages.report.section import Heat, Section, Table
from pages.report.sections import sections_of
from tests.pages.test_report import note
from tests.synthetic_store import write_synthetic_store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_synthetic_store(folder / "demo.duckdb")
    write_synthetic_store(folder / "other.duckdb", score_seed=5)
    with duckdb.connect(str(folder / "other.duckdb")) as connection:
        connection.execute("UPDATE queries SET completion = 'else' WHERE query_id = 7")
    return folder


@pytest.fixture(scope="module")
def reader(folder: Path) -> StoreReader:
    return StoreReader(folder / "demo.duckdb")


@pytest.fixture(autouse=True)
def runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


def section(page: str, **address: Any) -> Section:
    (found,) = sections_of([note(page, **{"run": "demo", "query": "4", **address})])
    return found


def tables(found: Section) -> dict[str, Table]:
    return {one.title: one for one in found.content if isinstance(one, Table)}


def heats(found: Section) -> list[Heat]:
    return [one for one in found.content if isinstance(one, Heat)]


def values(found: Section) -> dict[str, str]:
    return {name: value for name, value, _ in found.facts}


def test_the_chosen_document_of_a_ranking_is_read_as_the_address_says(reader: StoreReader) -> None:
    query, doc = reader._rows(
        "SELECT query_id, doc_id FROM token_influence WHERE alignment = 'predicted' LIMIT 1"
    )[0]
    address = {"query": str(query), "doc": str(doc), "level": "sentence", "span": "0-4"}
    found = section("rankings", **address)
    (heat,), document = heats(found), reader.document(query, doc)
    (of_page,) = heats(section("document", **address))
    reading = reader.reading(query, doc, "predicted", "sentence")
    assert document is not None and reading is not None and not found.missing
    assert heat == of_page and heat.text == document.text and heat.framed
    assert len(set(heat.shades)) <= len(set(reading.shades.tolist()))
    method = wording.method("ek-fac")
    assert values(found)[f"Document {doc}: {method.noun}"].startswith(
        wording.written(document.influence, method)
    )
    assert not heats(section("rankings")) and not section("rankings").missing
    assert "“9999” is not in this run" in section("rankings", doc="9999").missing


@pytest.mark.parametrize("look", ["345", "#45", "45", "slope"])
def test_a_search_gives_what_its_page_gives(look: str, reader: StoreReader) -> None:
    found = tables(section("search", look=look))
    number = look.removeprefix("#")
    assert ("The document of this number" in found) == (number == "45")
    if number == "45":
        (row,) = found["The document of this number"].rows
        assert row[0] == "45" and row[-1] == reader.ranked_documents(4, [45])[0].snippet
    if number == "345":
        assert "number 345: they go from 0 to 299" in section("search", look=look).missing
    hits = reader.search_documents(look, 0, 20)
    assert ("Documents found" in found) == (bool(hits.total) and not look.startswith("#"))
    if look == "slope":
        assert [row[0] for row in found["Documents found"].rows] == [
            str(one.doc_id) for one in hits.documents
        ]
        last = tables(section("search", look=look, place="9999"))["Documents found"]
        assert len(last.rows) == (hits.total - 1) % 20 + 1
        assert {"Category", "Difficulty"} & set(last.columns)


def test_what_a_run_lacks_is_said_and_dropped(reader: StoreReader) -> None:
    found = section("rankings", source=["nowhere"], tails="one", suite="none")
    assert "source “nowhere”" in found.missing and "suite “none”" in found.missing
    (ranking,) = tables(found).values()
    assert ranking.records == reader.rankings(4, limit=50).documents
    assert "Filter: source" not in values(found)


def test_two_queries_have_their_correlation_and_the_chosen_document(reader: StoreReader) -> None:
    found = section("compare", mode="queries", query2="7", doc="17", side="harmful")
    pair = next(one for one in reader.query_neighbours(4) if one.query.query_id == 7)
    said = values(found)
    assert said["Pearson"] == wording.decimal(pair.pearson, 3)
    assert said["Spearman"] == wording.decimal(pair.spearman, 3)
    one = reader.under_both(4, 7, 17, "harmful", "influence")
    assert one is not None
    assert f"rank {wording.whole(one.rank)}," in said["Document 17, query 4"]
    assert f"rank {wording.whole(one.other_rank)}," in said["Document 17, query 7"]
    assert "“9999”" in section("compare", mode="queries", query2="7", doc="9999").missing


def test_two_runs_have_the_chosen_document_and_the_shared_queries(
    folder: Path, reader: StoreReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = Comparison(reader, StoreReader(folder / "other.duckdb"))
    found = section("compare", mode="runs", other="other", doc="17")
    one = comparison.document(4, 17, "helpful")
    assert one is not None and not found.missing
    assert f"rank {wording.whole(one.rank)}," in values(found)["Document 17, demo"]
    assert f"rank {wording.whole(one.other_rank)}," in values(found)["Document 17, other"]
    shared = tables(found)["All shared queries"]
    wanted = [str(pair.query.query_id) for pair, _ in comparison.agreements()]
    assert [row[0] for row in shared.rows] == wanted and len(shared.records) == len(wanted)
    assert "differ" in section("compare", mode="runs", other="other", query="7").missing
    monkeypatch.setattr(comparing, "MOST_SCORES", 10)
    short = section("compare", mode="runs", other="other")
    assert "Left out: the list of all shared queries" in short.missing
    assert "All shared queries" not in tables(short)


def test_a_document_has_its_other_queries(reader: StoreReader) -> None:
    found = tables(section("document", doc="17"))
    effects = reader.query_effects(17)
    ends = both_ends([one for one in effects if one.query.query_id != 4])
    helps = next(table for title, table in found.items() if title.startswith("Helps most"))
    harms = next(table for title, table in found.items() if title.startswith("Harms most"))
    for table, end in ((helps, ends.helped), (harms, ends.harmed)):
        assert [row[0] for row in table.rows] == [str(one.query.query_id) for one in end[:8]]
    assert helps.rows or harms.rows


def test_the_folder_holds_whole_texts(reader: StoreReader) -> None:
    query, doc = reader._rows("SELECT query_id, doc_id FROM span_influence LIMIT 1")[0]
    notes = [
        note("search", 1, run="demo", query="4", look="slope"),
        note("compare", 2, run="demo", query="4", mode="queries", query2="7"),
        note("query", 3, run="demo", query="4"),
        note("document", 4, run="demo", query=str(query), doc=str(doc)),
    ]
    archive = zipfile.ZipFile(io.BytesIO(report_figures(notes)))
    of_documents = 0
    for name in archive.namelist():
        if not name.endswith(".csv"):
            continue
        rows = list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"))))
        if rows and "doc_id" in rows[0]:
            of_documents += 1
            for row in rows:
                document = reader.document(4, int(row["doc_id"]))
                assert document is not None
                assert row["text"].removeprefix("'") == document.text
                assert json.loads(row["metadata"]) == document.metadata
        if "Spans" in name:
            assert [row["text"] for row in rows] == [
                one.text for one in reader.span_rows(query, doc)
            ]
    assert of_documents == 5
    assert any("Spans" in name for name in archive.namelist())
