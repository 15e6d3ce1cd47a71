"""What a page begins with stands in its address."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages.parts.settled import STARTS
from pages.parts.view_fields import FIELDS, OF_ONE_RUN, SETTLED_BY_PAGES
from tests.pages.test_pages import draw
from tests.synthetic_store import write_synthetic_store
from tests.with_findings import add_findings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    add_findings(write_synthetic_store(folder / "demo.duckdb"))
    return folder


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


@pytest.mark.parametrize(
    "page", [one for one in SETTLED_BY_PAGES if one not in ("compare", "totals", "trust")]
)
def test_the_address_says_what_a_page_begins_with(page: str) -> None:
    app = draw(page, run="demo", query="4")
    for name in SETTLED_BY_PAGES[page]:
        assert app.query_params[name] not in ("", [""]), name


def test_pages_settle_fields_of_theirs() -> None:
    assert set(STARTS) == set(SETTLED_BY_PAGES)
    for page, names in SETTLED_BY_PAGES.items():
        assert set(names) <= set(FIELDS[page])
        assert set(names) <= {*OF_ONE_RUN, "other", "query2", "doc", "doc2"}
