"""Published figures that belong to the finding answers."""

from __future__ import annotations

from attribution_engine.findings.published.figures import Published

# Of finding 4, which has a plot of its own; see `pages.parts.relations_sections`.
SLOPES = "queries on slopes whose procedure stands in code or as a formula in the top 100"
SLOPE_TIMES = (
    "times that the procedure of slopes stands in code or as a formula in the top 100 of the 20 "
    "queries"
)
LABELS = (
    "most frequent labels that a model gave the top 500 of 20 queries (10,000 pairs, which merged "
    "labels can exceed)"
)
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
    Published("Procedural", SLOPES, "16 of 20", "reported", "7B"),
    Published("Procedural", SLOPES, "20 of 20", "reported", "35B"),
    Published("Procedural", SLOPE_TIMES, "38", "reported", "7B"),
    Published("Procedural", SLOPE_TIMES, "51", "reported", "35B"),
    Published(
        "Procedural",
        f"{LABELS}: arithmetic",
        "other maths 5,765; similar arithmetic on other numbers 4,691; code with arithmetic 4,038",
        "reported",
        "7B",
    ),
    Published(
        "Procedural",
        f"{LABELS}: slopes",
        "other maths 10,787; similar arithmetic on similar numbers 7,312; code with arithmetic "
        "5,035",
        "reported",
        "7B",
    ),
    Published(
        "Procedural",
        f"{LABELS}: slopes",
        "other maths 11,104; similar arithmetic on similar numbers 8,340; code with arithmetic "
        "4,617",
        "reported",
        "35B",
    ),
    Published(
        "Procedural",
        f"{LABELS}: linear equations",
        "unsolved linear equations 13,434; similar algebra on similar numbers 10,717; similar "
        "formatting 5,533",
        "reported",
        "35B",
    ),
    Published(
        "Procedural",
        "share of the corpus that the top 500 are",
        "0.01 %",
        "derived",
    ),
)
