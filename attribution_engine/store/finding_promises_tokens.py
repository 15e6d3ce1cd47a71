"""What a store promises about the finding tokens."""

from __future__ import annotations

from typing import Final

from attribution_engine.store.promises import Promise
from attribution_engine.text.token_classes import CLASSES

TOLERANCE: Final = 1e-6  # sums of shares
_KNOWN: Final = ", ".join(f"'{name}'" for name in (*CLASSES, "structure"))
_EXAMPLES: Final = " UNION ALL ".join(
    f"""SELECT suite, token, alignment, {side}_query AS query_id, {side}_doc AS doc_id,
    {side}_position AS position, {side}_start AS "start", {side}_end AS "end"
    FROM token_statistic"""
    for side in ("helpful", "harmful")
)

PROMISES: Final[tuple[Promise, ...]] = (
    Promise(
        "token_class_statistic: the shares of {0} {1} ({2}, {3}) sum to {4} and {5}",
        f"""SELECT scope, suite, alignment, source, a, b FROM
        (SELECT scope, suite, alignment, source, sum(share) AS a, sum(token_share) AS b
        FROM token_class_statistic WHERE token_class <> 'structure' GROUP BY ALL)
        WHERE coalesce(abs(a - 1) > {TOLERANCE} OR abs(b - 1) > {TOLERANCE}, true)""",
    ),
    Promise(
        "token_class_statistic: {0} {1}, class {2}: the multiplier is {3}, the shares {4} and {5}",
        f"""SELECT scope, suite, token_class, multiplier, share, token_share
        FROM token_class_statistic WHERE token_class NOT IN ({_KNOWN})
        OR (multiplier IS NULL) <> (token_share = 0)
        OR abs(multiplier * token_share - share) > {TOLERANCE} OR NOT isfinite(multiplier)""",
    ),
    Promise(
        "token_class_statistic: {0} {1}, class {2}: the interval {3} to {4} is none",
        """SELECT scope, suite, token_class, low, high FROM token_class_statistic
        WHERE (low IS NULL) <> (high IS NULL) OR low > high OR low < 0""",
    ),
    Promise(
        "token_statistic: {0}, token {1}: {2} occurrences in {3} documents, mean {4}, share {5}",
        """SELECT suite, token, n, n_documents, mean, share FROM token_statistic
        WHERE coalesce(n < 1 OR n_documents NOT BETWEEN 1 AND n OR NOT isfinite(mean)
        OR mean_size < abs(mean) * (1 - 1e-6) OR share NOT BETWEEN 0 AND 1 + 1e-6
        OR share_helpful NOT BETWEEN 0 AND 1 + 1e-6 OR share_harmful NOT BETWEEN 0 AND 1 + 1e-6
        OR class_share NOT BETWEEN 0 AND 1 + 1e-6 OR top_helpful NOT BETWEEN 0 AND n
        OR top_harmful NOT BETWEEN 0 AND n, true)""",
    ),
    Promise(
        "token_statistic: {0}, token {1}: its example {4} to {5} is not in document {3}, which "
        "query {2} has token scores of",
        f"""SELECT suite, token, query_id, e.doc_id, "start", "end" FROM ({_EXAMPLES}) e
        LEFT JOIN (SELECT query_id, doc_id, alignment, true AS there FROM token_influence)
        USING (query_id, doc_id, alignment) LEFT JOIN documents d ON d.doc_id = e.doc_id
        WHERE coalesce(NOT there OR "start" < 0 OR "end" < "start" OR "end" > length(text)
        OR position NOT BETWEEN 0 AND n_tokens - 1, true)""",
    ),
    # Cases are counted together, and the token is written as it is most often: a form in lower
    # case or upper case may stand at the example.
    Promise(
        "token_statistic: {0}: the text at its example {3} to {4} of document {2} is not {1}",
        f"""SELECT suite, token, doc_id, "start", "end" FROM ({_EXAMPLES})
        JOIN (SELECT doc_id, text FROM documents) USING (doc_id)
        WHERE regexp_matches(token, '^[ -~]{{1,40}}$')
        AND lower(substring(text, "start" + 1, "end" - "start")) <> lower(token)""",
    ),
    Promise(
        "token_statistic: {0} {1} ({2}) has no row in token_class_statistic",
        """SELECT DISTINCT scope, suite, alignment FROM token_statistic
        EXCEPT SELECT scope, suite, alignment FROM token_class_statistic WHERE source = 'tails'""",
    ),
    Promise(
        "word_list: [{0}] {1} stands twice or holds no words",
        """SELECT kind, name FROM word_list GROUP BY ALL
        HAVING count(*) > 1 OR (kind = 'connectives' AND max(len(words)) = 0)""",
    ),
)
