"""The tables that the findings of a run are kept in, filled by its last stage."""

from __future__ import annotations

FINDING_TABLES: dict[str, str] = {
    # What every finding says of this run, and with what it was computed.
    "finding": """
        finding VARCHAR, claim VARCHAR, paper VARCHAR, standing VARCHAR, sentence VARCHAR,
        rule VARCHAR, n_queries INTEGER, n_documents BIGINT""",
    "finding_setting": "key VARCHAR, value JSON",
    # Correlations.
    "correlation_group": """
        measure VARCHAR, relation VARCHAR, group_a VARCHAR, group_b VARCHAR, mean DOUBLE,
        low DOUBLE, high DOUBLE, largest DOUBLE, n_pairs INTEGER, n BIGINT, largest_a INTEGER,
        largest_b INTEGER, n_queries INTEGER""",
    # Totals and coverage.
    "coverage": """
        query_id INTEGER, side VARCHAR, grid VARCHAR, percentile DOUBLE, k BIGINT,
        total DOUBLE, share DOUBLE""",
    "coverage_group": """
        "grouping" VARCHAR, value VARCHAR, kind VARCHAR, outcome VARCHAR, side VARCHAR,
        quantity VARCHAR, percentile DOUBLE, mean DOUBLE, deviation DOUBLE, low DOUBLE,
        high DOUBLE, n_queries INTEGER""",
    "slope_test": """
        side VARCHAR, outcome VARCHAR, group_a VARCHAR, mean_a DOUBLE, deviation_a DOUBLE,
        n_a INTEGER, group_b VARCHAR, mean_b DOUBLE, deviation_b DOUBLE, n_b INTEGER, t DOUBLE,
        p DOUBLE, difference DOUBLE, low DOUBLE, high DOUBLE""",
    # Answers.
    "answers": """
        query_id INTEGER, doc_id INTEGER, what VARCHAR, matched VARCHAR, "start" INTEGER,
        "end" INTEGER, detector VARCHAR, part VARCHAR, rank INTEGER, confirmed BOOLEAN""",
    "answer_search": """
        query_id INTEGER, role VARCHAR, k INTEGER, what VARCHAR, keywords VARCHAR[],
        beside VARCHAR[],
        needed INTEGER, n_top BIGINT, n_bottom BIGINT, n_corpus BIGINT, found_top BOOLEAN,
        found_corpus BOOLEAN, first_rank INTEGER, n_candidates BIGINT, n_read BIGINT,
        n_judged INTEGER, n_confirmed INTEGER""",
    # How top documents relate to their query.
    "relation": """
        query_id INTEGER, doc_id INTEGER, rank INTEGER, relation VARCHAR, written VARCHAR""",
    "relation_count": """
        query_id INTEGER, relation VARCHAR, k INTEGER, n_top INTEGER, n_read INTEGER,
        n_random INTEGER, "procedure" VARCHAR""",
    "relation_share": """
        suite VARCHAR, relation VARCHAR, k INTEGER, n_queries INTEGER, n_known INTEGER,
        share DOUBLE, low DOUBLE, high DOUBLE, share_random DOUBLE, n_read INTEGER""",
    # Sources and groups.
    "group_influence": """
        suite VARCHAR, "grouping" VARCHAR, value VARCHAR, k INTEGER, side VARCHAR, share DOUBLE,
        multiplier DOUBLE, mean DOUBLE, kind VARCHAR, share_corpus DOUBLE, low DOUBLE,
        high DOUBLE, mean_low DOUBLE, mean_high DOUBLE, n_top BIGINT, n BIGINT,
        n_queries INTEGER, per_nat DOUBLE, per_nat_low DOUBLE, per_nat_high DOUBLE,
        standard DOUBLE, standard_low DOUBLE, standard_high DOUBLE, n_different BIGINT,
        queries_low DOUBLE, queries_high DOUBLE""",
    "document_group": """
        "grouping" VARCHAR, value VARCHAR, domain VARCHAR, category VARCHAR, difficulty VARCHAR,
        n BIGINT, n_tokens BIGINT, n_pooled BIGINT, exact BOOLEAN""",
    "suite_domain": "suite VARCHAR, about VARCHAR",
    "group_contrast": """
        about VARCHAR, suites VARCHAR[], contrast VARCHAR, group_a VARCHAR, group_b VARCHAR,
        mean_a DOUBLE, mean_a_low DOUBLE, mean_a_high DOUBLE, mean_b DOUBLE, mean_b_low DOUBLE,
        mean_b_high DOUBLE, difference DOUBLE, low DOUBLE, high DOUBLE, per_nat_a DOUBLE,
        per_nat_b DOUBLE, n_a BIGINT, n_b BIGINT, n_queries INTEGER""",
    # Tokens.
    "token_statistic": """
        scope VARCHAR, suite VARCHAR, alignment VARCHAR, token_class VARCHAR, token VARCHAR,
        n BIGINT, n_documents BIGINT, mean DOUBLE, mean_size DOUBLE, share DOUBLE,
        share_helpful DOUBLE, share_harmful DOUBLE, class_share DOUBLE, top_helpful BIGINT,
        top_harmful BIGINT, helpful_query INTEGER, helpful_doc INTEGER, helpful_position INTEGER,
        helpful_start INTEGER, helpful_end INTEGER, helpful_score DOUBLE, harmful_query INTEGER,
        harmful_doc INTEGER, harmful_position INTEGER, harmful_start INTEGER, harmful_end INTEGER,
        harmful_score DOUBLE""",
    "token_class_statistic": """
        scope VARCHAR, suite VARCHAR, alignment VARCHAR, source VARCHAR, token_class VARCHAR,
        n BIGINT, share DOUBLE, token_share DOUBLE, multiplier DOUBLE, low DOUBLE, high DOUBLE,
        n_queries INTEGER, n_documents BIGINT, top_helpful BIGINT, top_harmful BIGINT""",
    "word_list": "kind VARCHAR, name VARCHAR, words VARCHAR[]",
    # Exploration.
    "behaviour_span": """
        doc_id INTEGER, span_id INTEGER, "start" INTEGER, "end" INTEGER, behaviour VARCHAR,
        detector VARCHAR""",
    "behaviour_influence": """
        suite VARCHAR, domain VARCHAR, detector VARCHAR, behaviour VARCHAR, side VARCHAR,
        level VARCHAR, n BIGINT, n_spans BIGINT, n_documents BIGINT, n_queries INTEGER,
        mean DOUBLE, low DOUBLE, high DOUBLE, mean_per_token DOUBLE, mean_tokens DOUBLE,
        share_helpful DOUBLE, n_control BIGINT, control_mean DOUBLE, control_low DOUBLE,
        control_high DOUBLE, difference DOUBLE, difference_low DOUBLE, difference_high DOUBLE""",
    "behaviour_score": """
        query_id INTEGER, doc_id INTEGER, span_id INTEGER, detector VARCHAR, behaviour VARCHAR,
        side VARCHAR, n_tokens INTEGER, influence DOUBLE, cut_influence DOUBLE,
        control_doc_id INTEGER, control_start INTEGER, control_end INTEGER,
        control_influence DOUBLE""",
    # Readers of behaviours against labels by hand, and what a judge has said.
    "reading_score": """
        reader VARCHAR, behaviour VARCHAR, n_labels INTEGER, n_found INTEGER, n_right INTEGER,
        "precision" DOUBLE, precision_low DOUBLE, precision_high DOUBLE, recall DOUBLE,
        recall_low DOUBLE, recall_high DOUBLE, n_spans INTEGER""",
    "judgement": """
        judge VARCHAR, question VARCHAR, prompt_hash VARCHAR, doc_id INTEGER, "start" INTEGER,
        "end" INTEGER, reply VARCHAR, verdict BOOLEAN""",
}

