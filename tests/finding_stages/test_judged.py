"""A judge takes the place of the rules: its readings and confirmations reach the findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from attribution_engine.finding_stages import answers, exploration
from attribution_engine.finding_stages.behaviour_readers import judged, readers_of
from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.findings_again import findings_again
from attribution_engine.judging.judges import Judge
from attribution_engine.judging.kept import KeptJudge
from attribution_engine.judging.questions import DEFINITIONS
from attribution_engine.records import Span
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.verify import verify
from attribution_engine.store.writer import StoreWriter
from tests.finding_stages.filled import fill_into
from tests.finding_stages.planted_answers import planted_answers
from tests.synthetic_store import write_synthetic_store

FEW = FindingOptions(resamples=50, blocks=20, judge="a judge", judged_spans=40, judged_answers=10)


class Scripted:
    """Affirms one behaviour everywhere, and every answer."""

    name = "scripted"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, prompts: Sequence[str]) -> list[str]:
        self.asked += prompts
        yes = (DEFINITIONS["verifies"], "ANSWER:")
        return ["yes" if any(one in prompt for one in yes) else "no" for prompt in prompts]


def test_documents_are_read_whole_or_not_at_all() -> None:
    read = judged(KeptJudge(Scripted()), 3)
    text = "One. Two. Three."
    spans = [Span(0, 5, "sentence"), Span(5, 10, "sentence"), Span(10, 16, "sentence")]
    assert read(text, spans[:2], 0) == ["verifies", "verifies"]
    assert read(text, spans, 0) is None  # three do not fit any more
    assert read(text, spans, 10) == [None, None, "verifies"]
    assert read(text, spans[:1], 0) is None


def test_rules_read_always_and_a_judge_where_one_is_asked() -> None:
    kept = KeptJudge(Scripted())
    assert [name for name, _ in readers_of(FindingOptions())] == ["rules"]
    assert [name for name, _ in readers_of(FindingOptions(judging=kept))] == ["rules", "scripted"]


@pytest.mark.slow
def test_what_a_judge_says_is_kept_in_the_store_and_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Scripted()

    def opened(*arguments: object) -> Judge:
        return judge

    monkeypatch.setattr("attribution_engine.finding_stages.all_findings.open_judge", opened)
    path = write_synthetic_store(tmp_path / "run.duckdb")
    claims = findings_again(path, None, FEW)
    first = len(judge.asked)
    assert first > 7 * 40
    assert verify(path) == []
    with duckdb.connect(str(path), read_only=True) as connection:
        names, n_spans = connection.execute(
            """SELECT list(DISTINCT behaviour), count(*) FROM behaviour_span
            WHERE detector = 'scripted'"""
        ).fetchall()[0]
        assert names == ["verifies"] and 0 < n_spans <= 40
        readers = connection.execute("SELECT DISTINCT reader FROM reading_score").fetchall()
        assert {"rules", "scripted"} <= {name for (name,) in readers}
        (n_kept,) = connection.execute("SELECT count(*) FROM judgement").fetchall()[0]
        assert n_kept == len(set(judge.asked))
    assert StoreReader(path).finding_settings()["judge"] == "scripted"
    assert findings_again(path, None, FEW) == claims
    assert len(judge.asked) == first  # nothing was asked again
    again = findings_again(path, None, replace(FEW, judge=""))
    assert [one.claim for one in again] == [one.claim for one in claims]
    assert len(judge.asked) == first
    assert [one.name for one in tmp_path.iterdir()] == ["run.duckdb"]


@pytest.mark.slow
def test_a_judge_confirms_answers_of_top_documents(tmp_path: Path) -> None:
    path = planted_answers(tmp_path / "run.duckdb")
    fill_into(
        path,
        lambda store, scores, options: answers.fill(
            _emptied(store), scores, replace(options, judging=KeptJudge(Scripted()))
        ),
    )
    with duckdb.connect(str(path), read_only=True) as connection:
        parts = dict(
            connection.execute("SELECT part, count(confirmed) FROM answers GROUP BY 1").fetchall()
        )
        wrong = connection.execute("SELECT count(*) FROM answers WHERE NOT confirmed").fetchall()
    assert parts["top"] >= 10 and wrong == [(0,)]
    assert not any(n for part, n in parts.items() if part != "top")  # it reads top documents only


def _emptied(store: StoreWriter) -> StoreWriter:
    for table in ("answers", "answer_search"):
        store.clear(table)
    return store


def test_stages_take_their_judge_from_the_options() -> None:
    # Neither opens one of its own: it is opened once, before anything is computed.
    for stage in (answers, exploration):
        assert "open_judge" not in vars(stage)
