"""What a run says of the claim that math rests on connectives and code on structure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import hypergeom

from attribution_engine.findings.claims import Claim, Standing, above
from attribution_engine.findings.token_classes import ClassStatistic
from attribution_engine.findings.tokens import DEFAULT_FREQUENCY, TokenSums, ordered
from attribution_engine.text.token_classes import CODE, CONNECTIVE, FENCE, MARKDOWN

FIRST: Final = 20  # tokens that count as the most influential
LEVEL: Final = 0.05
STRUCTURE: Final = (CODE, MARKDOWN, FENCE)
PAPER: Final = "Infra, analysis 6"
CLAIMS: Final = {
    "math": "On math, logical connectives are the most influential tokens",
    "code": "On code, code syntax and Markdown or fence markers are the most influential tokens",
}
WHAT: Final = {
    "math": "logical connectives",
    "code": "code syntax, Markdown and fences together",
}
OF: Final = {"math": (CONNECTIVE,), "code": STRUCTURE}
SUPPLY: Final = {
    "math": "No suite of this run is about math: add one, such as aime24 or gsm8k, as [[queries]] "
    "and run again.",
    "code": "No suite of this run is about code: add one, such as mbpp, as [[queries]] and run "
    "again.",
}
NO_TOKENS: Final = (
    "This run has no token scores: run again with “token” among influence.levels, by a method "
    "that splits a document's score over its tokens."
)
RULE: Final = (
    "Replicates if the 95% interval of the multiplier of {what} lies above 1 and more of them are "
    f"among the {FIRST} tokens with the highest mean, of those that stand in {DEFAULT_FREQUENCY} "
    "documents or more (a fifth of these, where that is fewer), than as many drawn at random have "
    "(hypergeometric, one-sided p < "
    f"{LEVEL}); does not if the interval lies below 1, or above 1 with none among these. "
    "Multiplier: share of the summed sizes of all token scores ÷ share of the tokens, in the "
    "documents at both ends of each query's ranking, every query counting the same; interval by "
    "resampling queries."
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the claim on a domain is held against, in one alignment.

    Attributes:
        together: of the claim's classes taken together; apart: of each of them.
        first: written form and class of the tokens with the highest mean; listed: tokens that
            stand in enough documents to be among them, by class.
    """

    together: ClassStatistic | None
    apart: Mapping[int, ClassStatistic]
    first: tuple[tuple[str, int], ...]
    listed: Mapping[int, int]
    n_documents: int
    alignment: str

    @classmethod
    def of(
        cls,
        domain: str,
        statistics: Sequence[ClassStatistic],
        tokens: TokenSums,
        classes: np.ndarray,
        frequencies: np.ndarray,
        words: Sequence[str],
        n_documents: int,
        alignment: str,
        first_key: int = 0,
    ) -> Evidence:
        """Of the sums of a domain; `classes`, `frequencies` (documents), `words`: of each token."""
        by_places = {one.places: one for one in statistics}
        keys = [
            key
            for key in ordered(tokens, frequencies, "mean", "helpful", DEFAULT_FREQUENCY)
            if key >= first_key
        ]
        return cls(
            together=by_places.get(OF.get(domain, (CONNECTIVE,))),
            apart={one.places[0]: one for one in statistics if len(one.places) == 1},
            first=tuple((words[key], int(classes[key])) for key in keys[:FIRST]),
            listed=Counter(classes[keys].tolist()),
            n_documents=n_documents,
            alignment=alignment,
        )


def token_claims(
    evidence: Mapping[str, Evidence],
    domains: Collection[str],
    has_tokens: bool,
    beside: Mapping[str, Mapping[str, Sequence[ClassStatistic]]] | None = None,
) -> Iterator[Claim]:
    """The claim on math, then that on code.

    Args:
        evidence: by domain, where there are token scores.
        domains: what suites the run has.
        beside: statistics of the same domains read in another way, by its name.
    """
    for domain, claim in CLAIMS.items():
        found = evidence.get(domain)
        standing, sentence = _standing(domain, found)
        told = found is not None and found.together is not None
        if told:
            sentence += _beside(domain, (beside or {}).get(domain, {}))
        elif domain not in domains:
            sentence = SUPPLY[domain]
        elif not has_tokens:
            sentence = NO_TOKENS
        else:
            sentence = (
                f"No query on {domain} has token scores other than 0, or no document that has "
                "them has tokens: another suite, or other documents, would tell."
            )
        yield Claim(
            finding="tokens",
            claim=claim,
            paper=PAPER,
            standing=standing,
            sentence=sentence,
            rule=RULE.format(what=WHAT[domain]),
            n_queries=0 if found is None or found.together is None else found.together.n_queries,
            n_documents=0 if found is None else found.n_documents,
        )


def _beside(domain: str, ways: Mapping[str, Sequence[ClassStatistic]]) -> str:
    """The multipliers of other ways to read the same queries; the rule does not ask them."""
    said = []
    for name, statistics in ways.items():
        for one in statistics:
            if one.places == OF[domain] and one.multiplier is not None:
                bounds = "" if one.low is None else f" ({one.low:.2f} to {one.high:.2f})"
                said.append(f"{name} {one.multiplier:.2f}{bounds}")
    return f" Beside it: {'; '.join(said)}." if said else ""


def _standing(domain: str, found: Evidence | None) -> tuple[Standing, str]:
    if found is None or found.together is None:
        return "cannot tell", ""
    one, what = found.together, WHAT[domain]
    if one.multiplier is None:
        return "cannot tell", (
            f"No token of the documents at the ends of the rankings is of {what}: a corpus that "
            "holds some would tell."
        )
    shares = (
        f"{what[0].upper()}{what[1:]} are {one.token_share:.1%} of the tokens and carry "
        f"{one.share:.1%} of their influence"
    )
    if one.low is None or one.high is None:
        few = "one query gives" if one.n_queries == 1 else "too few queries with such tokens give"
        return "cannot tell", (
            f"{shares}, multiplier {one.multiplier:.2f} without an interval, as {few} none; more "
            f"queries on {domain} would."
        )
    n_listed = sum(found.listed.values())
    n_first = min(FIRST, max(1, n_listed // 5))
    among = [word for word, place in found.first[:n_first] if place in one.places]
    n_such = sum(found.listed.get(place, 0) for place in one.places)
    by_chance = float(hypergeom.sf(len(among) - 1, n_listed, n_such, n_first)) if among else 1.0
    standing = above(one.low, one.high, 1.0)
    if standing == "replicates" and by_chance >= LEVEL:
        standing = "cannot tell" if among else "does not"
    expected = f", {n_first * n_such / n_listed:.1f} of {n_first} by chance" if n_listed else ""
    apart = ", ".join(
        f"{name} {found.apart[place].multiplier:.2f}"
        for name, place in (("code syntax", CODE), ("Markdown", MARKDOWN), ("fences", FENCE))
        if len(one.places) > 1 and found.apart[place].multiplier is not None
    )
    listed = f" ({', '.join(f'“{word}”' for word in among[:8])})" if among else ""
    return standing, (
        f"{shares}: multiplier {one.multiplier:.2f} ({one.low:.2f} to {one.high:.2f})"
        f"{f'; {apart}' if apart else ''}. Of the {n_first} tokens with the "
        f"highest mean {_such(len(among))}{listed}{expected}. "
        f"Alignment {found.alignment}; {one.n_queries} queries."
    )


def _such(n: int) -> str:
    return "none is such" if not n else "1 is such" if n == 1 else f"{n} are such"
