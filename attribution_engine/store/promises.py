"""What a store promises about its rows: for each promise the query that finds broken ones."""

from __future__ import annotations

from typing import Final, NamedTuple

# Scores are kept as float32 and a document's tokens are summed in another order than the
# document itself, so sums agree to this share of the sum of sizes.
SUM_TOLERANCE: Final = 1e-3
# Forward-mode differentiation of a bfloat16 model rounds to 8 bits at every operation.
BFLOAT16_SUM_TOLERANCE: Final = 0.05
# Two float32 quotients that differ by less than this share may be ordered either way.
QUOTIENT_TOLERANCE: Final = 1e-6
# What self-influence may fall below zero, as a share of the largest.
ROUNDING: Final = 1e-6
# Share of the sizes summed by which a sum of token scores may miss what it should be.
SCORE_TOLERANCE: Final = f"""(SELECT CASE WHEN any_value(config->>'$.model.dtype') = 'bfloat16'
    THEN {BFLOAT16_SUM_TOLERANCE} ELSE {SUM_TOLERANCE} END FROM run)"""
# Scores without a gradient of the model, and scores of no query in particular.
WITHOUT_GRADIENTS: Final = "(SELECT any_value(method) = 'bm25' FROM run)"
OF_ITSELF: Final = "(SELECT any_value(method) = 'self-influence' FROM run)"


class Promise(NamedTuple):
    """A promise that one SQL query checks.

    Attributes:
        sentence: what to say of the first broken row, with its columns in braces by position.
        broken: query whose rows are those that break the promise.
    """

    sentence: str
    broken: str


RUN: Final = (
    Promise(
        "run: n_documents is {0}, the table documents has {1} rows",
        """SELECT n_documents, n FROM run, (SELECT count(*) AS n FROM documents)
        WHERE n_documents IS DISTINCT FROM n""",
    ),
    Promise(
        "run: n_queries is {0}, the table queries has {1} rows",
        """SELECT n_queries, n FROM run, (SELECT count(*) AS n FROM queries)
        WHERE n_queries IS DISTINCT FROM n""",
    ),
    Promise(
        "run: n_tokens is {0}, the documents have {1}",
        """SELECT n_tokens, n FROM run, (SELECT sum(n_tokens) AS n FROM documents)
        WHERE run.n_tokens IS DISTINCT FROM n""",
    ),
    Promise("run: has no seed", "SELECT seed FROM run WHERE seed IS NULL"),
)

DOCUMENTS: Final = (
    Promise(
        "documents: doc_id {0} stands {1} times",
        "SELECT doc_id, count(*) FROM documents GROUP BY 1 HAVING count(*) > 1 OR doc_id IS NULL",
    ),
    Promise(
        "documents: doc_id {0} has no text",
        "SELECT doc_id FROM documents WHERE coalesce(text, '') = ''",
    ),
    Promise(
        "documents: doc_id {0} has {1} tokens but {2} token_ends",
        """SELECT doc_id, n_tokens, len(token_ends) FROM documents
        WHERE n_tokens IS DISTINCT FROM len(token_ends) OR n_tokens < 1""",
    ),
    Promise(
        "documents: doc_id {0} has token_ends that go backwards",
        "SELECT doc_id FROM documents WHERE token_ends <> list_sort(token_ends)",
    ),
    Promise(
        "documents: doc_id {0} has token_ends outside its {1} characters",
        """SELECT doc_id, length(text) FROM documents
        WHERE list_max(token_ends) > length(text) OR list_min(token_ends) < 0""",
    ),
    Promise(
        "documents: doc_id {0} has prompt_chars {1} outside its {2} characters",
        """SELECT doc_id, prompt_chars, length(text) FROM documents
        WHERE coalesce(prompt_chars NOT BETWEEN 0 AND length(text), true)""",
    ),
    Promise(
        "documents: doc_id {0} has gradient_norm {1}",
        f"""SELECT doc_id, gradient_norm FROM documents
        WHERE CASE WHEN {WITHOUT_GRADIENTS} THEN gradient_norm IS NOT NULL
        ELSE coalesce(gradient_norm < 0, true) END""",
    ),
)

