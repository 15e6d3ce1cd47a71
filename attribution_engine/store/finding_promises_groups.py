"""What a store promises about the influence of groups of documents."""

from __future__ import annotations

from typing import Final

from attribution_engine.store.promises import Promise

TOLERANCE: Final = 1e-6  # by which two ways of summing in float64 may differ, as a share of sizes
# Sources are another finding's.
ROWS: Final = """(SELECT coalesce(suite, 'kind ' || kind) AS name, * FROM group_influence
    WHERE "grouping" <> 'source')"""
PROMISES: Final[tuple[Promise, ...]] = (
    Promise(
        "document_group: {0} has {1} documents in its groups, the run has {2}",
        """SELECT "grouping", sum(n) AS total, any_value(n_documents) FROM document_group, run
        GROUP BY 1 HAVING total <> any_value(n_documents)""",
    ),
    Promise(
        "document_group: {0}, {1} has {2} tokens in {3} documents",
        """SELECT "grouping", value, n_tokens, n FROM document_group
        WHERE coalesce(n < 1 OR n_tokens < n, true)""",
    ),
    Promise(
        "document_group: {0}, {1} has {2} documents, {3} state so",
        """WITH stated AS (SELECT g."grouping", g.value, any_value(g.n) AS n, count(d.doc_id) AS m
            FROM document_group g LEFT JOIN documents d
            ON coalesce(d.domain, '') = g.domain
            WHERE g."grouping" = 'domain' AND g.exact GROUP BY 1, 2)
        SELECT "grouping", value, n, m FROM stated WHERE n <> m""",
    ),
    Promise(
        "group_influence: {0} names {1}, {2}, which document_group does not have",
        f"""SELECT name, "grouping", value FROM {ROWS} r
        ANTI JOIN document_group USING ("grouping", value)""",
    ),
    Promise(
        "group_influence: {0}, {1}, {2} stands {3} times",
        f"""SELECT name, "grouping", value, count(*) FROM {ROWS}
        GROUP BY name, suite, kind, "grouping", value, k, side HAVING count(*) > 1""",
    ),
    Promise(
        "group_influence: shares of {0} by {1} at k {2}, {3} sum to {4}",
        f"""SELECT name, "grouping", k, side, sum(share) AS total FROM {ROWS}
        WHERE side IS NOT NULL GROUP BY name, suite, kind, "grouping", k, side
        HAVING coalesce(abs(total - 1) > {TOLERANCE}, true)""",
    ),
    Promise(
        "group_influence: {0}, {1}, {2} has the multiplier {3} outside {4} to {5}",
        f"""SELECT name, "grouping", value, multiplier, low, high FROM {ROWS}
        WHERE side IS NOT NULL AND (coalesce(multiplier < 0 OR NOT isfinite(multiplier), true)
        OR multiplier < low - 1e-9 OR multiplier > high + 1e-9 OR (k IS NULL) <> (low IS NULL))""",
    ),
    Promise(
        "group_influence: {0}, {1}, {2} has the multiplier {3}, its shares give {4}",
        f"""SELECT name, "grouping", value, multiplier, share / share_corpus AS found FROM {ROWS}
        WHERE side IS NOT NULL
        AND coalesce(abs(multiplier - found) > {TOLERANCE} * (1 + abs(found)), true)""",
    ),
    Promise(
        "group_influence: {0}, {1}, {2} has the mean {3} outside {4} to {5}",
        f"""SELECT name, "grouping", value, mean, mean_low, mean_high FROM {ROWS}
        WHERE mean < mean_low OR mean > mean_high OR per_nat < per_nat_low
        OR per_nat > per_nat_high OR standard < standard_low OR standard > standard_high
        OR NOT isfinite(mean) OR side IS NULL AND mean IS NULL""",
    ),
    Promise(
        "group_influence: means by {1} on {0} give {2} over all documents, their scores {3}",
        f"""WITH groups AS (SELECT name, suite, "grouping", sum(mean * n) / sum(n) AS mean,
            sum(abs(mean) * n) / sum(n) AS size
            FROM {ROWS} WHERE side IS NULL AND suite IS NOT NULL GROUP BY ALL),
        plain AS (SELECT suite, avg(influence) AS mean, avg(abs(influence)) AS size
            FROM influence JOIN queries USING (query_id) GROUP BY 1)
        SELECT name, "grouping", groups.mean, plain.mean FROM groups LEFT JOIN plain USING (suite)
        WHERE coalesce(abs(groups.mean - plain.mean) > {TOLERANCE} * plain.size, true)""",
    ),
    Promise(
        "group_contrast: {1} on {0} suites has the difference {2} outside {3} to {4}",
        """SELECT about, contrast, difference, low, high FROM group_contrast
        WHERE difference < low OR difference > high OR n_a < 1 OR n_b < 1""",
    ),
    Promise(
        "suite_domain: the suite {0} is about {1}",
        """SELECT suite, about FROM suite_domain
        WHERE coalesce(about NOT IN ('math', 'code', 'other'), true)
        OR suite NOT IN (SELECT suite FROM queries)""",
    ),
)
