"""Reads one document: its text, its token scores, its levels, overlays and passages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from attribution_engine.records import InputError
from attribution_engine.store.connection import LABELS, VALUES, OpenStore
from attribution_engine.store.document_views import (
    Cells,
    Clip,
    DocumentView,
    Floats,
    LevelName,
    Overlay,
    Passage,
    Reading,
    ScaleName,
    TokenRow,
    TokenScores,
    Units,
)
from attribution_engine.store.levels import StoredSpan, passage_of, units_of
from attribution_engine.store.overlays import overlays_of
from attribution_engine.store.splits import loss_ranges
from attribution_engine.store.token_scale import (
    cell_values,
    cells_of,
    clip_of,
    shades_of,
    strongest,
    unit_sums,
)
from attribution_engine.text.behaviours import DETECTOR
from attribution_engine.text.token_classes import CLASSES, class_places
from attribution_engine.text.word_lists import WordLists, from_rows

LISTED = 10  # units in the lists of most helpful and most harmful
BEHIND = 2_000  # characters behind what the model saw that are read to understand its end
# The scale of a query: so many documents of either end, as long as they have so few tokens.
SCALE_DOCUMENTS = 10
SCALE_TOKENS = 100_000


class Documents(OpenStore):
    """The questions about one document."""

    def document(self, query_id: int, doc_id: int) -> DocumentView | None:
        """A document under a query; None if the run has no such document or query."""
        return self._remember(("document", query_id, doc_id), lambda: self._read(query_id, doc_id))

    def _read(self, query_id: int, doc_id: int) -> DocumentView | None:
        rows = self._records(
            f"""SELECT d.doc_id, d.text, coalesce(d.prompt_chars, 0) AS prompt_chars, d.loss_ranges,
                d.n_tokens, {LABELS}, d.metadata::VARCHAR AS metadata,
                coalesce(d.token_ends[-1], 0) AS seen_chars,
                d.gradient_norm, i.influence, {VALUES["per_nat"]} AS per_nat,
                {VALUES["normed"]} AS normed, i.rank, i.rank_normed
            FROM documents d JOIN influence i USING (doc_id) JOIN queries q USING (query_id)
            WHERE d.doc_id = ? AND i.doc_id = ? AND i.query_id = ?""",
            [doc_id, doc_id, query_id],
        )
        if not rows:
            return None
        row = rows[0]
        text = row["text"]
        row["loss_ranges"] = loss_ranges(len(text), row["prompt_chars"], row["loss_ranges"])
        row["metadata"] = json.loads(row["metadata"] or "{}")
        alignments = self._rows(
            """SELECT DISTINCT alignment FROM token_influence
            WHERE query_id = ? AND doc_id = ? ORDER BY alignment""",
            [query_id, doc_id],
        )
        behaviours = dict.fromkeys(
            one.behaviour for one in self._behaviour_spans(doc_id) if one.behaviour
        )
        return DocumentView(
            **row,
            alignments=tuple(alignment for (alignment,) in alignments),
            behaviours=tuple(behaviours),
        )

    def document_cells(self, doc_id: int) -> Cells:
        """What a document is drawn from.

        Raises:
            KeyError: the run has no such document.
        """
        return self._remember(("cells", doc_id), lambda: self._read_cells(doc_id))

    def _read_cells(self, doc_id: int) -> Cells:
        with self._cursor() as cursor:
            columns = cursor.execute(
                "SELECT text, coalesce(token_ends, []) AS ends FROM documents WHERE doc_id = ?",
                [doc_id],
            ).fetchnumpy()
        if not len(columns["text"]):
            raise KeyError(doc_id)
        text, ends = columns["text"][0], np.asarray(columns["ends"][0], np.int64)
        seen = min(len(text), int(ends.max(initial=0)))
        return cells_of(text, ends, class_places(text[: seen + BEHIND], ends, self.word_lists()))

    def word_lists(self) -> WordLists:
        """The lists that token classes are read by: those of the run, else the shipped ones."""
        return self._remember("word lists", lambda: from_rows(self._word_rows()))

    def _word_rows(self) -> list[tuple[Any, ...]]:
        return self._rows("SELECT kind, name, words FROM word_list ORDER BY rowid")

    def document_units(self, doc_id: int, level: LevelName) -> Units:
        """The units of a document at a level.

        Raises:
            KeyError: the run has no such document.
        """
        return self._remember(("units", doc_id, level), lambda: self._cut(doc_id, level))

    def _cut(self, doc_id: int, level: LevelName) -> Units:
        cells = self.document_cells(doc_id)
        spans = self._spans(doc_id) if level == "step" else []
        if level == "behaviour":
            spans = self._behaviour_spans(doc_id)
        text = cells.text
        if level == "sentence" or (level == "step" and not spans):
            rows = self._rows(
                "SELECT left(text, ?) FROM documents WHERE doc_id = ?", [len(text) + BEHIND, doc_id]
            )
            text = rows[0][0]
        return units_of(cells, level, text, spans)

    def _spans(self, doc_id: int) -> list[StoredSpan]:
        rows = self._rows(
            """SELECT "start", "end", coalesce(kind, ''), coalesce(behaviour, '') FROM spans
            WHERE doc_id = ? AND "start" < "end" ORDER BY "start", "end", span_id""",
            [doc_id],
        )
        return [StoredSpan(*row) for row in rows]

    def _behaviour_spans(self, doc_id: int) -> list[StoredSpan]:
        """Spans with the corpus's own behaviours; else those that a judge, else the rules, read."""
        spans = self._spans(doc_id)
        if any(one.behaviour for one in spans):
            return spans
        rows = self._rows(
            """SELECT "start", "end", '', behaviour FROM behaviour_span
            WHERE doc_id = $1 AND "start" < "end" AND detector = (
                SELECT detector FROM behaviour_span WHERE doc_id = $1
                ORDER BY detector = $2, detector LIMIT 1)
            ORDER BY "start", "end", span_id""",
            [doc_id, DETECTOR],
        )
        return [StoredSpan(*row) for row in rows] or spans

    def token_scores(self, query_id: int, doc_id: int, alignment: str) -> TokenScores | None:
        """Token scores of a pair, None where the run computed none.

        Raises:
            InputError: the scores do not belong to the document's tokens.
        """
        return self._remember(
            ("token scores", query_id, doc_id, alignment),
            lambda: self._read_scores(query_id, doc_id, alignment),
        )

    def _read_scores(self, query_id: int, doc_id: int, alignment: str) -> TokenScores | None:
        with self._cursor() as cursor:
            columns = cursor.execute(
                """SELECT t.scores, i.influence FROM token_influence t JOIN influence i
                    ON i.query_id = t.query_id AND i.doc_id = t.doc_id
                WHERE t.query_id = $1 AND t.doc_id = $2 AND t.alignment = $3
                    AND i.query_id = $1 AND i.doc_id = $2""",
                [query_id, doc_id, alignment],
            ).fetchnumpy()
        if not len(columns["influence"]):
            return None
        scores = np.asarray(columns["scores"][0], np.float64)
        cells = self.document_cells(doc_id)
        self._must_fit(cells, scores, query_id, doc_id, alignment)
        total = float(np.sum(scores))
        gap = total - float(columns["influence"][0])
        return TokenScores(alignment, cells, cell_values(cells, scores), total, gap)

    def _must_fit(
        self, cells: Cells, scores: Floats, query_id: int, doc_id: int, alignment: str
    ) -> None:
        n_tokens = int(cells.counts.sum())
        if n_tokens != len(scores):
            raise InputError(
                f"{self.path}: document {doc_id} has {n_tokens} tokens but {len(scores)} "
                f"{alignment} scores on query {query_id}; run `verify` on the store"
            )

    def reading(
        self,
        query_id: int,
        doc_id: int,
        alignment: str,
        level: LevelName = "token",
        scale: ScaleName = "document",
    ) -> Reading | None:
        """A document's influence at a level, in eight shades a side; None without token scores.

        Raises:
            InputError: the scores do not belong to the document's tokens.
        """
        scores = self.token_scores(query_id, doc_id, alignment)
        if scores is None:
            return None
        units = self.document_units(doc_id, level)
        sums = unit_sums(scores.values, units.starts)
        clip = self.query_clip(query_id, alignment, level) if scale == "query" else None
        clip = clip or Clip(*clip_of(sums))
        helpful, harmful = strongest(sums, LISTED)
        of_cells = (helpful, harmful) if level == "token" else strongest(scores.values, LISTED)
        return Reading(
            scores=scores,
            units=units,
            sums=sums,
            shades=shades_of(sums, clip.value),
            clip=clip,
            n_clipped=int(np.count_nonzero(np.abs(sums) > clip.value)),
            most_helpful=helpful,
            most_harmful=harmful,
            helpful_cells=of_cells[0],
            harmful_cells=of_cells[1],
        )

    def query_clip(self, query_id: int, alignment: str, level: LevelName) -> Clip:
        """The 99th percentile over units of the query's outermost documents with token scores.

        Documents are taken from both ends in turn: at most 10 an end, and none that would take
        the whole beyond 100,000 tokens, but the first of either end in any case.
        """
        return self._remember(
            ("clip", query_id, alignment, level),
            lambda: self._read_clip(query_id, alignment, level),
        )

    def _read_clip(self, query_id: int, alignment: str, level: LevelName) -> Clip:
        # Ranks and lengths first: the scores themselves may be millions of numbers.
        rows = self._rows(
            """SELECT i.doc_id, i.rank <= r.n / 2 AS helpful, len(t.scores) FROM influence i
            JOIN token_influence t USING (query_id, doc_id), (SELECT n_documents AS n FROM run) r
            WHERE i.query_id = $1 AND t.query_id = $1 AND t.alignment = $2
            ORDER BY least(i.rank, r.n + 1 - i.rank), i.rank""",
            [query_id, alignment],
        )
        counts, left = {True: 0, False: 0}, SCALE_TOKENS
        sums: list[Floats] = []
        for doc_id, helpful, n_tokens in rows:
            if counts[helpful] == SCALE_DOCUMENTS or (counts[helpful] and n_tokens > left):
                continue
            scores = self.token_scores(query_id, doc_id, alignment)
            if scores is not None:
                units = self.document_units(doc_id, level)
                sums.append(unit_sums(scores.values, units.starts))
                counts[helpful] += 1
                left -= n_tokens
        value, n = clip_of(np.concatenate(sums) if sums else np.zeros(0))
        return Clip(value, n, counts[True], counts[False])

    def document_overlays(self, query_id: int, doc_id: int, alignment: str = "") -> list[Overlay]:
        """What can be underlined in a document, with its share of the influence.

        Args:
            alignment: of the token scores; empty where there are none.
        """
        cells = self.document_cells(doc_id)
        scores = self.token_scores(query_id, doc_id, alignment) if alignment else None
        has_behaviours = any(one.behaviour for one in self._behaviour_spans(doc_id))
        behaviours = self.document_units(doc_id, "behaviour") if has_behaviours else None
        values = None if scores is None else scores.values
        return overlays_of(cells, values, self.query_answers(query_id), behaviours)

    def query_answers(self, query_id: int) -> tuple[str, ...]:
        """The reference answer of a query and the words that would give it away."""
        rows = self._rows(
            "SELECT reference, keywords::VARCHAR FROM queries WHERE query_id = ?", [query_id]
        )
        if not rows:
            return ()
        reference, keywords = rows[0]
        listed = json.loads(keywords or "[]")
        words = [reference, *listed] if isinstance(listed, list) else [reference]
        return tuple(dict.fromkeys(str(one) for one in words if one is not None and str(one)))

    def document_passage(
        self, query_id: int, doc_id: int, alignment: str, start: int, end: int
    ) -> Passage | None:
        """The whole tokens that some characters touch; None where the model saw none of them.

        Args:
            alignment: of the token scores; empty where there are none.
        """
        scores = self.token_scores(query_id, doc_id, alignment) if alignment else None
        values = None if scores is None else scores.values
        return passage_of(self.document_cells(doc_id), values, start, end)

    def token_rows(
        self, query_id: int, doc_id: int, alignment: str, level: LevelName = "token"
    ) -> list[TokenRow]:
        """Every token of a document, as a table."""
        return list(self._token_rows(query_id, doc_id, alignment, level))

    def _token_rows(
        self, query_id: int, doc_id: int, alignment: str, level: LevelName
    ) -> Iterator[TokenRow]:
        cells = self.document_cells(doc_id)
        found = self.reading(query_id, doc_id, alignment, level) if alignment else None
        units = self.document_units(doc_id, level)
        unit = np.searchsorted(units.starts, np.arange(len(cells)), "right") - 1
        columns: list[Any] = [cells.firsts, cells.counts, cells.starts, cells.ends, unit]
        for at, (first, n, start, end, of) in enumerate(zip(*(c.tolist() for c in columns))):
            yield TokenRow(
                token=first + 1,
                n_tokens=n,
                start=start,
                end=end,
                text=cells.text[start:end],
                token_class=CLASSES[cells.classes[at]],
                influence=None if found is None else float(found.scores.values[at]),
                unit=of + 1,
                unit_influence=None if found is None else float(found.sums[of]),
            )
