"""Statistics of tokens against sums by hand, planted classes, and every standing of the claims."""

from __future__ import annotations

import numpy as np
import pytest

from attribution_engine.findings.token_claims import Evidence, token_claims
from attribution_engine.findings.token_classes import class_statistics
from attribution_engine.findings.tokens import (
    FREQUENCIES,
    ORDERS,
    Occurrences,
    TokenSums,
    kept_keys,
    measure,
    ordered,
    query_sums,
    token_statistics,
)
from attribution_engine.text.token_classes import CLASSES, CODE, CONNECTIVE, FENCE, MARKDOWN, OTHER

STRUCTURE = (CODE, MARKDOWN, FENCE)
GROUPS = (*((place,) for place in range(len(CLASSES))), STRUCTURE)


def occurrences(query: int, random: np.random.Generator, n: int = 400, keys: int = 30):
    """Invented occurrences in ten documents."""
    return Occurrences(
        query_id=query,
        keys=random.integers(0, keys, n),
        values=random.standard_t(2, n) * 10.0**query,
        docs=np.sort(random.integers(0, 10, n)),
        places=np.arange(n),
    )


def test_sums_are_those_by_hand() -> None:
    random = np.random.default_rng(0)
    sums, found = TokenSums(30), [occurrences(query, random) for query in range(3)]
    for one in found:
        sums.add(one, query_sums(one, top=50))
    documents = np.full(30, 5)
    for statistic in token_statistics(sums, np.zeros(30, np.int64), documents, range(30)):
        own = [one.values[one.keys == statistic.key] for one in found]
        every = np.concatenate(own)
        assert statistic.n == len(every)
        assert statistic.mean == pytest.approx(every.mean())
        assert statistic.mean_size == pytest.approx(abs(every).mean())
        shares = [abs(o).sum() / abs(f.values).sum() for o, f in zip(own, found, strict=True)]
        assert statistic.share == pytest.approx(np.mean(shares))
        assert statistic.class_share == pytest.approx(np.mean(shares))  # there is one class
        shares = [
            o[o < 0].sum() / f.values[f.values < 0].sum() for o, f in zip(own, found, strict=True)
        ]
        assert statistic.share_harmful == pytest.approx(np.mean(shares))
        for sign, top in ((1, statistic.top_helpful), (-1, statistic.top_harmful)):
            places = [np.argsort(-sign * f.values)[:50] for f in found]
            assert top == sum(
                int((f.keys[place] == statistic.key).sum())
                for f, place in zip(found, places, strict=True)
            )
        best = statistic.helpful
        assert best.score == every.max() and statistic.harmful.score == every.min()
        of = found[best.query_id]
        assert of.values[best.place] == best.score and of.docs[best.place] == best.doc_id


def test_the_strongest_are_of_their_sign_only() -> None:
    found = Occurrences(0, np.arange(3), np.array([0.0, 2.0, -1.0]), np.zeros(3), np.arange(3))
    sums = query_sums(found)
    assert sums.top_helpful.tolist() == [0, 1, 0] and sums.top_harmful.tolist() == [0, 0, 1]


def test_sums_join_and_queries_without_influence_count_for_nothing() -> None:
    random = np.random.default_rng(1)
    whole, parts = TokenSums(30), [TokenSums(30), TokenSums(30)]
    for query in range(4):
        one = occurrences(query, random)
        whole.add(one, query_sums(one))
        parts[query % 2].add(one, query_sums(one))
    none = Occurrences(9, np.arange(3), np.zeros(3), np.zeros(3), np.arange(3))
    whole.add(none, query_sums(none))
    parts[0].join(parts[1])
    assert parts[0].n_queries == whole.n_queries == 4
    for name, values in whole.sums.items():
        np.testing.assert_allclose(parts[0].sums[name], values)
    np.testing.assert_array_equal(parts[0].best_at, whole.best_at)
    np.testing.assert_array_equal(parts[0].worst_at, whole.worst_at)


def test_what_is_kept_holds_every_table_that_can_be_asked_for() -> None:
    random = np.random.default_rng(2)
    sums = TokenSums(800)
    for query in range(2):
        one = occurrences(query, random, n=4000, keys=800)
        sums.add(one, query_sums(one))
    classes = random.integers(0, 3, 800)
    documents = random.integers(1, 60, 800)
    kept = set(kept_keys(sums, classes, documents, first=3, listed=10).tolist())
    assert not {0, 1, 2} & kept and len(kept) < 700
    for name in ORDERS:
        for side in ("helpful", "harmful"):
            for least in FREQUENCIES:
                first = [k for k in ordered(sums, documents, name, side, least) if k > 2]
                assert set(first[:10]) <= kept
                of_class = [key for key in first if classes[key] == 1]
                assert set(of_class[:10]) <= kept
                values = measure(name, side, sums)[first]
                assert (np.diff(values) <= 0).all()


def planted(random: np.random.Generator, queries: int, boost: float, place: int = CONNECTIVE):
    """Sizes and counts of classes where one class carries `boost` times what the others do."""
    counts = random.multinomial(2000, [0.1, 0.15, 0.05, 0.02, 0.1, 0.08, 0.5], size=queries)
    each = random.gamma(4.0, 0.25, (queries, len(CLASSES)))
    each[:, place] *= boost
    return counts * each, counts.astype(float)


