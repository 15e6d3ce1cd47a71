"""The finding tokens on a store with planted scores, against sums over texts by hand."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.records import InputError
from attribution_engine.store.finding_promises_tokens import PROMISES
from attribution_engine.text.token_classes import CLASSES, classify
from tests.finding_stages import token_store
from tests.finding_stages.token_store import BOOST, find, write


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = write(tmp_path_factory.mktemp("tokens") / "tokens.duckdb")
    find(path)
    return path


def rows(path: Path, sql: str) -> list[dict[str, Any]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def by_hand(path: Path, alignment: str, suite: str) -> dict[int, list[tuple[str, str, int, float]]]:
    """query -> (token, class, document, score) of each occurrence, joined one by one."""
    found: dict[int, list[tuple[str, str, int, float]]] = {}
    for row in rows(
        path,
        f"""SELECT query_id, doc_id, scores, text, d.token_ends, prompt_chars FROM token_influence
        JOIN documents d USING (doc_id) JOIN queries USING (query_id)
        WHERE alignment = '{alignment}' AND suite = '{suite}' ORDER BY 1, 2""",
    ):
        text, ends, start = row["text"], row["token_ends"], 0
        phrase = text.find("on the other hand")
        fences = [at for at in (text.find("```python"), text.rfind("```")) if at >= 0]
        said = found.setdefault(row["query_id"], [])
        before: Any = None
        for end, score, name in zip(ends, row["scores"], classify(text, ends), strict=True):
            whole = None
            if name == "connective" and phrase < end <= phrase + len("on the other hand"):
                whole = "phrase"
            if name == "fence":
                whole = max(at for at in fences if at < end)
            if whole is not None and whole == before:
                word, name, doc_id, total = said[-1]
                said[-1] = (word + text[start:end], name, doc_id, total + score)
            else:
                said.append((text[start:end], name, row["doc_id"], score))
            before, start = whole, end
            if alignment == "predicted" and end <= row["prompt_chars"]:
                said.pop()
    return found


@pytest.mark.parametrize("alignment", ["predicted", "update"])
def test_statistics_are_those_by_hand(store: Path, alignment: str) -> None:
    found = by_hand(store, alignment, "gsm8k_like")
    every = defaultdict(list)
    top: dict[tuple[str, str], int] = defaultdict(int)
    shares: dict[tuple[str, str], float] = defaultdict(float)
    for query, said in found.items():
        whole = sum(abs(score) for *_, score in said)
        for word, name, doc_id, score in said:
            key = (name, word.strip().casefold() or "⏎")
            every[key].append((query, doc_id, score))
            shares[key] += abs(score) / whole / len(found)
        strongest = sorted(said, key=lambda one: -one[3])[:200]
        for word, name, _, score in strongest:
            top[name, word.strip().casefold() or "⏎"] += score > 0
    listed = rows(
        store,
        f"""SELECT * FROM token_statistic WHERE scope = 'suite' AND suite = 'gsm8k_like'
        AND alignment = '{alignment}'""",
    )
    assert len(listed) > 20
    for row in listed:
        key = (row["token_class"], row["token"].casefold())
        if set(row["token"]) <= set("⏎␣"):
            continue
        own = every[key]
        scores = np.array([score for *_, score in own])
        assert row["n"] == len(own), key
        assert row["n_documents"] == len({doc_id for _, doc_id, _ in own})
        assert row["mean"] == pytest.approx(scores.mean(), rel=1e-5, abs=1e-6)
        assert row["mean_size"] == pytest.approx(abs(scores).mean(), rel=1e-5)
        assert row["share"] == pytest.approx(shares[key], rel=1e-5)
        assert row["top_helpful"] == top[key]
        assert row["helpful_score"] == pytest.approx(scores.max(), rel=1e-5)
        assert (row["helpful_query"], row["helpful_doc"]) in {one[:2] for one in own}
    phrase = next(row for row in listed if row["token"] == "on the other hand")
    assert phrase["token_class"] == "connective"


def test_class_shares_are_those_by_hand(store: Path) -> None:
    shares, tokens = defaultdict(list), defaultdict(list)
    for said in by_hand(store, "predicted", "mbpp_like").values():
        whole = sum(abs(score) for *_, score in said)
        for name in CLASSES:
            shares[name].append(sum(abs(one[3]) for one in said if one[1] == name) / whole)
            tokens[name].append(sum(one[1] == name for one in said) / len(said))
    for row in rows(
        store,
        """SELECT * FROM token_class_statistic WHERE suite = 'mbpp_like' AND source = 'tails'
        AND alignment = 'predicted' AND token_class <> 'structure'""",
    ):
        assert row["share"] == pytest.approx(np.mean(shares[row["token_class"]]), rel=1e-5)
        assert row["token_share"] == pytest.approx(np.mean(tokens[row["token_class"]]))


def test_what_is_planted_is_found_and_the_claims_replicate(store: Path) -> None:
    for claim in find(store):
        assert claim.standing == "replicates", claim
        assert claim.n_queries in (14, 12) and 10 <= claim.n_documents <= token_store.DOCUMENTS
    one = rows(
        store,
        """SELECT * FROM token_class_statistic WHERE scope = 'domain' AND suite = 'math'
        AND token_class = 'connective' AND alignment = 'predicted'""",
    )[0]
    # Of the connectives the phrase is not planted: it counts once, with the sum of four scores.
    said = [one for each in by_hand(store, "predicted", "gsm8k_like").values() for one in each]
    here = [word.strip() in token_store.CONNECTIVE_WORDS for word, name, *_ in said]
    size = np.where(here, BOOST, 1.0)
    phrase = np.array([name == "connective" for _, name, *_ in said]) & ~np.array(here)
    # E|sum of four scores of random sign| ÷ E|one score|, by drawing.
    random = np.random.default_rng(1)
    drawn = random.gamma(2.0, 1.0, (100_000, 4)) * random.choice([-1, 1], (100_000, 4))
    size[phrase] = abs(drawn.sum(1)).mean() / 2.0
    is_one = np.array([name == "connective" for _, name, *_ in said])
    truth = (size[is_one].sum() / size.sum()) / is_one.mean()
    assert one["low"] <= truth <= one["high"]


def test_nothing_planted_does_not_replicate(tmp_path: Path) -> None:
    path = write(tmp_path / "plain.duckdb", boost=0.2)
    assert [claim.standing for claim in find(path)] == ["does not", "does not"]


def test_promises_hold_and_break(store: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(store), read_only=True) as connection:
        for promise in PROMISES:
            assert connection.execute(promise.broken).fetchall() == [], promise.sentence
    broken = (
        "UPDATE token_class_statistic SET share = share + 0.1",
        "UPDATE token_class_statistic SET multiplier = 9 WHERE token_share > 0",
        "UPDATE token_class_statistic SET low = high + 1",
        "UPDATE token_statistic SET n_documents = n + 1",
        "UPDATE token_statistic SET helpful_end = 10000000",
        "UPDATE token_statistic SET harmful_start = harmful_start - 1 WHERE harmful_start > 0",
        "UPDATE token_statistic SET suite = 'none'",
        "INSERT INTO word_list SELECT * FROM word_list",
    )
    for at, (promise, change) in enumerate(zip(PROMISES, broken, strict=True)):
        path = tmp_path / f"{at}.duckdb"
        path.write_bytes(store.read_bytes())
        with duckdb.connect(str(path)) as connection:
            connection.execute(change)
            found = connection.execute(promise.broken).fetchall()
            assert found, promise.sentence
            promise.sentence.format(*found[0])


def test_examples_are_the_text_that_they_say(store: Path) -> None:
    for row in rows(
        store,
        """SELECT token, helpful_start AS a, helpful_end AS b, text FROM token_statistic
        JOIN documents ON doc_id = helpful_doc WHERE alignment = 'update'""",
    ):
        piece = row["text"][row["a"] : row["b"]]
        assert piece.casefold() == row["token"].casefold() or not piece.strip()


def test_word_lists_take_the_place_of_the_shipped_ones(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.duckdb"
    path.write_bytes(store.read_bytes())
    file = tmp_path / "words.toml"
    file.write_text('[connectives]\nmine = ["the sum"]\n', encoding="utf-8")
    find(path, FindingOptions(resamples=100, words=file))
    sql = "SELECT DISTINCT token FROM token_statistic WHERE token_class = 'connective'"
    assert rows(path, sql) == [{"token": "the sum"}]
    lists = rows(path, "SELECT * FROM word_list WHERE kind = 'connectives'")
    assert lists == [{"kind": "connectives", "name": "mine", "words": ["the sum"]}]
    find(path, FindingOptions(resamples=100))  # the store keeps its lists
    assert rows(path, sql) == [{"token": "the sum"}]
    with pytest.raises(InputError, match="cannot be read"):
        find(path, FindingOptions(words=tmp_path / "none.toml"))


def change(path: Path, *statements: str) -> Path:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["DELETE FROM token_influence"], "influence.levels"),
        (["DELETE FROM queries"], "[[queries]]"),
        (["UPDATE queries SET kind = 'factual'"], "[[queries]]"),
        (["UPDATE token_influence SET scores = [0.0 for x in scores]"], "other than 0"),
        (["UPDATE token_influence SET scores = ['nan'::FLOAT for x in scores]"], "other than 0"),
        (["DELETE FROM documents"], "other than 0"),
        (["UPDATE documents SET token_ends = []"], "other than 0"),
    ],
)
def test_odd_stores_say_what_is_missing(tmp_path: Path, statements: list[str], said: str) -> None:
    path = change(write(tmp_path / "odd.duckdb"), *statements)
    claims = find(path)
    assert [claim.standing for claim in claims] == ["cannot tell"] * 2
    assert all(said in claim.sentence for claim in claims), claims


def test_stranger_stores_still_give_figures(tmp_path: Path) -> None:
    path = write(tmp_path / "odd.duckdb", suites=(("gsm8k_like", 1), ("mbpp_like", 1)))
    claims = find(path)
    assert all("one query gives none" in claim.sentence for claim in claims)
    change(
        path,
        "UPDATE token_influence SET scores = list_prepend('nan'::FLOAT, scores[2:])",
        "UPDATE documents SET text = '' WHERE doc_id = 3",
        "UPDATE documents SET loss_ranges = [10, 30] WHERE doc_id % 3 = 0",
        "DELETE FROM documents WHERE doc_id = 5",
    )
    find(path)
    for row in rows(path, "SELECT * FROM token_statistic"):
        assert all(value == value for value in row.values())


def test_a_set_query_counts_where_its_domain_has_nothing_else(tmp_path: Path) -> None:
    path = write(tmp_path / "sets.duckdb", suites=(("gsm8k_like", 3), ("gsm8k_like_set", 1)))
    sets = "INSERT INTO query_items (query_id, item) SELECT query_id, 1 FROM queries WHERE suite "
    change(path, f"{sets} = 'gsm8k_like_set'")
    find(path)
    sql = """SELECT DISTINCT n_queries FROM token_class_statistic WHERE scope = 'domain'
    AND suite = 'math'"""
    assert rows(path, sql) == [{"n_queries": 3}]
    change(path, f"{sets} = 'gsm8k_like'")
    find(path)
    assert rows(path, sql) == [{"n_queries": 4}]


def test_sums_over_the_corpus_stand_beside_the_tails(tmp_path: Path) -> None:
    path = write(tmp_path / "corpus.duckdb", suites=(("gsm8k_like", 3),))
    change(
        path,
        """INSERT INTO token_class_influence
        SELECT query_id, domain, token_class, NULL, n, mean, NULL FROM queries,
        (VALUES ('a', 'connective', 10, 3.0), ('b', 'connective', 10, -1.0), ('a', 'other', 80,
        0.5)) t (domain, token_class, n, mean)""",
    )
    claims = find(path)
    assert "net sums over the whole corpus 2.50" in claims[0].sentence
    found = rows(
        path,
        """SELECT * FROM token_class_statistic WHERE source = 'corpus' AND scope = 'suite'
        AND token_class = 'connective'""",
    )
    assert found[0]["share"] == pytest.approx(0.5) and found[0]["token_share"] == pytest.approx(0.2)
    assert found[0]["n_documents"] == token_store.DOCUMENTS
