"""The finding exploration on a store: what was planted is read, summed and told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from attribution_engine.finding_stages.exploration import fill
from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.findings.behaviour_figures import AFTER, OTHER, BehaviourRow
from attribution_engine.findings.claims import Claim
from attribution_engine.records import Span
from attribution_engine.store.finding_promises_exploration import PROMISES
from attribution_engine.store.finding_reads import read_run_scores
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.schema import SCHEMA_VERSION, SIGN
from attribution_engine.store.writer import StoreWriter
from tests.store import small_store

DOCUMENTS, QUERIES, TAIL, STEPS, CUT = 80, 4, 18, 8, 4
HELP = 3.0
STEP = "And so 2 is 1 + 1 now. "  # a step has as many tokens wherever it stands
PROMPT = "Question: 1 + 1?\n"
EXPLORES = "Alternatively it is so, and so it is. "


def build(path: Path, without: str = "", seed: int = 2) -> None:
    """A store of traces, every other one of which explores in steps that help by construction.

    Args:
        without: "spans", "cuts" or "marks" leaves these out.
    """
    random = np.random.default_rng(seed)
    steps = [[STEP] * STEPS for _ in range(DOCUMENTS)]
    for doc_id in range(0, DOCUMENTS, 2):
        steps[doc_id][3] = steps[doc_id][6] = EXPLORES
    texts = [PROMPT + "".join(one) for one in steps]
    lasts = [np.array([at for at, mark in enumerate(text) if mark == " "]) for text in texts]
    edges = [np.cumsum([0, len(PROMPT), *map(len, one)]).tolist() for one in steps]
    spans = [list(zip(one[:-1], one[1:], strict=True)) for one in edges]
    tables: dict[str, list[dict[str, Any]]] = {
        "run": [
            {"name": "traces", "schema_version": SCHEMA_VERSION, "token_alignment": "predicted",
             "n_documents": DOCUMENTS, "n_queries": QUERIES, "tail": TAIL, "method": "ek-fac",
             "seed": 0, "sign": SIGN}
        ],
        "documents": [
            {"doc_id": doc_id, "text": text, "prompt_chars": len(PROMPT),
             "n_tokens": len(lasts[doc_id]), "token_ends": (lasts[doc_id] + 1).tolist()}
            for doc_id, text in enumerate(texts)
        ],
        "spans": [],
        "queries": [],
        "influence": [],
        "token_influence": [],
        "span_influence": [],
    }  # fmt: skip
    for doc_id, span_id in product(range(DOCUMENTS), range(STEPS + 1)):
        start, end = spans[doc_id][span_id]
        marked = texts[doc_id][start:end] == EXPLORES and without != "marks"
        tables["spans"].append(
            {"doc_id": doc_id, "span_id": span_id, "start": start, "end": end,
             "kind": "passage" if marked else "sentence", "behaviour": AFTER if marked else None,
             "detector": "corpus" if marked else "rules"}
        )  # fmt: skip
    for query_id in range(QUERIES):
        suite, prompt = ("gsm8k", "3 + 4 =") if query_id < 2 else ("mbpp", "def f(x):\n  pass")
        tables["queries"].append(
            {"query_id": query_id, "suite": suite, "task": suite, "kind": "reasoning",
             "prompt": prompt, "completion": " 7", "nats": 2.0, "keywords": "[]", "n_tokens": 1,
             "token_ends": [len(prompt), len(prompt) + 2], "token_nats": [0.0, 2.0]}
        )  # fmt: skip
        scores = []
        for doc_id, last in enumerate(lasts):
            values = random.normal(0, 0.4, len(last)) * (last >= len(PROMPT))
            for start, end in spans[doc_id]:
                if texts[doc_id][start:end] == EXPLORES:
                    inside = (last >= start) & (last < end)
                    values[inside] += HELP / inside.sum()
            scores.append(values.astype(np.float32))
        totals = np.array([values.sum(dtype=float) for values in scores])
        order = np.argsort(-totals, kind="stable")
        ranks = np.argsort(order, kind="stable") + 1
        pair: dict[str, Any] = {"query_id": query_id}
        tables["influence"] += [
            {**pair, "doc_id": doc_id, "influence": totals[doc_id], "rank": int(ranks[doc_id]),
             "rank_normed": int(ranks[doc_id])}
            for doc_id in order.tolist()
        ]  # fmt: skip
        for doc_id in sorted([*order[:TAIL].tolist(), *order[-TAIL:].tolist()]):
            pair = {"query_id": query_id, "doc_id": doc_id, "alignment": "predicted"}
            tables["token_influence"].append({**pair, "scores": scores[doc_id].tolist()})
            for span_id, (start, end) in enumerate(spans[doc_id]):
                inside = (lasts[doc_id] >= start) & (lasts[doc_id] < end)
                total = float(scores[doc_id][inside].sum(dtype=float))
                cut = total + 0.5 if doc_id in order[:CUT] and span_id else None
                tables["span_influence"].append(
                    {**pair, "span_id": span_id, "influence": total,
                     "cut_influence": None if without == "cuts" else cut}
                )  # fmt: skip
    with duckdb.connect(str(path)) as connection:
        store = StoreWriter(connection)
        for table, rows in tables.items():
            if without != "spans" or not table.startswith("span"):
                store.insert(table, rows)


def computed(path: Path, **more: object) -> list[Claim]:
    """The claims, the tables filled."""
    with duckdb.connect(str(path)) as connection:
        found = connection.execute(
            "SELECT list(influence ORDER BY doc_id) FROM influence GROUP BY query_id "
            "ORDER BY query_id"
        ).fetchall()
        influence = np.array([row for (row,) in found], np.float32)
        store = StoreWriter(connection, create=False)
        scores = read_run_scores(connection, influence)
        claims = list(fill(store, scores, FindingOptions(resamples=400), **more))  # type: ignore[arg-type]
        store.insert("finding", map(asdict, claims))
        return claims


def broken(path: Path) -> list[str]:
    """The promises that a store breaks."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return [one.sentence for one in PROMISES if connection.execute(one.broken).fetchone()]


