"""The tables of a store: the contract between the engine and the explorer."""

from __future__ import annotations

from attribution_engine.store.finding_schema import FINDING_MEANINGS, FINDING_TABLES

SCHEMA_VERSION = 5
UPGRADABLE = (3, 4)  # versions that `upgrade` brings up to this one
# From so many scores on, a document's row for every query is kept as well: `document_influence`.
DOCUMENT_MAJOR_FROM = 5_000_000
SIGN = "positive = helpful: more weight on the document raises the completion's log-probability"

TABLES: dict[str, str] = {
    "run": """
        run_id VARCHAR, name VARCHAR, created_at TIMESTAMP, schema_version INTEGER,
        engine_version VARCHAR, model VARCHAR, n_parameters BIGINT, n_tracked_parameters BIGINT,
        corpus VARCHAR, method VARCHAR, config JSON, sign VARCHAR, damping DOUBLE, rank INTEGER,
        token_alignment VARCHAR, device VARCHAR, stage_seconds JSON, notes VARCHAR,
        n_documents BIGINT, n_queries INTEGER, n_tokens BIGINT, factor_documents BIGINT,
        tracked_layers VARCHAR[], tail INTEGER, truncated_documents BIGINT, modules VARCHAR,
        n_linear_maps INTEGER, seed BIGINT, covariance_documents BIGINT,
        correction_documents BIGINT, skipped_documents BIGINT, accuracy JSON,
        training JSON""",
    "documents": """
        doc_id INTEGER, text VARCHAR, prompt_chars INTEGER,
        source VARCHAR, domain VARCHAR,
        category VARCHAR, difficulty VARCHAR, n_tokens INTEGER, gradient_norm FLOAT,
        token_ends INTEGER[], metadata JSON, loss_ranges INTEGER[], near_group INTEGER""",
    "words": "word VARCHAR, part INTEGER, docs INTEGER[]",
    "document_influence": "doc_id INTEGER, influence FLOAT[]",
    "queries": """
        query_id INTEGER, suite VARCHAR, task VARCHAR, kind VARCHAR, prompt VARCHAR,
        completion VARCHAR, reference VARCHAR, correct BOOLEAN, nats DOUBLE, n_tokens INTEGER,
        token_ends INTEGER[], token_nats FLOAT[], keywords JSON, span INTEGER[]""",
    "query_items": """
        query_id INTEGER, item INTEGER, prompt VARCHAR, completion VARCHAR, reference VARCHAR,
        correct BOOLEAN, nats DOUBLE, n_tokens INTEGER, token_ends INTEGER[], token_nats FLOAT[],
        in_set BOOLEAN""",
    "influence": """
        query_id INTEGER, doc_id INTEGER, influence FLOAT, rank INTEGER, rank_normed INTEGER""",
    "token_influence": """
        query_id INTEGER, doc_id INTEGER, alignment VARCHAR, scores FLOAT[]""",
    "spans": """
        doc_id INTEGER, span_id INTEGER, "start" INTEGER, "end" INTEGER, kind VARCHAR,
        behaviour VARCHAR, detector VARCHAR""",
    "span_influence": """
        query_id INTEGER, doc_id INTEGER, span_id INTEGER, influence FLOAT, cut_influence FLOAT,
        alignment VARCHAR""",
    "token_class_influence": """
        query_id INTEGER, domain VARCHAR, token_class VARCHAR, token VARCHAR, n BIGINT,
        mean DOUBLE, share DOUBLE""",
    "rank_curve": """
        query_id INTEGER, side VARCHAR, rank_low INTEGER, rank_high INTEGER, rank DOUBLE,
        influence DOUBLE, n INTEGER""",
    "rank_fit": """
        query_id INTEGER, side VARCHAR, k INTEGER, slope DOUBLE, slope_low DOUBLE,
        slope_high DOUBLE, r_squared DOUBLE, survival_exponent DOUBLE, ks_statistic DOUBLE,
        ks_p DOUBLE, n INTEGER""",
    "query_correlation": """
        query_a INTEGER, query_b INTEGER, pearson DOUBLE, spearman DOUBLE, n BIGINT""",
    "faithfulness": """
        experiment VARCHAR, method VARCHAR, seed INTEGER, query_id INTEGER, suite VARCHAR,
        condition VARCHAR, quantity VARCHAR, unit VARCHAR, figure DOUBLE, low DOUBLE, high DOUBLE,
        n INTEGER, how VARCHAR""",
    "faithfulness_lab": "key VARCHAR, value JSON",
    "trajectory": "query_id INTEGER, position INTEGER, nll DOUBLE",
    "backtracking": "task VARCHAR, arm VARCHAR, k INTEGER, accuracy DOUBLE, n INTEGER",
    **FINDING_TABLES,
}

