"""Invented figures of all five tests, as the command `trust` writes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from attribution_engine.findings.faithfulness import FaithfulnessRow
from attribution_engine.store.faithfulness import write_faithfulness

METHODS = ("ek-fac", "gradient-dot", "gradient-cosine", "bm25", "random")
SHARES = ("1%", "5%", "10%")
SEEDS = (0, 1, 2)
DROPS = {"ek-fac": 1.4, "gradient-dot": 0.8, "gradient-cosine": 0.7, "bm25": 0.75, "random": 0.1}
SCORES = {"ek-fac": 0.31, "gradient-dot": 0.17, "gradient-cosine": 0.15, "bm25": 0.12,
          "ceiling": 0.75}  # fmt: skip
CONDITIONS = {
    "disjoint factor samples": 0.97, "damping 0.1 against 0.01": 0.91, "rank 16 against exact": 0.74
}  # fmt: skip
ARMS = {"nothing cut": 0.0, "equal length cut elsewhere": -0.1, "exploration cut": -0.9}
LAB = {
    "seeds": {"removal": [0, 1, 2], "lds": [0, 1, 2]},
    "baseline": {
        "slopes": {"questions": 8, "nats": 3.21, "reproduced": 0.625},
        "proofs": {"questions": 6, "nats": 9.5, "reproduced": 0.0},
    },
    "methods": {"modules": "linear", "damping": 0.1, "factors": "two halves of the lab"},
    "command": "python -m attribution_engine trust synthetic.duckdb",
    "date": "2024-05-01 12:00",
    "machine": {"processor": "invented", "threads": 2},
    "seconds": {"this attempt": 512.4, "retrainings, all attempts": 4000.0},
    "documents": {"of the store": 2000, "planted": 25, "cut to the context": 0},
    "queries": {"explained": 20, "asked": 60},
    "settings": {"hidden": 48, "layers": 2, "epochs": 8.0, "learning_rate": 0.004},
    "parameters": 41_000,
    "not tested": {},
    "optimiser": {"lab": "AdamW, betas (0.9, 0.95)", "run": "not known"},
    "weight decay": {"lab": 0.1, "lab, kind": "decoupled", "run": "not known"},
    "what the theory assumes": "That training has come to a minimum of the loss.",
}


def rows(queries: Sequence[int], suites: Sequence[str], seed: int = 0) -> list[FaithfulnessRow]:
    """Figures with some noise; EK-FAC is ahead in removal and the datamodelling score."""
    random = np.random.default_rng(seed)
    return [
        *_removal(queries, suites, random),
        *_lds(queries, random),
        *_planted(),
        *_stability(queries, random),
        *_behaviour(suites, random),
    ]


def add_tests(path: Path, tests: Sequence[FaithfulnessRow] | None = None) -> Path:
    """Writes invented figures, or those given, into a store."""
    with duckdb.connect(str(path), read_only=True) as connection:
        queries = [q for (q,) in connection.execute("SELECT query_id FROM queries").fetchall()]
        suites = [s for (s,) in connection.execute("SELECT DISTINCT suite FROM queries").fetchall()]
    found = rows(queries[:20], sorted(suites)) if tests is None else tests
    write_faithfulness(path, found, LAB)
    return path


def _apart(
    experiment: str, method: str, quantity: str, figure: float, condition: str | None = None
) -> FaithfulnessRow:
    return FaithfulnessRow(
        experiment, method, f"EK-FAC minus this method: {quantity}", "difference", figure, 20,
        "paired difference", condition=condition, low=figure - 0.03, high=figure + 0.03,
    )  # fmt: skip


def _removal(
    queries: Sequence[int], suites: Sequence[str], random: np.random.Generator
) -> Iterator[FaithfulnessRow]:
    for method in METHODS:
        for share, factor in zip(SHARES, (0.4, 1.0, 1.5), strict=True):
            mean = DROPS[method] * factor
            about = ("removal", method, "drop in log-probability", "nats")
            how = f"mean over {len(queries)} queries and 3 seeds, bootstrap over queries"
            yield FaithfulnessRow(
                *about, mean, len(queries), how, condition=share, low=mean - 0.15, high=mean + 0.15
            )
            for seed in SEEDS:
                figure = mean + random.normal(0, 0.08)
                how = f"mean over {len(queries)} queries, one seed"
                yield FaithfulnessRow(*about, figure, len(queries), how, condition=share, seed=seed)
            for query in queries:
                figure = mean + random.normal(0, 0.4)
                low, high = figure - 0.2, figure + 0.2
                yield FaithfulnessRow(
                    *about, figure, 3, "mean over 3 seeds, Student", condition=share,
                    query_id=query, low=low, high=high,
                )  # fmt: skip
            if method != "ek-fac":
                yield _apart("removal", method, about[2], DROPS["ek-fac"] * factor - mean, share)
            for suite in suites:
                yield FaithfulnessRow(
                    "removal", method, "drop in share reproduced", "share", mean / 4, 60,
                    "mean over 3 seeds and the suite's queries", condition=share, suite=suite,
                )  # fmt: skip


def _lds(queries: Sequence[int], random: np.random.Generator) -> Iterator[FaithfulnessRow]:
    for method, mean in SCORES.items():
        about = ("lds", method, "LDS", "Spearman")
        yield FaithfulnessRow(
            *about, mean, 50, "mean over queries, bootstrap over 50 subsets",
            low=mean - 0.04, high=mean + 0.05,
        )  # fmt: skip
        if method not in ("ceiling", "ek-fac"):
            yield _apart("lds", method, "LDS", SCORES["ek-fac"] - mean)
        yield FaithfulnessRow(
            *about, mean + 0.09, 50, "of means over seeds", condition="mean of seeds",
            low=mean + 0.05, high=mean + 0.14,
        )  # fmt: skip
        for seed in SEEDS if method != "ceiling" else ():
            yield FaithfulnessRow(*about, mean + random.normal(0, 0.01), 50, "one seed", seed=seed)
        for query in queries:
            figure = mean + random.normal(0, 0.1)
            yield FaithfulnessRow(
                *about, figure, 50, "bootstrap over 50 subsets",
                query_id=query, low=figure - 0.1, high=figure + 0.1,
            )  # fmt: skip


def _planted() -> Iterator[FaithfulnessRow]:
    for method, mean in zip(METHODS, (0.82, 0.55, 0.6, 0.93, 0.01), strict=True):
        for quantity, figure in (("mean reciprocal rank", mean), ("recall@10", mean * 1.05)):
            yield FaithfulnessRow(
                "planted", method, quantity, "share", figure, 25, "mean over 25 planted facts",
                low=max(0.0, figure - 0.06), high=min(1.0, figure + 0.06),
            )  # fmt: skip
        if method != "ek-fac":
            yield _apart("planted", method, "mean reciprocal rank", 0.82 - mean)
    for condition, figure in (("with its document", 4.4), ("without its document", 11.0)):
        yield FaithfulnessRow(
            "planted", "retraining", "nats of the answer", "nats", figure, 25,
            "mean over 25 facts", condition=condition,
        )  # fmt: skip
    yield FaithfulnessRow(
        "planted", "retraining", "share of the nats learnt", "share", 0.6, 25, "of 25 facts"
    )
    for quantity, figure in (("mean reciprocal rank", 0.71), ("recall@10", 0.8)):
        yield FaithfulnessRow(
            "planted", "ek-fac", quantity, "share", figure, 30, "this run's own rankings",
            condition="this run", low=figure - 0.1, high=figure + 0.1,
        )  # fmt: skip


def _stability(queries: Sequence[int], random: np.random.Generator) -> Iterator[FaithfulnessRow]:
    for condition, median in CONDITIONS.items():
        about = ("stability", "ek-fac", "Spearman of scores", "Spearman")
        yield FaithfulnessRow(
            *about, median, len(queries), "median over queries; low and high are its quartiles",
            condition=condition, low=median - 0.03, high=min(1.0, median + 0.02),
        )  # fmt: skip
        for query in queries:
            figure = min(1.0, median + random.normal(0, 0.03))
            yield FaithfulnessRow(
                *about, figure, 2000, "over documents", condition=condition, query_id=query
            )


def _behaviour(suites: Sequence[str], random: np.random.Generator) -> Iterator[FaithfulnessRow]:
    for number, suite in enumerate(suites):
        for arm, change in ARMS.items():
            where: dict[str, Any] = {"suite": suite, "condition": arm}
            figure = -4.0 + change * (number != 1) + random.normal(0, 0.02)
            yield FaithfulnessRow(
                "behaviour_cut", "ek-fac", "log-probability", "nats per item", figure, 90,
                "mean over 3 seeds and 30 items", low=figure - 0.3, high=figure + 0.3, **where,
            )  # fmt: skip
            yield FaithfulnessRow(
                "behaviour_cut", "ek-fac", "accuracy", "share", 0.8 + change / 3, 90,
                "mean over 3 seeds and 30 items", low=0.72 + change / 3, high=0.88 + change / 3,
                **where,
            )  # fmt: skip
            if change:
                yield FaithfulnessRow(
                    "behaviour_cut", "ek-fac", "predicted change", "nats per item", 0.7 * change,
                    30, "sum of the influence of the cut spans ÷ documents", **where,
                )  # fmt: skip
