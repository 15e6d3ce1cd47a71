"""Two stores compared, against the same questions answered by pandas one query at a time."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from attribution_engine.records import InputError
from attribution_engine.store import plane as subject
from attribution_engine.store.comparison import Comparison
from attribution_engine.store.reader import StoreReader
from tests.synthetic_store import write_synthetic_store

N = 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_synthetic_store(folder / "here.duckdb")
    write_synthetic_store(folder / "it's there.duckdb", method="gradient-dot", score_seed=1)
    return folder


@pytest.fixture(scope="module")
def runs(folder: Path) -> tuple[Path, Path]:
    return folder / "here.duckdb", folder / "it's there.duckdb"


@pytest.fixture(scope="module")
def frames(runs: tuple[Path, Path]) -> list[pd.DataFrame]:
    """Scores of both runs."""
    found = []
    for path in runs:
        with duckdb.connect(str(path), read_only=True) as connection:
            found.append(connection.sql("FROM influence").df())
    return found


@pytest.fixture(scope="module")
def comparison(runs: tuple[Path, Path], frames: list[pd.DataFrame]) -> Comparison:
    """Asks for the frames first: DuckDB opens a file with one configuration at a time."""
    return Comparison(*map(StoreReader, runs))


def changed(source: Path, target: Path, *statements: str) -> Path:
    """A copy of a store, changed."""
    shutil.copy(source, target)
    with duckdb.connect(str(target)) as connection:
        for statement in statements:
            connection.execute(statement)
    return target


def test_the_same_corpus_is_known_by_its_texts(comparison: Comparison) -> None:
    match = comparison.documents()
    assert (match.n_here, match.n_there, match.n_shared, match.same) == (N, N, N, True)
    assert [(pair.query.query_id, pair.there) for pair in comparison.queries()] == [
        (query, query) for query in range(12)
    ]
    assert all(pair.same_completion for pair in comparison.queries())


def test_agreement_is_that_of_the_joined_tables(
    comparison: Comparison, frames: list[pd.DataFrame]
) -> None:
    for query in (0, 7):
        both = frames[0][frames[0].query_id == query].merge(
            frames[1][frames[1].query_id == query], on="doc_id"
        )
        found = comparison.agreement(query)
        scores = both[["influence_x", "influence_y"]].astype(float)
        assert found.n == N
        assert found.pearson == pytest.approx(scores.corr().iloc[0, 1], abs=1e-9)
        assert found.spearman == pytest.approx(scores.corr("spearman").iloc[0, 1], abs=1e-9)
        sizes = scores.abs().corr("spearman").iloc[0, 1]
        assert found.spearman_of_sizes == pytest.approx(sizes, abs=1e-9)
        for side, ascending in (("helpful", False), ("harmful", True)):
            for one in found.overlaps[side]:
                tops = [
                    set(both.sort_values(name, ascending=ascending).doc_id[: one.k])
                    for name in ("influence_x", "influence_y")
                ]
                assert one.n_both == len(tops[0] & tops[1])
                assert one.by_chance == pytest.approx(one.k**2 / N)


def test_queries_are_sorted_by_agreement_and_summed_up(comparison: Comparison) -> None:
    found = comparison.agreements()
    values = [agreement.spearman for _, agreement in found]
    assert len(values) == 12 and values == sorted(values, reverse=True)
    summary = comparison.summary()
    assert summary.median_spearman == pytest.approx(np.median(values))
    overlap = np.mean([agreement.overlaps["harmful"][0].n_both for _, agreement in found])
    assert summary.mean_overlap["harmful"] == pytest.approx(overlap)


@pytest.mark.parametrize("side", ["helpful", "harmful"])
def test_tops_name_the_rank_in_the_other_run(comparison, frames, side) -> None:
    lists = comparison.tops(5, side, 10)
    for listed, mine, other in ((lists[0], *frames), (lists[1], *frames[::-1])):
        mine, other = (
            one[one.query_id == 5].sort_values("influence", ascending=side == "harmful")
            for one in (mine, other)
        )
        assert [one.document.doc_id for one in listed] == mine.doc_id[:10].tolist()
        assert [one.rank for one in listed] == list(range(1, 11))
        places = {doc: place for place, doc in enumerate(other.doc_id, 1)}
        scores = dict(zip(other.doc_id, other.influence, strict=True))
        for one in listed:
            assert one.other_rank == places[one.document.doc_id]
            assert one.other_score == pytest.approx(scores[one.document.doc_id])


@pytest.mark.parametrize("plot", ["rank_log", "rank", "score"])
@pytest.mark.parametrize("side", ["helpful", "harmful"])
def test_a_density_holds_every_document_once(
    comparison, plot, side, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = comparison.plane(3, side, plot, 10, chosen=17)
    assert len(every.points) == N and not every.counts and every.chosen.here == 17
    monkeypatch.setattr(subject, "ALL_POINTS", 50)
    binned = comparison.plane(3, side, plot, 10, chosen=17)
    assert binned.chosen == every.chosen
    assert set(binned.points) == {one for one in every.points if one.at != "neither"}
    counts = np.zeros((len(binned.y_edges) - 1, len(binned.x_edges) - 1), dtype=int)
    for one in every.points:
        x = np.searchsorted(binned.x_edges, one.x, side="right") - 1
        y = np.searchsorted(binned.y_edges, one.y, side="right") - 1
        counts[min(y, len(counts) - 1), min(x, counts.shape[1] - 1)] += 1
    np.testing.assert_array_equal(counts, binned.counts)


def test_points_of_either_top_are_named(comparison: Comparison) -> None:
    overlap = comparison.agreement(3).overlaps["harmful"][1]
    points = comparison.plane(3, "harmful", "rank", 50).points
    at = {name: sum(one.at == name for one in points) for name in ("both", "here", "there")}
    assert at == {"both": overlap.n_both, "here": 50 - overlap.n_both, "there": 50 - overlap.n_both}
    assert all(one.x <= 50 and one.y <= 50 for one in points if one.at == "both")


def test_other_numbers_and_other_texts(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """Documents renumbered, every tenth text changed: matched by text, none invented."""
    other = changed(
        runs[1],
        tmp_path / "other.duckdb",
        "UPDATE documents SET doc_id = 299 - doc_id",
        "UPDATE influence SET doc_id = 299 - doc_id",
        "UPDATE documents SET text = text || '!' WHERE doc_id % 10 = 0",
    )
    here, there = map(StoreReader, (runs[0], other))
    comparison = Comparison(here, there)
    match = comparison.documents()
    assert (match.n_shared, match.same) == (270, False)
    assert comparison.agreement(2).n == 270
    for one in comparison.plane(2, "helpful", "score", 10).points:
        if one.there != 299 - one.here:  # of equal texts, those with the lowest numbers are paired
            texts = [here.document(2, one.here), there.document(2, one.there)]
            assert texts[0] is not None and texts[1] is not None
            assert texts[0].text == texts[1].text
    gone = comparison.document(2, 9, "helpful")
    assert gone is not None and gone.other_doc is None and gone.other_rank is None
    kept = comparison.document(2, 8, "harmful")
    assert kept is not None and kept.other_doc == 291
    twin = there.document(2, 291)
    assert twin is not None and kept.other_rank == N + 1 - twin.rank
    assert comparison.document(2, 5_000, "helpful") is None


def test_equal_texts_are_paired_one_to_one(runs: tuple[Path, Path], tmp_path: Path) -> None:
    same = "UPDATE documents SET text = 'again' WHERE doc_id IN (20, 40, 60{})"
    here = changed(runs[0], tmp_path / "a.duckdb", same.format(""))
    there = changed(runs[1], tmp_path / "b.duckdb", same.format(", 80"))
    comparison = Comparison(StoreReader(here), StoreReader(there))
    assert comparison.documents().n_shared == N - 1
    points = comparison.plane(0, "helpful", "rank", 10).points
    assert len({one.there for one in points}) == len({one.here for one in points}) == N - 1
    assert {(one.here, one.there) for one in points} >= {(20, 20), (40, 40), (60, 60)}


def test_queries_are_matched_by_suite_and_prompt(runs: tuple[Path, Path], tmp_path: Path) -> None:
    other = changed(
        runs[1],
        tmp_path / "other.duckdb",
        "UPDATE queries SET prompt = 'another' WHERE query_id = 3",
        "UPDATE queries SET suite = 'another' WHERE query_id = 4",
        "UPDATE queries SET completion = 'another' WHERE query_id = 5",
        "UPDATE queries SET query_id = 100 WHERE query_id = 0",
        "UPDATE influence SET query_id = 100 WHERE query_id = 0",
    )
    comparison = Comparison(*map(StoreReader, (runs[0], other)))
    assert comparison.pair(3) is None and comparison.pair(4) is None
    assert [pair.query.query_id for pair in comparison.queries()] == [0, 1, 2, *range(5, 12)]
    differing, moved = comparison.pair(5), comparison.pair(0)
    assert differing is not None and not differing.same_completion
    assert moved is not None and moved.there == 100 and moved.same_completion
    assert comparison.agreement(0).n == N
    with pytest.raises(KeyError):
        comparison.agreement(3)


def test_nothing_in_common_is_an_answer(runs: tuple[Path, Path], tmp_path: Path) -> None:
    other = changed(
        runs[1],
        tmp_path / "other.duckdb",
        "UPDATE documents SET text = text || ' elsewhere'",
        "UPDATE queries SET prompt = prompt || '?'",
    )
    comparison = Comparison(*map(StoreReader, (runs[0], other)))
    assert comparison.documents().n_shared == 0 and not comparison.documents().same
    assert comparison.queries() == () and comparison.summary().median_spearman is None


def test_equal_scores_have_no_correlation(runs: tuple[Path, Path], tmp_path: Path) -> None:
    flat = changed(runs[1], tmp_path / "flat.duckdb", "UPDATE influence SET influence = 0")
    comparison = Comparison(*map(StoreReader, (runs[0], flat)))
    assert comparison.agreement(1).spearman is None and comparison.agreement(1).pearson is None
    assert comparison.agreement(1).overlaps["helpful"][0].tied_second == N
    assert len(comparison.plane(1, "helpful", "score", 10).points) == N
    assert len(comparison.agreements()) == 12


def test_a_replaced_file_is_seen_by_a_new_comparison(
    runs: tuple[Path, Path], tmp_path: Path
) -> None:
    path = tmp_path / "run.duckdb"
    shutil.copy(runs[1], path)
    before = Comparison(*map(StoreReader, (runs[0], path)))
    first = before.agreement(1).spearman
    write_synthetic_store(tmp_path / "new.duckdb", score_seed=2)
    os.replace(tmp_path / "new.duckdb", path)
    before.there.close()
    after = Comparison(before.here, StoreReader(path))
    assert after.agreement(1).spearman != first and before.agreement(1).spearman == first


def test_a_file_that_is_gone_is_bad_input(runs: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "gone.duckdb"
    shutil.copy(runs[1], path)
    there = StoreReader(path)
    there.close()
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        Comparison(StoreReader(runs[0]), there)


def test_many_who_compare_share_one_pairing(
    runs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = map(StoreReader, runs)
    calls: list[object] = []
    slow = StoreReader.text_digests

    def counted(reader: StoreReader) -> object:
        calls.append(reader)
        return slow(reader)

    monkeypatch.setattr(StoreReader, "text_digests", counted)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: Comparison(here, there).agreement(2), range(8)))
    assert calls == [here, there] and all(one is found[0] for one in found)
    comparison = Comparison(here, there)
    assert len(comparison.missing()) == len(comparison.queries()) - 1
    comparison.agreements()
    assert not comparison.missing() and comparison.seconds(2) > 0
