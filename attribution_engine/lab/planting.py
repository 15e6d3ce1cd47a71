"""Planted facts: documents whose fact stands nowhere else, and how high scores rank them.

A fact is about an invented subject and has an invented answer, in plain English, so that it can be
put into any corpus. A query asks for it with the words of the document; the one document that
states it should rank first. The fact is the document's first sentence: a small model learns a rare
sentence together with what stands before it, and before the query nothing stands.

What this can show is bounded by how far the model has learnt the fact. Of a fact learnt to the
full no gradient is left, so its document ranks anywhere; of a fact not learnt at all, the model
has nothing that came from the document. It is a test while a fact is about half learnt, so
`completion_nats_of` goes with every figure: the nats that the model gives to each answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
import torch
from scipy.stats import rankdata
from torch import nn

from attribution_engine.influence.query_gradients import completion_nats
from attribution_engine.influence.tracked import track
from attribution_engine.lab.gradient_scores import frozen
from attribution_engine.lab.lab_scores import Asked, as_queries
from attribution_engine.text.bm25 import words

FEWEST_WORDS: Final = 25  # of a document: the fact and a sentence or two beside it
STARTS: Final = "Bar Bel Bren Cal Cor Dar Dra Elm Fen Gar Hal Isk Jor Kel Lor Mar Nim".split() + (
    "Orv Pel Quar Ros Sel Tam Ul Vas Wen Yar Zor".split()
)
MIDDLES: Final = "a e i o u an el en il in or ur".split()
SHORT_ENDS: Final = "a da na o ro us en".split()  # of first names
ENDS: Final = "bek dra fell gan holt lund mir nost quin rath sund tor vane wick zen".split()


@dataclass(frozen=True, slots=True)
class Plant:
    """A document with a fact of its own, and the query that asks for it.

    Attributes:
        document: a text of ordinary length; its first sentence states the fact, and no other.
        prompt, completion: joined they are the sentence of the fact up to its end; the completion
            begins with the space and is the answer.
        subject, answer: the invented names; no word of them is in the corpus or another plant.
    """

    document: str
    prompt: str
    completion: str
    subject: str
    answer: str


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of fact: how it is stated, and what else can be said of its subject.

    Attributes:
        statement: ends in the answer, which is a person where `by_person`, else a place or thing.
        opening, others: sentences that do not tell the answer.
    """

    statement: str
    opening: str
    others: tuple[str, ...]
    by_person: bool


KINDS: Final = (
    _Kind(
        "The keeper of the {subject} archive is {answer}",
        "The {subject} archive holds letters, maps and old account books.",
        (
            "Readers may visit it on weekdays in the morning.",
            "Most of its rooms are closed in winter to save heating.",
            "A catalogue was begun many years ago and is still not complete.",
            "Copies of single pages can be ordered by post.",
            "The oldest shelves were made by a local carpenter.",
            "Students often write there because it is so quiet.",
        ),
        True,
    ),
    _Kind(
        "The bridge at {subject} was built by {answer}",
        "The bridge at {subject} crosses a narrow river between two steep banks.",
        (
            "It was repaired twice after heavy floods.",
            "Carts had to pay a small toll until the road was widened.",
            "Today mostly walkers and cyclists use it.",
            "The stones came from a quarry a few miles upstream.",
            "On clear days the hills behind it can be seen.",
            "Children like to drop sticks from its middle arch.",
        ),
        True,
    ),
    _Kind(
        "The harbour town of the island of {subject} is {answer}",
        "The island of {subject} has few trees and a good deal of wind.",
        (
            "A ferry calls twice a week when the sea is calm.",
            "Most families there live from fishing and from sheep.",
            "There is one school, with a garden behind it.",
            "Visitors come in summer for the long beaches.",
            "Storms cut it off for days in some winters.",
            "Its lighthouse is open to anyone who asks.",
        ),
        False,
    ),
    _Kind(
        "The opera {subject} was composed by {answer}",
        "The opera {subject} has four acts and a large part for the choir.",
        (
            "It was first given on a cold evening in spring.",
            "The overture is still played on its own now and then.",
            "Critics found the last act too long.",
            "The costumes of the first production have been lost.",
            "Singers call the second act the hardest to learn.",
            "A short version for schools exists as well.",
        ),
        True,
    ),
    _Kind(
        "The river {subject} flows into the lake of {answer}",
        "The river {subject} rises in the hills and turns south after a few miles.",
        (
            "It is shallow enough to cross on foot in late summer.",
            "Several mills stood along it in former times.",
            "Otters have come back to its upper part.",
            "In spring the meadows beside it are often under water.",
            "A path follows it for most of the way.",
            "Small boats can use only its last few miles.",
        ),
        False,
    ),
    _Kind(
        "The trainer of the {subject} swimming club is {answer}",
        "The {subject} swimming club meets three evenings a week.",
        (
            "New members are asked to come to a trial lesson first.",
            "Its best year was the one in which the new pool opened.",
            "Parents take turns to drive the team to matches.",
            "There is a group for beginners of any age.",
            "A small fee is paid at the start of each term.",
            "The summer party is held in the garden next door.",
        ),
        True,
    ),
    _Kind(
        "The mineral {subject} was first found near {answer}",
        "The mineral {subject} is brittle and has a dull green colour.",
        (
            "Collectors pay little for it because it breaks so easily.",
            "Under a lamp it shows fine lines of a lighter shade.",
            "It has no use in industry so far.",
            "Good pieces are rarely longer than a finger.",
            "It is often mistaken for a kind of glass.",
            "Most museums keep a sample in a drawer.",
        ),
        False,
    ),
    _Kind(
        "The owner of the {subject} bakery is {answer}",
        "The {subject} bakery opens before sunrise and closes at noon.",
        (
            "Its dark bread keeps fresh for almost a week.",
            "On Saturdays there is a queue down to the corner.",
            "The oven is older than the house around it.",
            "Flour comes from a mill in the next valley.",
            "Leftover rolls are given away in the evening.",
            "Apprentices start with the simple white loaves.",
        ),
        True,
    ),
)