# Kept in the store as comments of its columns, for whoever opens it without the explorer.
MEANINGS: dict[str, str] = {
    "documents.token_ends": "character (code point) of `text` where each token ends",
    "documents.n_tokens": "tokens the model saw; fewer than the text holds where it was cut",
    "documents.loss_ranges": "characters with loss: start, end, start …; NULL: all after prompt",
    "documents.near_group": "doc_id of the first of its near-duplicates; NULL: it has none",
    "words.docs": "ascending doc_ids of one part of the corpus whose text holds the word",
    "words.word": "lower case, at most 64 characters; ordered by word, then part",
    "document_influence.influence": "nats, one a query in the order of query_id; rows by doc_id; "
    "empty table where a scan of `influence` is fast enough",
    "query_correlation.query_a": "before query_b: every pair of queries stands once",
    "query_correlation.pearson": "of the influence on all documents; NULL: one is constant",
    "query_correlation.spearman": "of the ranks, ties having the mean of theirs; NULL as above",
    "query_correlation.n": "documents",
    "documents.gradient_norm": "norm of the gradient of the summed loss over the tracked layers",
    "queries.nats": "−log p(completion | prompt), summed over tokens; of a set: the mean",
    "queries.n_tokens": "tokens explained; token_ends and token_nats have the other ones too",
    "queries.token_ends": "character (code point) of prompt + completion where each token ends",
    "queries.token_nats": "−log p of each token of prompt + completion; 0 if not explained",
    "queries.span": "characters [start, end] of the completion that are explained; NULL = all",
    "query_items.item": "row of the suite, from 1; a set query has all the items that were tried",
    "query_items.in_set": "answered correctly, and so one of the items that the query is mean over",
    "query_items.nats": "−log p(completion | prompt) of this item, not divided by their number",
    "query_items.token_nats": "−log p of each token of prompt + completion; 0 if not explained",
    "influence.influence": "nats per unit of extra weight on the document; positive = helpful",
    "influence.rank": "1 = most helpful, n_documents = most harmful",
    "influence.rank_normed": "the same for influence ÷ gradient_norm",
    "token_influence.scores": "nats, one a token of the document; they sum to its influence",
    "run.accuracy": "suite -> n, right, accuracy of the model; NULL where it was not measured",
    "run.training": "how the model was trained, as its folder says; NULL where it does not",
    "run.seed": "of the drawn labels, the factor sample and the randomised SVD",
    "run.factor_documents": "documents in either part of the factor sample",
    "run.tail": "token scores exist for so many documents at either end of every ranking",
    "span_influence.influence": "sum of the token scores of the span, in `alignment`",
    "span_influence.cut_influence": "influence of the whole document less that without the span",
    "token_class_influence.share": "sum ÷ sum of the sizes of all classes, of the query",
    "token_class_influence.mean": "nats a token, update alignment, over all documents",
    "rank_curve.rank": "geometric mean of the ranks in the bin; harmful: 1 = most harmful",
    "rank_curve.influence": "mean influence of the bin (nats); harmful values are negative",
    "rank_fit.slope": "least-squares slope of log |influence| on log rank over the top k",
    "rank_fit.survival_exponent": "maximum-likelihood α of P(X > x) = (x / x_min)^−α, top k",
    "faithfulness.seed": "of the retraining; NULL = over all seeds",
    "faithfulness.query_id": "NULL = over all queries that were tested",
    "faithfulness.low": "lower end of the interval that `how` describes",
    "faithfulness.n": "what `figure` is taken over: the things that `how` counts",
    "faithfulness_lab.value": "settings, sizes, optimiser, machine, date and seconds of the lab",
    **FINDING_MEANINGS,
}


def create_statements() -> list[str]:
    """Statements that make every table empty, each column described where that is needed."""
    tables = [f'CREATE TABLE "{name}" ({columns})' for name, columns in TABLES.items()]
    return tables + comment_statements()


def comment_statements() -> list[str]:
    """Statements that describe the columns."""
    return [
        "COMMENT ON COLUMN {} IS '{}'".format(column, text.replace("'", "''"))
        for column, text in MEANINGS.items()
    ]
