"""A response put together: neutral sentences, the solution, the marked passage, the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any

from attribution_engine.lab.grammar.sft_lengths import Length, choose_sentences, length_of

BEHAVIOURS = (
    "explores_after_answer",
    "explores_before_answer",
    "verifies",
    "backtracks",
    "none",
)
BEFORE = ("explores_before_answer", "backtracks")  # their passage stands before the solution
VARIANTS = 4  # wordings of the passage tried for one response
DRAWS = 60  # until so many are short enough
LONGEST_PASSAGE = 110
ROOM = (218, 250)  # characters around the part that may not be cut, passage included
MARGIN = 40  # least number of characters beside solution and end that a long solution gets
FENCE = "```"


@dataclass(frozen=True, slots=True)
class Solved:
    """A problem with everything that a response to it may say.

    Attributes:
        key: decides the side of the split.
        domain, category, difficulty: labels.
        prompt: ends in "Answer:".
        openings: neutral sentences that may stand before the solution.
        solution: worked steps and their result, or sentence and code.
        closings: neutral sentences that may stand after it.
        end: the last sentence.
        passage: draws the passage that shows a behaviour.
        fixed: characters of the solution that no cut may touch (a function's code).
        characters_per_token: of what stands beside solution and end, for the target in tokens.
    """

    key: str
    domain: str
    category: str
    difficulty: str
    prompt: str
    openings: Sequence[str]
    solution: str
    closings: Sequence[str]
    end: str
    passage: Callable[[Random, str], str]
    fixed: int
    characters_per_token: float


def target_length(rng: Random, solved: Solved) -> Length:
    """The length a response is to have; it does not depend on the behaviour.

    It leaves room for a passage and as much again outside of it, so that a passage of the same
    length can be cut elsewhere.
    """
    core = length_of(f" {solved.solution} {solved.end}")
    room = rng.uniform(*ROOM) - (len(solved.solution) - solved.fixed)
    extra = max(room, LONGEST_PASSAGE + MARGIN)
    return core + Length(extra, extra / solved.characters_per_token)


def joined(pieces: Sequence[str]) -> tuple[str, list[int]]:
    """Pieces as one response, a space before each or a new line beside code.

    Returns:
        The text and the character where each piece starts.
    """
    text, starts = "", []
    for piece in pieces:
        beside_code = text.endswith(FENCE) or (text and piece.startswith(FENCE))
        text += "\n" if beside_code else " "
        starts.append(len(text))
        text += piece
    return text, starts


def passages(rng: Random, solved: Solved, behaviour: str) -> list[str]:
    """Wordings of the passage to choose from; one empty text for "none".

    Raises:
        ValueError: all that were drawn are too long.
    """
    if behaviour == "none":
        return [""]
    drawn = (solved.passage(rng, behaviour) for _ in range(DRAWS))
    short = list(islice((one for one in drawn if len(one) <= LONGEST_PASSAGE), VARIANTS))
    if not short:
        raise ValueError(f"{solved.key}: every passage for {behaviour} is too long")
    return short


def compose(rng: Random, solved: Solved, behaviour: str) -> dict[str, Any]:
    """Write the response to a problem that shows one behaviour, as a row of the corpus.

    Returns:
        prompt, response, the labels, and `spans`: start, end (characters of the response) and
        behaviour of the passage; empty for "none".
    """
    target = target_length(rng, solved)
    sentences = [*solved.openings, *solved.closings]
    best: tuple[float, str, list[str]] | None = None
    for passage in passages(rng, solved, behaviour):
        lead = f" {passage}" if passage else ""
        base = length_of(f"{lead} {solved.solution} {solved.end}")
        distance, chosen = choose_sentences(rng, base, sentences, target)
        if best is None or distance < best[0]:
            best = distance, passage, chosen
    assert best is not None  # there is at least one passage
    _, passage, chosen = best
    openings = [sentence for sentence in chosen if sentence in solved.openings]
    closings = [sentence for sentence in chosen if sentence not in solved.openings]
    before = [passage] if behaviour in BEFORE else []
    after = [passage] if passage and not before else []
    text, starts = joined([*openings, *before, solved.solution, *after, *closings, solved.end])
    start = starts[len(openings) + (0 if before else 1)]
    spans = [{"start": start, "end": start + len(passage), "behaviour": behaviour}]
    return {
        "prompt": solved.prompt,
        "response": text,
        "source": f"{solved.domain}_traces",
        "domain": solved.domain,
        "category": solved.category,
        "difficulty": solved.difficulty,
        "behaviour": behaviour,
        "spans": spans if passage else [],
    }
