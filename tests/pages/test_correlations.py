"""The page Correlations: heatmap, means, pairs, empty states, figures against numpy."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from attribution_engine.finding_stages import correlations
from attribution_engine.store.findings.correlations_views import CorrelationMatrix, TaskBlock
from attribution_engine.store.reader import StoreReader
from pages.parts.correlation_figures import brackets, correlation_heatmap
from pages.parts.print_figure import print_figure
from tests.finding_stages.filled import fill_into
from tests.pages.drawn import table_of
from tests.pages.test_pages import draw, words
from tests.synthetic_store import write_synthetic_store


def unopened(folder: Path) -> Path:
    """The same scores in a file that no page holds open."""
    return folder.with_suffix(".duckdb")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_synthetic_store(folder / "plain.duckdb")
    shutil.copy(folder / "plain.duckdb", unopened(folder))
    for name in ("synthetic", "constant"):
        shutil.copy(folder / "plain.duckdb", folder / f"{name}.duckdb")
    with duckdb.connect(str(folder / "constant.duckdb")) as connection:
        connection.execute("UPDATE influence SET influence = 0 WHERE query_id = 4")
        connection.execute(
            "UPDATE query_correlation SET pearson = NULL, spearman = NULL "
            "WHERE query_a = 4 OR query_b = 4"
        )
    for name in ("synthetic", "constant"):
        fill_into(folder / f"{name}.duckdb", correlations.fill)
    with duckdb.connect(str(folder / "plain.duckdb")) as connection:
        connection.execute("DELETE FROM query_correlation")
    return folder


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


def heatmap(app: AppTest) -> dict[str, Any]:
    (chart,) = app.get("plotly_chart")
    found: dict[str, Any] = json.loads(chart.proto.spec)
    return found


def exact(folder: Path) -> np.ndarray:
    with duckdb.connect(str(unopened(folder)), read_only=True) as connection:
        rows = connection.execute(
            "SELECT list(influence ORDER BY doc_id) FROM influence GROUP BY query_id "
            "ORDER BY query_id"
        ).fetchall()
    return np.array([row for (row,) in rows])


def test_the_cells_are_those_of_numpy(folder: Path) -> None:
    app = draw("correlations", run="synthetic")
    drawn = heatmap(app)["data"][0]
    matrix = np.corrcoef(exact(folder))
    ids = [int(name.split()[1].rstrip(",")) for name in drawn["x"]]
    assert ids == list(range(12)) and drawn["x"] == drawn["y"]  # reasoning, factual, control
    assert np.allclose(np.array(drawn["z"], float), matrix, atol=6e-4)
    assert (drawn["zmin"], drawn["zmax"]) == (-1, 1)
    said = words(app).replace("\\", "")
    assert "12 queries, 300 documents" in said
    assert "Each cell is Pearson" in said and "Mean correlation" in said


def test_the_means_are_those_of_numpy_and_rows_lead_to_the_scatter(folder: Path) -> None:
    app = draw("correlations", run="synthetic")
    matrix = np.corrcoef(exact(folder))
    rows = {row["cells"][0]: row for row in table_of(app, "Means by task")["rows"]}
    within = matrix[:3, :3][np.triu_indices(3, 1)].mean()
    row = rows["slope between two points: within the task"]
    assert float(row["cells"][1].replace("−", "-")) == pytest.approx(within, abs=6e-4)
    assert "compare?" in row["href"] and "mode=queries" in row["href"]
    rows = {row["cells"][0]: row for row in table_of(app, "Means by kind and control")["rows"]}
    across = matrix[:3, 3:6].mean()
    cells = rows["Reasoning: pairs of different tasks"]["cells"]
    assert float(cells[1].replace("−", "-")) == pytest.approx(across, abs=6e-4)
    low, high = (float(one.replace("−", "-")) for one in cells[2].split(" to "))
    assert low <= across + 6e-4 and high >= across - 6e-4
    pairs = table_of(app, "Strongest pairs")["rows"]
    first, second = map(int, pairs[0]["id"].split())
    upper = np.abs(matrix[np.triu_indices(12, 1)])
    assert abs(matrix[first, second]) == pytest.approx(upper.max())
    assert f"query={first}" in pairs[0]["href"] and f"query2={second}" in pairs[0]["href"]


def test_spearman_is_chosen_by_the_address_and_by_the_control() -> None:
    app = draw("correlations", run="synthetic", correlation="spearman")
    assert "Spearman" in str(heatmap(app)["data"][0]["colorbar"])
    app.segmented_control(key="pick_correlation").set_value("pearson").run()
    assert not app.exception and "Each cell is Pearson" in words(app)
    app = draw("correlations", run="synthetic", correlation="kendall")
    assert "Each cell is Pearson" in words(app)


def test_a_constant_query_is_an_empty_marked_row_and_is_said() -> None:
    app = draw("correlations", run="constant")
    drawn = heatmap(app)
    z = drawn["data"][0]["z"]
    assert all(one is None for one in z[4]) and all(row[4] is None for row in z)
    marks = next(trace for trace in drawn["data"] if trace["type"] == "scatter")
    assert len(marks["x"]) == 23
    assert "Query 4 has the same score for every document" in words(app)
    assert "nan" not in json.dumps(drawn).casefold().split('"')


def test_a_store_without_correlations_says_what_supplies_them() -> None:
    app = draw("correlations", run="plain")
    assert "holds no correlations of queries" in words(app)
    assert not app.get("plotly_chart")


def test_the_figure_prints(folder: Path) -> None:
    for name in ("synthetic", "constant"):
        matrix = StoreReader(folder / f"{name}.duckdb").correlation_matrix("pearson")
        assert matrix is not None
        assert print_figure(correlation_heatmap(matrix, "pearson"), "pdf").startswith(b"%PDF")


def test_labels_have_room_or_are_put_together() -> None:
    blocks = [TaskBlock("reasoning", "slopes", "slope", 0, 60),
              *(TaskBlock("factual", "facts", f"t{at}", 60 + at, 61 + at) for at in range(20)),
              TaskBlock("factual", "facts", "rivers", 80, 99),
              TaskBlock("control", "one", "lonely", 99, 100)]  # fmt: skip
    found = [(one.words, one.start, one.stop) for one in brackets(blocks, 100)]
    assert found == [("slope", 0, 60), ("facts, 20 tasks", 60, 80), ("rivers", 80, 99)]


def test_names_of_tasks_are_text(folder: Path) -> None:
    matrix = StoreReader(folder / "synthetic.duckdb").correlation_matrix("pearson")
    assert matrix is not None
    blocks = tuple(
        TaskBlock("<b>k</b>", "s", "<a href='x'>t</a>", one.start, one.stop)
        for one in matrix.blocks
    )
    hostile = CorrelationMatrix(
        matrix.queries, matrix.values, blocks, (), matrix.n_queries, matrix.n
    )
    figure = correlation_heatmap(hostile, "pearson")
    assert isinstance(figure, go.Figure)
    assert "<a" not in str(figure.layout.xaxis.ticktext) and "<b" not in str(figure.layout)
