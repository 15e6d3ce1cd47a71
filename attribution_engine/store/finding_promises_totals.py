"""What a store promises about its totals: sums, shares, means of groups, tests of slopes."""

from __future__ import annotations

from typing import Final

from attribution_engine.store.promises import SUM_TOLERANCE, Promise

ROUNDING: Final = 1e-9

PROMISES: Final[tuple[Promise, ...]] = (
    Promise(
        "coverage: query {0}, {1}, {2} {3} stands {4} times, or names no query or side",
        """SELECT query_id, side, grid, coalesce(percentile, k), count(*) FROM coverage
        GROUP BY 1, 2, 3, 4 HAVING count(*) > 1
        OR coalesce(query_id NOT IN (SELECT query_id FROM queries)
            OR side NOT IN ('helpful', 'harmful') OR grid NOT IN ('percentile', 'k'), true)""",
    ),
    Promise(
        "coverage: query {0}, {1}: the strongest {2} hold {3} of the total, {4}",
        f"""SELECT query_id, side, k, share, total FROM coverage
        WHERE coalesce(k < 1 OR percentile <= 0 OR percentile > 100
            OR share <= 0 OR share > 1 + {ROUNDING}
            OR (side = 'helpful') <> (total > 0) OR percentile = 100 AND share < 1 - {ROUNDING},
            true)""",
    ),
    Promise(
        "coverage: query {0}, {1}: {2} documents hold more than {3} do",
        f"""SELECT query_id, side, before, k FROM (SELECT query_id, side, k, share,
            lag(k) OVER (PARTITION BY query_id, side ORDER BY k, share) AS before,
            lag(share) OVER (PARTITION BY query_id, side ORDER BY k) AS lower FROM coverage)
        WHERE lower > share + {ROUNDING}""",
    ),
    Promise(
        "coverage: query {0}, {1} sums to {2} over {3} documents, its influence to {4} over {5}",
        f"""WITH whole AS (SELECT query_id, side, grid, k, total FROM coverage
            WHERE percentile = 100),
        signed AS (SELECT query_id, CASE WHEN influence > 0 THEN 'helpful' ELSE 'harmful' END
            AS side, influence::DOUBLE AS influence FROM influence WHERE influence <> 0),
        real AS (SELECT query_id, side, sum(influence) AS total, count(*) AS n FROM signed
            WHERE EXISTS (FROM coverage) GROUP BY 1, 2)
        SELECT query_id, side, whole.total, k, real.total, n
        FROM real FULL JOIN whole USING (query_id, side)
        WHERE coalesce(k <> n OR abs(whole.total - real.total)
            > {SUM_TOLERANCE} * abs(real.total), true)""",
    ),
    Promise(
        "coverage_group: {0} {1}, {2}, {3}: the interval {5} to {6} does not hold the mean {4}",
        f"""SELECT "grouping", value, side, quantity, mean, low, high FROM coverage_group
        WHERE coalesce(n_queries < 1 OR coalesce(percentile <= 0 OR percentile > 100, false)
            OR quantity NOT IN ('total', 'per_nat', 'share', 'slope', 'survival_exponent')
            OR (quantity <> 'slope') AND mean < 0
            OR (percentile IS NULL) <> (quantity IN ('slope', 'survival_exponent'))
            OR quantity = 'share' AND mean > 1 + {ROUNDING}, true)
        OR low > mean + {ROUNDING} * abs(mean) OR high < mean - {ROUNDING} * abs(mean)
        OR (low IS NULL) <> (n_queries = 1) OR (high IS NULL) <> (n_queries = 1)""",
    ),
    Promise(
        "slope_test: {0}, {1}: p is {2}, the difference {3} lies in {4} to {5}",
        f"""SELECT side, outcome, p, difference, low, high FROM slope_test
        WHERE p < 0 OR p > 1 OR n_a < 0 OR n_b < 0
        OR (p IS NULL) <> (low IS NULL) OR (p IS NULL) <> (high IS NULL)
        OR low > difference + {ROUNDING} OR high < difference - {ROUNDING}
        OR abs(mean_a - mean_b - difference) > {ROUNDING}""",
    ),
    Promise(
        "slope_test: {0}, {1} is over {2} {3} queries, rank_fit has {4}",
        """WITH groups AS (SELECT side, outcome, n_a AS n, group_a AS kind FROM slope_test
            UNION ALL SELECT side, outcome, n_b, group_b FROM slope_test),
        sets AS (SELECT DISTINCT query_id FROM query_items),
        singles AS (SELECT * FROM queries WHERE query_id NOT IN (FROM sets)
            OR NOT EXISTS (FROM queries ANTI JOIN sets USING (query_id))),
        counted AS (SELECT g.side, g.outcome, g.n, g.kind, count(s.query_id) AS real FROM groups g
            LEFT JOIN (rank_fit f JOIN singles s ON s.query_id = f.query_id) ON f.side = g.side
            AND s.kind = g.kind AND f.slope IS NOT NULL
            AND (g.outcome = 'all' OR s.correct = (g.outcome = 'correct')) GROUP BY ALL)
        SELECT side, outcome, n, kind, real FROM counted WHERE n <> real""",
    ),
)
