"""What a store promises about its model's accuracies and the tests of its scores."""

from __future__ import annotations

from typing import Final

from attribution_engine.findings.faithfulness import EXPERIMENTS
from attribution_engine.store.promises import Promise

ACCURACY: Final = (
    Promise(
        'run: accuracy of "{0}" is {1} of {2}, and {3}',
        """SELECT suite.key, suite.value->>'right', suite.value->>'n', suite.value->>'accuracy'
        FROM run, json_each(run.accuracy) AS suite
        WHERE coalesce((suite.value->>'right')::INTEGER
            NOT BETWEEN 0 AND (suite.value->>'n')::INTEGER
        OR abs((suite.value->>'accuracy')::DOUBLE
            - (suite.value->>'right')::DOUBLE / (suite.value->>'n')::INTEGER) > 1e-6, true)""",
    ),
)

FAITHFULNESS: Final = (
    Promise(
        'faithfulness: "{0}" is no test that this schema knows',
        f"""SELECT DISTINCT experiment FROM faithfulness
        WHERE coalesce(experiment NOT IN {EXPERIMENTS}, true)""",
    ),
    Promise(
        "faithfulness: a figure of {0} has no method, quantity, unit, figure, n or how",
        """SELECT experiment FROM faithfulness
        WHERE method IS NULL OR coalesce(quantity, '') = '' OR coalesce(unit, '') = ''
        OR figure IS NULL OR coalesce(n, 0) < 1 OR coalesce(how, '') = ''""",
    ),
    Promise(
        "faithfulness: the {1} of {0} by {2} has the interval {3} to {4}",
        """SELECT experiment, quantity, method, low, high FROM faithfulness
        WHERE low > high OR (low IS NULL) <> (high IS NULL)""",
    ),
    Promise(
        "faithfulness: a figure of {0} names query {1}, which queries does not have",
        """SELECT experiment, query_id FROM faithfulness ANTI JOIN queries USING (query_id)
        WHERE query_id IS NOT NULL""",
    ),
    Promise(
        "faithfulness: the {1} of {0} by {2} stands {3} times under the same seed, query, suite "
        "and condition",
        """SELECT experiment, quantity, method, count(*) FROM faithfulness
        GROUP BY experiment, quantity, method, seed, query_id, suite, condition
        HAVING count(*) > 1""",
    ),
    Promise(
        "faithfulness: {0} figures, and faithfulness_lab does not say how they were made",
        """SELECT n FROM (SELECT count(*) AS n FROM faithfulness)
        WHERE n > 0 AND NOT EXISTS (FROM faithfulness_lab)""",
    ),
    Promise(
        "faithfulness_lab: the setting {0} stands {1} times",
        "SELECT key, count(*) FROM faithfulness_lab GROUP BY 1 HAVING count(*) > 1 OR key IS NULL",
    ),
)

TRUST_PROMISES: Final = (*ACCURACY, *FAITHFULNESS)
