"""The query page through AppTest: what it shows of a query, and what it says is missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from attribution_engine.store.reader import StoreReader
from pages.parts import wording
from pages.parts.query_figures import sources_figure
from pages.parts.query_text import probability
from tests.pages.drawn import components, table_of
from tests.pages.test_pages import draw, words
from tests.synthetic_store import write_synthetic_store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_synthetic_store(folder / "one.duckdb")
    write_synthetic_store(folder / "words.duckdb", method="bm25")
    changed(folder, "nosource", "UPDATE documents SET source = NULL")
    changed(folder, "nonats", "UPDATE queries SET token_ends = NULL, token_nats = NULL")
    changed(
        folder,
        "set",
        "INSERT INTO query_items VALUES (4, 1, 'item prompt', ' item completion', '2', true, 1.5, "
        "1, [4, 6], [0, 1.5], true), (4, 2, 'tried', ' wrong', '2', false, 9, 1, [4, 6], [0, 9], "
        "false)",
    )
    changed(
        folder,
        "single",
        "DELETE FROM queries WHERE query_id > 0",
        "DELETE FROM influence WHERE query_id > 0",
        "UPDATE run SET n_queries = 1",
    )
    return folder


def changed(folder: Path, name: str, *statements: str) -> None:
    shutil.copy(folder / "one.duckdb", folder / f"{name}.duckdb")
    with duckdb.connect(str(folder / f"{name}.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


def test_the_text_is_whole_and_its_nats_are_the_stores(folder: Path) -> None:
    app = draw("query", run="one", query="4")
    (data,) = components(app, "cells")
    query = StoreReader(folder / "one.duckdb").query(4)
    assert query is not None
    assert "".join(data["cells"]["text"]) == query.prompt + query.completion
    at = data["completionFrom"]
    assert "".join(data["cells"]["text"][:at]) == query.prompt
    assert all(nats is None for nats in data["cells"]["nats"][:at])
    explained = [nats for nats in data["cells"]["nats"] if nats is not None]
    assert sum(explained) == pytest.approx(query.nats)
    assert data["scored"] and f"sum to {wording.plain(query.nats)} nats" in data["words"]
    listed = [data["cells"]["nats"][i] for i in data["surprising"]]
    assert listed == sorted(explained, reverse=True)[: len(listed)] and len(listed) > 3
    shades = data["cells"]["shade"]
    assert max(shades) == data["shades"] == 8 and min(shades) == 0


def test_both_tails_lead_to_document_and_ranking(folder: Path) -> None:
    app = draw("query", run="one", query="4")
    reader = StoreReader(folder / "one.duckdb")
    for side, title in (("helpful", "What helps it"), ("harmful", "What harms it")):
        data = table_of(app, f"{title}: the first 10 documents")
        listed = reader.rankings(4, side, "influence", 0, 10).documents  # type: ignore[arg-type]
        assert [row["id"] for row in data["rows"]] == [str(one.doc_id) for one in listed]
        assert data["rows"][0]["cells"][-1] == listed[0].snippet
        for part in ("document?", "query=4", f"side={side}", f"doc={listed[0].doc_id}"):
            assert part in data["rows"][0]["href"]
    labels = [one.proto.label for one in app.get("page_link")]
    assert labels.count("The whole ranking from this end") == 2


def test_sources_follow_the_top_and_are_plotted(folder: Path) -> None:
    app = draw("query", run="one", query="4")
    ten = table_of(app, "Sources of the top documents")
    assert sum(int(row["cells"][2]) for row in ten["rows"]) == 10
    assert "top 10 documents of an end" in words(app) and len(app.get("plotly_chart")) == 1
    app.segmented_control(key="pick_top").set_value("50").run()
    fifty = table_of(app, "Sources of the top documents")
    assert sum(int(row["cells"][2]) for row in fifty["rows"]) == 50
    shares = {"helpful": StoreReader(folder / "one.duckdb").query_sources(4, "helpful", 50)}
    one = shares["helpful"][0]
    row = next(row for row in fifty["rows"] if row["id"] == one.source)
    assert row["cells"][3].startswith(f"× {wording.decimal(one.multiplier)} (")
    figure = sources_figure(shares, {"helpful": "▲ Helpful"}, 50)  # type: ignore[arg-type]
    assert figure.layout.xaxis.type == "log"
    assert [line.x0 for line in figure.layout.shapes] == [1]
    assert list(figure.data[0].x)[: len(shares["helpful"])] == [
        pytest.approx(max(one.multiplier, 10 ** figure.layout.xaxis.range[0]))
        for one in shares["helpful"]
    ]


def test_neighbours_open_the_query_or_a_comparison(folder: Path) -> None:
    app = draw("query", run="one", query="4")
    data = table_of(app, "Correlation neighbours")
    found = StoreReader(folder / "one.duckdb").query_neighbours(4)
    assert [row["id"] for row in data["rows"]] == [str(one.query.query_id) for one in found]
    assert len(found) == 11 and (found[0].pearson or 0) >= (found[-1].pearson or 0)
    assert data["rows"][0]["cells"][1] == wording.decimal(found[0].pearson, 3)
    other = found[0].query.query_id
    assert f"query={other}&" in data["rows"][0]["href"]
    near = data["rows"][0]["near"]["href"]
    for part in ("compare?", "query=4&", "mode=queries", f"query2={other}"):
        assert part in near


def test_a_set_shows_its_items() -> None:
    app = draw("query", run="set", query="4")
    (panel,) = [data for data in components(app, "itemsTitle") if data["items"]]
    assert panel["itemsTitle"] == "Items: 1 in the set, 1 not in it"
    assert not components(app, "completionFrom")
    (facts,) = [
        data for data in components(app) if isinstance(data, list) and data[0][0] == "Suite"
    ]
    assert next(one for one in facts if one[0] == "Answers")[:2] == ["Answers", "1 of 2 correct"]


def test_what_is_missing_is_said() -> None:
    assert "name no source" in words(draw("query", run="nosource", query="4"))
    assert "No nats of single tokens" in words(draw("query", run="nonats", query="4"))
    app = draw("query", run="single", query="0")
    assert "one query only" in words(app)
    assert not [data for data in components(app, "columns") if "neighbours" in data["name"]]
    app = draw("query", run="one", query="999")
    assert "names the query “999”" in words(app).replace("\\", "")


def test_a_method_without_a_sign_speaks_of_scores() -> None:
    app = draw("query", run="words", query="4")
    assert "Highest and lowest scores" in words(app)
    assert "harms it" not in words(app) and "extra weight" not in words(app)


def test_probabilities_keep_the_digits_that_matter() -> None:
    assert [probability(value) for value in (None, 1.0, 0.99999, 0.5, 1e-6)] == [
        "–", "1", "1 − 1.00e−5", "0.500", "1.00e−6",
    ]  # fmt: skip