QUERIES: Final = (
    Promise(
        "queries: query_id {0} stands {1} times",
        "SELECT query_id, count(*) FROM queries GROUP BY 1 HAVING count(*) > 1 OR query_id IS NULL",
    ),
    Promise(
        "queries: query_id {0} has no prompt or no completion",
        "SELECT query_id FROM queries WHERE prompt IS NULL OR coalesce(completion, '') = ''",
    ),
    Promise(
        'queries: query_id {0} has the unknown kind "{1}"',
        """SELECT query_id, kind FROM queries
        WHERE coalesce(kind NOT IN ('reasoning', 'factual', 'control'), true)""",
    ),
    Promise(
        "queries: query_id {0} has {1} token_ends, {2} token_nats and {3} completion tokens",
        f"""SELECT query_id, len(token_ends), len(token_nats), n_tokens FROM queries
        WHERE len(token_ends) IS DISTINCT FROM len(token_nats)
        OR CASE WHEN {OF_ITSELF} THEN coalesce(n_tokens <> 0 OR len(token_nats) <> 0, true)
        ELSE coalesce(n_tokens NOT BETWEEN 1 AND len(token_nats), true) END""",
    ),
    Promise(
        "queries: a self-influence run has {0} queries, 1 is promised",
        f"SELECT n FROM (SELECT count(*) AS n FROM queries) WHERE n <> 1 AND {OF_ITSELF}",
    ),
    Promise(
        "queries: query_id {0} has token_ends that go backwards",
        "SELECT query_id FROM queries WHERE token_ends <> list_sort(token_ends)",
    ),
    Promise(
        "queries: query_id {0} has token_ends outside its {1} characters",
        """SELECT query_id, length(prompt || completion) FROM queries
        WHERE list_max(token_ends) > length(prompt || completion) OR list_min(token_ends) < 0""",
    ),
    Promise(
        "queries: query_id {0} has {1} nats, its tokens sum to {2}",
        f"""SELECT query_id, nats, coalesce(list_sum(token_nats::DOUBLE[]), 0) AS total FROM queries
        WHERE coalesce(abs(total - nats) > {SUM_TOLERANCE} * abs(nats), true) OR nats < 0""",
    ),
)

QUERY_ITEMS: Final = (
    Promise(
        "query_items: item {1} names query {0}, which queries does not have",
        "SELECT query_id, item FROM query_items ANTI JOIN queries USING (query_id)",
    ),
    Promise(
        "query_items: query {0} has items from {1} to {2}, {3} different ones in {4} rows",
        """SELECT query_id, min(item), max(item), count(DISTINCT item), count(*) FROM query_items
        GROUP BY 1 HAVING count(item) <> count(*) OR count(DISTINCT item) <> count(*)""",
    ),
    Promise(
        "query_items: item {1} of query {0} is in the set, but has correct {2} and {3} nats",
        """SELECT query_id, item, correct, nats FROM query_items
        WHERE in_set IS NULL OR in_set AND (correct IS NOT true OR nats IS NULL)""",
    ),
    Promise(
        "query_items: item {1} of query {0} has {2} token_ends, {3} token_nats and {4} tokens",
        """SELECT query_id, item, len(token_ends), len(token_nats), n_tokens FROM query_items
        WHERE len(token_ends) IS DISTINCT FROM len(token_nats)
        OR CASE WHEN nats IS NULL THEN n_tokens IS DISTINCT FROM 0 OR token_nats IS NOT NULL
        ELSE coalesce(n_tokens NOT BETWEEN 1 AND len(token_nats), true) END""",
    ),
    Promise(
        "query_items: item {1} of query {0} has {2} nats, its tokens sum to {3}",
        f"""SELECT query_id, item, nats, list_sum(token_nats::DOUBLE[]) AS total FROM query_items
        WHERE nats IS NOT NULL
        AND (coalesce(abs(total - nats) > {SUM_TOLERANCE} * abs(nats), true) OR nats < 0)""",
    ),
    Promise(
        "query_items: the items in the set of query {0} have {1} nats in the mean, the query {2}",
        f"""SELECT query_id, mean, queries.nats FROM queries JOIN
        (SELECT query_id, avg(nats) FILTER (in_set) AS mean FROM query_items GROUP BY 1)
        USING (query_id)
        WHERE coalesce(abs(mean - queries.nats) > {SUM_TOLERANCE} * abs(queries.nats), true)""",
    ),
)

