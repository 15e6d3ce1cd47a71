"""Published figures that belong to the finding sources."""

from __future__ import annotations

from attribution_engine.findings.published.figures import Published

BOTH = "Command R 7B / 35B"


def _read(quantity: str, figure: str) -> Published:
    return Published("Procedural", quantity, figure, "read off a plot", BOTH)


PUBLISHED: tuple[Published, ...] = (
    _read("Mathematics and trivia, reasoning queries, top 50", "about × 50 / × 60"),
    _read("StackExchange, reasoning queries, top 50 to 5 000", "about × 20 to 30"),
    _read("arXiv, reasoning queries, top 5 000", "about × 4.5 to 6"),
    _read("Code, reasoning queries, top 5 000 to 50 000", "about × 2"),
    _read("Wikipedia, reasoning queries, top 50", "× 0.05 to 0.1"),
    _read("Multilingual, reasoning queries", "about × 0.2"),
    _read("Mathematics and trivia, factual queries", "about × 24 / × 16"),
    _read("Wikipedia, factual queries", "about × 5.5 to 6"),
    _read("Code, factual queries", "about × 0.2"),
    _read("arXiv, factual queries", "× 0.1 to 0.3"),
    Published(
        "Procedural",
        "The bottom k",
        "the same picture: code and StackExchange over-represented there too",
        "reported",
        BOTH,
    ),
    Published(
        "Procedural",
        "Controls",
        "similar; Wikipedia not over-represented for factual, arXiv not for reasoning controls",
        "reported",
        BOTH,
    ),
)
