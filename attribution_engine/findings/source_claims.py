"""What the sources of a run's top and bottom documents say of the published claims."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import rankdata

from attribution_engine.findings.claims import Claim, Standing, above
from attribution_engine.findings.intervals import LEVEL, percentiles
from attribution_engine.findings.source_ks import KS, claim_k
from attribution_engine.findings.source_multipliers import (
    GroupCounts,
    Multiplier,
    multipliers,
    resampled,
)
from attribution_engine.findings.verdict import listed

PAPER: Final = "Procedural, finding 5"
FEWEST_SOURCES: Final = 4  # that a rank correlation is taken over
MATH: Final = re.compile(r"math|arithmetic|algebra|geometry|gsm|aime|theorem|proof|olympiad|numina")
CODE: Final = re.compile(
    r"code|stack[ _-]?(exchange|overflow)|github|program|python|repositor|mbpp|notebook|algorithm"
)
WIKI: Final = re.compile(r"wiki|encyclop")
INTERVALS: Final = (
    "Multiplier: mean share among the k over the queries ÷ share of the corpus. Interval: "
    "Wilson's (trials: the different documents at that end) and that by resampling queries, 95%, "
    "their distances from the figure added in quadrature. Reasoning queries of suites about code "
    "are left out: the paper has none, and code asks for code."
)


@dataclass(frozen=True, slots=True)
class SourceScores:
    """What the claims are held against.

    Attributes:
        names: of the sources that have rows; share_corpus: [sources].
        by_kind: the counts of every kind.
        ks: as the counts have them; signed: whether there is a harmful side.
        draws, seed: of resampling.
        reasoning: which queries the kind "reasoning" has here, in words.
    """

    names: tuple[str, ...]
    share_corpus: np.ndarray
    by_kind: Mapping[str, GroupCounts]
    ks: tuple[int, ...]
    n_documents: int
    signed: bool
    draws: int
    seed: int
    reasoning: str = "reasoning queries"

    @property
    def k(self) -> int:
        """Documents of an end that claims are about."""
        return claim_k(self.ks, self.n_documents)

    def words(self, kind: str) -> str:
        """The queries of a kind."""
        return self.reasoning if kind == "reasoning" else f"{kind} queries"

    def group(self, kind: str) -> GroupCounts | None:
        """The counts of a kind; None where none of its queries has scores that differ."""
        found = self.by_kind.get(kind)
        return found if found is not None and found.query_ids else None


def source_claims(scores: SourceScores) -> Iterator[Claim]:
    """The claims about the k most helpful documents, and about both ends."""
    yield _some_source(scores)
    yield _over(
        scores,
        "Sources of mathematics are over-represented among the top documents of reasoning queries",
        MATH,
        "mathematics (math, arithmetic, algebra, geometry, gsm, aime, theorem, proof, olympiad, "
        "numina)",
    )
    yield _over(
        scores,
        "Code and StackExchange are over-represented among the top documents of reasoning queries",
        CODE,
        "code (code, StackExchange, StackOverflow, github, program, python, repository, mbpp, "
        "notebook, algorithm)",
    )
    yield _wiki(scores)
    yield _alike(scores)


def untold_claims(lacking: str, n_documents: int) -> Iterator[Claim]:
    """All claims of a run without sources.

    Args:
        lacking: what is missing and what would supply it.
    """
    empty = SourceScores((), np.zeros(0), {}, (1,), n_documents, True, 0, 0)
    for claim in source_claims(empty):
        yield _claim(claim.claim, "cannot tell", lacking, claim.rule, 0, n_documents)


def _claim(
    claim: str, standing: Standing, sentence: str, rule: str, n_queries: int, n_documents: int
) -> Claim:
    return Claim("sources", claim, PAPER, standing, sentence, rule, n_queries, n_documents)


def _asked(scores: SourceScores) -> tuple[str, GroupCounts] | None:
    """The kind that general claims are about: reasoning, or the first there is."""
    kinds = ("reasoning", "factual", "control")
    found = ((kind, group) for kind in kinds if (group := scores.group(kind)) is not None)
    return next(found, None)


def _some_source(scores: SourceScores) -> Claim:
    claim = "The top documents come from other sources than the corpus does"
    rule = (
        "Replicates if the interval of at least one source's multiplier among the k most helpful "
        "documents of reasoning queries (of another kind where there are none) lies wholly above "
        "or wholly below 1, at 95% divided by the number of sources (Bonferroni); it does not if "
        "every such interval lies within 0.8 and 1.25; otherwise it cannot be told. "
        f"{INTERVALS} {KS}"
    )
    asked = _asked(scores)
    if asked is None or len(scores.names) < 2:
        return _claim(claim, "cannot tell", _no_group(scores), rule, 0, scores.n_documents)
    kind, group = asked
    level = 1 - (1 - LEVEL) / len(scores.names)
    found = _multipliers(scores, group, scores.share_corpus, group.counts, level)[0]
    apart = [
        (name, one)
        for name, one in zip(scores.names, found, strict=True)
        if one.both[0] > 1 or one.both[1] < 1
    ]
    near = all(one.both[0] >= 0.8 and one.both[1] <= 1.25 for one in found)
    standing: Standing = "replicates" if apart else "does not" if near else "cannot tell"
    shown = apart or list(zip(scores.names, found, strict=True))
    shown = sorted(shown, key=lambda pair: -abs(np.log(max(pair[1].multiplier, 1e-6))))[:3]
    words = listed([f"{_name(name)} {_times(one)}" for name, one in shown])
    sentence = (
        f"Among the {scores.k} most helpful documents of {scores.words(kind)} the intervals of "
        f"{len(apart)} of {len(scores.names)} sources exclude 1; furthest from 1: {words}."
    )
    return _claim(
        claim, standing, sentence, rule, len(group.query_ids), scores.n_documents
    )  # fmt: skip


def _over(scores: SourceScores, claim: str, pattern: re.Pattern[str], words: str) -> Claim:
    rule = (
        "Replicates if the interval of the multiplier of these sources together among the k most "
        "helpful documents of reasoning queries lies above 1, does not if it lies below; otherwise "
        f"it cannot be told. Sources count by their names, as {words}. {INTERVALS} {KS}"
    )
    lacking, members = _named(scores, pattern, words)
    group = scores.group("reasoning")
    if lacking or group is None:
        return _claim(claim, "cannot tell", lacking or _no_group(scores, "reasoning"), rule, 0,
                      scores.n_documents)  # fmt: skip
    one, other = _together(scores, group, members)
    sentence = (
        f"{_those(scores, members)} are {_percent(one.share)} of the {scores.k} most helpful "
        f"documents of {scores.reasoning} and {_percent(one.share_corpus)} of the corpus: "
        f"{_times(one)}. Among the {scores.k} {_last(scores)}: {_times(other)}."
    )
    return _claim(claim, above(*one.both, 1.0), sentence, rule, len(group.query_ids),
                  scores.n_documents)  # fmt: skip


def _wiki(scores: SourceScores) -> Claim:
    claim = "Wikipedia is over-represented for factual queries and not for reasoning queries"
    words = "an encyclopaedia (wiki, encyclop…)"
    rule = (
        "Replicates if the interval of the multiplier of these sources together among the k most "
        "helpful documents lies above 1 for factual queries and not above 1 for reasoning queries; "
        "does not if it lies below 1 for factual queries or above 1 for reasoning queries; "
        f"otherwise it cannot be told. Sources count by their names, as {words}. {INTERVALS} {KS}"
    )
    lacking, members = _named(scores, WIKI, words)
    groups = [scores.group(kind) for kind in ("factual", "reasoning")]
    for kind, found in zip(("factual", "reasoning"), groups, strict=True):
        if not lacking and found is None:
            lacking = _no_group(scores, kind)
    if lacking or groups[0] is None or groups[1] is None:
        return _claim(claim, "cannot tell", lacking, rule, 0, scores.n_documents)
    factual, reasoning = (
        _together(scores, found, members)[0] for found in groups if found is not None
    )
    of_facts, of_steps = above(*factual.both, 1.0), above(*reasoning.both, 1.0)
    standing: Standing = "cannot tell"
    if of_facts == "does not" or of_steps == "replicates":
        standing = "does not"
    elif of_facts == "replicates":
        standing = "replicates"
    sentence = (
        f"{_those(scores, members)} among the {scores.k} most helpful documents: {_times(factual)} "
        f"for factual queries, {_times(reasoning)} for {scores.reasoning}."
    )
    n_queries = sum(len(found.query_ids) for found in groups if found is not None)
    return _claim(claim, standing, sentence, rule, n_queries, scores.n_documents)


def _alike(scores: SourceScores) -> Claim:
    claim = "The bottom documents come from the same sources as the top documents"
    rule = (
        "Replicates if the interval of Spearman's rank correlation between the logarithms of the "
        "sources' multipliers among the k most helpful and among the k most harmful documents lies "
        "above 0, does not if it lies below; otherwise it cannot be told. Over reasoning queries "
        "but those of suites about code, or of another kind where there are none; 95% interval by "
        f"resampling queries; at least {FEWEST_SOURCES} sources. {KS}"
    )
    asked = _asked(scores)
    if asked is None:
        return _claim(claim, "cannot tell", _no_group(scores), rule, 0, scores.n_documents)
    kind, group = asked
    lacking = ""
    if not scores.signed:
        lacking = (
            "Scores of this method have no sign, so that its lowest ones are not harmful. A run "
            "with influence (EK-FAC) supplies both ends."
        )
    elif len(scores.names) < FEWEST_SOURCES:
        lacking = (
            f"This run has {len(scores.names)} sources, and a rank correlation is taken over "
            f"{FEWEST_SOURCES} at least. A corpus that states more of them supplies it."
        )
    elif len(group.query_ids) < 2:
        lacking = "One query alone cannot be resampled. More queries of a kind supply an interval."
    if lacking:
        return _claim(claim, "cannot tell", lacking, rule, 0, scores.n_documents)
    shares = group.counts[:, :, scores.ks.index(scores.k)] / scores.k  # [queries, sides, sources]
    figure = side_correlation(shares.mean(axis=0)[None] / scores.share_corpus)[0]
    drawn = side_correlation(resampled(shares, scores.draws, scores.seed) / scores.share_corpus)
    drawn = drawn[np.isfinite(drawn)]
    if not np.isfinite(figure) or len(drawn) < 2:
        lacking = "At one end all sources stand alike, so that there is nothing to correlate."
        return _claim(claim, "cannot tell", lacking, rule, 0, scores.n_documents)
    low, high = percentiles(drawn)
    low, high = min(low, figure), max(high, figure)
    sentence = (
        f"Over the {len(scores.names)} sources the multipliers among the {scores.k} most helpful "
        f"and the {scores.k} most harmful documents of {scores.words(kind)} correlate with "
        f"{_decimal(figure)} (95% interval {_decimal(low)} to {_decimal(high)})."
    )
    return _claim(claim, above(low, high), sentence, rule, len(group.query_ids),
                  scores.n_documents)  # fmt: skip


def side_correlation(found: np.ndarray) -> np.ndarray:
    """Spearman's correlation between both ends, [draws]; NaN where an end is constant.

    Ranks do not change under the logarithm, and a source that an end lacks has the lowest.

    Args:
        found: [draws, sides, sources] multipliers.
    """
    ranks = rankdata(found, axis=2)
    ranks = ranks - ranks.mean(axis=2, keepdims=True)
    sizes = np.sqrt((ranks**2).sum(axis=2)).prod(axis=1)
    products = (ranks[:, 0] * ranks[:, 1]).sum(axis=1)
    correlation: np.ndarray = np.divide(
        products, sizes, out=np.full(len(found), np.nan), where=sizes > 0
    )
    return correlation


def _together(
    scores: SourceScores, group: GroupCounts, members: Sequence[int]
) -> tuple[Multiplier, Multiplier]:
    """Some sources as one, at both ends."""
    counts = group.counts[..., list(members)].sum(axis=-1, keepdims=True)
    share = scores.share_corpus[list(members)].sum(keepdims=True)
    helpful, harmful = _multipliers(scores, group, share, counts, LEVEL)
    return helpful[0], harmful[0]


def _multipliers(
    scores: SourceScores, group: GroupCounts, share: np.ndarray, counts: np.ndarray, level: float
) -> tuple[Sequence[Multiplier], Sequence[Multiplier]]:
    """Of every source at the k of the claims: at the helpful and at the harmful end."""
    at = scores.ks.index(scores.k)
    found = multipliers(
        counts[:, :, [at]], group.distinct[:, [at]], [scores.k], share,
        draws=scores.draws, seed=scores.seed, level=level,
    )  # fmt: skip
    return found[0, 0], found[1, 0]


def _named(
    scores: SourceScores, pattern: re.Pattern[str], words: str
) -> tuple[str, tuple[int, ...]]:
    """What is lacking, if anything, and the sources whose names say that they are such."""
    found = tuple(at for at, name in enumerate(scores.names) if pattern.search(name.casefold()))
    if not found:
        lacking = (
            f"No source of this run has a name of {words}. A corpus whose field `source` names "
            "such a source supplies it."
        )
        return lacking, ()
    if scores.share_corpus[list(found)].sum() > 1 - 1e-9:
        lacking = (
            "Every document of this run is of such a source, so that none can be over-represented. "
            "A corpus with other sources too supplies the comparison."
        )
        return lacking, ()
    return "", found


def _no_group(scores: SourceScores, kind: str = "") -> str:
    if len(scores.names) < 2 and not kind:
        return (
            "All documents of this run are of one source. A corpus with several values in its "
            "field `source` supplies the comparison."
        )
    what = f"{kind} query" if kind else "query"
    if kind == "reasoning":
        what += " outside suites about code"
    return (
        f"This run has no {what} with scores that differ between documents. A suite of "
        f"{kind + ' ' if kind else ''}queries supplies them."
    )


def _those(scores: SourceScores, members: Sequence[int]) -> str:
    names = [_name(scores.names[at]) for at in members]
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return f"Documents of {listed(names[:4]) if not more else ', '.join(names[:4]) + more}"


def _last(scores: SourceScores) -> str:
    return "most harmful" if scores.signed else "with the lowest scores"


def _name(text: str) -> str:
    folded = " ".join(text.split())
    return folded if len(folded) <= 40 else f"{folded[:39]}…"


def _times(one: Multiplier) -> str:
    low, high = one.both
    return f"× {_multiple(one.multiplier)} ({_multiple(low)} to {_multiple(high)})"


def _multiple(value: float) -> str:
    """Two decimals, or two digits where it is small."""
    return _decimal(value) if value >= 0.095 or value <= 0 else f"{value:.2g}"


def _decimal(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"
