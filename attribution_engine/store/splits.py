"""How queries and influence split up: items of a set, spans of a document, token classes."""

from __future__ import annotations

from collections.abc import Sequence

from attribution_engine.store.connection import OpenStore
from attribution_engine.store.split_views import (
    ClassShare,
    DocumentSpans,
    QueryItem,
    SpanRow,
    SpanScore,
)


class Splits(OpenStore):
    """The questions about the parts of queries, documents and scores."""

    def query_items(self, query_id: int) -> list[QueryItem]:
        """The items of a set query, those in the set first; none of any other query."""
        rows = self._rows(
            """SELECT item, prompt, coalesce(completion, ''), reference, correct, nats,
                coalesce(n_tokens, 0), coalesce(in_set, false) AS inside
            FROM query_items WHERE query_id = ? ORDER BY inside DESC, item""",
            [query_id],
        )
        return [QueryItem(*row) for row in rows]

    def document_spans(self, query_id: int, doc_id: int) -> DocumentSpans | None:
        """All spans with their influence in the run's first alignment.

        None where the run has not all of them for this pair: of most documents it keeps no more
        than the spans that are among a query's outermost.
        """
        rows = self._rows(
            """SELECT i.alignment, s.span_id, s."start", s."end", coalesce(s.kind, ''),
                coalesce(s.behaviour, ''), i.influence, i.cut_influence,
                coalesce(i.influence / nullif(max(abs(i.influence)) OVER (), 0), 0)
            FROM span_influence i JOIN spans s USING (doc_id, span_id)
            WHERE i.query_id = $1 AND i.doc_id = $2 AND s.doc_id = $2
            AND i.alignment IN (
                SELECT regexp_split_to_array(token_alignment, ', *')[1] FROM run
                INTERSECT SELECT alignment FROM token_influence
                WHERE query_id = $1 AND doc_id = $2
                UNION SELECT alignment FROM span_influence WHERE query_id = $1
                AND doc_id = $2 AND cut_influence IS NOT NULL)
            ORDER BY s."start", s.span_id""",
            [query_id, doc_id],
        )
        if not rows:
            return None
        return DocumentSpans(rows[0][0] or "", tuple(SpanScore(*row[1:]) for row in rows))

    def span_rows(self, query_id: int, doc_id: int) -> list[SpanRow]:
        """What `document_spans` answers, with the text of each span."""
        found = self.document_spans(query_id, doc_id)
        if found is None:
            return []
        text = self._rows("SELECT text FROM documents WHERE doc_id = ?", [doc_id])[0][0]
        return [
            SpanRow(
                span_id=one.span_id,
                start=one.start,
                end=one.end,
                kind=one.kind,
                behaviour=one.behaviour,
                alignment=found.alignment,
                influence=one.influence,
                cut_influence=one.cut_influence,
                text=text[one.start : one.end],
            )
            for one in found.spans
        ]

    def token_classes(self, query_id: int, by_domain: bool = False) -> list[ClassShare]:
        """What each token class does to a query, most helpful first; nothing where not computed.

        Args:
            by_domain: a row for each class in each domain of documents.
        """
        domain = "coalesce(domain, '')" if by_domain else "NULL"
        rows = self._rows(
            f"""SELECT {domain} AS domain, token_class, sum(n) AS n, sum(mean * n) / sum(n),
                sum(share) AS share, coalesce(sum(share) / nullif(max(abs(sum(share))) OVER (), 0),
                0)
            FROM token_class_influence WHERE query_id = ?
            GROUP BY 1, 2 HAVING sum(n) > 0 ORDER BY 5 DESC, 2, 1""",
            [query_id],
        )
        return [ClassShare(row[0], row[1], int(row[2]), *row[3:]) for row in rows]


def loss_ranges(
    n_chars: int, prompt_chars: int, flat: Sequence[int] | None
) -> tuple[tuple[int, int], ...]:
    """Characters (start, end) with loss, from how a document's row keeps them."""
    if flat:
        return tuple(zip(flat[::2], flat[1::2], strict=True))
    return ((prompt_chars, n_chars),)
