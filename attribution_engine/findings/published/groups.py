"""Published figures that belong to the finding groups."""

from __future__ import annotations

from attribution_engine.findings.published.figures import Published

LONG = "Qwen2.5-7B-Instruct, Bespoke-Stratos-17k"
BASIC = "LLaMA3-8B-Base, MetaMathQA and OSS-Instruct"

PUBLISHED: tuple[Published, ...] = (
    Published(
        "Infra",
        "Accuracy on AIME24 before and after the difficulty flip",
        "10 % → 20 %",
        "reported",
        "Qwen2.5-7B-Instruct",
    ),
    Published(
        "Infra",
        "The same in problems of the benchmark's 30",
        "3 → 6",
        "derived",
        "Qwen2.5-7B-Instruct",
    ),
    Published(
        "Infra",
        "Accuracy on LiveCodeBench before and after the difficulty flip",
        "33.8 % → 35.3 %",
        "reported",
        "Qwen2.5-7B-Instruct",
    ),
    Published(
        "Infra",
        "Difficulty, long chains of thought",
        "hard math helps math and code; easy code helps code most",
        "reported",
        LONG,
    ),
    Published(
        "Infra",
        "Difficulty, long chains of thought: hard code on math suites",
        "hard code and hard math both help math",
        "second-hand",
        LONG,
    ),
    Published(
        "Infra",
        "Ranking of all training data by suite",
        "in-domain data lead; the other domain's still count, both ways",
        "second-hand",
        BASIC,
    ),
    Published(
        "Infra",
        "Categories of math, by what they do for code",
        "symbolic and formal math above word problems; harder math helps more",
        "second-hand",
        BASIC,
    ),
    Published(
        "Infra",
        "How the flip was made",
        "easy math replaced by hard math, hard code by easy code, the rest kept; then trained anew",
        "second-hand",
        "Qwen2.5-7B-Instruct",
    ),
)
