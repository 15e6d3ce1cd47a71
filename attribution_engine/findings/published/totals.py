"""Published figures that belong to the finding totals."""

from __future__ import annotations

from typing import Final

from attribution_engine.findings.published.figures import Published, Tag

SMALL, LARGE = "Command R 7B", "Command R 35B"
TOTAL: Final = "Summed positive influence per nat, all documents"
SHARE: Final = "Share of the positive influence"
SLOPE: Final = "Slope of the top 500, mean ± standard deviation"
MULTIPLIER: Final = "35B ÷ 7B on 36 shared prompts, mean ± standard error"
BOTH: Final = f"{LARGE} over {SMALL}"


def _procedural(quantity: str, figure: str, tag: Tag, model: str) -> Published:
    return Published("Procedural", quantity, figure, tag, model)


PUBLISHED: tuple[Published, ...] = (
    _procedural(TOTAL, "factual 0.040, reasoning 0.019 nats per nat", "read off a plot", SMALL),
    _procedural(TOTAL, "factual 0.071, reasoning 0.032 nats per nat", "read off a plot", LARGE),
    _procedural(
        "Spread of it over queries", "factual 0.03 to 0.115, reasoning 0.026 to 0.038 nats per nat",
        "read off a plot", LARGE,
    ),
    _procedural(f"{SHARE}, top 1 %", "6.7 % for either kind", "read off a plot", SMALL),
    _procedural(f"{SHARE}, top 1 %", "reasoning 10 %, factual 7.2 %", "read off a plot", LARGE),
    _procedural(f"{SHARE}, top 5 %", "19.7 % for either kind", "read off a plot", SMALL),
    _procedural(f"{SHARE}, top 5 %", "reasoning 25.5 %, factual 21 %", "read off a plot", LARGE),
    _procedural(
        f"{SLOPE}, correct", "reasoning −0.36 ± 0.03 (p < 0.1), factual −0.34 ± 0.03", "reported",
        SMALL,
    ),
    _procedural(
        f"{SLOPE}, wrong", "reasoning −0.33 ± 0.02, factual −0.34 ± 0.04", "reported", SMALL
    ),
    _procedural(
        f"{SLOPE}, correct", "reasoning −0.36 ± 0.04 (p < 0.05), factual −0.32 ± 0.05", "reported",
        LARGE,
    ),
    _procedural(
        f"{SLOPE}, wrong", "reasoning −0.38 ± 0.04 (p < 0.1), factual −0.34 ± 0.04", "reported",
        LARGE,
    ),
    _procedural(
        "Survival exponent that a slope of −0.36 goes with", "about 2.8 (−1 ÷ slope)", "derived",
        SMALL,
    ),
    _procedural(
        f"{MULTIPLIER}: top 50,000 of 5 million (1 %)",
        "factual 1.9 ± 0.09 (above 1 for 81 %), reasoning 1.3 ± 0.11 (54 %)", "reported", BOTH,
    ),
    _procedural(
        "The same of the bottom 50,000",
        "factual 0.85 (above 1 for 20 %), reasoning 1.53 (81 %)", "reported", BOTH,
    ),
    Published(
        "Grosse et al. (EK-FAC)", f"{SHARE}, top 1 %", "12 to 52 % by query", "reported", "22B"
    ),
    Published(
        "Grosse et al. (EK-FAC)",
        "Survival exponent of the top 500 of about 5 million, by query; the law is not rejected",
        "1.99 to 4.34", "reported", "52B and smaller",
    ),
)  # fmt: skip