def test_shares_and_multipliers_are_those_by_hand() -> None:
    sizes, counts = planted(np.random.default_rng(3), 12, 1.0)
    sizes[4] = 0.0  # a query without influence
    found = class_statistics(sizes, counts, GROUPS, 500, 0)
    kept = [at for at in range(12) if at != 4]
    share = sizes[kept] / sizes[kept].sum(axis=1, keepdims=True)
    tokens = counts[kept] / counts[kept].sum(axis=1, keepdims=True)
    for place, one in enumerate(found[:-1]):
        assert one.share == pytest.approx(share[:, place].mean())
        assert one.token_share == pytest.approx(tokens[:, place].mean())
        assert one.multiplier == pytest.approx(share[:, place].mean() / tokens[:, place].mean())
        assert one.n == counts[kept][:, place].sum() and one.n_queries == 11
    assert sum(one.share for one in found[:-1]) == pytest.approx(1)
    assert found[-1].share == pytest.approx(share[:, STRUCTURE].sum(axis=1).mean())
    drawn = np.random.default_rng(0).integers(0, 11, (500, 11))
    ratios = share[:, CODE][drawn].mean(axis=1) / tokens[:, CODE][drawn].mean(axis=1)
    assert (found[CODE].low, found[CODE].high) == pytest.approx(
        tuple(np.quantile(ratios, [0.025, 0.975]))
    )


@pytest.mark.parametrize("boost", [0.4, 1.0, 3.0])
def test_a_planted_class_is_recovered_within_its_interval(boost: float) -> None:
    within = 0
    for seed in range(20):
        sizes, counts = planted(np.random.default_rng(seed), 40, boost)
        one = class_statistics(sizes, counts, GROUPS, 400, seed)[CONNECTIVE]
        truth = boost / (1 + 0.1 * (boost - 1))  # of what all tokens carry on the mean
        assert one.low is not None and one.high is not None
        within += one.low <= truth <= one.high
    assert within >= 16


def test_a_class_without_tokens_and_a_single_query() -> None:
    sizes, counts = planted(np.random.default_rng(4), 3, 1.0)
    sizes[:, FENCE] = counts[:, FENCE] = 0
    found = class_statistics(sizes, counts, GROUPS, 100, 0)
    assert found[FENCE].multiplier is None and found[FENCE].low is None
    one = class_statistics(sizes[:1], counts[:1], GROUPS, 100, 0)
    assert one[CODE].multiplier is not None and one[CODE].low is None
    assert class_statistics(sizes[:0], counts[:0], GROUPS, 100, 0) == []
    counts[:2, CODE] = sizes[:2, CODE] = 0  # some draws hold no such token
    assert class_statistics(sizes, counts, GROUPS, 100, 0)[CODE].low is None


def evidence(domain: str, boost: float, top: bool, queries: int = 30, many: int = 0) -> Evidence:
    """Of a domain whose class is planted, with one of its tokens among the first or not.

    Args:
        many: tokens of its class among those that are not first.
    """
    place = CONNECTIVE if domain == "math" else CODE
    sizes, counts = planted(np.random.default_rng(5), queries, boost, place)
    sums = TokenSums(40)
    values = np.arange(40.0, 0.0, -1.0)  # key 0 has the highest mean
    classes = np.full(40, OTHER)
    classes[[0, 1, 2, 3, 4] if top else 39] = place
    classes[20 : 20 + many] = place
    one = Occurrences(0, np.arange(40), values, np.zeros(40, np.int64), np.arange(40))
    sums.add(one, query_sums(one))
    return Evidence.of(
        domain,
        class_statistics(sizes, counts, GROUPS, 300, 0),
        sums,
        classes,
        np.full(40, 9),
        [f"word {key}" for key in range(40)],
        12,
        "predicted",
    )


@pytest.mark.parametrize(
    ("boost", "top", "queries", "standing", "said"),
    [
        (4.0, True, 30, "replicates", "“word 0”"),
        (4.0, False, 30, "does not", "none is such"),
        (0.2, True, 30, "does not", "multiplier 0."),
        (1.0, True, 4, "cannot tell", "multiplier"),
        (4.0, True, 1, "cannot tell", "one query gives none"),
    ],
)
@pytest.mark.parametrize("domain", ["math", "code"])
def test_every_standing(
    domain: str, boost: float, top: bool, queries: int, standing: str, said: str
) -> None:
    found = {domain: evidence(domain, boost, top, queries)}
    claims = {
        "math" if "math" in one.claim else "code": one
        for one in token_claims(found, {domain}, has_tokens=True)
    }
    assert claims[domain].standing == standing and said in claims[domain].sentence
    assert claims[domain].n_queries == queries and claims[domain].n_documents == 12
    other = claims["code" if domain == "math" else "math"]
    assert other.standing == "cannot tell" and "[[queries]]" in other.sentence


def test_a_class_of_many_tokens_has_some_among_the_first_by_chance() -> None:
    found = {"code": evidence("code", 4.0, True, many=15)}
    (claim,) = [one for one in token_claims(found, {"code"}, True) if "On code" in one.claim]
    assert claim.standing == "cannot tell"
    assert "5 are such" in claim.sentence and "4.0 of 8 by chance" in claim.sentence


def test_what_is_missing_is_said() -> None:
    for one in token_claims({}, {"math", "code"}, has_tokens=False):
        assert one.standing == "cannot tell" and "influence.levels" in one.sentence
    for one in token_claims({}, {"math", "code"}, has_tokens=True):
        assert one.standing == "cannot tell" and "other than 0" in one.sentence
