"""Words of a store in what reads Markdown: they are text there, whatever they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from attribution_engine.findings.claims import FINDINGS
from tests.hostile_store import METHOD, TWIN
from tests.pages.test_pages import draw
from tests.store.tested_store import add_tests
from tests.synthetic_store import write_synthetic_store
from tests.with_findings import add_findings

PAGES: dict[str, dict[str, str]] = {
    "overview": {},
    "rankings": {"tails": "both"},
    "document": {"doc": "3"},
    "query": {},
    "search": {"doc": "3"},
    "compare": {"mode": "runs", "other": "plain", "doc": "3"},
    "rank_curves": {},
    "trust": {},
    **{finding: {} for finding in FINDINGS},
}
# What would make bold, coloured, code, a formula or an element of it; escaped, it is none.
MARKUP = re.compile(r"(?<!\\)(\*\*bold|:red\[|`=1|\$5|<img)")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_synthetic_store(folder / "plain.duckdb")
    add_findings(add_tests(write_synthetic_store(folder / f"{TWIN}.duckdb", method=METHOD)))
    return folder


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


def read_as_markdown(app: AppTest) -> list[str]:
    """Bodies, labels and help texts of everything but components."""
    kinds = (app.title, app.header, app.subheader, app.markdown, app.caption, app.error, app.info,
             app.warning, app.expander, app.button, app.selectbox, app.toggle,
             app.get("page_link"), app.get("popover"), app.get("plotly_chart"))  # fmt: skip
    found = []
    for one in (one for kind in kinds for one in kind):
        found += [str(getattr(one.proto, name, "")) for name in ("label", "help", "body")]
    return found


@pytest.mark.parametrize("page", PAGES)
def test_a_hostile_method_and_run_stay_text(page: str) -> None:
    app = draw(page, run=TWIN, query="4", **PAGES[page])
    said = read_as_markdown(app)
    assert [words for words in said if MARKUP.search(words)] == []
    if page in ("compare", "trust"):
        assert any(r"\*\*bold" in words for words in said)