INFLUENCE: Final = (
    Promise(
        "influence: query {0} has {1} rows for {2} documents, not each of {3} once",
        """SELECT query_id, n, n_docs, n_all FROM
        (SELECT query_id, count(i.doc_id) AS n, count(DISTINCT i.doc_id) AS n_docs
         FROM queries LEFT JOIN influence i USING (query_id) GROUP BY 1),
        (SELECT count(*) AS n_all FROM documents)
        WHERE n <> n_all OR n_docs <> n_all""",
    ),
    Promise(
        "influence: query {0} or document {1} is not in its table",
        """SELECT DISTINCT query_id, doc_id FROM influence
        WHERE query_id NOT IN (SELECT query_id FROM queries WHERE query_id IS NOT NULL)
        OR doc_id NOT IN (SELECT doc_id FROM documents WHERE doc_id IS NOT NULL)
        OR query_id IS NULL OR doc_id IS NULL""",
    ),
    Promise(
        "influence: query {0} has no influence on document {1}",
        "SELECT query_id, doc_id FROM influence WHERE influence IS NULL",
    ),
    Promise(
        "influence: query {0} has ranks from {1} to {2}, {3} different ones in {4} rows",
        """SELECT query_id, min(rank), max(rank), count(DISTINCT rank), count(*) FROM influence
        GROUP BY 1 HAVING min(rank) <> 1 OR max(rank) <> count(*)
        OR count(DISTINCT rank) <> count(*)""",
    ),
    Promise(
        "influence: query {0} has normed ranks from {1} to {2}, {3} different ones in {4} rows",
        """SELECT query_id, min(rank_normed), max(rank_normed), count(DISTINCT rank_normed),
        count(*) FROM influence
        GROUP BY 1 HAVING min(rank_normed) <> 1 OR max(rank_normed) <> count(*)
        OR count(DISTINCT rank_normed) <> count(*)""",
    ),
    Promise(
        "influence: query {0} has influence {2} at rank {1} and less at the rank before",
        """SELECT query_id, rank, influence FROM influence
        QUALIFY influence > lag(influence) OVER (PARTITION BY query_id ORDER BY rank)""",
    ),
    Promise(
        "influence: query {0} has influence ÷ gradient_norm {2} at normed rank {1} and less at "
        "the rank before",
        f"""WITH normed AS (SELECT query_id, rank_normed,
            CASE WHEN {WITHOUT_GRADIENTS} THEN influence::DOUBLE
            WHEN gradient_norm > 0 THEN influence::DOUBLE / gradient_norm ELSE 0 END AS value
            FROM influence JOIN documents USING (doc_id))
        SELECT query_id, rank_normed, value FROM normed
        QUALIFY value - lag(value) OVER (PARTITION BY query_id ORDER BY rank_normed)
        > {QUOTIENT_TOLERANCE} * abs(value)""",
    ),
    Promise(
        "influence: the row of query {0}, rank {1} lies out of the order query_id, rank",
        """SELECT query_id, rank FROM influence
        QUALIFY (query_id, rank) < lag((query_id, rank)) OVER (ORDER BY rowid)""",
    ),
    Promise(
        "influence: document {0} has self-influence {1}, which is never negative",
        f"""SELECT doc_id, influence FROM influence
        WHERE {OF_ITSELF} AND influence < -{ROUNDING} * (SELECT max(influence) FROM influence)""",
    ),
)

TOKEN_INFLUENCE: Final = (
    Promise(
        "token_influence: query {0}, document {1}, {2} stands {3} times",
        """SELECT query_id, doc_id, alignment, count(*) FROM token_influence
        GROUP BY 1, 2, 3 HAVING count(*) > 1""",
    ),
    Promise(
        "token_influence: query {0}, document {1} has the alignment {2}, which run does not name",
        """SELECT query_id, doc_id, alignment FROM token_influence, run
        WHERE alignment IS NULL
        OR NOT list_contains(regexp_split_to_array(run.token_alignment, ', *'), alignment)""",
    ),
    Promise(
        "token_influence: query {0}, document {1}, {2} has {3} scores for {4} tokens",
        """SELECT query_id, doc_id, alignment, len(scores), n_tokens
        FROM token_influence LEFT JOIN documents USING (doc_id)
        WHERE len(scores) IS DISTINCT FROM n_tokens""",
    ),
    Promise(
        "token_influence: query {0}, document {1}, {2} sums to {3}, the influence is {4}",
        f"""SELECT query_id, doc_id, alignment, list_sum(scores::DOUBLE[]) AS total, influence
        FROM token_influence LEFT JOIN influence USING (query_id, doc_id)
        WHERE coalesce(abs(total - influence)
        > {SCORE_TOLERANCE} * list_sum([abs(x) FOR x IN scores::DOUBLE[]]), true)""",
    ),
    Promise(
        "token_influence: query {0}, document {1} at rank {2} has no {3} token scores",
        """SELECT query_id, doc_id, rank, alignment FROM
        (SELECT query_id, doc_id, i.rank,
         unnest(regexp_split_to_array(token_alignment, ', *')) AS alignment
         FROM influence i, run WHERE i.rank <= tail OR i.rank > n_documents - tail)
        ANTI JOIN token_influence USING (query_id, doc_id, alignment)""",
    ),
)

