"""What a store promises about what is computed from its own texts and scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import duckdb
import numpy as np

from attribution_engine.findings.correlations import query_correlations
from attribution_engine.store.promises import Promise
from attribution_engine.store.schema import DOCUMENT_MAJOR_FROM
from attribution_engine.store.word_index import words_of

SAMPLED: Final = 20  # documents, and queries, that are looked at again
SAMPLED_CHARACTERS: Final = 100_000  # longer texts are not
CORRELATION_TOLERANCE: Final = 1e-4  # scores are kept to six digits

# Documents at equal distances from the first to the last.
_SAMPLE: Final = f"""(SELECT doc_id, text FROM documents
    WHERE doc_id % greatest(1, (SELECT count(*) // {SAMPLED} FROM documents)) = 0
    AND length(text) <= {SAMPLED_CHARACTERS})"""

NEAR_GROUPS: Final = (
    Promise(
        "documents: doc_id {0} has near_group {1}, which does not begin a group before it",
        """SELECT d.doc_id, d.near_group FROM documents d
        LEFT JOIN (SELECT doc_id, near_group FROM documents) g ON g.doc_id = d.near_group
        WHERE d.near_group IS NOT NULL
        AND coalesce(d.near_group > d.doc_id OR g.near_group <> g.doc_id, true)""",
    ),
    Promise(
        "documents: near_group {0} has no other document",
        """SELECT near_group FROM documents WHERE near_group IS NOT NULL
        GROUP BY 1 HAVING count(*) = 1""",
    ),
)

# An empty table promises nothing: every text is then read.
WORDS: Final = (
    Promise(
        "words: the row of {0}, part {1} lies out of the order word, part",
        """SELECT word, part FROM words
        QUALIFY (word, part) <= lag((word, part)) OVER (ORDER BY rowid)""",
    ),
    Promise(
        "words: the documents of {0}, part {1} are not in ascending order",
        """SELECT word, part FROM words WHERE len(docs) = 0
        OR hash(word) % 10 = 0 AND docs <> list_sort(list_distinct(docs))""",
    ),
    Promise(
        "words: {1} is in the text of document {0} and not in the index",
        f"""SELECT doc_id, word FROM (SELECT doc_id, unnest({words_of("text")}) AS word
            FROM {_SAMPLE}) WHERE EXISTS (FROM words)
        EXCEPT SELECT doc_id, word FROM (SELECT word, unnest(docs) AS doc_id FROM words)
        WHERE doc_id IN (SELECT doc_id FROM {_SAMPLE})""",
    ),
    Promise(
        "words: the index has {1} for document {0}, whose text does not",
        f"""SELECT doc_id, word FROM (SELECT word, unnest(docs) AS doc_id FROM words)
        WHERE doc_id IN (SELECT doc_id FROM {_SAMPLE})
        EXCEPT SELECT doc_id, unnest({words_of("text")}) FROM {_SAMPLE}""",
    ),
)

DOCUMENT_INFLUENCE: Final = (
    Promise(
        "document_influence: has {0} rows for {1} documents and {2} queries",
        f"""SELECT n, n_documents, n_queries FROM run,
            (SELECT count(*) AS n, count(DISTINCT doc_id) AS n_docs FROM document_influence)
        WHERE (n > 0 OR n_documents * n_queries >= {DOCUMENT_MAJOR_FROM})
        AND (n <> n_documents OR n_docs <> n_documents)""",
    ),
    Promise(
        "document_influence: document {0} has {1} scores for {2} queries",
        """SELECT doc_id, len(influence), n_queries FROM document_influence, run
        WHERE len(influence) IS DISTINCT FROM n_queries""",
    ),
    Promise(
        "document_influence: document {0} lies out of the order of doc_id",
        """SELECT doc_id FROM document_influence
        QUALIFY doc_id <= lag(doc_id) OVER (ORDER BY rowid)""",
    ),
    Promise(
        "document_influence: query {1}, document {0} has {2}, its influence is {3}",
        f"""SELECT doc_id, query_id, d.influence[place], i.influence FROM influence i
        JOIN (SELECT query_id, row_number() OVER (ORDER BY query_id) AS place FROM queries)
        USING (query_id) JOIN document_influence d USING (doc_id)
        WHERE doc_id IN (SELECT doc_id FROM {_SAMPLE})
        AND d.influence[place] IS DISTINCT FROM i.influence""",
    ),
)

QUERY_CORRELATION: Final = (
    Promise(
        "query_correlation: queries {0} and {1} stand {2} times, or are no pair of queries",
        """SELECT query_a, query_b, n FROM
        (SELECT query_a, query_b, count(*) AS n FROM query_correlation GROUP BY 1, 2)
        WHERE n > 1 OR coalesce(query_a >= query_b, true)
        OR query_a NOT IN (SELECT query_id FROM queries WHERE query_id IS NOT NULL)
        OR query_b NOT IN (SELECT query_id FROM queries WHERE query_id IS NOT NULL)""",
    ),
    Promise(
        "query_correlation: has {0} pairs of {1} queries",
        """SELECT n, n_queries FROM run, (SELECT count(*) AS n FROM query_correlation)
        WHERE n > 0 AND n <> n_queries * (n_queries - 1) // 2""",
    ),
    Promise(
        "query_correlation: queries {0} and {1} have {2} (Pearson), {3} (Spearman) over {4}",
        """SELECT query_a, query_b, pearson, spearman, query_correlation.n
        FROM query_correlation, run WHERE abs(pearson) > 1 OR abs(spearman) > 1
        OR query_correlation.n IS DISTINCT FROM run.n_documents""",
    ),
)

DERIVED_PROMISES: Final = (*NEAR_GROUPS, *WORDS, *DOCUMENT_INFLUENCE, *QUERY_CORRELATION)


def correlations(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """The correlations of a few queries are those of their influence."""
    (stands,) = connection.execute("SELECT count(*) FROM query_correlation").fetchall()[0]
    queries = [
        q for (q,) in connection.execute("FROM queries SELECT query_id ORDER BY 1").fetchall()
    ]
    if not stands or len(queries) < 2:
        return
    places = np.unique(np.linspace(0, len(queries) - 1, min(4, len(queries))).astype(int))
    chosen = [queries[place] for place in places]
    rows = []
    for query in chosen:
        found = connection.execute(
            "SELECT influence FROM influence WHERE query_id = ? ORDER BY doc_id", [query]
        ).fetchnumpy()["influence"]
        rows.append(np.ma.filled(found, np.nan))
    lengths = {len(row) for row in rows}
    if len(lengths) > 1 or not np.isfinite(rows).all():
        return  # another check tells of it
    for expected in query_correlations(np.array(rows)):
        pair = [chosen[expected.query_a], chosen[expected.query_b]]
        row = connection.execute(
            "SELECT pearson, spearman FROM query_correlation WHERE query_a = ? AND query_b = ?",
            pair,
        ).fetchall()
        if not row:
            continue  # another check tells of it
        for name, stored in zip(("pearson", "spearman"), row[0], strict=True):
            computed = getattr(expected, name)
            if (stored is None) != (computed is None) or (
                stored is not None and abs(stored - computed) > CORRELATION_TOLERANCE
            ):
                yield (
                    f"query_correlation: queries {pair[0]} and {pair[1]}: {name} is {stored}, "
                    f"their influence gives {computed}"
                )
