"""What a document does to suites, and two queries side by side, against plain loops."""

from __future__ import annotations

import pytest

from attribution_engine.store import query_pairs
from attribution_engine.store.comparison_views import Plane
from attribution_engine.store.effects import both_ends, by_suite
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import SCORES, SIDES, Score, Side
from tests.synthetic_store import write_synthetic_store

DOC = 17


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> StoreReader:
    return StoreReader(write_synthetic_store(tmp_path_factory.mktemp("store") / "one.duckdb"))


def test_suites_are_means_and_counts_over_their_queries(reader: StoreReader) -> None:
    effects = reader.query_effects(DOC)
    found = by_suite(effects)
    assert [one.suite for one in found] == ["slopes", "gsm8k", "facts", "controls"]
    assert sum(one.n_queries for one in found) == len(effects) == 12
    for one in found:
        own = [effect for effect in effects if effect.query.suite == one.suite]
        assert one.n_helped == sum(effect.influence > 0 for effect in own)
        assert one.n_harmed == sum(effect.influence < 0 for effect in own)
        assert one.mean == pytest.approx(sum(effect.influence for effect in own) / len(own))
        per_nat = [effect.influence / (effect.query.nats or 1) for effect in own]
        assert one.mean_per_nat == pytest.approx(sum(per_nat) / len(own))
    strongest = max(found, key=lambda one: abs(one.mean_per_nat or 0))
    assert abs(strongest.bar) == 1 and all(abs(one.bar) <= 1 for one in found)


def test_both_ends_are_complete_and_ordered_from_the_strongest(reader: StoreReader) -> None:
    effects = reader.query_effects(DOC)
    ends = both_ends(effects)
    assert len(ends.helped) + len(ends.harmed) + ends.n_neither == len(effects)
    assert all(one.influence > 0 for one in ends.helped)
    assert all(one.influence < 0 for one in ends.harmed)
    for listed in (ends.helped, ends.harmed):
        sizes = [abs(one.per_nat or 0) for one in listed]
        assert sizes == sorted(sizes, reverse=True) and len(sizes) > 1
    only = both_ends(effects, "gsm8k")
    assert {one.query.suite for one in (*only.helped, *only.harmed)} == {"gsm8k"}
    assert both_ends([]) == both_ends(effects, "no such suite")


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("score", SCORES)
def test_tops_of_two_queries(reader: StoreReader, side: Side, score: Score) -> None:
    k = 50
    found = reader.two_tops(4, 7, side, score, k)
    orders = {
        query: [one.doc_id for one in reader.rankings(query, side, score, 0, 300).documents]
        for query in (4, 7)
    }
    assert [one.document.doc_id for one in found.first] == orders[4][:k]
    assert [one.document.doc_id for one in found.second] == orders[7][:k]
    assert found.n_both == len(set(orders[4][:k]) & set(orders[7][:k])) > 0
    assert found.by_chance == pytest.approx(k * k / 300)
    for listed, here, there in ((found.first, 4, 7), (found.second, 7, 4)):
        twins = {one.doc_id: one for one in reader.ranked_documents(there, list(range(300)))}
        for one in listed:
            assert one.rank == orders[here].index(one.document.doc_id) + 1
            assert one.other_rank == orders[there].index(one.document.doc_id) + 1
            assert one.other_score == getattr(twins[one.document.doc_id], score)


def test_one_document_under_both_queries_and_in_the_plane(reader: StoreReader) -> None:
    one = reader.under_both(4, 7, DOC, "harmful", "normed")
    assert one is not None and one.rank == 301 - one.document.rank_normed
    assert reader.under_both(4, 7, 9999, "helpful", "influence") is None
    marked = query_pairs.with_chosen(Plane("score", 0, ()), one, "normed", 10).chosen
    assert marked is not None and marked.here == marked.there == DOC
    assert (marked.x, marked.y) == (one.document.normed, one.other_score)
    assert one.other_rank is not None
    assert marked.at == ["neither", "here", "there", "both"][
        (one.rank <= 10) + 2 * (one.other_rank <= 10)
    ]  # fmt: skip