def row_of(rows: Sequence[BehaviourRow], detector: str, **wanted: object) -> BehaviourRow:
    wanted = {"suite": None, "domain": "math", "behaviour": AFTER, "side": "both",
              "level": "tokens", **wanted}  # fmt: skip
    (row,) = [
        row
        for row in rows
        if row.detector == detector
        and all(getattr(row, name) == value for name, value in wanted.items())
    ]
    return row


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traces") / "traces.duckdb"
    build(path)
    return path


@pytest.fixture(scope="module")
def claims(traces: Path) -> list[Claim]:
    return computed(traces)


def test_what_was_planted_is_recovered(traces: Path, claims: list[Claim]) -> None:
    rows = StoreReader(traces).behaviour_rows()
    for domain in ("math", "code"):
        row = row_of(rows, "corpus", domain=domain)
        assert row.difference_low is not None and row.difference_high is not None
        assert row.difference_low < HELP < row.difference_high
    assert {claim.standing for claim in claims[:3]} == {"replicates"}
    assert {claim.finding for claim in claims} == {"exploration"}
    assert broken(traces) == []


def test_the_figures_are_those_of_plain_numpy_on_the_same_store(
    traces: Path, claims: list[Claim]
) -> None:
    with duckdb.connect(str(traces), read_only=True) as connection:
        kept = connection.execute(
            """SELECT i.influence, i.cut_influence, s."end" - s."start", i.doc_id
            FROM span_influence i JOIN spans s USING (doc_id, span_id)
            WHERE behaviour = ? AND query_id < 2""",
            [AFTER],
        ).fetchall()
    sums = np.array([row[0] for row in kept])
    cuts = np.array([row[1] for row in kept if row[1] is not None])
    rows = StoreReader(traces).behaviour_rows()
    row = row_of(rows, "corpus")
    assert row.n == len(kept) and row.mean == pytest.approx(sums.mean(), rel=1e-5)
    assert row.n_documents == len({row[3] for row in kept})
    cut = row_of(rows, "corpus", level="cut")
    assert cut.n == len(cuts) and cut.mean == pytest.approx(cuts.mean())
    beside = row_of(rows, "corpus", level="tokens of cut")
    assert beside.mean == pytest.approx(cut.mean - 0.5, rel=1e-4)
    both, *ends = [
        row_of(rows, "corpus", behaviour=OTHER, side=side).n
        for side in ("both", "helpful", "harmful")
    ]
    assert sum(ends) == both and ends[0] < ends[1]  # those that explore are at the other end


