"""Published figures that belong to the finding answers."""

from __future__ import annotations

from attribution_engine.findings.published.figures import Published

PUBLISHED: tuple[Published, ...] = (
    Published(
        "Procedural",
        "factual queries, completed correctly, with the answer in the top 500 documents of 5 "
        "million",
        "55 %",
        "reported",
        "7B",
    ),
    Published(
        "Procedural",
        "factual queries, completed correctly, with the answer in the top 500 documents of 5 "
        "million",
        "30 %",
        "reported",
        "35B",
    ),
    Published(
        "Procedural",
        "reasoning queries, completed correctly, with the answers to the steps in the top 500",
        "7.4 % (2 queries)",
        "reported",
        "7B",
    ),
    Published(
        "Procedural",
        "reasoning queries, completed correctly, with the answers to the steps in the top 500",
        "0 %",
        "reported",
        "35B",
    ),
    Published(
        "Procedural",
        "factual queries, completed wrongly, with the answer in the top 500",
        "1 query (5 %)",
        "reported",
        "7B, 35B each",
    ),
    Published(
        "Procedural",
        "occurrences of answers to factual queries in the top 500",
        "30",
        "reported",
        "7B",
    ),
    Published(
        "Procedural",
        "occurrences of answers to factual queries in the top 500",
        "15",
        "reported",
        "35B",
    ),
    Published(
        "Procedural",
        "arithmetic queries whose steps are answered outside the top 500, in a part of the 5 "
        "million chosen by keywords",
        "13 of 20",
        "reported",
    ),
    Published(
        "Procedural",
        "arithmetic queries whose whole answer stands outside the top 500",
        "1 of 20",
        "reported",
    ),
    Published(
        "Procedural",
        "step answers outside the top 500 for slopes and linear equations",
        "3",
        "reported",
    ),
    Published(
        "Procedural",
        "answers in other languages (Spanish, Portuguese)",
        "occur",
        "second-hand",
    ),
    Published(
        "Procedural",
        "share of the corpus that the top 500 are",
        "0.01 %",
        "derived",
    ),
)