# Kept in the store as comments of its columns.
FINDING_MEANINGS: dict[str, str] = {
    "finding.standing": "replicates, does not, or cannot tell: by the rule in its row",
    "finding.n_documents": "documents behind the claim",
    "finding_setting.value": "top k, resamples, seeds, detector, judge and seconds",
    "correlation_group.measure": "pearson or spearman",
    "correlation_group.low": "lower end of the 95% interval by resampling documents",
    "correlation_group.relation": "what the pairs have in common: within task, across tasks, …",
    "correlation_group.group_a": "task, or kind of query with the two kinds of control apart",
    "correlation_group.mean": "over the pairs that have a correlation; sets are left out",
    "correlation_group.largest": "correlation of a pair, that of queries largest_a and largest_b",
    "coverage.grid": "percentile: k is that part of the sign's documents; k: k is as asked for",
    "coverage.percentile": "of the documents of this sign, the strongest first; 100 = all",
    "coverage.total": "nats, summed influence of the strongest k; negative on the harmful side",
    "coverage.share": "of the total of this sign",
    "coverage_group.outcome": "all, or the completions that are correct, wrong, or unknown",
    "coverage_group.quantity": "total (size, nats), per_nat (total ÷ nats), share of the side; "
    "slope and survival_exponent of the top k of rank_fit",
    "coverage_group.percentile": "of each query's documents of this sign; NULL: over the top k",
    "coverage_group.deviation": "standard deviation over the queries; NULL for a single one",
    "coverage_group.low": "lower end of the mean's 95% interval by bootstrap over queries",
    "slope_test.p": "of Welch's t-test on the slopes of the queries, two-sided",
    "slope_test.difference": "mean_a less mean_b; low and high: its 95% interval by Welch's t",
    "relation.relation": "of text/relations.py, by rules; a document may have several",
    "relation.written": "what shows it, as it was read: a sum with its operands, words",
    "relation_count.n_top": "of the k most helpful documents; n_random: of n_read drawn at random",
    "relation_count.procedure": "way to the query's result, put together from its sums",
    "relation_share.share": "mean over the queries of a suite of the share of their k documents; "
    "low and high: its 95% interval by bootstrap over queries",
    "relation_share.n_known": "queries of the suite whose procedure is known",
    "answers.part": "top = the k most helpful documents, bottom = the k last, corpus = others",
    "answers.rank": "of the document for the query, 1 = most helpful",
    "answers.confirmed": "by the judge; NULL: none was asked",
    "answer_search.role": "kind of the query; controls by what they control",
    "answer_search.what": "answer, or step 1, step 2 …",
    "answer_search.beside": "of which `needed` have to stand near a keyword for it to count",
    "answer_search.n_top": "documents among the k most helpful that say it; n_bottom: the k last",
    "answer_search.n_corpus": "outside the top k; estimated where n_read < n_candidates",
    "answer_search.first_rank": "of the most helpful document of the top k that says it",
    "answer_search.n_candidates": "documents outside both ends that hold all words of it",
    "answer_search.n_read": "candidates that were read, drawn at random",
    "group_influence.kind": "kind of query the row is over; NULL: it is over the suite",
    "group_influence.k": "documents of the end; NULL: all documents",
    "group_influence.low": "95% interval of the multiplier",
    "group_influence.mean_low": "95% interval of the mean by resampling",
    "group_influence.per_nat": "mean of influence ÷ nats of the completion",
    "group_influence.standard": "mean of influence ÷ standard deviation of the query's scores",
    "group_influence.n_top": "places of the end that the group holds, over all queries",
    "group_influence.n_different": "different documents at this end, which low and high count",
    "document_group.n_pooled": "groups too small to stand alone that are in this one",
    "document_group.exact": "whether those who filter by what it states find these documents only",
    "suite_domain.about": "math, code or other, by a rule",
    "group_contrast.difference": "mean_a less mean_b, in standard deviations; low, high: 95%",
    "token_statistic.scope": "suite, or domain: all suites about math, code or neither",
    "token_statistic.token": "as most often written, trimmed; cases are counted together",
    "token_statistic.n": "occurrences in the documents of the tails, under every query anew",
    "token_statistic.mean": "nats an occurrence",
    "token_statistic.share": "of the sizes of all tokens, mean over the queries",
    "token_statistic.share_helpful": "of the sum of what raises; share_harmful: of what lowers",
    "token_statistic.class_share": "of the share of its class",
    "token_statistic.top_helpful": "occurrences among the 200 that raise each query most",
    "token_statistic.helpful_doc": "where the token raises a query most; harmful_doc: lowers",
    "token_statistic.helpful_position": "number of the token in the document, from 0",
    "token_class_statistic.source": "tails = sizes of token scores of the tails; corpus = sizes "
    "of net sums over all documents",
    "token_class_statistic.token_class": "structure = code, markdown and fence together",
    "token_class_statistic.share": "of the sizes of all classes, mean over the queries",
    "token_class_statistic.multiplier": "share ÷ token_share, with 95% interval over queries",
    "word_list.kind": "section of the file of word lists",
    "reading_score.reader": "the detector, or the judge's name",
}
