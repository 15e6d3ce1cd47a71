"""What a store promises about the finding exploration."""

from __future__ import annotations

from typing import Final

from attribution_engine.store.promises import SCORE_TOLERANCE, Promise

# Sums are computed twice: by the engine as float32, and for the finding.
_OF_SPANS: Final = f"""{SCORE_TOLERANCE} * greatest(abs(s.influence), abs(i.influence), size)"""

PROMISES: Final = (
    Promise(
        "behaviour_span: span {1} of document {0} does not lie in its text",
        """SELECT b.doc_id, span_id FROM behaviour_span b LEFT JOIN documents d USING (doc_id)
        WHERE coalesce(b."start" < 0 OR b."end" <= b."start" OR b."end" > length(text), true)""",
    ),
    Promise(
        "behaviour_span: span {1} of document {0} stands {3} times for the reader {2}",
        """SELECT doc_id, span_id, detector, count(*) FROM behaviour_span
        GROUP BY ALL HAVING count(*) > 1 OR count(behaviour) = 0""",
    ),
    Promise(
        "behaviour_span: span {1} of document {0} is another one in the table spans",
        """SELECT b.doc_id, b.span_id FROM behaviour_span b
        SEMI JOIN spans USING (doc_id)
        LEFT JOIN spans s ON s.doc_id = b.doc_id AND s.span_id = b.span_id
        WHERE (s."start", s."end") IS DISTINCT FROM (b."start", b."end")""",
    ),
    Promise(
        "behaviour_score: query {0}, document {1}, span {2} has no behaviour {3} by {4}",
        """SELECT query_id, doc_id, span_id, s.behaviour, s.detector FROM behaviour_score s
        LEFT JOIN behaviour_span b USING (doc_id, span_id, detector)
        WHERE b.behaviour IS DISTINCT FROM s.behaviour""",
    ),
    Promise(
        "behaviour_score: query {0} or document {1} has no token scores for this pair",
        """SELECT query_id, doc_id FROM behaviour_score
        ANTI JOIN token_influence USING (query_id, doc_id)""",
    ),
    Promise(
        "behaviour_score: query {0}, document {1}, span {2} has {3}, in span_influence {4}",
        f"""SELECT s.query_id, s.doc_id, s.span_id, s.influence, i.influence
        FROM behaviour_score s JOIN span_influence i USING (query_id, doc_id, span_id)
        JOIN (SELECT query_id, doc_id, alignment, list_sum([abs(x) FOR x IN scores::DOUBLE[]])
            AS size FROM token_influence SEMI JOIN behaviour_score USING (query_id, doc_id))
        USING (query_id, doc_id, alignment)
        WHERE alignment = (SELECT min(alignment) FROM token_influence)
        AND abs(s.influence - i.influence) > {_OF_SPANS}""",
    ),
    Promise(
        "behaviour_score: query {0}, document {1}, span {2} has a control outside its text",
        """SELECT query_id, s.doc_id, span_id FROM behaviour_score s
        LEFT JOIN documents d ON d.doc_id = s.control_doc_id
        WHERE s.control_doc_id IS NOT NULL AND coalesce(
            control_start < 0 OR control_end <= control_start OR control_end > length(text), true)
        """,
    ),
    Promise(
        "behaviour_score: the control of document {1}, span {2} (query {0}) overlaps it",
        """SELECT query_id, doc_id, span_id FROM behaviour_score s
        JOIN behaviour_span b USING (doc_id, span_id, detector)
        WHERE control_doc_id = doc_id AND control_start < b."end" AND control_end > b."start" """,
    ),
    Promise(
        "behaviour_influence: {0} by {1} has the mean {2} and the interval {3} to {4}",
        """SELECT behaviour, detector, mean, low, high FROM behaviour_influence
        WHERE mean IS NULL OR low > high OR (low IS NULL) <> (high IS NULL)
        OR difference_low > difference_high""",
    ),
    Promise(
        "behaviour_influence: {0} by {1} has {2} spans in {3} documents, {4} of all above zero",
        """SELECT behaviour, detector, n_spans, n_documents, share_helpful
        FROM behaviour_influence WHERE coalesce(n_spans < n_documents OR n < n_spans
        OR share_helpful NOT BETWEEN 0 AND 1 OR n_control > n, true)""",
    ),
    Promise(
        "behaviour_influence: {1} by {2}: both ends have {4} spans, one by one {3} ({0})",
        """SELECT coalesce(suite, domain) AS scope, behaviour, detector,
            sum(n) FILTER (side <> 'both') AS parts, sum(n) FILTER (side = 'both') AS whole
        FROM behaviour_influence GROUP BY suite, domain, behaviour, detector, level
        HAVING parts IS DISTINCT FROM whole""",
    ),
    Promise(
        "reading_score: {0} on {1}: precision {2}, recall {3}, of {4} right",
        """SELECT reader, behaviour, "precision", recall, n_right FROM reading_score
        WHERE coalesce("precision" NOT BETWEEN 0 AND 1, false)
        OR coalesce(recall NOT BETWEEN 0 AND 1, false)
        OR n_right > least(n_found, n_labels)""",
    ),
)
