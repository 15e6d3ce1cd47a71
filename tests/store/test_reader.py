"""The reader's answers against the same questions asked of data frames; one-line errors."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from attribution_engine.records import InputError
from attribution_engine.store import word_index
from attribution_engine.store.opening import list_stores
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.schema import SCHEMA_VERSION
from attribution_engine.store.views import SCORES, SIDES, DocumentFilter
from tests.synthetic_store import TAIL, write_synthetic_store


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_synthetic_store(tmp_path_factory.mktemp("runs") / "synthetic.duckdb")


@pytest.fixture(scope="module")
def reader(path: Path) -> StoreReader:
    return StoreReader(path)


@pytest.fixture(scope="module")
def frames(reader: StoreReader) -> dict[str, pd.DataFrame]:
    names = ("documents", "queries", "influence", "token_influence", "rank_curve", "rank_fit")
    with reader._cursor() as cursor:
        return {name: cursor.execute(f"SELECT * FROM {name}").fetchdf() for name in names}


def ranking(frames: dict[str, pd.DataFrame], query_id: int) -> pd.DataFrame:
    """The whole ranking of a query with every score, from the tables by pandas."""
    one = frames["influence"].query("query_id == @query_id").merge(frames["documents"], on="doc_id")
    nats = frames["queries"].set_index("query_id").loc[query_id, "nats"]
    one["per_nat"] = one["influence"] / nats
    one["normed"] = one["influence"] / one["gradient_norm"]
    return one


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("score", SCORES)
def test_page_of_ranking(reader, frames, side, score) -> None:
    whole = ranking(frames, 3).sort_values(score, ascending=side == "harmful", kind="stable")
    page = reader.rankings(3, side, score, offset=20, limit=30)
    expected = whole.iloc[20:50]
    assert page.total == len(whole) and page.offset == 20
    assert [one.doc_id for one in page.documents] == expected["doc_id"].tolist()
    for name in ("influence", "per_nat", "normed", "rank", "rank_normed"):
        assert [getattr(one, name) for one in page.documents] == pytest.approx(
            expected[name].tolist(), rel=1e-6
        )
    largest = max(abs(whole[score].iloc[0]), abs(whole[score].iloc[-1]))
    assert [one.bar for one in page.documents] == pytest.approx(
        (expected[score] / largest).tolist(), rel=1e-5
    )


@pytest.mark.parametrize(
    "only",
    [
        DocumentFilter(sources=("forum", "code"), difficulties=("easy",)),
        DocumentFilter(domains=("math",), text="slope"),
        DocumentFilter(categories=("facts",), text="ALTERNATIVELY"),
        DocumentFilter(text="$5 and $10"),
        DocumentFilter(text="100%_"),
        DocumentFilter(sources=("<i>$odd$ source</i>",)),
        DocumentFilter(text="'; DROP TABLE documents --"),
    ],
)
@pytest.mark.parametrize("score", ["influence", "normed"])
def test_filtered_page(reader, frames, only, score) -> None:
    whole = ranking(frames, 5).sort_values(score, ascending=True)
    for column, values in (
        ("source", only.sources),
        ("domain", only.domains),
        ("category", only.categories),
        ("difficulty", only.difficulties),
    ):
        if values:
            whole = whole[whole[column].isin(values)]
    if only.text:
        with reader._cursor() as cursor:
            whole = whole[whole["doc_id"].isin(word_index.scan(cursor, only.text))]
    for _ in range(2):  # the second time from what is remembered
        page = reader.rankings(5, "harmful", score, 2, 7, only)
        assert page.total == len(whole)
        assert [one.doc_id for one in page.documents] == whole["doc_id"].iloc[2:9].tolist()


def test_neighbours(reader, frames) -> None:
    order = ranking(frames, 2).sort_values("influence", ascending=False)["doc_id"].tolist()
    near = reader.neighbours(2, order[7])
    assert (near.place, near.previous, near.following, near.total) == (8, order[6], order[8], 300)
    assert reader.neighbours(2, order[0]).previous is None
    assert reader.neighbours(2, order[0], "harmful").following is None
    only = DocumentFilter(sources=("code",))
    assert reader.neighbours(2, 0, only=only).place is None
    listed = [one.doc_id for one in reader.rankings(2, "harmful", "normed", 0, 300, only).documents]
    near = reader.neighbours(2, listed[4], "harmful", "normed", only)
    assert (near.place, near.previous, near.following) == (5, listed[3], listed[5])


@pytest.mark.parametrize("score", SCORES)
def test_distribution(reader, frames, score) -> None:
    values = ranking(frames, 1)[score].to_numpy()
    shape = reader.distribution(1, score)
    assert sum(shape.counts) == len(values)
    assert shape.n_positive == (values > 0).sum() and shape.n_negative == (values < 0).sum()
    assert shape.helpful_from == pytest.approx(np.sort(values)[-TAIL], rel=1e-6)
    assert shape.harmful_from == pytest.approx(np.sort(values)[TAIL - 1], rel=1e-6)
    assert any(abs(edge) < 1e-12 for edge in shape.edges), "a bin straddles zero"
    positive = [c for c, low in zip(shape.counts, shape.edges) if low >= -1e-12]
    assert sum(positive) == (values >= 0).sum()


def test_query_effects(reader, frames) -> None:
    one = frames["influence"].query("doc_id == 17").merge(frames["queries"], on="query_id")
    one["per_nat"] = one["influence"] / one["nats"]
    one = one.sort_values("per_nat", ascending=False)
    effects = reader.query_effects(17)
    assert [effect.query.query_id for effect in effects] == one["query_id"].tolist()
    assert [effect.rank for effect in effects] == one["rank"].tolist()
    assert max(abs(effect.bar) for effect in effects) == pytest.approx(1.0)


@pytest.mark.parametrize("unit", ["per_nat", "influence"])
def test_curves_by_query_and_kind(reader, frames, unit) -> None:
    curve = frames["rank_curve"].merge(frames["queries"], on="query_id")
    size = curve["influence"].where(curve["side"] == "helpful", -curve["influence"])
    curve["size"] = size / curve["nats"] if unit == "per_nat" else size
    curve = curve.sort_values(["side", "query_id", "rank_low"])
    grouped = curve.groupby(["side", "query_id"])["size"]
    curve = curve[grouped.transform(lambda sizes: (sizes > 0).cummin()).astype(bool)]
    for one in reader.rank_curves(unit):
        expected = curve[(curve["side"] == one.side) & (curve["query_id"] == one.query_id)]
        assert one.values == pytest.approx(expected["size"].tolist(), rel=1e-6)
    kinds = reader.kind_curves(unit)
    assert {one.kind for one in kinds} == {"reasoning", "factual", "control"}
    for one in kinds:
        mine = curve[(curve["side"] == one.side) & (curve["kind"] == one.kind)]
        logs = np.log(mine["size"]).groupby(mine["rank"]).agg(["mean", "std", "count"])
        logs = logs[logs["count"] == one.n_queries]
        assert one.ranks == pytest.approx(logs.index.tolist())
        assert one.values == pytest.approx(np.exp(logs["mean"]).tolist(), rel=1e-6)
        assert one.high == pytest.approx(np.exp(logs["mean"] + logs["std"]).tolist(), rel=1e-5)


def test_slopes_and_suites(reader, frames) -> None:
    fits = frames["rank_fit"].merge(frames["queries"], on="query_id")
    expected = fits.groupby(["kind", "side"])["slope"].agg(["mean", "std"])
    for one in reader.slope_groups():
        row = expected.loc[one.kind, one.side]
        assert (one.mean, one.deviation) == pytest.approx((row["mean"], row["std"]))
    suites = reader.suites()
    assert [one.suite for one in suites] == ["slopes", "gsm8k", "facts", "controls"]
    assert [(one.n_queries, one.n_known, one.n_correct) for one in suites] == [(3, 2, 1)] * 4
    assert sum(one.n_documents for one in reader.sources()) == 300
    assert len(reader.queries(suite="facts")) == 3 and len(reader.queries(search="#7")) == 1
    assert reader.query(99) is None


def test_many_threads(reader) -> None:
    wrong: list[Exception] = []

    def ask(query_id: int) -> None:
        try:
            for _ in range(5):
                assert reader.rankings(query_id, only=DocumentFilter(text="slope")).total
                assert reader.document(query_id, 1)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_store_reaches_nothing_else(reader) -> None:
    with pytest.raises(InputError, match="disabled"), reader._cursor() as cursor:
        cursor.execute("SELECT * FROM read_text('/etc/hostname')")
    with pytest.raises(InputError, match="read-only"), reader._cursor() as cursor:
        cursor.execute("DELETE FROM run")


def refuses(path: Path, words: str) -> None:
    with pytest.raises(InputError) as error:
        StoreReader(path)
    message = str(error.value)
    assert words in message and str(path) in message and "\n" not in message


def test_one_line_for_every_broken_store(path: Path, tmp_path: Path) -> None:
    refuses(tmp_path / "none.duckdb", "no such file")
    whole = path.read_bytes()
    for name, content in (
        ("empty", b""),
        ("text", b"not a database\n" * 1000),
        ("head", whole[:5000]),
        ("half", whole[: len(whole) // 2]),
    ):
        broken = tmp_path / f"{name}.duckdb"
        broken.write_bytes(content)
        refuses(broken, "copy it again")

    def changed(name: str, statement: str) -> Path:
        copy = tmp_path / f"{name}.duckdb"
        shutil.copy(path, copy)
        with duckdb.connect(str(copy)) as connection:
            connection.execute(statement)
            connection.execute("CHECKPOINT")
        return copy

    refuses(changed("newer", f"UPDATE run SET schema_version = {SCHEMA_VERSION + 1}"), "version")
    refuses(changed("unfinished", "DELETE FROM run"), "not complete")
    refuses(changed("other", "DROP TABLE run"), "no store")
    refuses(changed("table", "DROP TABLE rank_fit"), "no table `rank_fit`")
    refuses(changed("column", "ALTER TABLE influence DROP rank_normed"), "column `rank_normed`")
    with_wal = tmp_path / "wal.duckdb"
    shutil.copy(path, with_wal)
    with_wal.with_name("wal.duckdb.wal").write_bytes(b"")
    refuses(with_wal, "still being written")


def test_a_store_held_by_a_writer(path: Path, tmp_path: Path) -> None:
    held = tmp_path / "held.duckdb"
    shutil.copy(path, held)
    hold = (
        f"import duckdb, sys; c = duckdb.connect({str(held)!r}); "
        "print(flush=True); sys.stdin.read()"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert writer.stdout is not None
        writer.stdout.readline()
        refuses(held, "held by a writer")
    finally:
        writer.communicate()


def test_folder_of_runs(path: Path, tmp_path: Path) -> None:
    assert list_stores(path.parent) == [path]
    with pytest.raises(InputError, match="no such folder"):
        list_stores(tmp_path / "none")
    with pytest.raises(InputError, match="holds no run"):
        list_stores(tmp_path)


def test_queries_whose_size_is_beyond_the_linear_range(reader, frames) -> None:
    n = len(frames["documents"])
    lowest = frames["influence"].groupby("query_id")["influence"].min()
    nats = frames["queries"].set_index("query_id")["nats"]
    assert reader.beyond_linear() == int((-lowest / n > nats).sum())
