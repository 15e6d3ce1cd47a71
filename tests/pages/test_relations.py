"""Relations on the page Answers: figures against a plain count, the filter, hostile texts."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import duckdb
import pytest

from attribution_engine.finding_stages import answers
from attribution_engine.findings.published.answers import PUBLISHED
from attribution_engine.notes import Note
from attribution_engine.store.findings.relations_views import RelationShare
from attribution_engine.store.reader import StoreReader
from attribution_engine.text.relations import (
    PROCEDURE,
    RELATIONS,
    asked,
    common_to_all,
    read_document,
    relations,
)
from pages.parts import relations_figures, wording
from pages.parts.beside import beside
from pages.parts.print_figure import print_figure
from pages.parts.relations_shown import figure_words, relations_shown
from pages.report.address import view_in, view_of
from pages.report.finding_answers import answers as report_of
from pages.report.section import Plot, Section, Table
from tests.finding_stages.filled import fill_into
from tests.finding_stages.planted_answers import plant
from tests.pages.drawn import table_of
from tests.pages.test_pages import draw, words
from tests.synthetic_store import HOSTILE, write_synthetic_store

K, QUERY = 12, 12
NAME = "How the top documents relate to the query"
FORMULA = "For any numbers the rule is v = (a - b) * c, and nothing else."
CODE = "```python\ndef rule(a, b, c):\n    d = a - b\n    return d * c\n```\n"
TABLES = ("relation", "relation_count", "relation_share")


def build(path: Path) -> None:
    """Sums of two steps whose procedure stands at the top of one of them, and facts."""
    write_synthetic_store(path)
    plant(path)
    with duckdb.connect(str(path)) as connection:
        top = [
            doc_id
            for (doc_id,) in connection.execute(
                "SELECT doc_id FROM influence WHERE query_id = ? ORDER BY rank LIMIT 5", [QUERY]
            ).fetchall()
        ]
        texts = (FORMULA, CODE, FORMULA + CODE, HOSTILE[0], HOSTILE[1])
        for doc_id, text in zip(top, texts, strict=True):
            connection.execute("UPDATE documents SET text = ? WHERE doc_id = ?", [text, doc_id])
    fill_into(path, answers.fill)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    build(folder / "related.duckdb")
    (folder / "empty.duckdb").write_bytes((folder / "related.duckdb").read_bytes())
    with duckdb.connect(str(folder / "empty.duckdb")) as connection:
        for table in TABLES:
            connection.execute(f"DELETE FROM {table}")
    (folder / "unsigned.duckdb").write_bytes((folder / "related.duckdb").read_bytes())
    with duckdb.connect(str(folder / "unsigned.duckdb")) as connection:
        connection.execute("UPDATE run SET method = 'bm25'")
    return folder


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


@pytest.fixture(scope="module")
def reader(folder: Path) -> StoreReader:
    return StoreReader(folder / "related.duckdb")


def counted(path: Path) -> dict[int, dict[str, int]]:
    """Documents of the top with each relation, query by query, without the stage or the reader."""
    with duckdb.connect(str(path), read_only=True) as connection:
        queries = connection.execute(
            "SELECT query_id, suite, prompt, completion FROM queries ORDER BY 1"
        ).fetchall()
        common = common_to_all((suite, prompt) for _, suite, prompt, _ in queries)
        found = {}
        for query_id, _, prompt, completion in queries:
            mine = asked(prompt, completion, common)
            texts = connection.execute(
                "SELECT text FROM influence JOIN documents USING (doc_id) "
                "WHERE query_id = ? AND rank <= ?",
                [query_id, K],
            ).fetchall()
            rows = [relations(mine, read_document(text)) for (text,) in texts]
            found[query_id] = {name: sum(name in row for row in rows) for name in RELATIONS}
    return found


def test_the_page_says_what_a_plain_count_says(folder: Path, tmp_path: Path) -> None:
    app = draw("answers", run="related", query=str(QUERY))
    said = words(app).replace("\\", "")
    assert NAME in said and f"Relations to query {QUERY}" in said
    assert "(72 - 112) * 43" in said
    assert f"the {K} most helpful documents of each and 500 drawn at random" in said
    count = counted(Path(shutil.copy(folder / "related.duckdb", tmp_path)))
    assert (count[QUERY]["formula"], count[QUERY]["code"]) == (2, 2)
    listed = [row["cells"] for row in table_of(app, "Relations by suite")["rows"]]
    assert [(row[0], row[1]) for row in listed] == [
        (suite, name) for suite in ("facts", "sums") for name in RELATIONS
    ]
    for suite, ids in (("facts", range(10)), ("sums", range(10, 20))):
        shares = {row[1]: row for row in listed if row[0] == suite}
        assert {row[2] for row in shares.values()} == {"10"}
        assert {row[3] for row in shares.values()} == {"10" if suite == "sums" else "0"}
        for name in RELATIONS:
            expected = fmean(count[one][name] / K for one in ids)
            assert shares[name][4] == f"{100 * expected:.1f} %"
    own = [row["cells"] for row in table_of(app, f"Relations to query {QUERY}")["rows"]]
    assert [row[:2] for row in own] == [list(one) for one in RELATIONS.items()]
    for row in own:
        n = count[QUERY][row[0]]
        assert row[2] == f"{n} ({100 * n / K:.1f} %)"
    documents = table_of(app, f"Top documents of query {QUERY}")["rows"]
    assert [row["cells"][3] for row in documents] == [str(rank) for rank in range(1, K + 1)]
    for row in documents:
        assert row["href"].startswith("document?") and f"doc={row['id']}&" in row["href"]
    assert documents[0]["cells"][1:3] == ["formula", "(a - b) * c"]


def test_hostile_texts_reach_the_table_as_they_are() -> None:
    app = draw("answers", run="related", query=str(QUERY))
    rows = table_of(app, f"Top documents of query {QUERY}")["rows"]
    assert rows[3]["cells"][5] == HOSTILE[0][:200] and rows[4]["cells"][5] == HOSTILE[1][:200]
    assert "<script" not in words(app)


def test_the_filter_is_in_the_address_and_lists_what_has_the_relation(reader: StoreReader) -> None:
    app = draw("answers", run="related", query=str(QUERY), relation="code")
    assert app.pills(key="pick_relation").value == "code"
    rows = table_of(app, f"Top documents of query {QUERY}")["rows"]
    assert [row["cells"][1] for row in rows] == ["code", "formula · code"]
    app.pills(key="pick_relation").set_value("formula").run()
    assert app.query_params["relation"] == "formula"
    rows = table_of(app, f"Top documents of query {QUERY}")["rows"]
    assert [row["cells"][3] for row in rows] == ["1", "3"]
    app.pills(key="pick_relation").set_value("same sum").run()
    assert "None of the top documents of this query has this relation" in words(app)
    app.pills(key="pick_relation").set_value(None).run()
    assert app.query_params["relation"] == ""
    assert len(table_of(app, f"Top documents of query {QUERY}")["rows"]) == K
    app = draw("answers", run="related", query=str(QUERY), relation="friends")
    assert len(table_of(app, f"Top documents of query {QUERY}")["rows"]) == K
    assert "asks for a relation of documents “friends”, which there is not" in words(app).replace(
        "\\", ""
    )


def test_a_store_without_relations_says_what_supplies_them(folder: Path) -> None:
    app = draw("answers", run="empty", query=str(QUERY), relation="code")
    said = words(app)
    assert NAME in said and "`python -m attribution_engine findings STORE`" in said
    lost = [one.value.replace("\\", "") for one in app.warning]
    assert any("the relation “code”, and this run's store holds no relations" in one
               for one in lost)  # fmt: skip
    assert len(app.get("plotly_chart")) == 2  # the other figures stand
    view = view_of("answers", {"run": ["empty"], "relation": ["code"]})
    seen, lost_words = view_in(StoreReader(folder / "empty.duckdb"), view)
    assert seen["relation"] == "" and "holds no relations" in lost_words


def test_a_query_without_a_procedure_says_why() -> None:
    said = words(draw("answers", run="related", query="3")).replace("\\", "")
    assert "No procedure is known" in said and "sum of two operations at least" in said
    assert "of no query of this suite is the procedure known" in said


def test_the_caption_is_two_sentences_with_the_figures_of_the_store(reader: StoreReader) -> None:
    seen = relations_shown(reader, {"run": "related", "query": str(QUERY), "relation": ""})
    assert seen is not None
    for one in (seen, replace(seen, query=reader.query(3))):
        said = figure_words(one)
        assert said.endswith(".") and said.count(". ") == 1
    shares = {one.relation: one for one in seen.of_suite}
    for name in PROCEDURE:
        assert f"“{name}” in {100 * shares[name].share:.1f} % against" in figure_words(seen)


def test_where_nothing_helps_nothing_is_called_helpful() -> None:
    app = draw("answers", run="unsigned", query=str(QUERY))
    after = words(app).partition("Relations by suite")[2]
    assert f"{K} highest documents" in words(app) and "helpful" not in after
    (chart,) = [one for one in app.get("plotly_chart") if "drawn at random" in one.proto.spec]
    assert "helpful" not in chart.proto.spec and f"in the {K} highest documents" in chart.proto.spec


def test_the_figure_has_intervals_where_there_are_any_and_is_printed(reader: StoreReader) -> None:
    shares = [one for one in reader.relation_shares() if one.suite == "sums"]
    figure = relations_figures.relations_figure(shares, wording.method("ek-fac"))
    top, at_random = figure.data
    assert list(figure.layout.yaxis.ticktext) == list(RELATIONS)
    assert list(top.x) == pytest.approx([100 * one.share for one in shares])
    assert list(at_random.x) == pytest.approx([100 * one.share_random for one in shares])
    assert [a + b for a, b in zip(top.x, top.error_x.array, strict=True)] == pytest.approx(
        [100 * one.high for one in shares if one.high is not None]
    )
    assert top.marker.symbol == "circle" and at_random.marker.symbol == "diamond-open"
    assert print_figure(figure, "pdf", "relations", "caption").startswith(b"%PDF")
    alone = [replace(one, low=None, high=None) for one in shares]
    none = relations_figures.relations_figure(alone, wording.method("bm25")).data[0]
    assert set(none.error_x.array) == {0.0} and none.marker.color != top.marker.color


def test_a_multiplier_needs_some_at_random() -> None:
    one = RelationShare("s", "code", 10, 2, 2, 0.3, 0.1, 0.5, 0.1, 500)
    assert one.multiplier == pytest.approx(3.0)
    assert replace(one, share_random=0.0).multiplier is None


def test_a_report_holds_the_same(reader: StoreReader) -> None:
    address = {"run": ["related"], "query": [str(QUERY)], "relation": ["formula"]}
    note = Note(1, 0.0, "answers", address, "related", "c", "", "", (), "", "", 1)
    section = report_of(reader, view_of("answers", address), Section(note, ""))
    plots = [one for one in section.content if isinstance(one, Plot)]
    assert plots[-1].name == "answers-related-relations-sums" and "citation c" in plots[-1].caption
    tables = {one.title: one for one in section.content if isinstance(one, Table)}
    assert len(tables["Relations by suite"].rows) == 2 * len(RELATIONS)
    assert "(72 - 112) * 43" in tables[f"Relations to query {QUERY}"].words
    documents = tables[f"Top documents of query {QUERY} with the relation “formula”"]
    assert documents.whole is not None
    assert [row["text"] for row in documents.whole()] == [FORMULA, FORMULA + CODE]


def test_the_papers_figures_stand_beside_their_own_plot() -> None:
    own = beside("answers", "procedure", "labels")
    assert len(own) == 5 and sum(map(len, own.values())) == 8
    earlier = beside(
        "answers", "queries, completed", "occurrences of answers",
        "whose steps are answered outside",
    )  # fmt: skip
    assert not own.keys() & earlier.keys()
    known = {(one.figure, one.model, one.tag) for one in PUBLISHED}
    assert {
        ("16 of 20", "7B", "reported"), ("20 of 20", "35B", "reported"),
        ("38", "7B", "reported"), ("51", "35B", "reported"),
    } <= known  # fmt: skip
