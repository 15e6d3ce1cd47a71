"""Published figures that belong to the finding correlations."""

from __future__ import annotations

from attribution_engine.findings.published.figures import Published

SMALL, LARGE = "Command R 7B", "Command R 35B"

PUBLISHED: tuple[Published, ...] = (
    Published("Procedural", "Mean Pearson of two factual queries", "0.06", "reported", SMALL),
    Published("Procedural", "Mean Pearson of two factual queries", "0.03", "reported", LARGE),
    Published(
        "Procedural", "Largest Pearson of two factual queries, of the same phrasing", "0.64",
        "reported", SMALL,
    ),
    Published("Procedural", "Mean Pearson of two linear equations", "0.16", "reported", LARGE),
    Published(
        "Procedural", "Largest Pearson of all pairs, two arithmetic queries", "0.96", "reported",
        SMALL,
    ),
    Published("Procedural", "Two slope queries, an example", "0.89", "reported"),
    Published(
        "Procedural", "Two queries of one task in different formats, an example", "0.55", "reported"
    ),
    Published("Procedural", "A slope query and its control, an example", "0.2", "reported"),
    Published("Procedural", "Two controls, an example", "0.38", "reported"),
    Published("Procedural", "Queries of different tasks", "about 0", "reported"),
    Published(
        "Procedural", "Significance of the correlations within tasks", "p < 4e-8", "second-hand"
    ),
    Published(
        "Procedural", "One prompt under both models, mean over shared prompts (slopes: 0.03)",
        "0.02", "reported", "7B against 35B",
    ),
    Published(
        "Procedural", "One prompt under both models, largest (all but one below 0.11)", "0.19",
        "reported", "7B against 35B",
    ),
)  # fmt: skip
