"""Files of figures and tables in Chromium, and the report opened from disk without a network."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Download, Page, expect

from attribution_engine.notes import Note
from pages.report import report_html
from tests.browser.clicks import tap
from tests.browser.conftest import PATIENCE
from tests.synthetic_store import write_synthetic_store

pytestmark = pytest.mark.browser

HOSTILE = '<img src=http://x.invalid/p onerror="window.harmed=1"> $5$ \'=1+1</script><script>'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_synthetic_store(folder / "demo.duckdb")
    return folder


def saved(page: Page, button: str, index: int = 0) -> Download:
    """The file that a button gives; the first PDF of a server waits for its library."""
    with page.expect_download(timeout=2 * PATIENCE) as download:
        tap(page.get_by_role("button", name=button, exact=True).nth(index))
    return download.value


def test_a_figure_is_saved_with_its_caption(page: Page, address: str) -> None:
    page.goto(f"{address}/rank_curves?run=demo&query=3")
    expect(page.locator(".js-plotly-plot .legend").first).to_be_visible()
    name = "rank-curves-demo-query-3"
    svg = saved(page, f"{name} as SVG")
    assert svg.suggested_filename == f"{name}.svg"
    drawn = Path(svg.path()).read_text(encoding="utf-8")
    words = " ".join(re.sub(r"<[^>]+>", " ", drawn).split())
    assert "Run demo · query 3 · k = 50" in words and "rank from this end" in words
    # The page itself is as it was.
    expect(page.locator(".js-plotly-plot .gtitle")).to_have_count(0)
    png = saved(page, f"{name} as PNG")
    assert Path(png.path()).read_bytes().startswith(b"\x89PNG")
    pdf = saved(page, "PDF")
    assert pdf.suggested_filename == f"{name}.pdf"
    assert Path(pdf.path()).read_bytes().startswith(b"%PDF")


def test_a_table_is_saved_in_three_forms(page: Page, address: str) -> None:
    page.goto(f"{address}/rank_curves?run=demo&query=3")
    tap(page.get_by_role("button", name="Export").nth(1))
    found = saved(page, "CSV")
    rows = list(csv.DictReader(io.StringIO(Path(found.path()).read_text("utf-8-sig"))))
    assert {row["kind"] for row in rows} == {"reasoning", "factual", "control"}
    assert Path(saved(page, "Parquet").path()).read_bytes().startswith(b"PAR1")
    assert r"\begin{longtable}" in Path(saved(page, "LaTeX").path()).read_text("utf-8")


def note(page: str, **address: str) -> Note:
    fields = {name: [value] for name, value in address.items()}
    return Note(1, 1.0, page, fields, "demo", "", HOSTILE, HOSTILE, (HOSTILE,), "", "", 1)


def test_the_report_from_disk_fetches_nothing_and_keeps_hover(
    page: Page, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))
    notes = [
        note("document", run="demo", query="0", doc="0"),
        note("rankings", run="demo", query="0", tails="both"),
        note("rank_curves", run="demo", query="3"),
    ]
    file = tmp_path / "report.html"
    file.write_bytes(report_html(notes))
    alone = page.context.browser.new_context(java_script_enabled=True)  # type: ignore[union-attr]
    alone.set_default_timeout(PATIENCE)
    opened = alone.new_page()
    asked: list[str] = []
    said: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.goto(file.as_uri())
    expect(opened.locator(".js-plotly-plot .legend")).to_have_count(2)
    opened.locator(".heat .t", has_text="harmed").first.hover()
    expect(opened.locator("#bubble")).to_contain_text(re.compile(r"nats · .* · token \d+"))
    opened.locator(".heat .text").first.focus()
    opened.keyboard.press("ArrowRight")
    expect(opened.locator("#bubble")).to_be_visible()
    # The bars of a logarithmic axis go on below it: the middle of one at the foot of the plot.
    plot = opened.locator(".js-plotly-plot").first
    plot.scroll_into_view_if_needed()
    foot = plot.locator(".nsewdrag").first.bounding_box()
    boxes = [bar.bounding_box() for bar in plot.locator(".bars .point path").all()]
    tallest = max((box for box in boxes if box), key=lambda box: box["height"])
    assert foot is not None
    across = tallest["x"] + tallest["width"] / 2
    opened.mouse.move(across, foot["y"] + foot["height"] - 6, steps=4)
    expect(opened.locator(".hoverlayer .hovertext").first).to_be_visible()
    assert opened.evaluate("window.harmed") is None
    expect(opened.locator("article h2").first).to_have_text(HOSTILE)
    assert [url for url in asked if not url.startswith("blob:")] == [file.as_uri()]
    assert not said
    alone.close()
