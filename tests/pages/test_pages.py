"""Every page through Streamlit's AppTest: it draws, says what it shows, and fails in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from attribution_engine.store.reader import StoreReader
from pages.parts import wording
from pages.parts.export import csv_bytes
from pages.parts.navigation import FIRST
from tests.pages.drawn import components
from tests.synthetic_store import write_synthetic_store

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300  # seconds that a page may take: the machine may be slow and have other work


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_synthetic_store(folder / "synthetic.duckdb")
    (folder / "broken.duckdb").write_bytes(b"not a database")
    return folder


def draw(page: str, **address: str | list[str]) -> AppTest:
    """A page as someone who follows a link to it gets it."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE)
    for name, value in address.items():
        app.query_params[name] = value
    if page != FIRST:  # which lives at the root; the others have the addresses of their files
        app.switch_page(f"pages/{page}.py")
    app.run()
    assert not app.exception, app.exception
    return app


def words(app: AppTest) -> str:
    """Everything a page says outside tables and components, and its claims."""
    kinds = (app.title, app.header, app.subheader, app.markdown, app.caption, app.text,
             app.error, app.info)  # fmt: skip
    said = [str(one.value) for kind in kinds for one in kind]
    for claims in components(app, "claims"):
        for one in claims["claims"]:
            standing = one["standing"].partition(" ")[2]
            said.append(f"{standing}: {one['claim']} ({one['paper']})")
            said += [one["sentence"], one["rule"]]
    return "\n".join(said)


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


def test_overview() -> None:
    app = draw("overview", run="synthetic")
    for part in ("This run", "How far to trust it", "MLP blocks", "Queries", "Corpus"):
        assert part in words(app)
    assert app.selectbox(key="pick_run").options == ["broken", "synthetic"]


@pytest.mark.parametrize("side", ["helpful", "harmful"])
def test_rankings(side: str) -> None:
    app = draw("rankings", run="synthetic", query="5", side=side, score="normed")
    assert f"Most {side} documents" in words(app)
    assert "300 documents; by norm-corrected" in words(app)
    assert "influence ÷ gradient norm" in words(app)


def test_rankings_filtered_and_empty() -> None:
    app = draw("rankings", run="synthetic", query="5", source=["code"], text="slope", place="99")
    assert "of 300 documents pass" in words(app)
    app = draw("rankings", run="synthetic", query="5", text="no such words")
    assert "No document of this run passes the filter" in words(app)


def test_document_with_and_without_token_scores() -> None:
    app = draw("document", run="synthetic", query="0", doc="0")
    app.segmented_control(key="pick_alignment").set_value("update").run()
    assert app.segmented_control(key="pick_alignment").value == "update" and not app.exception
    assert "No token scores" not in words(app)
    app = draw("document", run="synthetic", query="0", doc="150")
    assert "No token scores for this pair" in words(app)


def test_next_document_and_next_query() -> None:
    app = draw("document", run="synthetic", query="0")
    assert "Place 1 of 300 documents, most helpful first" in words(app)
    app.button(key="document_after").click().run()
    assert "Place 2 of 300" in words(app) and "Document 1" in words(app)
    app.button(key="query_after").click().run()
    assert app.selectbox(key="pick_query").value == 1 and "Document 1" in words(app)


def test_rank_curves_and_method() -> None:
    app = draw("rank_curves", run="synthetic", query="3")
    for part in ("Slope over the top 50", "survival exponent", "P(|influence| > x)"):
        assert part in words(app)
    app.segmented_control(key="pick_unit").set_value("influence").run()
    assert not app.exception
    draw("method", run="synthetic")


@pytest.mark.parametrize(
    ("page", "address", "said"),
    [
        ("rankings", {"run": "nowhere"}, "names the run “nowhere”"),
        ("rankings", {"run": "synthetic", "query": "999"}, "names the query “999”"),
        ("rankings", {"run": "synthetic", "query": "<b>"}, "names the query “<b>”"),
        ("document", {"run": "synthetic", "query": "1", "doc": "9999"}, "document “9999”"),
        ("overview", {"run": "broken"}, "not a readable DuckDB file"),
    ],
)
def test_links_to_nothing_say_so(page: str, address: dict[str, str], said: str) -> None:
    assert said in words(draw(page, **address)).replace("\\", "")


def test_another_run_can_be_picked_after_a_broken_one() -> None:
    app = draw("overview", run="broken")
    app.selectbox(key="pick_run").select("synthetic").run()
    assert not app.error and "This run" in words(app)


def test_no_runs_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(tmp_path / "none"))
    assert "no such folder" in words(draw("overview")).replace("\\", "")
    monkeypatch.setenv("INFLUENCE_RUNS", str(tmp_path))
    assert "holds no run" in words(draw("overview")).replace("\\", "")


def test_numbers_in_words() -> None:
    assert [wording.signed(v) for v in (0.0, 0.0123456, -0.5, 1e-7, None, float("nan"))] == [
        "0", "+0.0123", "−0.500", "+1.00e−7", "–", "–",
    ]  # fmt: skip
    assert wording.duration(59.94) == "59.9 s" and wording.duration(3700) == "1 h 1 min"
    assert wording.label("$5 *a* [b](c)") == "\\$5 \\*a\\* \\[b\\]\\(c\\)"


def test_csv_is_inert(folder: Path) -> None:
    rows = StoreReader(folder / "synthetic.duckdb").rankings(0).documents
    assert csv_bytes(rows).decode("utf-8-sig").count("\n") >= len(rows)
    risky = replace(rows[0], snippet="=HYPERLINK(1)")
    assert b"'=HYPERLINK(1)" in csv_bytes([risky])