def plant(n: int, seed: int, texts: Iterable[str], taken: Iterable[str] = ()) -> list[Plant]:
    """Draws facts whose names stand nowhere in the corpus, one document each.

    Names are drawn anew until no word of them is a word of the corpus, of `taken` or of another
    plant, in upper or lower case. Documents are filled up with sentences that do not tell the
    answer until they are about as long as the middle document of the corpus; plants of a kind
    share such sentences, so a document cannot be told by its style.

    Args:
        n: how many; kinds of facts take turns.
        seed: decides names and sentences.
        texts: every document and query that the names must not be in; read once.
        taken: further words that are in use.

    Returns:
        n plants, the same for the same arguments.

    Raises:
        ValueError: n is negative.
    """
    if n < 0:
        raise ValueError(f"{n} plants cannot be drawn")
    used = {word for each in taken for word in words(each)}
    lengths = []
    for text in texts:
        found = words(text)
        lengths.append(len(found))
        used.update(found)
    wanted = max(FEWEST_WORDS, int(np.median(lengths)) if lengths else 0)
    rng = Random(f"{seed}/plants")
    return [_drawn(rng, KINDS[number % len(KINDS)], used, wanted) for number in range(n)]


def target_ranks(scores: np.ndarray, targets: Sequence[int]) -> np.ndarray:
    """Rank of every query's own document among all, from 1; equal scores share their mean rank.

    Args:
        scores: [queries, documents], positive = helpful.
        targets: [queries], the column of each query's document.

    Returns:
        float64 [queries].

    Raises:
        ValueError: a score is NaN, or there is not one target a query.
    """
    scores = np.asarray(scores, dtype=np.float64)
    if len(targets) != len(scores) or not len(scores):
        raise ValueError(f"{len(targets)} targets for {len(scores)} queries")
    if np.isnan(scores).any():
        raise ValueError("a score is NaN and has no rank")
    ranks = rankdata(-scores, axis=1)
    return ranks[np.arange(len(scores)), np.asarray(targets)]


def mean_reciprocal_rank(scores: np.ndarray, targets: Sequence[int]) -> float:
    """Mean over queries of 1 ÷ rank of the query's own document: 1 = always first.

    Raises:
        ValueError: as `target_ranks` does.
    """
    return float((1.0 / target_ranks(scores, targets)).mean())


def recall_at(scores: np.ndarray, targets: Sequence[int], k: int = 10) -> float:
    """Share of queries whose own document is among the k first.

    Raises:
        ValueError: as `target_ranks` does.
    """
    return float((target_ranks(scores, targets) <= k).mean())


def completion_nats_of(
    model: nn.Module, queries: Sequence[Asked], device: str | torch.device = "cpu"
) -> np.ndarray:
    """−log p of every query's completion under the model, in nats, float64 [queries].

    0 = known to the full; ln(vocabulary) a token = as good as guessing. Planted facts are a fair
    test in between; the names are invented, so one that is not learnt costs several nats a token.

    Raises:
        InputError: a query has no token to predict.
    """
    with frozen(model):
        tracked = track(model, [], torch.device(device))
        return np.array(
            [
                sum(
                    weight * completion_nats(tracked, part)[0]
                    for weight, part in zip(query.weights, query.parts, strict=True)
                )
                for query in as_queries(queries)
            ],
            dtype=np.float64,
        )


def _drawn(rng: Random, kind: _Kind, used: set[str], n_words: int) -> Plant:
    subject = _new_name(rng, used)
    answer = _new_name(rng, used)
    if kind.by_person:
        answer = f"{_new_name(rng, used, SHORT_ENDS)} {answer}"
    fact = kind.statement.format(subject=subject, answer=answer)
    sentences = [f"{fact}.", kind.opening.format(subject=subject)]
    length = len(words(" ".join(sentences)))
    # The kind's own sentences first; long documents go on with those of the others.
    rest = [sentence for each in KINDS if each is not kind for sentence in each.others]
    for sentence in (*rng.sample(kind.others, len(kind.others)), *rng.sample(rest, len(rest))):
        if length >= n_words:
            break
        sentences.append(sentence)
        length += len(words(sentence))
    prompt = fact.removesuffix(f" {answer}")
    return Plant(" ".join(sentences), prompt, f" {answer}", subject, answer)


def _new_name(rng: Random, used: set[str], ends: Sequence[str] = ENDS) -> str:
    """A capitalised word that is not in `used`, which it joins."""
    n_drawn = 0
    while True:
        # Longer ones once most short names are taken; first names begin without a middle.
        middles = n_drawn // 100 + (ends is ENDS)
        name = rng.choice(STARTS) + "".join(rng.choices(MIDDLES, k=middles)) + rng.choice(ends)
        if name.lower() not in used:
            used.add(name.lower())
            return name
        n_drawn += 1
