"""Published figures that belong to the finding tokens."""

from __future__ import annotations

from attribution_engine.findings.published.figures import Published

LONG = "Qwen2.5-7B-Instruct, Bespoke-Stratos-17k"

PUBLISHED: tuple[Published, ...] = (
    Published(
        "Infra",
        "Most influential tokens of mathematical traces",
        "logical connectives in natural language, such as wait, however, verify, therefore",
        "second-hand",
        LONG,
    ),
    Published(
        "Infra",
        "The connectives that are listed for mathematical traces",
        "Wait, However, Verify, Hence, First, Therefore, Alternatively (7)",
        "second-hand",
        LONG,
    ),
    Published(
        "Infra",
        "Most influential tokens of code traces",
        "headings as in Markdown, markers of code blocks (fences), syntax markers",
        "second-hand",
        LONG,
    ),
)
