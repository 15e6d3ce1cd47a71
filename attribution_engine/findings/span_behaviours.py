"""What spans of a behaviour do to queries, beside equal-length spans that do not explore."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from attribution_engine.findings.behaviour_figures import (
    ENDS,
    LEVELS,
    OTHER,
    BehaviourRow,
    explores,
)
from attribution_engine.findings.intervals import percentiles
from attribution_engine.findings.span_controls import SpanScores, controls

FEWEST_DOCUMENTS: Final = 5  # from which resampling them says anything
_BLOCK: Final = 4_096  # documents whose draws are multiplied at a time


@dataclass(frozen=True, slots=True)
class Scope:
    """Queries that are looked at together.

    Attributes:
        suite: None where it is all suites of `domain`.
        domain: math, code, other, or "math and code".
    """

    suite: str | None
    domain: str
    queries: tuple[int, ...]


class Resampled:
    """Documents drawn with replacement, the same draws for every figure.

    Args:
        document: [n] of the rows that figures are taken over.
        draws: how often; seed: of the draws.
    """

    def __init__(self, document: np.ndarray, draws: int, seed: int) -> None:
        self.codes = np.unique(document, return_inverse=True)[1] if len(document) else document
        n = int(self.codes.max()) + 1 if len(document) else 0
        random = np.random.default_rng(seed)
        self._times = np.zeros((draws, n), np.uint8)  # how often a document is in a draw
        for row in self._times:
            counts = np.bincount(random.integers(0, n, n), minlength=n)
            row[:] = np.minimum(counts, 255)

    def ratios(
        self, rows: np.ndarray, over: np.ndarray, *values: np.ndarray
    ) -> list[tuple[float, float] | tuple[None, None]]:
        """The 95% interval of sum(value) ÷ sum(over), for each of the values [rows].

        Documents are drawn with all their rows, so that spans of one document, and one document
        under several queries, count as one draw. No interval below `FEWEST_DOCUMENTS`.
        """
        documents, codes = np.unique(self.codes[rows], return_inverse=True)
        if len(documents) < FEWEST_DOCUMENTS:
            return [(None, None) for _ in values]
        sums = np.stack([np.bincount(codes, one) for one in (over, *values)], axis=1)
        drawn = np.zeros((len(self._times), sums.shape[1]))
        for at in range(0, len(documents), _BLOCK):
            times = self._times[:, documents[at : at + _BLOCK]].astype(np.float64)
            drawn += times @ sums[at : at + _BLOCK]
        drawn = drawn[drawn[:, 0] > 0]
        return [percentiles(drawn[:, at] / drawn[:, 0]) for at in range(1, drawn.shape[1])]


def behaviour_rows(
    scores: SpanScores,
    names: Sequence[str],
    codes: np.ndarray,
    scopes: Sequence[Scope],
    detector: str,
    resampled: Resampled,
) -> Iterator[BehaviourRow]:
    """What each behaviour does, by scope, end and level.

    Args:
        names: of the behaviours; codes: [n] index into them; −1 = no behaviour.
        detector: who read the spans.
    """
    exploring = np.isin(codes, [at for at, name in enumerate(names) if explores(name)])
    with_cut = np.isfinite(scores.cut)
    scaled: dict[tuple[int, bool], np.ndarray] = {}
    for code in (*range(len(names)), -1):
        rows = np.flatnonzero(codes == code)
        if not len(rows):
            continue
        for cut in (False, True) if code >= 0 else ():
            among = with_cut if cut else np.ones(len(scores), bool)
            of_these = rows[among[rows]]
            found = controls(scores, of_these, among & ~exploring & (codes != code), not cut)
            values = np.where(among, scores.cut if cut else scores.influence, 0.0)
            scaled[code, cut] = np.full(len(scores), np.nan)
            scaled[code, cut][of_these] = found.scaled(scores, of_these, values)
    for scope in scopes:
        inside = np.isin(scores.query, scope.queries)
        for code in (*range(len(names)), -1):
            of_code = np.flatnonzero(inside & (codes == code))
            for side in ENDS:
                at_end = of_code if side == "both" else of_code[
                    scores.helpful[of_code] == (side == "helpful")
                ]  # fmt: skip
                for level in LEVELS:
                    rows = at_end if level == "tokens" else at_end[with_cut[at_end]]
                    if not len(rows):
                        continue
                    values = scores.cut if level == "cut" else scores.influence
                    control = None
                    if code >= 0 and level != "tokens of cut":
                        control = scaled[code, level == "cut"][rows]
                    yield _row(
                        scores, rows, values[rows], control, resampled,
                        suite=scope.suite, domain=scope.domain, detector=detector, side=side,
                        behaviour=names[code] if code >= 0 else OTHER, level=level,
                    )  # fmt: skip


def _row(
    scores: SpanScores,
    rows: np.ndarray,
    values: np.ndarray,
    control: np.ndarray | None,
    resampled: Resampled,
    **names: str | None,
) -> BehaviourRow:
    ones = np.ones(len(rows))
    tokens = scores.tokens[rows].astype(np.float64)
    (interval,) = resampled.ratios(rows, ones, values)
    facts: dict[str, float | int | None] = {}
    has = np.zeros(len(rows), bool) if control is None else np.isfinite(control)
    if control is not None and has.any():
        beside, less = control[has], values[has] - control[has]
        of_control, of_difference = resampled.ratios(rows[has], ones[has], beside, less)
        facts = {
            "n_control": int(has.sum()),
            "control_mean": float(beside.mean()),
            "control_low": of_control[0],
            "control_high": of_control[1],
            "difference": float(less.mean()),
            "difference_low": of_difference[0],
            "difference_high": of_difference[1],
        }
    return BehaviourRow(
        **names,  # type: ignore[arg-type]
        n=len(rows),
        n_spans=len(np.unique(scores.span[rows])),
        n_documents=len(np.unique(scores.document[rows])),
        n_queries=len(np.unique(scores.query[rows])),
        mean=float(values.mean()),
        low=interval[0],
        high=interval[1],
        mean_per_token=float(values.sum() / tokens.sum()),
        mean_tokens=float(tokens.mean()),
        share_helpful=float((values > 0).mean()),
        **facts,  # type: ignore[arg-type]
    )


def scopes_of(domains: Mapping[str, str], suites: Mapping[str, Sequence[int]]) -> list[Scope]:
    """Each suite, the suites of each domain together, and those of math and code together.

    Args:
        domains: suite -> math, code or other; suites: suite -> its queries.
    """
    found = [Scope(suite, domains[suite], tuple(asked)) for suite, asked in suites.items()]
    for name, wanted in (
        ("math", ("math",)),
        ("code", ("code",)),
        ("math and code", ("math", "code")),
        ("other", ("other",)),
    ):
        asked = [query for suite in suites if domains[suite] in wanted for query in suites[suite]]
        if asked:
            found.append(Scope(None, name, tuple(asked)))
    return found
