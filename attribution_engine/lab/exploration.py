"""Does a completion explore? Told by the wordings of the traces that the demo writes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from attribution_engine.lab.grammar import sft_code_responses, sft_math_passages

EXPLORING = (
    *(*sft_math_passages.AFTER, *sft_math_passages.BEFORE),
    *(*sft_code_responses.AFTER, *sft_code_responses.BEFORE),
)
OTHERS = (
    *(*sft_math_passages.CHECKS, *sft_math_passages.BACK),
    *(*sft_code_responses.CHECKS, *sft_code_responses.BACK),
)


def explores(completion: str) -> bool:
    """Whether a completion holds the marker of a wording of exploration, cases as they are.

    The marker of a wording is its opening words, up to its first gap; where a wording of another
    behaviour opens so too ("Maybe"), its closing words, from its last gap on.
    """
    return any(marker in completion for marker in markers())


@cache
def markers() -> frozenset[str]:
    """The marker of every wording of exploration."""
    others = {_opening(wording) for wording in OTHERS}
    found: Iterable[str] = (
        wording.rsplit("}", 1)[-1].lstrip("?. ") if _opening(wording) in others else opening
        for wording in EXPLORING
        if (opening := _opening(wording))
    )
    return frozenset(found)


def _opening(wording: str) -> str:
    return wording.split("{", 1)[0].rstrip("`\n ")
