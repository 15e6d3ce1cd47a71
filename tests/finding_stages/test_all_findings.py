"""All findings go through on any store, say what is missing, and come out the same again."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import duckdb
import pytest

from attribution_engine.__main__ import main
from attribution_engine.finding_stages import all_findings
from attribution_engine.findings.claims import FINDINGS, STANDINGS
from attribution_engine.findings_again import findings_again
from attribution_engine.store.finding_schema import FINDING_TABLES
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.verify import verify
from tests.store.small_store import build

# Statements that take away what a finding may rest on.
ODD = {
    "as it is": "",
    "no groups": "UPDATE documents SET source = NULL, domain = NULL, category = NULL",
    "no nats": "UPDATE queries SET nats = NULL, n_tokens = 0, token_ends = [], token_nats = []",
    "no tokens": "DELETE FROM token_influence; DELETE FROM span_influence; DELETE FROM spans; "
    "DELETE FROM token_class_influence",
    "one query": "DELETE FROM queries WHERE query_id > 0; DELETE FROM influence WHERE query_id > 0;"
    "DELETE FROM token_influence WHERE query_id > 0; DELETE FROM query_items;"
    "DELETE FROM span_influence WHERE query_id > 0; DELETE FROM rank_fit WHERE query_id > 0;"
    "DELETE FROM rank_curve WHERE query_id > 0; DELETE FROM query_correlation;"
    "DELETE FROM token_class_influence WHERE query_id > 0; UPDATE run SET n_queries = 1",
    "a constant column": "UPDATE influence SET influence = 0 WHERE query_id = 1;"
    "UPDATE rank_fit SET slope = NULL, survival_exponent = NULL WHERE query_id = 1",
    "nothing is helpful": "UPDATE influence SET influence = -abs(influence)",
    "empty completions": "UPDATE queries SET completion = '', reference = NULL, correct = NULL",
    "one domain": "UPDATE documents SET domain = 'math', category = 'a', difficulty = 'hard'",
    "only controls": "UPDATE queries SET kind = 'control'",
    "no words": "DELETE FROM words",
}


def changed(path: Path, statement: str, method: str = "ek-fac") -> Path:
    """A small store, changed by statements."""
    build(path, method)
    with duckdb.connect(str(path)) as connection:
        connection.execute(statement or "SELECT 1")
    return path


def tables(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables of findings, but for the seconds that they took."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return {
            name: connection.execute(f"FROM {name}").fetchall()
            for name in FINDING_TABLES
            if name != "finding_setting"
        }


def check(path: Path) -> None:
    """Every finding says something, by rule, and no number is other than finite."""
    with duckdb.connect(str(path), read_only=True) as connection:
        claims = connection.execute("SELECT * FROM finding").fetchall()
        assert {claim[0] for claim in claims} == set(FINDINGS)
        assert [FINDINGS.index(claim[0]) for claim in claims] == sorted(
            FINDINGS.index(claim[0]) for claim in claims
        )
        for _, words, paper, standing, sentence, rule, n_queries, n_documents in claims:
            assert standing in STANDINGS and words and paper and sentence.endswith(".") and rule
            assert not {"nan", "inf", "None"} & set(sentence.replace(",", " ").split())
            assert n_queries >= 0 and n_documents >= 0
    for name, rows in tables(path).items():
        for row in rows:
            assert all(math.isfinite(one) for one in row if isinstance(one, float)), (name, row)


@pytest.mark.parametrize("statement", ODD.values(), ids=ODD)
def test_whatever_is_missing_every_finding_says_so(tmp_path: Path, statement: str) -> None:
    path = changed(tmp_path / "odd.duckdb", statement)
    findings_again(path)
    check(path)


@pytest.mark.parametrize("method", ["bm25", "self-influence", "gradient-cosine"])
def test_every_method_goes_through(tmp_path: Path, method: str) -> None:
    path = changed(tmp_path / "odd.duckdb", "", method)
    findings_again(path)
    check(path)
    assert verify(path) == []


def test_what_comes_out_is_the_same_again_and_keeps_every_promise(tmp_path: Path) -> None:
    path, other = changed(tmp_path / "a.duckdb", ""), tmp_path / "sub" / "b.duckdb"
    claims = findings_again(path)
    assert verify(path) == []
    assert findings_again(path, other) == claims
    assert tables(other) == tables(path)
    assert StoreReader(other).claims() == claims
    assert StoreReader(other).claims("answers") == [c for c in claims if c.finding == "answers"]
    settings = StoreReader(other).finding_settings()
    assert settings["top"] == 500 and set(settings["seconds"]) == set(FINDINGS)
    assert str(tmp_path) not in str(settings)


def test_the_command_prints_the_claims_and_leaves_the_old_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, other = changed(tmp_path / "a.duckdb", ""), tmp_path / "b.duckdb"
    before = path.read_bytes()
    assert main(["findings", str(path), "--output", str(other), "--resamples", "50"]) == 0
    said = capsys.readouterr().out
    assert all(f"{finding}: " in said for finding in FINDINGS) and f"{other}: written" in said
    assert path.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.duckdb", "b.duckdb"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.duckdb"], "no such file"),
        (["a.duckdb", "--output", "b.db"], "NAME.duckdb"),
        (["a.duckdb", "--top", "0"], "--top is at least 1"),
        (["a.duckdb", "--words", "none.toml"], "none.toml"),
        (["a.duckdb", "--judge", "http://127.0.0.1:9"], "--judge-model"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = changed(tmp_path / "a.duckdb", "").read_bytes()
    assert main(["findings", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error.splitlines()[-1] and "Traceback" not in error
    assert [one.name for one in tmp_path.iterdir()] == ["a.duckdb"]
    assert (tmp_path / "a.duckdb").read_bytes() == before


def test_an_interrupt_leaves_the_store_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    path = changed(tmp_path / "a.duckdb", "")
    before = path.read_bytes()
    monkeypatch.setitem(all_findings.STAGES, "tokens", interrupted)
    assert main(["findings", str(path)]) == 130
    assert path.read_bytes() == before and [one.name for one in tmp_path.iterdir()] == [path.name]
