"""Is a suite about math or about code? No store says so; a written rule reads it off the queries.

The rule, over the queries of a suite, in this order:

1. A suite of which at most half the queries are of the kind "reasoning" is "other": facts and
   controls ask for neither.
2. "code", if at least half of its prompts with completions hold code, in fences or as Python.
3. "code", if a name of the suite or of its tasks is that of a code suite (`CODE_NAMES`).
4. "math", if a name is that of a math suite (`MATH_NAMES`), or at least half of its prompts
   with completions hold an arithmetic expression, an equation or LaTeX mathematics.
5. Otherwise "other".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal

from attribution_engine.findings.run_scores import QueryFacts
from attribution_engine.text.code_regions import code_regions

Domain = Literal["math", "code", "other"]
READ: Final = 20_000  # characters of a prompt with its completion that are looked at
RULE: Final = (
    "A suite counts as code if at least half of its queries hold code or its names say so, as "
    "math if its names say so or at least half hold mathematics; suites of facts and of controls "
    "are neither."
)
# A word of a name that begins like this, or holds "code".
CODE_NAMES: Final = (
    *("mbpp", "humaneval", "apps", "python", "program", "leetcode", "usaco", "swe", "taco"),
    *("algorithm", "oss_instruct", "evalplus", "cruxeval", "ds1000", "list_function"),
)
MATH_NAMES: Final = (
    *("math", "gsm", "aime", "amc", "slope", "arithmetic", "linear", "equation", "algebra"),
    *("geometry", "calculus", "olympiad", "svamp", "asdiv", "mawps", "theoremqa", "minerva"),
    *("countdown", "probability", "combinatorics", "trigonometry", "hmmt", "word_problem"),
)
_MATHEMATICS: Final = re.compile(
    r"\d\s*[-+*/^×÷=<>]\s*[-(]?\s*\w|\w\s*=\s*-?\d|\\(?:frac|boxed|sqrt|cdot|sum|int|left)\b"
    r"|\$[^$\n]{1,200}[\\^_=+][^$\n]{0,200}\$"
)


def suite_domains(queries: Sequence[QueryFacts]) -> dict[str, str]:
    """ "math", "code" or "other" for every suite, in the order of the queries."""
    suites: dict[str, list[QueryFacts]] = {}
    for query in queries:
        suites.setdefault(query.suite, []).append(query)
    return {suite: _domain(suite, asked) for suite, asked in suites.items()}


def _domain(suite: str, queries: Sequence[QueryFacts]) -> Domain:
    if 2 * sum(query.kind == "reasoning" for query in queries) <= len(queries):
        return "other"
    texts = [f"{query.prompt}\n{query.completion}"[:READ] for query in queries]
    names = {suite, *(query.task for query in queries)}
    if _half(texts, _holds_code) or _named(names, CODE_NAMES, "code"):
        return "code"
    if _named(names, MATH_NAMES) or _half(texts, _holds_mathematics):
        return "math"
    return "other"


def _half(texts: Sequence[str], holds: Callable[[str], bool]) -> bool:
    return 2 * sum(map(holds, texts)) >= len(texts) > 0


def _holds_code(text: str) -> bool:
    return bool(code_regions(text)[0])


def _holds_mathematics(text: str) -> bool:
    return _MATHEMATICS.search(text) is not None


def _named(names: Iterable[str], known: Sequence[str], inside: str = "") -> bool:
    for name in names:
        plain = "_" + re.sub(r"[^a-z0-9]+", "_", name.lower())
        if any(f"_{word}" in plain for word in known) or (inside and inside in plain):
            return True
    return False