def test_the_list_has_the_spans_with_their_texts(traces: Path, claims: list[Claim]) -> None:
    reader = StoreReader(traces)
    found = reader.behaviour_spans("corpus", AFTER, "helpful", 0, 5, ("gsm8k",))
    assert len(found.spans) == 5 and found.total > 5
    values = [one.influence for one in found.spans]
    assert values == sorted(values, reverse=True) and min(values) > 0
    for one in found.spans:
        assert one.text == EXPLORES and one.suite == "gsm8k"
        text = PROMPT + STEP * 3
        assert one.start in (len(text), len(text + EXPLORES + STEP * 2))
        assert one.control_start is not None and one.control_end is not None
    again = reader.behaviour_spans("corpus", AFTER, "helpful", 5, 5, ("gsm8k",))
    assert again.spans[0].influence <= values[-1]
    by_cut = reader.behaviour_spans("corpus", AFTER, "helpful", 0, 50, by_cut=True)
    assert all(one.cut_influence is not None for one in by_cut.spans) and by_cut.spans
    assert reader.behaviour_spans("corpus", "nothing", "helpful", 0, 5).total == 0


def test_any_reader_is_taken(traces: Path, tmp_path: Path) -> None:
    path = tmp_path / "judged.duckdb"
    build(path, without="marks")
    read: list[int] = []

    def judge(text: str, spans: Sequence[Span], prompt_chars: int) -> list[str | None]:
        read.append(prompt_chars)
        return [AFTER if text[s.start : s.end] == EXPLORES else None for s in spans]

    claims = computed(path, readers=[("Judge-1B", judge)])
    assert "by the judge Judge-1B" in claims[0].sentence
    assert claims[0].standing == "replicates"
    with duckdb.connect(str(path), read_only=True) as connection:
        documents = connection.execute(
            "SELECT count(DISTINCT doc_id) FROM token_influence"
        ).fetchall()[0][0]
        names = connection.execute("SELECT DISTINCT detector FROM behaviour_span").fetchall()
    assert len([one for one in read if one]) == documents  # each once, the labelled ones besides
    assert names == [("Judge-1B",)] and broken(path) == []


@pytest.mark.parametrize("without", ["spans", "cuts"])
def test_what_is_missing_is_said(tmp_path: Path, without: str) -> None:
    path = tmp_path / "less.duckdb"
    build(path, without=without)
    claims = computed(path)
    assert claims[3].standing == "cannot tell" and "cut_documents" in claims[3].sentence
    assert broken(path) == []
    assert StoreReader(path).behaviour_rows()


@pytest.mark.parametrize("method", ["ek-fac", "bm25", "self-influence", "gradient-cosine"])
def test_odd_stores_do_not_fail(tmp_path: Path, method: str) -> None:
    path = tmp_path / "small.duckdb"
    small_store.build(path, method)
    claims = computed(path)
    assert {claim.standing for claim in claims} == {"cannot tell"} and len(claims) == 4
    if method in ("bm25", "self-influence"):
        assert f"The method {method} has no token scores" in claims[0].sentence
    assert broken(path) == []


def test_broken_scores_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "odd.duckdb"
    build(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE token_influence SET scores = [1, 2] WHERE doc_id % 7 = 0")
        connection.execute(
            "UPDATE token_influence SET scores = [x * 'nan'::FLOAT FOR x IN scores] "
            "WHERE doc_id % 7 = 1"
        )
        connection.execute("UPDATE span_influence SET cut_influence = 'inf' WHERE doc_id % 7 = 2")
        connection.execute("UPDATE spans SET behaviour = 'b' || doc_id WHERE span_id = 1")
    computed(path)
    rows = StoreReader(path).behaviour_rows()
    assert rows and all(np.isfinite(row.mean) for row in rows)
    assert len({row.behaviour for row in rows if row.detector == "corpus"}) <= 21


def test_a_behaviour_span_that_moved_is_found(tmp_path: Path) -> None:
    path = tmp_path / "moved.duckdb"
    build(path)
    computed(path)
    assert broken(path) == []
    for change, said in (
        ('UPDATE behaviour_span SET "end" = 100000', "does not lie in its text"),
        ("UPDATE behaviour_score SET behaviour = 'x'", "has no behaviour"),
        ("UPDATE behaviour_score SET influence = influence + 50", "in span_influence"),
        ("UPDATE behaviour_influence SET low = high + 1", "the interval"),
        ("UPDATE behaviour_influence SET n = n + 1000 WHERE side = 'both'", "one by one"),
        ("UPDATE behaviour_score SET control_doc_id = 999999", "control outside"),
    ):
        with duckdb.connect(str(path)) as connection:
            connection.execute("BEGIN")
            connection.execute(change)
            found = [p.sentence for p in PROMISES if connection.execute(p.broken).fetchone()]
            connection.execute("ROLLBACK")
        assert any(said in one for one in found), (change, found)
