"""How numbers and labels are written: one way for the whole explorer."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from os.path import commonprefix

from attribution_engine.store.views import QueryInfo

SCORE_NAMES = {
    "influence": "Influence",
    "per_nat": "Per-nat",
    "normed": "Norm-corrected",
}
SCORE_UNITS = {
    "influence": "nats per unit of extra weight on the document",
    "per_nat": "influence ÷ nats of the completion",
    "normed": "influence ÷ gradient norm of the document",
}
SIDE_NAMES = {"helpful": "▲ Helpful", "harmful": "▼ Harmful"}
ALIGNMENTS = {
    "predicted": "Each token carries the loss of predicting it: the highlighted token is the one "
    "whose learning mattered.",
    "update": "Each token carries the weight update made at its position: the highlighted token is "
    "the one before the predicted one, and later tokens send back through it. Signs are harder to "
    "read.",
}


def signed(value: float | None) -> str:
    """A score with its sign and three significant digits."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    size = abs(value)
    if 1e-4 <= size < 999.5:
        text = f"{size:#.3g}".rstrip(".")
    elif 999.5 <= size < 1e7:
        text = whole(round(float(f"{size:.3g}")))
    else:
        text = f"{size:.2e}".replace("e-0", "e−").replace("e+0", "e").replace("e-", "e−")
    return ("+" if value > 0 else "−") + text


def plain(value: float | None, digits: int = 3) -> str:
    """A size without a plus sign."""
    return signed(value).removeprefix("+") if digits == 3 else decimal(value, digits)


def decimal(value: float | None, digits: int = 2) -> str:
    """A number with a fixed count of decimals."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.{digits}f}".replace("-", "−")


def whole(value: int | None) -> str:
    """A count with thin spaces between thousands."""
    return "–" if value is None else f"{value:,}".replace(",", "\u202f")


def percent(value: float | None, digits: int = 0) -> str:
    """A share as a percentage."""
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def one_line(text: str, length: int) -> str:
    """The beginning of a text on one line."""
    folded = " ".join(text.split())
    return folded if len(folded) <= length else folded[: length - 1] + "…"


def label(text: str) -> str:
    """Untrusted text for a widget's label: no character keeps a meaning in Markdown."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


def verdict(correct: bool | None) -> tuple[str, str]:
    """Glyph and word for whether a completion is right."""
    return {True: ("✓", "correct"), False: ("✗", "wrong"), None: ("?", "unknown")}[correct]


def query_label(query: QueryInfo, opening: str = "", length: int = 60) -> str:
    """A query in one line.

    Args:
        opening: what its prompt has in common with its neighbours in the list, left out.
    """
    rest = query.prompt.removeprefix(opening)
    return f"{verdict(query.correct)[0]} {query.query_id} {query.suite} · {one_line(rest, length)}"


def shared_opening(prompts: Sequence[str]) -> str:
    """The words that all prompts begin with; nothing if they are few."""
    common = commonprefix(list(prompts)) if len(prompts) > 1 else ""
    words = common[: common.rfind(" ") + 1]
    return words if len(words) >= 10 else ""
