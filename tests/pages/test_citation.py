"""Citations: what is written can be typed, and leads where it came from or says why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from attribution_engine.records import InputError
from pages.parts import runs
from pages.parts.citation import Citation, citation, parse, resolve, run_ids
from tests.store import small_store

IDS = {"demo": "858b218408d5", "demo_large": "98d29b4a6c8f", "copy": "858b21ffffff", "odd": "odd"}


@pytest.mark.parametrize(
    ("cited", "meant"),
    [
        (citation("858b218408d5"), Citation("858b21")),
        (citation("858b218408d5", 12), Citation("858b21", 12)),
        (citation("858b218408d5", 12, 345), Citation("858b21", 12, 345)),
        (citation("858b218408d5", 12, 345, (120, 180)), Citation("858b21", 12, 345, (120, 180))),
        (citation("A run: 1", "3", "0"), Citation("arun1", 3, 0)),
    ],
)
def test_what_is_written_is_read(cited: str, meant: Citation) -> None:
    assert parse(cited) == meant
    for between in "./-_, :":
        assert parse(cited.replace("·", between)) == meant
    assert parse(f" [{cited.upper()}] ") == meant
    assert parse(cited.replace("-", "–")) == meant


def test_how_it_looks() -> None:
    assert citation("858b218408d5", 12, 345, (120, 180)) == "858b21·q12·d345·c120-180"
    assert citation("858b218408d5", 12, "", (1, 2)) == "858b21·q12"
    assert citation("858b218408d5", None, 3) == "858b21"


@pytest.mark.parametrize(
    "text",
    ["", "·", "858b21·d3", "858b21·q3·c1-2", "858b21·q3·d1·c9-3", "858b21·q3·d1·c9", "q·d", "a b c",
     "858b21·q3·d1·c1-2·x", "858b21·q9999999999", "<img src=x>", "../../etc/passwd",
     "q" * 10**5 + "!"],
)  # fmt: skip
def test_what_is_no_citation(text: str) -> None:
    assert parse(text) is None


def test_a_run_is_found_by_the_beginning_of_its_id() -> None:
    assert resolve(Citation("98d2"), IDS) == "demo_large"
    assert resolve(Citation("858b218"), IDS) == "demo"
    assert resolve(Citation("odd"), IDS | {"other": "oddity"}) == "odd"
    with pytest.raises(InputError, match=r"2 runs' ids: 858b218408d5 \(demo\), 858b21ffffff"):
        resolve(Citation("858b21"), IDS)
    with pytest.raises(InputError, match=r"begins with “abc”.*98d29b \(demo_large\)"):
        resolve(Citation("abc"), IDS)
    with pytest.raises(InputError, match="none that can be read"):
        resolve(Citation("abc"), {})


def test_where_it_leads() -> None:
    assert Citation("x").page == "overview" and Citation("x", 1).page == "query"
    passage = Citation("x", 1, 2, (3, 4))
    assert passage.page == "document"
    assert passage.fields("demo") == {"run": "demo", "query": "1", "doc": "2", "span": "3-4"}


def test_a_run_that_was_removed_meanwhile_has_no_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_store.build(tmp_path / "here.duckdb")
    found = {name: tmp_path / f"{name}.duckdb" for name in ("gone", "here")}
    monkeypatch.setattr(runs, "stores", lambda: found)
    assert list(run_ids()) == ["here"]
