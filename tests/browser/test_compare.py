"""Comparing two runs in Chromium: rows, points and links lead where they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from attribution_engine.store.comparison import Comparison
from attribution_engine.store.reader import StoreReader
from tests.browser.clicks import in_address, point_at, press, tap
from tests.synthetic_store import write_synthetic_store

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_synthetic_store(folder / "first.duckdb")
    write_synthetic_store(folder / "second.duckdb", method="gradient-dot", score_seed=1)
    return folder


@pytest.fixture(scope="module")
def comparison(folder: Path) -> Comparison:
    return Comparison(StoreReader(folder / "first.duckdb"), StoreReader(folder / "second.duckdb"))


def test_from_the_menu_to_a_document_of_the_other_run(
    page: Page, address: str, comparison: Comparison
) -> None:
    page.goto(f"{address}/rankings?run=first&query=6&side=harmful")
    expect(page.get_by_role("heading", name="Most harmful documents")).to_be_visible()
    tap(page.get_by_role("link", name="Compare"))
    expect(page.get_by_role("heading", name="Compare two runs")).to_be_visible()
    expect(page.locator(".facts").get_by_text("Gradient product")).to_be_visible()
    expect(page.locator(".js-plotly-plot .scatterlayer .point").first).to_be_visible()
    here, there = comparison.tops(6, "harmful", 10)
    left = page.get_by_role("table", name="Top documents of first")
    expect(left.locator("tbody").first).to_have_attribute("data-id", str(here[0].document.doc_id))
    expect(left.locator("tbody").first.locator("td").nth(2)).to_contain_text(
        str(here[0].other_rank)
    )
    right = page.get_by_role("table", name="Top documents of second")
    row = right.locator("tbody").nth(1)
    expect(row).to_have_attribute("data-id", str(there[1].document.doc_id))
    tap(row)
    expect(page.get_by_role("heading", name=f"Document {there[1].document.doc_id}")).to_be_visible()
    in_address(page, "run=second", "query=6", "side=harmful", f"doc={there[1].document.doc_id}")


def test_a_click_on_a_point_shows_its_document_and_reload_keeps_it(
    page: Page, address: str, comparison: Comparison
) -> None:
    page.goto(f"{address}/compare?run=first&query=6&other=second&plot=rank&top=10")
    points = page.locator(".js-plotly-plot .scatterlayer .trace").last.locator(".point")
    known = {str(one.here) for one in comparison.plane(6, "helpful", "rank", 10).points}
    # Of the last trace: documents at the top of both, or of the other run.
    page.mouse.click(*point_at(points.first))
    page.wait_for_url(re.compile(r"doc=\d+"))
    chosen = re.search(r"doc=(\d+)", page.url)
    assert chosen is not None and chosen[1] in known
    document = comparison.document(6, int(chosen[1]), "helpful")
    assert document is not None
    card = page.locator(".facts").filter(has_text=f"Document {chosen[1]}")
    expect(card).to_contain_text(f"rank {document.rank}")
    expect(card).to_contain_text(f"rank {document.other_rank}")
    page.reload()
    expect(card).to_contain_text(f"rank {document.other_rank}")
    tap(page.get_by_role("link", name="Read it in second"))
    expect(page.get_by_role("heading", name=f"Document {document.other_doc}")).to_be_visible()
    in_address(page, "run=second")


def test_plot_and_query_are_in_the_address_and_the_runs_swap(
    page: Page, address: str, comparison: Comparison
) -> None:
    page.goto(f"{address}/compare?run=first&query=6&other=second")
    press(page, "Scores")
    page.wait_for_url(re.compile("plot=score"))
    there = "second · Gradient product: nats per unit of learning rate"
    expect(page.locator(".js-plotly-plot .ytitle").filter(has_text=there)).to_be_visible()
    best = comparison.agreements()[0][0].query.query_id
    row = page.get_by_role("table", name="All shared queries").locator("tbody").first
    expect(row).to_have_attribute("data-id", str(best))
    tap(row)
    page.wait_for_url(re.compile(f"query={best}&"))
    expect(page.locator(".panel .name")).to_contain_text(f"Query {best} ")
    tap(page.get_by_role("button", name="Swap the runs"))
    page.wait_for_url(re.compile("run=second.*other=first"))
    across = page.locator(".js-plotly-plot .xtitle").filter(has_text=there)
    expect(across).to_be_visible()
    in_address(page, f"query={best}&", "plot=score")


def test_two_queries_a_point_and_both_heatmaps(page: Page, address: str, folder: Path) -> None:
    reader = StoreReader(folder / "first.duckdb")
    page.goto(f"{address}/compare?run=first&query=6&mode=queries&query2=2&plot=score&top=10")
    points = page.locator(".js-plotly-plot .scatterlayer .trace").last.locator(".point")
    page.mouse.click(*point_at(points.first))
    page.wait_for_url(re.compile(r"doc=\d+"))
    chosen = re.search(r"doc=(\d+)", page.url)
    assert chosen is not None
    card = page.locator(".facts").filter(has_text=f"Document {chosen[1]}")
    for query in (6, 2):
        one = reader.ranked_documents(query, [int(chosen[1])])[0]
        expect(card).to_contain_text(f"Under query {query}rank {one.rank}, score")
    tap(page.get_by_role("button", name="Both heatmaps side by side"))
    page.wait_for_url(re.compile("mode=document&"))
    in_address(page, f"doc={chosen[1]}", "query2=2&")
    texts = page.locator(".heatmap .text")
    expect(texts).to_have_count(2)
    expect(page.get_by_role("table", name=re.compile("Scores of document"))).to_have_count(2)
    tap(page.get_by_role("link", name=f"Read document {chosen[1]}").last)
    page.wait_for_url(re.compile("/document.*query=2&"))


def test_two_documents_stand_side_by_side(page: Page, address: str) -> None:
    page.goto(f"{address}/compare?run=first&query=6&mode=documents&doc=0&doc2=1")
    texts = page.locator(".heatmap .text")
    expect(texts).to_have_count(2)
    expect(texts.first).to_contain_text("<script>")
    expect(texts.last).to_contain_text("$5 and $10")
    tap(page.get_by_role("button", name="Swap the documents"))
    page.wait_for_url(re.compile("doc2=0&"))
    expect(texts.first).to_contain_text("$5 and $10")
