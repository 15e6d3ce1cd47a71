"""What a store promises about sources among the top and bottom documents."""

from __future__ import annotations

from typing import Final

from attribution_engine.store.promises import Promise

TOLERANCE: Final = 1e-9
OF_SOURCES: Final = "\"grouping\" = 'source' AND k IS NOT NULL"
PROMISES: Final[tuple[Promise, ...]] = (
    Promise(
        'group_influence: source "{0}", k = {1}, {2} is over the suite {3} and the kind {4}',
        f"""SELECT value, k, side, suite, kind FROM group_influence
        WHERE {OF_SOURCES} AND (suite IS NULL) = (kind IS NULL)""",
    ),
    Promise(
        'group_influence: source "{0}", k = {1}, {2} of {3} stands {4} times',
        f"""SELECT value, k, side, coalesce(suite, kind), count(*) FROM group_influence
        WHERE {OF_SOURCES} GROUP BY value, k, side, suite, kind HAVING count(*) > 1""",
    ),
    Promise(
        "group_influence: k = {0} is not within the {1} documents",
        f"""SELECT DISTINCT k, n_documents FROM group_influence, run
        WHERE {OF_SOURCES} AND k NOT BETWEEN 1 AND n_documents""",
    ),
    Promise(
        'group_influence: source "{0}" has {1} documents, its rows say {2}',
        f"""SELECT value, coalesce(d.n, 0), g.n FROM group_influence g LEFT JOIN
            (SELECT source, count(*) AS n FROM documents GROUP BY source) d ON source = value
        WHERE {OF_SOURCES} AND g.n IS DISTINCT FROM d.n""",
    ),
    Promise(
        'group_influence: source "{0}", k = {1}, {2} of {3} has the share {4}, '
        "which is not that of its {5} places",
        f"""SELECT value, k, side, coalesce(suite, kind), share, n_top FROM group_influence
        WHERE {OF_SOURCES} AND coalesce(share NOT BETWEEN 0 AND 1 OR n_queries < 1
        OR abs(share - n_top / (k::DOUBLE * n_queries)) > {TOLERANCE}, true)""",
    ),
    Promise(
        'group_influence: source "{0}", k = {1}, {2} of {3} has the multiplier {4} outside its '
        "intervals, or not its shares' quotient",
        f"""SELECT value, k, side, coalesce(suite, kind), multiplier FROM group_influence, run
        WHERE {OF_SOURCES} AND coalesce(
            abs(multiplier * share_corpus - share) > {TOLERANCE}
            OR abs(share_corpus * n_documents - n) > {TOLERANCE} * n_documents
            OR multiplier NOT BETWEEN low - {TOLERANCE} AND high + {TOLERANCE}
            OR multiplier NOT BETWEEN coalesce(queries_low, 0) - {TOLERANCE}
                AND coalesce(queries_high, multiplier) + {TOLERANCE}
            OR (queries_low IS NULL) <> (queries_high IS NULL), true)""",
    ),
    Promise(
        "group_influence: the shares of the sources, k = {0}, {1} of {2} sum to {3}",
        f"""SELECT k, side, coalesce(suite, kind), sum(share) FROM group_influence
        WHERE {OF_SOURCES} GROUP BY k, side, suite, kind HAVING sum(share) > 1 + {TOLERANCE}""",
    ),
    Promise(
        "group_influence: k = {0}, {1} of {2} has {3} different documents for {4} queries",
        f"""SELECT k, side, coalesce(suite, kind), n_different, g.n_queries
        FROM group_influence g, run
        WHERE {OF_SOURCES} AND coalesce(n_different < k
        OR n_different > least(k::BIGINT * g.n_queries, n_documents), true)""",
    ),
    # Counted anew for the fewest k: all of them would take a pass over every ranking.
    Promise(
        'group_influence: source "{0}" has {2} places among the {1} most helpful of the suite {3}, '
        "the rankings {4}",
        f"""WITH first AS (SELECT min(k) AS k FROM group_influence WHERE {OF_SOURCES}),
        varied AS (SELECT query_id, suite FROM queries SEMI JOIN
            (SELECT a.query_id FROM influence a JOIN influence b USING (query_id), run
             WHERE a.rank = 1 AND b.rank = n_documents AND a.influence <> b.influence) v
            USING (query_id)),
        counted AS (SELECT suite, source, count(*) AS n FROM influence
            JOIN varied USING (query_id) JOIN documents USING (doc_id), first
            WHERE rank <= first.k GROUP BY suite, source)
        SELECT value, g.k, g.n_top, g.suite, coalesce(c.n, 0) FROM group_influence g
        JOIN first ON first.k = g.k
        LEFT JOIN counted c ON c.suite = g.suite AND c.source = g.value
        WHERE {OF_SOURCES.replace("k IS", "g.k IS")} AND side = 'helpful' AND g.suite IS NOT NULL
        AND g.n_top <> coalesce(c.n, 0)""",
    ),
)
