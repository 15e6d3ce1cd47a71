"""Pages on sets, spans of completions, chats, span sums, token classes and runs without tokens."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from attribution_engine.store.reader import StoreReader
from pages.parts import query_panel, wording
from pages.parts.run_facts import run_facts, what_is_seen
from tests.pages.test_pages import draw, words
from tests.store import small_store

METHODS = ("ek-fac", "bm25", "self-influence")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for method in METHODS:
        small_store.build(folder / f"{method}.duckdb", method)
    with duckdb.connect(str(folder / "ek-fac.duckdb")) as connection:
        connection.execute("UPDATE queries SET span = [1, 2] WHERE query_id = 1")
        connection.execute("UPDATE documents SET loss_ranges = [2, 4, 8, 12]")
        connection.execute(
            """UPDATE run SET modules = 'attention', n_linear_maps = 42, n_parameters = 200,
            n_tracked_parameters = 50, tracked_layers = ['one', 'two'], seed = 7, damping = 0.1,
            factor_documents = 11, covariance_documents = 6, correction_documents = 5,
            skipped_documents = 3"""
        )
    return folder


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


@pytest.fixture(scope="module")
def reader(folder: Path) -> StoreReader:
    return StoreReader(folder / "ek-fac.duckdb")


@pytest.mark.parametrize("run", METHODS)
@pytest.mark.parametrize("page", ["overview", "rankings", "document", "rank_curves"])
def test_every_page_draws_for_runs_with_and_without_tokens(page: str, run: str) -> None:
    app = draw(page, run=run, query="0", score="per_nat", unit="per_nat")
    assert not app.error
    assert "no rank curves" not in words(app)


@pytest.mark.parametrize(
    ("run", "why"), [("bm25", "compares words"), ("self-influence", "no completion is explained")]
)
def test_a_document_without_scores_says_why(run: str, why: str) -> None:
    said = words(draw("document", run=run, query="0", doc="1"))
    assert f"No token scores: {wording.NO_TOKENS[run]}" in said and why in said


def test_scores_that_a_method_lacks_are_not_offered() -> None:
    app = draw("rankings", run="self-influence", query="0", score="per_nat")
    assert [str(one) for one in app.segmented_control(key="pick_score").options] == [
        "Influence", "Norm-corrected",
    ]  # fmt: skip
    assert app.segmented_control(key="pick_score").value == "influence"
    assert app.segmented_control(key="pick_ends").options[1:] == ["▲ Highest", "▼ Lowest"]
    assert "other queries" not in words(draw("document", run="self-influence", query="0", doc="1"))


def test_token_classes_stand_on_the_overview_only_where_there_are_some() -> None:
    assert "Token classes of query 1" in words(draw("overview", run="ek-fac", query="1"))
    assert "Token classes" not in words(draw("overview", run="bm25", query="1"))


def test_the_overview_says_what_was_tracked_and_fitted(reader: StoreReader) -> None:
    run = reader.run()
    facts = {fact[0]: " | ".join(fact[1:]) for fact in run_facts(run, wording.method("ek-fac"), "")}
    assert facts["Tracked"] == "2 of 42 linear maps | 50 parameters, 25 % of the model's; " + (
        "modules: attention"
    )
    assert facts["Factors fitted on"].startswith("6 documents (covariances), 5 (eigenvalues)")
    assert "one pass" in facts["Factors fitted on"] and facts["Seed"].startswith("7 |")
    assert facts["Skipped documents"].startswith("3 |")
    assert "attention only" in what_is_seen(run)
    assert "attention only" in words(draw("overview", run="ek-fac", query="1"))


def test_the_facts_of_bm25_name_no_weights(folder: Path) -> None:
    run = StoreReader(folder / "bm25.duckdb").run()
    facts = {fact[0]: fact[1] for fact in run_facts(run, wording.method("bm25"), "")}
    assert facts["Tracked"] == "nothing" and facts["Token scores"] == "none"
    assert not {"Factors fitted on", "Query gradients", "Seed"} & set(facts)


def test_the_panel_of_a_set_counts_its_items(reader: StoreReader) -> None:
    query, items = reader.query(2), reader.query_items(2)
    assert query is not None
    key = query_panel.key_of(query, items, wording.method("ek-fac"))
    assert key[1] == "the 2 correctly answered of 4 items" and "mean log-probability" in key[0]
    assert "words" in query_panel.key_of(query, items, wording.method("bm25"))[0]
    assert query_panel.size_of(query, items).startswith("mean of 1.75 nats an item")


def test_the_panel_of_a_span_marks_only_that(reader: StoreReader) -> None:
    query = reader.query(1)
    assert query is not None and query.span == (1, 2)
    assert query_panel.key_of(query, [], wording.method("ek-fac"))[1] == "the marked part"
    assert "of the completion explained" in query_panel.size_of(query, [])


def test_long_items_say_how_much_is_left_out() -> None:
    long = "x" * (query_panel.ITEM_CHARACTERS + 12)
    assert query_panel.shortened(long).endswith("x… (12 more)")
    assert query_panel.shortened(long[:-12]) == long[:-12]
