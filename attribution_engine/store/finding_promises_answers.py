"""What a store promises about the answers that it found in documents."""

from __future__ import annotations

from typing import Final

from attribution_engine.store.promises import Promise

WHATS: Final = "regexp_full_match(what, 'answer|step [1-9][0-9]*')"
PROMISES: Final[tuple[Promise, ...]] = (
    Promise(
        "answers: query {0} or document {1} is not in its table",
        """SELECT query_id, doc_id FROM answers
        WHERE query_id NOT IN (SELECT query_id FROM queries WHERE query_id IS NOT NULL)
        OR doc_id NOT IN (SELECT doc_id FROM documents WHERE doc_id IS NOT NULL)
        OR query_id IS NULL OR doc_id IS NULL""",
    ),
    Promise(
        "answers: query {0}, document {1}, {2} matches {3} to {4}, which is not what stands there",
        """SELECT query_id, doc_id, what, "start", "end" FROM answers JOIN documents USING (doc_id)
        WHERE coalesce("start" < 0 OR "end" <= "start" OR "end" > length(text)
        OR substr(text, "start" + 1, "end" - "start") <> matched, true)""",
    ),
    Promise(
        "answers: query {0}, document {1}, {2} stands {3} times",
        """SELECT query_id, doc_id, what, count(*) FROM answers GROUP BY 1, 2, 3
        HAVING count(*) > 1""",
    ),
    Promise(
        'answers: query {0}, document {1} has "{2}" in the part "{3}", found by "{4}"',
        f"""SELECT query_id, doc_id, what, part, detector FROM answers
        WHERE coalesce(NOT {WHATS} OR part NOT IN ('top', 'bottom', 'corpus')
        OR detector = '', true)""",
    ),
    Promise(
        "answers: query {0}, document {1} has rank {2} where influence has {3}",
        """SELECT query_id, doc_id, a.rank, i.rank FROM answers a
        LEFT JOIN influence i USING (query_id, doc_id) WHERE a.rank IS DISTINCT FROM i.rank""",
    ),
    Promise(
        "answers: query {0}, document {1}, {2} is in the part {3} at rank {4} of {5}",
        """SELECT query_id, doc_id, what, part, answers.rank, n_documents
        FROM answers JOIN answer_search USING (query_id, what), run
        WHERE CASE part WHEN 'top' THEN answers.rank > k ELSE answers.rank <= k END
        OR part = 'bottom' AND answers.rank <= n_documents - k""",
    ),
    Promise(
        "answers: query {0}, {1} has places but was not looked for",
        "SELECT query_id, what FROM answers ANTI JOIN answer_search USING (query_id, what)",
    ),
    Promise(
        "answer_search: query {0} is not in queries, or is the mean over a suite",
        """SELECT query_id FROM answer_search
        WHERE coalesce(query_id NOT IN (SELECT query_id FROM queries), true)
        OR query_id IN (SELECT query_id FROM query_items)""",
    ),
    Promise(
        'answer_search: query {0}, "{1}" stands {2} times',
        "SELECT query_id, what, count(*) FROM answer_search GROUP BY 1, 2 HAVING count(*) > 1",
    ),
    Promise(
        'answer_search: query {0}, "{1}" is looked for in {2} ways of writing, {3} of {4} beside',
        f"""SELECT query_id, what, len(keywords), needed, len(beside) FROM answer_search
        WHERE coalesce(NOT {WHATS} OR len(keywords) < 1 OR needed NOT BETWEEN 0 AND len(beside),
        true)""",
    ),
    Promise(
        "answer_search: query {0}, {1} was searched in the top {2} of {3} documents",
        """SELECT query_id, what, k, n_documents FROM answer_search, run
        WHERE coalesce(k NOT BETWEEN 1 AND n_documents, true)""",
    ),
    Promise(
        "answer_search: query {0}, {1} counts {2} in the top, {3} at the bottom, {4} outside the "
        "top, of {5} documents",
        """SELECT query_id, what, n_top, n_bottom, n_corpus, n_documents FROM answer_search, run
        WHERE coalesce(n_top NOT BETWEEN 0 AND k OR n_corpus NOT BETWEEN 0 AND n_documents - k
        OR found_top <> (n_top > 0) OR found_corpus <> (n_corpus > 0), true)
        OR n_bottom NOT BETWEEN 0 AND least(k, n_corpus)""",
    ),
    Promise(
        "answer_search: query {0}, {1} is first found at rank {2}, with {3} documents in the top",
        """SELECT query_id, what, first_rank, n_top FROM answer_search
        WHERE (first_rank IS NULL) <> (n_top = 0) OR first_rank NOT BETWEEN 1 AND k""",
    ),
    Promise(
        "answer_search: query {0}, {1} is first found at rank {2}, its places begin at {3}",
        """SELECT query_id, what, first_rank, least_rank FROM answer_search LEFT JOIN
            (SELECT query_id, what, min(rank) AS least_rank FROM answers WHERE part = 'top'
            GROUP BY 1, 2) USING (query_id, what)
        WHERE first_rank IS DISTINCT FROM least_rank""",
    ),
    Promise(
        "answer_search: query {0}, {1} has read {2} of {3} candidates, {4} places judged and {5} "
        "confirmed",
        """SELECT query_id, what, n_read, n_candidates, n_judged, n_confirmed FROM answer_search
        WHERE coalesce(n_read NOT BETWEEN 0 AND n_candidates
        OR n_confirmed NOT BETWEEN 0 AND n_judged, true)""",
    ),
)
