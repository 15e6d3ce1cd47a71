"""What a run says of the claims about answers in the top documents, by rules in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attribution_engine.findings.answers import (
    FoundOf,
    Share,
    fisher,
    share_found,
    share_in_corpus,
    tails_of_chance,
)
from attribution_engine.findings.claims import Claim, Standing

FEWEST: Final = 5  # queries of a group
LARGEST_SHARE: Final = 100  # the top k is a hundredth of the corpus at most
LEVEL: Final = 0.05
PAPER: Final = "Procedural, finding 3"
MORE: Final = "Answers to factual questions are in the top documents more often"
EXIST: Final = "Answers to reasoning questions are in the corpus, only not in the top documents"
ENRICHED: Final = "The top documents hold the answers to factual questions"


def answer_claims(queries: Sequence[FoundOf], n_documents: int, top: int) -> list[Claim]:
    """The claims of the finding, over completions that are not known to be wrong.

    Args:
        queries: also those of which nothing was looked for.
        top: documents of the top end that were searched.
    """
    k = claim_k(top, n_documents)
    right = [one for one in queries if one.correct is not False]
    known = {
        kind: [one for one in right if one.kind == kind and one.counts_by]
        for kind in ("reasoning", "factual")
    }
    shares = {kind: share_found(known[kind], None, k, n_documents) for kind in known}
    return [
        _more(shares, k, n_documents),
        _exist(known["reasoning"], shares["reasoning"], k, n_documents),
        _enriched(known["factual"], shares["factual"], k, n_documents),
    ]


def claim_k(top: int, n_documents: int) -> int:
    """Documents of the top end that the claims are over: a hundredth of the corpus at most."""
    return min(top, max(1, n_documents // LARGEST_SHARE))


def _within(k: int, n_documents: int) -> str:
    return f"the top {k} of {n_documents:,} documents".replace(",", "\u202f")


def _missing(kind: str, n: int) -> str:
    return (
        f"There {'is' if n == 1 else 'are'} {n} {kind} {'query' if n == 1 else 'queries'} with a "
        f"known answer and a completion that is not wrong; {FEWEST} are needed. Add {kind} queries "
        "with `reference` or `keywords`, whose completions are right, and run again."
    )


def _of(share: Share, kind: str) -> str:
    """A share in words, with its interval and what random documents would give."""
    if share.figure is None or share.low is None or share.high is None or share.chance is None:
        return f"no {kind} query"
    return (
        f"{share.n_found} of {share.n} {kind} queries ({percent(share.figure)}, 95% interval "
        f"{percent(share.low)} to {percent(share.high)}; {percent(share.chance)} by chance)"
    )


def percent(share: float) -> str:
    """A share as a percentage, with decimals where it is small."""
    return f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.2g} %"


def _more(shares: dict[str, Share], k: int, n_documents: int) -> Claim:
    factual, reasoning = shares["factual"], shares["reasoning"]
    standing: Standing = "cannot tell"
    few = [_missing(kind, share.n) for kind, share in shares.items() if share.n < FEWEST]
    if few:
        sentence = " ".join(few)
    else:
        p = fisher(factual.n_found, factual.n, reasoning.n_found, reasoning.n)
        sentence = (
            f"Within {_within(k, n_documents)} the answer is found for "
            f"{_of(factual, 'factual')}, all steps (or the answer, where no step is known) for "
            f"{_of(reasoning, 'reasoning')}; Fisher's exact p = {p:.2g}."
        )
        by_chance = max(shares.values(), key=lambda one: one.chance or 0.0).chance or 0.0
        if by_chance > 0.5:
            sentence += (
                " Random documents would hold most of them as well: this corpus says the same "
                "things too often to tell."
            )
        elif p < LEVEL:
            more = factual.n_found * reasoning.n > reasoning.n_found * factual.n
            standing = "replicates" if more else "does not"
    return Claim(
        "answers",
        MORE,
        PAPER,
        standing,
        sentence,
        f"Fisher's exact test of the two shares, over completions that are not known to be wrong, "
        f"within the top 500 documents or 1 % of the corpus where that is fewer. p < {LEVEL}: "
        "replicates if the factual share is the larger one, does not if the reasoning share is. "
        f"Cannot tell otherwise, with fewer than {FEWEST} queries of a kind, or where as many "
        "random documents would find more than half of a kind.",
        factual.n + reasoning.n,
        n_documents,
    )


def _exist(reasoning: Sequence[FoundOf], above: Share, k: int, n_documents: int) -> Claim:
    standing: Standing = "cannot tell"
    if len(reasoning) < FEWEST:
        sentence = _missing("reasoning", len(reasoning))
    else:
        anywhere = share_in_corpus(reasoning, None)
        there = [one for one in reasoning if one.counts_by and one.is_in_corpus(one.counts_by)]
        of_these = share_found(there, None, k, n_documents)
        assert anywhere.low is not None and anywhere.high is not None
        sentence = (
            f"All steps (or the answer, where no step is known) stand somewhere in the corpus for "
            f"{anywhere.n_found} of {anywhere.n} reasoning queries (95% interval "
            f"{percent(anywhere.low)} to {percent(anywhere.high)}), in "
            f"{_within(k, n_documents)} for {_of(above, 'reasoning')}."
        )
        if of_these.low is not None and of_these.high is not None:
            sentence += (
                f" Of the {of_these.n} whose steps are in the corpus the top has those of "
                f"{of_these.n_found} (95% interval {percent(of_these.low)} to "
                f"{percent(of_these.high)})."
            )
            if of_these.low > 0.5 or anywhere.high < 0.5:
                standing = "does not"
            elif of_these.high < 0.5 and of_these.n >= FEWEST:
                standing = "replicates"
        else:
            standing = "does not" if anywhere.high < 0.5 else "cannot tell"
    return Claim(
        "answers",
        EXIST,
        PAPER,
        standing,
        sentence,
        "Two shares with Wilson intervals, over completions that are not known to be wrong: of the "
        "reasoning queries those whose steps (or answer) stand somewhere in the corpus, and of "
        "these the ones whose steps the top 500 documents have (or 1 % of the corpus where that is "
        "fewer). Does not if the first interval lies below one half: most of them are absent; or "
        "if the second lies above it: the top has most of what there is. Else replicates if the "
        "second interval lies below one half. Cannot tell otherwise or with fewer than "
        f"{FEWEST} queries (of the second share: {FEWEST} whose steps are in the corpus).",
        len(reasoning),
        n_documents,
    )


def _enriched(factual: Sequence[FoundOf], share: Share, k: int, n_documents: int) -> Claim:
    standing: Standing = "cannot tell"
    if len(factual) < FEWEST:
        sentence = _missing("factual", len(factual))
    else:
        chances = [one.by_chance(one.counts_by, k, n_documents) for one in factual if one.counts_by]
        more, fewer = tails_of_chance(share.n_found, chances)
        sentence = (
            f"Within {_within(k, n_documents)} the answer is found for "
            f"{_of(share, 'factual')}; as many or more by chance: p = {more:.2g}."
        )
        if not any(chances):
            sentence += " No document of the corpus says any of these answers."
        if more < LEVEL:
            standing = "replicates"
        elif fewer < LEVEL:
            standing = "does not"
    return Claim(
        "answers",
        ENRICHED,
        PAPER,
        standing,
        sentence,
        "Number of factual queries whose answer is in the top 500 documents (or 1 % of the corpus "
        "where that is fewer), against as many documents drawn at random: each query's chance is "
        "hypergeometric in the number of documents that say its answer. One-sided "
        f"p < {LEVEL}: replicates if more are found than by chance, does not if fewer. Cannot tell "
        f"otherwise or with fewer than {FEWEST} queries. The test against chance is ours; the "
        "paper reports the share.",
        len(factual),
        n_documents,
    )
