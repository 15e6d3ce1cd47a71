"""The stage of answers on planted documents, and against a search without any shortcut."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from attribution_engine.finding_stages import answers
from attribution_engine.finding_stages.answer_hits import KEPT, Wanted, search_all
from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.findings.answers import chance
from attribution_engine.findings.run_scores import QueryFacts, RunScores
from attribution_engine.judging.kept import KeptJudge
from attribution_engine.store.finding_promises_answers import PROMISES
from attribution_engine.store.finding_reads_answers import Candidates, texts_of
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.writer import StoreWriter
from attribution_engine.text.answer_keywords import keyword_set
from attribution_engine.text.answers import sought_places
from tests.finding_stages.filled import OPTIONS, broken, fill_into
from tests.finding_stages.planted_answers import N, planted_answers
from tests.judging.test_judging import Scripted
from tests.synthetic_store import write_synthetic_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted_answers(tmp_path_factory.mktemp("planted") / "planted.duckdb")


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_planted_facts_are_in_the_top_and_planted_steps_are_not(store: Path) -> None:
    with StoreReaderAt(store) as reader:
        about = reader.answers_about()
        assert about is not None and (about.top, about.claim_k) == (500, 12)
        assert (about.n_queries, about.n_without, about.n_sets) == (20, 0, 0)
        found = {(one.group, one.measure, one.part): one for one in reader.answer_shares(12)}
        assert found["factual", "answer", "top"].n_found == 10
        assert found["reasoning", "all steps", "top"].n_found == 0
        assert found["reasoning", "all steps", "corpus"].n_found == 10
        assert found["factual", "answer", "top"].chance == pytest.approx(chance(1, N, 12))
        claims = {one.claim: one.standing for one in reader.claims("answers")}
        assert list(claims.values()) == ["replicates"] * 3 + ["does not"]  # no formula there
        curves = {one.role: one for one in reader.answer_curves()}
        assert curves["factual"].shares[0] == 1.0 and curves["reasoning"].shares[3] == 0.0
        one = reader.answer_queries(12)[0]
        assert (one.found, one.first_rank, one.measure) == (True, 1, "answer")
    assert rows(store, "SELECT count(*) FROM answers WHERE what = 'answer' AND part = 'top'") == [
        (10,)
    ]


def test_every_place_is_shown_with_its_words_marked(store: Path) -> None:
    with StoreReaderAt(store) as reader:
        hits = [hit for query in range(20) for hit in reader.answer_hits(query)]
        assert len(hits) >= 30
        for hit in hits:
            shown = hit.snippet[hit.mark_start : hit.mark_end]
            assert shown == " ".join(hit.matched.split())
        assert {hit.part for hit in reader.answer_hits(12)} <= {"top", "bottom", "corpus"}
        assert all(hit.part == "top" for hit in reader.answer_hits(0, "top"))


def test_the_store_keeps_its_promises_about_answers(store: Path) -> None:
    assert broken(store, PROMISES) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE answers SET doc_id = 99999",
        "UPDATE answers SET matched = 'something else'",
        'UPDATE answers SET "end" = 100000',
        "UPDATE answers SET rank = rank + 1",
        "UPDATE answers SET part = 'corpus' WHERE part = 'top'",
        "UPDATE answers SET what = 'step zero'",
        "INSERT INTO answers SELECT * FROM answers LIMIT 1",
        "UPDATE answer_search SET n_top = 501",
        "UPDATE answer_search SET first_rank = NULL",
        "UPDATE answer_search SET first_rank = first_rank + 1",
        "UPDATE answer_search SET found_corpus = NOT found_corpus",
        "UPDATE answer_search SET n_read = n_candidates + 1",
        "UPDATE answer_search SET needed = 9",
        "UPDATE answer_search SET query_id = 999",
        "UPDATE answer_search SET k = 0",
        "UPDATE answer_search SET n_confirmed = 1",
        "INSERT INTO answer_search SELECT * FROM answer_search LIMIT 1",
    ],
)
def test_broken_promises_are_noticed(store: Path, tmp_path: Path, statement: str) -> None:
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(store.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute(statement)
    assert broken(copy, PROMISES)


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("noise") / "noise.duckdb"
    write_synthetic_store(path)
    fill_into(path, answers.fill)
    return path


@pytest.mark.parametrize("which", ["store", "noise"])
def test_counts_are_those_of_reading_every_document(
    which: str, request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(which)
    texts = rows(path, "SELECT doc_id, text FROM documents ORDER BY doc_id")
    ranks = {
        (q, d): rank for q, d, rank in rows(path, "SELECT query_id, doc_id, rank FROM influence")
    }
    searched = {
        (query_id, what): row
        for query_id, what, *row in rows(
            path, "SELECT query_id, what, n_top, n_bottom, n_corpus, first_rank FROM answer_search"
        )
    }
    k = min(500, len(texts))
    seen = set()
    for query_id, prompt, completion, reference, keywords in rows(
        path, "SELECT query_id, prompt, completion, reference, keywords::VARCHAR FROM queries"
    ):
        wanted = keyword_set(prompt, completion, reference, json.loads(keywords))
        for sought in wanted.all:
            holding = [d for d, text in texts if next(sought_places(text, sought), None)]
            mine = [ranks[query_id, d] for d in holding]
            top = [rank for rank in mine if rank <= k]
            bottom = [rank for rank in mine if rank > max(k, len(texts) - k)]
            seen.add((query_id, sought.what))
            assert searched[query_id, sought.what] == [
                len(top), len(bottom), len(mine) - len(top), min(top, default=None),
            ]  # fmt: skip
    assert seen == set(searched)


def test_candidates_are_all_that_can_hold_it(store: Path) -> None:
    """The index of words leaves out nothing that the texts say."""
    with duckdb.connect(str(store), read_only=True) as connection:
        candidates = Candidates(connection)
        texts = [one for part in texts_of(connection, np.arange(N)) for one in part]
        assert [doc_id for doc_id, _ in texts] == list(range(N))
        for _, prompt, completion, reference in rows(
            store, "SELECT query_id, prompt, completion, reference FROM queries"
        ):
            for sought in keyword_set(prompt, completion, reference, []).all:
                ids = set(candidates.of(sought).tolist())
                holding = {d for d, text in texts if next(sought_places(text, sought), None)}
                assert holding <= ids and len(ids) < N


def test_of_many_candidates_some_are_read_and_the_rest_is_estimated(store: Path) -> None:
    with duckdb.connect(str(store), read_only=True) as connection:
        texts = rows(store, "SELECT text FROM documents WHERE text LIKE '%Oz%'")
        (sought,) = keyword_set("", "", "Oz, the lake", []).all
        sought = type(sought)("answer", ("Oz",))
        facts = QueryFacts(0, "s", "s", "factual", True, 1.0, "", "", None, ())
        influence = np.zeros((1, N), np.float32)
        wanted = [Wanted(facts, [sought], {3: 1}, {4: N})]
        (whole,) = search_all(connection, wanted, influence, 0, read_at_most=N)
        (some,) = search_all(connection, wanted, influence, 0, read_at_most=100)
    assert whole.n_read == whole.n_candidates and some.n_read == 100
    assert whole.found().n == len(texts) and whole.counts["top"] == 1
    assert some.n_candidates == whole.n_candidates
    assert some.found().n == len(texts)  # every candidate says it, so the estimate is exact
    assert len(whole.hits["corpus"]) == KEPT["corpus"]


def test_a_judge_reads_places_of_top_documents(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "judged.duckdb"
    copy.write_bytes(store.read_bytes())
    asked: list[answers.Place] = []

    def confirm(places: list[answers.Place]) -> list[bool | None]:
        asked.extend(places)
        return [wanted in text if "capital" in prompt else None
                for prompt, wanted, text, *_ in places]  # fmt: skip

    def judged(writer: StoreWriter, scores: RunScores, options: Any) -> Any:
        for table in ("answers", "answer_search"):
            writer.clear(table)
        return answers.fill_with(writer, scores, options, confirm)

    fill_into(copy, judged)
    assert asked
    texts = dict(rows(copy, "SELECT doc_id, text FROM documents"))
    for prompt, wanted, excerpt, doc_id, start, end in asked:
        assert excerpt in texts[doc_id] and texts[doc_id][start:end] in excerpt
        if "capital" in prompt:
            assert texts[doc_id][start:end] == wanted
    assert len(asked) <= OPTIONS.judged_answers
    confirmed = rows(copy, "SELECT DISTINCT confirmed FROM answers WHERE part = 'top'")
    assert (True,) in confirmed
    assert rows(copy, "SELECT count(*) FROM answers WHERE part <> 'top' AND confirmed") == [(0,)]
    with StoreReaderAt(copy) as reader:
        about = reader.answers_about()
        assert about is not None and about.n_judged == about.n_confirmed >= 10
    assert broken(copy, PROMISES) == []


def test_the_judge_of_the_options_is_asked(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "judged.duckdb"
    copy.write_bytes(store.read_bytes())
    judge = KeptJudge(Scripted("QUESTION"))

    def judged(writer: StoreWriter, scores: RunScores, options: FindingOptions) -> Any:
        for table in ("answers", "answer_search"):
            writer.clear(table)
        return answers.fill(writer, scores, replace(options, judging=judge))

    fill_into(copy, judged)
    assert len(judge.new) >= 10
    assert rows(copy, "SELECT DISTINCT confirmed FROM answers WHERE part = 'top'") == [(True,)]


def test_it_is_the_same_without_an_index_of_words(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "unindexed.duckdb"
    copy.write_bytes(store.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        for table in ("words", "answers", "answer_search"):
            connection.execute(f"DELETE FROM {table}")
    fill_into(copy, answers.fill)
    sql = "SELECT query_id, what, n_top, n_corpus, first_rank FROM answer_search ORDER BY 1, 2"
    assert rows(copy, sql) == rows(store, sql)


class StoreReaderAt:
    """A reader that is closed afterwards."""

    def __init__(self, path: Path) -> None:
        self.reader = StoreReader(path)

    def __enter__(self) -> StoreReader:
        return self.reader

    def __exit__(self, *error: object) -> None:
        self.reader.close()
