"""What a store promises about the correlations of groups of queries."""

from __future__ import annotations

from typing import Final

from attribution_engine.store.promises import Promise

TOLERANCE: Final = 1e-6  # by which two ways of summing in float64 may differ
SETS: Final = "(SELECT query_id FROM query_items)"
PROMISES: Final[tuple[Promise, ...]] = (
    Promise(
        "correlation_group: {1} between {2} and {3} stands {4} times as {0}",
        """SELECT measure, relation, group_a, group_b, count(*) FROM correlation_group
        GROUP BY 1, 2, 3, 4 HAVING count(*) > 1 AND relation <> 'within task'
        AND relation NOT IN ('between tasks', 'task and control')""",
    ),
    Promise(
        "correlation_group: {0}, {1} between {2} and {3} has the mean {4}, which is no correlation",
        """SELECT measure, relation, group_a, group_b, mean FROM correlation_group
        WHERE coalesce(abs(mean) > 1 OR abs(largest) > 1 OR largest < mean - 1e-9
        OR NOT isfinite(mean) OR n_pairs < 1, true)
        OR measure NOT IN ('pearson', 'spearman')""",
    ),
    Promise(
        "correlation_group: {0}, {1} between {2} and {3} has the mean {4} outside {5} to {6}",
        """SELECT measure, relation, group_a, group_b, mean, low, high FROM correlation_group
        WHERE (low IS NULL) <> (high IS NULL) OR mean < low OR mean > high OR NOT isfinite(low)
        OR NOT isfinite(high)""",
    ),
    Promise(
        "correlation_group: {0}, {1} is over {2} documents, the run has {3}",
        """SELECT measure, relation, g.n, n_documents FROM correlation_group g, run
        WHERE g.n IS DISTINCT FROM n_documents""",
    ),
    Promise(
        "correlation_group: {0} within the task {1} has the mean {2}, its pairs have {3}",
        f"""WITH asked AS (SELECT query_id, kind, coalesce(task, suite) AS task FROM queries
            WHERE query_id NOT IN {SETS}),
        pairs AS (SELECT a.task, c.pearson, c.spearman FROM query_correlation c
            JOIN asked a ON a.query_id = c.query_a
            JOIN asked b ON b.query_id = c.query_b AND b.task = a.task AND b.kind = a.kind),
        means AS (SELECT 'pearson' AS measure, task, avg(pearson) AS mean FROM pairs GROUP BY task
            UNION ALL SELECT 'spearman', task, avg(spearman) FROM pairs GROUP BY task),
        plain AS (SELECT task FROM asked GROUP BY task
            HAVING count(DISTINCT kind) = 1 AND any_value(kind) <> 'control')
        SELECT g.measure, g.group_a, g.mean, m.mean FROM correlation_group g
        JOIN means m ON m.measure = g.measure AND m.task = g.group_a
        SEMI JOIN plain ON plain.task = g.group_a
        WHERE g.relation = 'within task' AND coalesce(abs(g.mean - m.mean) > {TOLERANCE}, true)""",
    ),
    Promise(
        "correlation_group: {0} of the largest pair {1}, {2} is {3}, the pair has {4}",
        f"""SELECT g.measure, g.largest_a, g.largest_b, g.largest,
            CASE g.measure WHEN 'pearson' THEN c.pearson ELSE c.spearman END AS found
        FROM correlation_group g LEFT JOIN query_correlation c
            ON c.query_a = least(g.largest_a, g.largest_b)
            AND c.query_b = greatest(g.largest_a, g.largest_b)
        WHERE coalesce(abs(g.largest
            - CASE g.measure WHEN 'pearson' THEN c.pearson ELSE c.spearman END) > {TOLERANCE},
            true)""",
    ),
)
