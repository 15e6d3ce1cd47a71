"""A document under a query: its scores at every level, its scales, overlays, passages, tokens."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import numpy as np
import pytest

from attribution_engine.records import InputError
from attribution_engine.store.document_views import LevelName
from attribution_engine.store.reader import StoreReader
from attribution_engine.text.token_classes import CLASSES, classify
from tests.store import small_store
from tests.store.plain_cells import plain_cells, plain_clip, plain_shade
from tests.synthetic_store import TAIL, write_synthetic_store

LEVELS: tuple[LevelName, ...] = ("token", "word", "sentence", "step", "behaviour")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which document 5 has scores on query 0, and spans with behaviours."""
    path = write_synthetic_store(tmp_path_factory.mktemp("runs") / "synthetic.duckdb")
    with duckdb.connect(str(path)) as connection:
        connection.execute("DELETE FROM spans")
        connection.executemany(
            "INSERT INTO spans VALUES (5, ?, ?, ?, 'passage', ?, 'rules')",
            [(0, 0, 40, None), (1, 40, 90, "verifies"), (2, 90, 130, "explores_before_answer"),
             (3, 130, 200, "recalls")],
        )  # fmt: skip
        n, influence = connection.execute(
            """SELECT n_tokens, influence FROM documents JOIN influence USING (doc_id)
            WHERE doc_id = 5 AND query_id = 0"""
        ).fetchone() or (0, 0.0)
        values = 1e-3 * np.random.default_rng(0).standard_t(2, n)
        values += (influence - values.sum()) / n
        connection.execute(
            "INSERT INTO token_influence VALUES (0, 5, 'predicted', $1), (0, 5, 'update', $1)",
            [values.tolist()],
        )
        connection.execute("INSERT INTO token_influence VALUES (0, 150, 'odd', [1, 2])")
        connection.execute("UPDATE queries SET reference = '12', keywords = '[\"slope is\"]'")
    return path


@pytest.fixture(scope="module")
def reader(path: Path) -> StoreReader:
    return StoreReader(path)


def kept(reader: StoreReader) -> list[tuple[int, int, str]]:
    return reader._rows(
        "SELECT query_id, doc_id, alignment FROM token_influence"
        " WHERE alignment <> 'odd' ORDER BY ALL"
    )


def test_a_document_and_its_tokens_are_those_of_the_plain_loop(reader: StoreReader) -> None:
    for query_id, doc_id, alignment in kept(reader)[:24]:
        text, ends, values = reader._rows(
            """SELECT text, token_ends, scores FROM documents JOIN token_influence USING (doc_id)
            WHERE query_id = ? AND doc_id = ? AND alignment = ?""",
            [query_id, doc_id, alignment],
        )[0]
        view = reader.document(query_id, doc_id)
        scores = reader.token_scores(query_id, doc_id, alignment)
        assert view is not None and scores is not None
        assert view.text == text and alignment in view.alignments
        classes = [CLASSES.index(name) for name in classify(text, ends)]
        twin = plain_cells(text, ends, classes, values)
        cells = scores.cells
        assert cells.text == text[: view.seen_chars] == "".join(cell.text for cell in twin)
        assert scores.values == pytest.approx([cell.value for cell in twin])
        assert cells.classes.tolist() == [cell.token_class for cell in twin]
        assert int(cells.counts.sum()) == view.n_tokens
        assert abs(scores.gap) < 1e-6
        assert scores.total == pytest.approx(view.influence, abs=1e-6)
    assert reader.token_scores(0, 200, "predicted") is None
    unscored = reader.document(0, 200)
    assert unscored is not None and unscored.alignments == ()
    assert reader.document(0, 10_000) is None and reader.document(99, 0) is None
    with pytest.raises(KeyError):
        reader.document_cells(10_000)


@pytest.mark.parametrize("level", LEVELS)
def test_the_sums_of_every_level_are_the_influence(reader: StoreReader, level: LevelName) -> None:
    for query_id, doc_id, alignment in kept(reader)[:30]:
        document = reader.document(query_id, doc_id)
        found = reader.reading(query_id, doc_id, alignment, level)
        assert document is not None and found is not None
        assert found.sums.sum() == pytest.approx(document.influence, abs=1e-6)
        starts = [*found.units.starts.tolist(), len(found.scores.cells)]
        for at, (first, end) in enumerate(zip(starts, starts[1:])):
            assert found.sums[at] == pytest.approx(sum(found.scores.values[first:end]))
        clip = plain_clip(found.sums.tolist())
        assert found.clip.value == pytest.approx(clip)
        assert found.shades.tolist() == [plain_shade(one, clip) for one in found.sums.tolist()]
        assert found.n_clipped == sum(abs(one) > clip for one in found.sums.tolist())
        values = [found.sums[at] for at in found.most_helpful]
        assert values == sorted(values, reverse=True) and all(one > 0 for one in values)


def test_steps_of_a_stored_span_have_its_influence(tmp_path: Path) -> None:
    small_store.build(tmp_path / "small.duckdb")
    reader = StoreReader(tmp_path / "small.duckdb")
    pairs = reader._rows("SELECT DISTINCT query_id, doc_id FROM span_influence")
    assert pairs
    for query_id, doc_id in pairs:
        found, spans = (
            reader.reading(query_id, doc_id, "predicted", "step"),
            reader.document_spans(query_id, doc_id),
        )
        assert found is not None and spans is not None and found.units.by == "store"
        assert found.sums == pytest.approx([one.influence for one in spans.spans], rel=1e-5)