CURVES: Final = tuple(
    Promise(
        f"{table}: query {{0}} has {{2}} {{1}} rows, {words}",
        f"""SELECT query_id, side, n FROM
        (SELECT queries.query_id, wanted.side, count(t.side) AS n FROM queries
        CROSS JOIN (VALUES ('helpful'), ('harmful')) AS wanted(side)
        LEFT JOIN {table} t ON t.query_id = queries.query_id AND t.side = wanted.side
        GROUP BY 1, 2) WHERE {bad}""",
    )
    for table, words, bad in (
        ("rank_curve", "at least 1 is promised", "n < 1"),
        ("rank_fit", "1 is promised", "n <> 1"),
    )
)

SPANS: Final = (
    Promise(
        "spans: span {1} of document {0} does not lie in its text",
        """SELECT doc_id, span_id FROM spans LEFT JOIN documents USING (doc_id)
        WHERE coalesce("start" < 0 OR "end" < "start" OR "end" > length(text), true)""",
    ),
    Promise(
        "span_influence: query {0}, document {1} names span {2}, which spans does not have",
        """SELECT query_id, doc_id, span_id FROM span_influence
        ANTI JOIN spans USING (doc_id, span_id)""",
    ),
    Promise(
        "span_influence: query {0}, document {1}, span {2} stands {3} times",
        """SELECT query_id, doc_id, span_id, count(*) FROM span_influence
        GROUP BY query_id, doc_id, span_id, alignment HAVING count(*) > 1""",
    ),
    Promise(
        "span_influence: query {0}, document {1} has the alignment {2}, which run does not name",
        """SELECT query_id, doc_id, span_influence.alignment FROM span_influence, run
        WHERE alignment IS NULL OR alignment <> 'update'
        AND NOT list_contains(regexp_split_to_array(run.token_alignment, ', *'), alignment)""",
    ),
    # Of other documents only the outermost spans stand here, from the one pass, in `update`.
    # Where spans tile a text every token lies in one of them.
    Promise(
        "span_influence: the spans of query {0}, document {1} sum to {2}, the influence is {3}",
        f"""SELECT query_id, doc_id, total, influence.influence FROM
        (SELECT query_id, doc_id, alignment, sum(influence::DOUBLE) AS total,
         sum(abs(influence::DOUBLE)) AS size FROM span_influence GROUP BY ALL)
        SEMI JOIN (SELECT query_id, doc_id, alignment FROM token_influence, run
            WHERE alignment = regexp_split_to_array(run.token_alignment, ', *')[1]
            UNION SELECT query_id, doc_id, alignment FROM span_influence
            WHERE cut_influence IS NOT NULL) USING (query_id, doc_id, alignment)
        LEFT JOIN influence USING (query_id, doc_id)
        LEFT JOIN token_influence USING (query_id, doc_id, alignment)
        SEMI JOIN (SELECT doc_id FROM spans JOIN documents USING (doc_id)
            GROUP BY doc_id, length(text) HAVING sum("end" - "start") = length(text))
        USING (doc_id)
        WHERE coalesce(abs(total - influence.influence)
        > {SCORE_TOLERANCE} * coalesce(list_sum([abs(x) FOR x IN scores::DOUBLE[]]), size), true)
        """,
    ),
)

TOKEN_CLASSES: Final = (
    Promise(
        "token_class_influence: query {0} names {1} tokens, the documents have {2}",
        """SELECT query_id, total, run.n_tokens FROM run, (SELECT query_id, sum(n) AS total
        FROM token_class_influence WHERE token IS NULL GROUP BY 1)
        WHERE total IS DISTINCT FROM run.n_tokens""",
    ),
    Promise(
        "token_class_influence: the classes of query {0} sum to {1}, its influence to {2}",
        f"""SELECT query_id, total, expected FROM
        (SELECT query_id, sum(n * mean) AS total, sum(abs(n * mean)) AS size
         FROM token_class_influence WHERE token IS NULL GROUP BY 1)
        LEFT JOIN (SELECT query_id, sum(influence::DOUBLE) AS expected,
         sum(abs(influence::DOUBLE)) AS sizes FROM influence GROUP BY 1) USING (query_id)
        WHERE coalesce(abs(total - expected) > {SCORE_TOLERANCE} * (size + sizes), true)""",
    ),
    Promise(
        "token_class_influence: the sizes of query {0}'s shares sum to {1}",
        f"""SELECT query_id, total FROM (SELECT query_id, sum(abs(share)) AS total
        FROM token_class_influence WHERE token IS NULL GROUP BY 1)
        WHERE coalesce(total <> 0 AND abs(total - 1) > {SUM_TOLERANCE}, true)""",
    ),
)

PROMISES: Final = (
    *RUN,
    *DOCUMENTS,
    *QUERIES,
    *QUERY_ITEMS,
    *INFLUENCE,
    *TOKEN_INFLUENCE,
    *CURVES,
    *SPANS,
    *TOKEN_CLASSES,
)
