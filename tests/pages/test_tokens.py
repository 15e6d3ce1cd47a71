"""The page Tokens: what it draws, what its choices do, and what it says where things lack."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from attribution_engine.store.reader import StoreReader
from attribution_engine.store.writer import StoreWriter
from pages.parts.print_figure import print_figure
from pages.parts.tokens_figures import class_bars, multipliers
from pages.parts.tokens_shown import tokens_shown
from pages.parts.view_fields import DEFAULTS
from tests.finding_stages.token_store import find
from tests.pages.drawn import table_of
from tests.pages.test_pages import draw, words
from tests.synthetic_store import write_synthetic_store


def said(app: AppTest) -> str:
    """What a page says, without the marks that keep texts from being Markdown."""
    return words(app).replace("\\", "").replace("\u2060", "")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for name, suites in (("math", ()), ("both", ("facts",)), ("none", ())):
        path = write_synthetic_store(folder / f"{name}.duckdb")
        with duckdb.connect(str(path)) as connection:
            for suite in suites:
                connection.execute(
                    "UPDATE queries SET suite = 'mbpp', kind = 'reasoning' WHERE suite = ?", [suite]
                )
            if name == "none":
                connection.execute("DELETE FROM token_influence")
            if name == "both":
                connection.execute(
                    """INSERT INTO token_class_influence SELECT query_id, NULL, token_class, NULL,
                    n, mean, 0.5 FROM queries, (VALUES ('connective', 10, 0.3),
                    ('other', 90, -0.1)) t (token_class, n, mean)"""
                )
        claims = find(path)
        with duckdb.connect(str(path)) as connection:
            StoreWriter(connection, create=False).insert("finding", map(asdict, claims))
    write_synthetic_store(folder / "before.duckdb")
    return folder


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


def cells(app: AppTest, column: int = 0) -> list[str]:
    return [row["cells"][column] for row in table_of(app, "Tokens that carry most")["rows"]]


def test_the_page_says_what_it_shows() -> None:
    app = draw("tokens", run="math")
    for part in (
        "logical connectives are the most influential tokens",
        "What classes of tokens carry",
        "The tokens that carry most",
        "All math suites: 6 queries",
        "no sums over the whole corpus",
        "What the paper reports",
    ):
        assert part in said(app), part
    assert len(app.get("plotly_chart")) == 2
    for word in ("nan", "None", "inf "):
        assert word not in " ".join(cells(app))
    assert table_of(app, "Word lists: connectives")["rows"]


def test_a_row_leads_to_the_token_in_its_document(folder: Path) -> None:
    app = draw("tokens", run="math", order="top", alignment="update")
    row = table_of(app, "Tokens that carry most")["rows"][0]
    reader = StoreReader(folder / "math.duckdb")
    one = reader.top_tokens(reader.token_scopes()[0], "update", "helpful", "top", "", 5)[0]
    assert row["cells"][0] == one.token
    for part in (
        f"query={one.query_id}",
        f"doc={one.doc_id}",
        f"span={one.start}-{one.end}",
        "alignment=update",
    ):
        assert part in row["href"], row["href"]
    opened = draw(
        "document", run="math", query=str(one.query_id), doc=str(one.doc_id),
        span=f"{one.start}-{one.end}", alignment="update",
    )  # fmt: skip
    assert not opened.exception and not opened.warning


def test_choices_change_the_table_and_come_with_the_address() -> None:
    app = draw("tokens", run="both", among="code", side="harmful", order="size", least="1")
    assert "All code suites: 3 queries" in said(app)
    assert app.selectbox(key="pick_among").value == "code"
    before = cells(app)
    app.segmented_control(key="pick_token_order").set_value("mean").run()
    assert not app.exception and cells(app) != before
    app.selectbox(key="pick_token_class").set_value("connective").run()
    assert set(cells(app, 1)) == {"logical connective"}
    app.segmented_control(key="pick_token_least").set_value("50").run()
    assert "No token of this class stands in so many" in said(app)
    app.selectbox(key="pick_token_class").set_value("").run()
    app.selectbox(key="pick_among").set_value("suite gsm8k").run()
    assert "Suite gsm8k: 3 queries" in said(app)


def test_tables_follow_their_orders(folder: Path) -> None:
    reader = StoreReader(folder / "math.duckdb")
    scope = reader.token_scopes()[0]
    for order, value in (
        ("mean", lambda one: -one.mean),
        ("size", lambda one: one.mean_size),
        ("share", lambda one: one.share_of_side),
        ("top", lambda one: one.top),
    ):
        found = reader.top_tokens(scope, "predicted", "harmful", order, "", 5)
        values = [value(one) for one in found]
        assert values == sorted(values, reverse=True) and len(values) > 10
        assert all(one.n_documents >= 5 for one in found)
        assert found[0].score == min(one.score for one in found if one.token == found[0].token)


def test_figures_can_be_printed(folder: Path) -> None:
    for name in ("math", "both"):
        shown = tokens_shown(StoreReader(folder / f"{name}.duckdb"), DEFAULTS | {"least": "1"})
        assert shown is not None
        for make in (class_bars, multipliers):
            assert print_figure(make(shown), "pdf", name, "caption").startswith(b"%PDF")


def test_what_lacks_is_said() -> None:
    assert "no token scores, and so no statistics" in said(draw("tokens", run="none"))
    assert "holds no findings" in said(draw("tokens", run="before"))
    app = draw("tokens", run="math", among="suite elsewhere")
    assert any("suite elsewhere" in str(one.value) for one in app.warning)
    assert len(app.get("plotly_chart")) == 2


def test_sums_over_the_corpus_are_told_from_the_tails() -> None:
    app = draw("tokens", run="both")
    assert "the two are not the same quantity" in said(app)
    read = {row["cells"][1] for row in table_of(app, "Token classes")["rows"]}
    assert read == {"ends of the rankings", "whole corpus, net sums"}