def test_the_scale_of_a_query_is_over_its_outermost_documents(reader: StoreReader) -> None:
    for level in ("token", "word"):
        sums = [
            reader.reading(0, doc_id, "update", level).sums  # type: ignore[union-attr]
            for query_id, doc_id, alignment in kept(reader)
            if query_id == 0 and alignment == "update"
        ]
        clip = reader.query_clip(0, "update", level)
        # Document 5 is kept beside the tails.
        assert (clip.helpful, clip.harmful) == (TAIL + 1, TAIL) and len(sums) == 2 * TAIL + 1
        assert clip.value == pytest.approx(plain_clip(np.concatenate(sums).tolist()))
        doc_id = kept(reader)[0][1]
        found = reader.reading(0, doc_id, "update", level, "query")
        assert found is not None and found.clip == clip
        assert found.shades.tolist() == [plain_shade(v, clip.value) for v in found.sums.tolist()]
    assert reader.query_clip(99, "update", "token").n == 0


def test_the_scale_of_a_query_is_bounded(
    reader: StoreReader, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attribution_engine.store.documents.SCALE_TOKENS", 1)
    few = StoreReader(path).query_clip(0, "update", "token")
    assert (few.helpful, few.harmful) == (1, 1) and few.n < reader.query_clip(
        0, "update", "token"
    ).n


def test_overlays_count_and_weigh_what_they_mark(reader: StoreReader) -> None:
    scores = reader.token_scores(0, 5, "predicted")
    assert scores is not None
    overlays = {one.name: one for one in reader.document_overlays(0, 5, "predicted")}
    assert list(overlays) == [*CLASSES[:-1], "answer", "exploration"]
    whole = np.abs(scores.values).sum()
    for one in overlays.values():
        assert one.share == pytest.approx(np.abs(scores.values[one.cells]).sum() / whole)
        assert one.total == pytest.approx(scores.values[one.cells].sum())
        assert one.n_tokens == scores.cells.counts[one.cells].sum() and one.n_tokens > 0
    words = [scores.cells.piece(at, at) for at in np.flatnonzero(overlays["connective"].cells)]
    assert {"Wait", "so", "Hence"} <= set(words)
    said = dict(overlays["answer"].found)
    assert said == {"12": 9, "slope is": 4} and overlays["answer"].n_places == 13
    assert dict(overlays["exploration"].found) == {"verifies": 1, "explores_before_answer": 1}
    marked = np.flatnonzero(overlays["exploration"].cells)
    # The token across character 130 belongs to the next span.
    assert scores.cells.starts[marked[0]] == 40 and scores.cells.ends[marked[-1]] == 125
    without = {one.name: one for one in reader.document_overlays(0, 5)}
    assert without["answer"].n_places == 13 and without["answer"].share is None


def test_a_document_names_its_behaviours_and_another_has_none(reader: StoreReader) -> None:
    one, other = reader.document(0, 5), reader.document(0, 6)
    assert one is not None and other is not None and other.behaviours == ()
    assert one.behaviours == ("verifies", "explores_before_answer", "recalls")


def test_a_passage_has_the_sum_of_its_tokens(reader: StoreReader) -> None:
    scores = reader.token_scores(0, 5, "predicted")
    assert scores is not None
    found = reader.document_passage(0, 5, "predicted", 41, 88)
    assert found is not None and found.start <= 41 and found.end >= 88
    assert found.value == pytest.approx(sum(scores.values[found.first : found.last + 1]))
    unscored = reader.document_passage(0, 5, "", 41, 88)
    assert unscored is not None and unscored.value is None
    document = reader.document(0, 5)
    assert document is not None
    assert reader.document_passage(0, 5, "predicted", len(document.text), 10**8) is None


def test_the_table_of_tokens_holds_the_text_and_its_sums(reader: StoreReader) -> None:
    rows = reader.token_rows(0, 3, "predicted", "word")
    document = reader.document(0, 3)
    assert document is not None and document.text.startswith("Emoji")
    assert "".join(row.text for row in rows) == document.text[: document.seen_chars]
    assert sum(row.n_tokens for row in rows) == document.n_tokens
    assert sum(row.influence or 0 for row in rows) == pytest.approx(document.influence, abs=1e-6)
    of_units = {row.unit: row.unit_influence or 0 for row in rows}
    assert sum(of_units.values()) == pytest.approx(document.influence, abs=1e-6)
    assert rows[0].unit == 1 and max(of_units) == len(of_units)
    assert {row.token_class for row in rows} <= set(CLASSES)
    assert reader.token_rows(0, 200, "")[0].influence is None


def test_scores_of_another_length_are_refused(reader: StoreReader) -> None:
    with pytest.raises(InputError, match="document 150 has .* tokens but 2 odd scores on query 0"):
        reader.token_scores(0, 150, "odd")


def test_answers_of_a_query_are_its_reference_and_keywords(path: Path, tmp_path: Path) -> None:
    assert StoreReader(path).query_answers(0) == ("12", "slope is")
    assert StoreReader(path).query_answers(999) == ()
    odd = tmp_path / "odd.duckdb"
    odd.write_bytes(path.read_bytes())
    with duckdb.connect(str(odd)) as connection:
        connection.execute(
            "UPDATE queries SET reference = NULL, keywords = ?", [json.dumps({"a": 1})]
        )
        connection.execute("CHECKPOINT")
    assert StoreReader(odd).query_answers(0) == ()
