"""Published figures that belong to the finding exploration."""

from __future__ import annotations

from attribution_engine.findings.published.figures import Published

PUBLISHED: tuple[Published, ...] = (
    Published(
        "Infra",
        "Influence of going on to look for another way after a correct answer was reached",
        "positive for math and for code; no number known",
        "reported",
    ),
    Published(
        "Infra",
        "The same behaviour, told as “overthinking”: model and traces",
        "Qwen2.5-7B-Instruct on 17 000 distilled traces; AIME, MATH500, LiveCodeBench",
        "second-hand",
        "Qwen2.5-7B-Instruct",
    ),
    Published(
        "Infra",
        "MATH500 after training on traces whose exploration was cut off",
        "−3.4 points of accuracy",
        "second-hand",
        "Qwen2.5-7B-Instruct",
    ),
)
