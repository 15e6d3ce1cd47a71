"""What part a query plays in a finding: its kind, which control it is, and of which task."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from attribution_engine.findings.run_scores import QueryFacts

Role = Literal["reasoning", "factual", "factual control", "reasoning control", "control"]
CONTROLS: Final[tuple[Role, ...]] = ("factual control", "reasoning control", "control")
ROLES: Final[tuple[Role, ...]] = ("reasoning", "factual", *CONTROLS)
WORD: Final = re.compile(r"[^\W\d_]+")
ALIKE: Final = 0.2  # share of words that a control and what it controls have in common, at least
APART: Final = 0.1  # by which one kind must be more alike than the other
FRAME: Final = (
    0.95  # share of the prompts from which on a word belongs to all: "question", "answer"
)
HOW_TOLD: Final = (
    "A control is a factual or a reasoning control by the name of its suite or task (“fact”, "
    "“reason”); where neither tells, by the words that its prompts share with the factual and with "
    "the reasoning queries; where these do not tell either, it is a control of no kind in "
    "particular. A reasoning control belongs to the task whose prompts share most words with it."
)


def roles(queries: Sequence[QueryFacts]) -> dict[int, Role]:
    """The role of every query, by query_id.

    Controls of one suite and task have one role. Those that ask for a fact that the prompt states
    and those whose reasoning is given away are told apart as `HOW_TOLD` says.
    """
    found: dict[int, Role] = {}
    controls: dict[tuple[str, str], list[QueryFacts]] = {}
    for query in queries:
        if query.kind == "control":
            controls.setdefault((query.suite, query.task), []).append(query)
        else:
            found[query.query_id] = "factual" if query.kind == "factual" else "reasoning"
    if controls:
        frame = _frame(queries)
        words = {
            kind: [_words(one, frame) for one in queries if one.kind == kind and not one.is_set]
            for kind in ("reasoning", "factual")
        }
        for (suite, task), members in controls.items():
            role = _named(f"{suite} {task}") or _alike(members, words, frame)
            found.update((one.query_id, role) for one in members)
    return found


def _named(name: str) -> Role | None:
    is_fact, is_reason = "fact" in name.casefold(), "reason" in name.casefold()
    if is_fact == is_reason:
        return None
    return "factual control" if is_fact else "reasoning control"


def _alike(
    members: Sequence[QueryFacts], words: dict[str, list[set[str]]], frame: set[str]
) -> Role:
    likeness = {}
    for kind, known in words.items():
        nearest = [_nearest(_words(one, frame), known) for one in members]
        likeness[kind] = sum(nearest) / len(nearest)
    difference = likeness["reasoning"] - likeness["factual"]
    if max(likeness.values()) < ALIKE or abs(difference) < APART:
        return "control"
    return "reasoning control" if difference > 0 else "factual control"


def tasks_of_controls(queries: Sequence[QueryFacts], role_of: dict[int, Role]) -> dict[int, str]:
    """The reasoning task that each reasoning control belongs to, by query_id of the control."""
    frame = _frame(queries)
    words: dict[str, list[set[str]]] = {}
    for one in queries:
        if role_of[one.query_id] == "reasoning" and not one.is_set:
            words.setdefault(one.task, []).append(_words(one, frame))
    found = {}
    for one in queries:
        if role_of[one.query_id] != "reasoning control" or one.is_set:
            continue
        mine = _words(one, frame)
        likeness = {task: _nearest(mine, known) for task, known in words.items()}
        best = max(likeness, key=lambda task: likeness[task], default="")
        if best and likeness[best] >= ALIKE:
            found[one.query_id] = best
    return found


def _frame(queries: Iterable[QueryFacts]) -> set[str]:
    """The words that stand in all prompts, or nearly."""
    prompts = [set(_split(one.prompt)) for one in queries if not one.is_set]
    counts = Counter(word for words in prompts for word in words)
    return {word for word, n in counts.items() if n >= FRAME * len(prompts)}


def _split(text: str) -> list[str]:
    return WORD.findall(text.casefold())


def _words(query: QueryFacts, frame: set[str]) -> set[str]:
    return set(_split(query.prompt)) - frame


def _nearest(mine: set[str], known: Sequence[set[str]]) -> float:
    """The largest share of words in common (Jaccard) with any of some prompts."""
    return max((len(mine & one) / len(mine | one) for one in known if mine | one), default=0.0)
