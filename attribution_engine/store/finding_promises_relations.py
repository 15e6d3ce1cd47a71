"""What a store promises about the relations of top documents to queries."""

from __future__ import annotations

from typing import Final

from attribution_engine.store.promises import Promise
from attribution_engine.text.relations import RELATIONS

NAMES: Final = ", ".join(f"'{name}'" for name in RELATIONS)
PROMISES: Final[tuple[Promise, ...]] = (
    Promise(
        'relation: query {0}, document {1} has "{2}" at rank {3} where influence has {4}',
        f"""SELECT query_id, doc_id, relation, r.rank, i.rank FROM relation r
        LEFT JOIN influence i USING (query_id, doc_id)
        WHERE coalesce(r.rank <> i.rank OR relation NOT IN ({NAMES}) OR written IS NULL, true)""",
    ),
    Promise(
        'relation: query {0}, document {1} has "{2}" {3} times',
        """SELECT query_id, doc_id, relation, count(*) FROM relation GROUP BY 1, 2, 3
        HAVING count(*) > 1""",
    ),
    Promise(
        "relation: query {0} has relations of {1} documents, and read {2}",
        """SELECT query_id, coalesce(n, 0), k FROM
        (SELECT query_id, max(k) AS k FROM relation_count GROUP BY 1) FULL JOIN
        (SELECT query_id, count(DISTINCT doc_id) AS n FROM relation GROUP BY 1) USING (query_id)
        WHERE n IS DISTINCT FROM k""",
    ),
    Promise(
        'relation_count: query {0} counts {2} documents as "{1}", where {3} are kept',
        """SELECT query_id, relation, n_top, coalesce(n, 0) FROM relation_count LEFT JOIN
        (SELECT query_id, relation, count(*) AS n FROM relation GROUP BY 1, 2)
        USING (query_id, relation) WHERE n_top IS DISTINCT FROM coalesce(n, 0)""",
    ),
    Promise(
        'relation_count: query {0}, "{1}": {2} of {3} top documents, {4} of {5} at random',
        f"""SELECT query_id, relation, n_top, k, n_random, n_read FROM relation_count, run
        WHERE coalesce(relation NOT IN ({NAMES}) OR n_top NOT BETWEEN 0 AND k
        OR k NOT BETWEEN 1 AND n_documents OR n_read NOT BETWEEN 1 AND n_documents
        OR n_random NOT BETWEEN 0 AND n_read OR query_id NOT IN (SELECT query_id FROM queries)
        OR query_id IN (SELECT query_id FROM query_items), true)""",
    ),
    Promise(
        'relation_share: suite {0}, "{1}" has the share {2}, where its queries have {3}',
        """SELECT suite, relation, share, mean FROM relation_share FULL JOIN
        (SELECT suite, relation, avg(n_top / c.k) AS mean, avg(n_random / c.n_read) AS by_chance,
            count(*) AS n, count("procedure") AS known
        FROM relation_count c JOIN queries USING (query_id) GROUP BY 1, 2)
        USING (suite, relation)
        WHERE coalesce(abs(share - mean) > 1e-9 OR abs(share_random - by_chance) > 1e-9
        OR n_queries <> n OR n_known <> known, true)
        OR share NOT BETWEEN coalesce(low, 0) - 1e-9 AND coalesce(high, 1) + 1e-9""",
    ),
)
