"""Spans by behaviour on planted data: what was put in comes out, within its interval."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from attribution_engine.findings.behaviour_figures import AFTER, OTHER, BehaviourRow
from attribution_engine.findings.exploration import CLAIMS, exploration_claims, preferred, size
from attribution_engine.findings.span_behaviours import Resampled, behaviour_rows, scopes_of
from attribution_engine.findings.span_controls import SpanScores, controls

HELP = 0.8  # nats that exploring adds to a span
NAMES = [AFTER, "verifies"]
QUERIES, DOCUMENTS, SPANS = 6, 40, 25
DOMAINS = {"sums": "math", "loops": "code"}
SUITES = {"sums": [0, 1, 2], "loops": [3, 4, 5]}


def planted(
    help_of_exploring: float, per_token: float, seed: int = 0
) -> tuple[SpanScores, np.ndarray]:
    """Spans of documents under every query, a fifth of which explore; longer ones explore more."""
    random = np.random.default_rng(seed)
    lengths = random.integers(3, 30, (DOCUMENTS, SPANS))
    codes = np.where(random.random((DOCUMENTS, SPANS)) < 0.1 + lengths / 150, 0, -1)
    codes[random.random((DOCUMENTS, SPANS)) < 0.1] = 1
    shape = (QUERIES, DOCUMENTS, SPANS)
    query, document, span = (axis.ravel() for axis in np.indices(shape))
    of_document = random.normal(0, 0.3, (1, DOCUMENTS, 1))
    influence = (
        per_token * lengths
        + help_of_exploring * (codes == 0)
        + of_document
        + random.normal(0, 0.5, shape)
    )
    cut = np.where(np.arange(DOCUMENTS)[None, :, None] < 20, influence + 0.1, np.nan)
    starts = np.cumsum(lengths, axis=1) - lengths
    scores = SpanScores(
        query=query,
        document=document,
        span=document * SPANS + span,
        start=np.broadcast_to(starts * 4, shape).ravel(),
        tokens=np.broadcast_to(lengths, shape).ravel(),
        helpful=(document % 2 == 0),
        influence=influence.ravel(),
        cut=np.broadcast_to(cut, shape).ravel(),
    )
    return scores, np.broadcast_to(codes, shape).ravel()


def rows_of(scores: SpanScores, codes: np.ndarray) -> list[BehaviourRow]:
    resampled = Resampled(scores.document, 600, 0)
    scopes = scopes_of(DOMAINS, SUITES)
    return list(behaviour_rows(scores, NAMES, codes, scopes, "rules", resampled))


def one(rows: list[BehaviourRow], **wanted: object) -> BehaviourRow:
    wanted = {"suite": None, "side": "both", "level": "tokens", "behaviour": AFTER, **wanted}
    (row,) = [
        row for row in rows if all(getattr(row, name) == value for name, value in wanted.items())
    ]
    return row


@pytest.fixture(scope="module")
def helping() -> list[BehaviourRow]:
    return rows_of(*planted(HELP, 0.02))


def test_figures_are_those_of_plain_numpy(helping: list[BehaviourRow]) -> None:
    scores, codes = planted(HELP, 0.02)
    math = (codes == 0) & (scores.query < 3)
    row = one(helping, domain="math")
    assert row.n == math.sum()
    assert row.n_spans == len(set(scores.span[math].tolist()))
    assert row.n_documents == len(set(scores.document[math].tolist())) and row.n_queries == 3
    assert row.mean == pytest.approx(scores.influence[math].mean())
    assert row.mean_per_token == pytest.approx(
        scores.influence[math].sum() / scores.tokens[math].sum()
    )
    assert row.share_helpful == pytest.approx((scores.influence[math] > 0).mean())
    ends = [one(helping, domain="math", side=side) for side in ("helpful", "harmful")]
    assert sum(end.n for end in ends) == row.n
    assert ends[0].mean == pytest.approx(scores.influence[math & scores.helpful].mean())
    others = one(helping, domain="math", behaviour=OTHER)
    assert others.n == ((codes == -1) & (scores.query < 3)).sum() and others.n_control == 0
    assert one(helping, suite="sums", domain="math").mean == row.mean


def test_a_behaviour_that_helps_by_construction_is_recovered() -> None:
    held, found = 0, []
    for seed in range(20):
        row = one(rows_of(*planted(HELP, 0.02, seed)), domain="math and code")
        assert row.difference is not None and row.n_control == row.n
        assert row.difference_low is not None and row.difference_high is not None
        assert row.difference_low > 0
        held += row.difference_low < HELP < row.difference_high
        found.append(row.difference)
    assert held >= 16  # of 20, of 95% intervals
    assert np.mean(found) == pytest.approx(HELP, abs=0.02)


def test_another_behaviour_does_nothing(helping: list[BehaviourRow]) -> None:
    verifies = one(helping, domain="math and code", behaviour="verifies")
    assert verifies.difference_low is not None and verifies.difference_high is not None
    assert verifies.difference_low < 0 < verifies.difference_high


def test_the_control_cancels_an_effect_of_length_alone() -> None:
    held = 0
    for seed in range(20):
        rows = rows_of(*planted(0.0, 0.1, seed))
        row, others = one(rows, domain="math"), one(rows, domain="math", behaviour=OTHER)
        assert row.mean > others.mean + 0.1  # longer spans, and so more influence
        assert row.difference_low is not None and row.difference_high is not None
        held += row.difference_low < 0 < row.difference_high
    assert held >= 16  # of 20, of 95% intervals


def test_intervals_are_those_of_drawing_whole_documents(helping: list[BehaviourRow]) -> None:
    scores, codes = planted(HELP, 0.02)
    rows = np.flatnonzero((codes == 0) & (scores.query < 3))
    random = np.random.default_rng(5)
    drawn = []
    for _ in range(1_500):
        chosen = random.integers(0, DOCUMENTS, DOCUMENTS)
        times = np.bincount(chosen, minlength=DOCUMENTS)[scores.document[rows]]
        drawn.append((scores.influence[rows] * times).sum() / times.sum())
    low, high = np.quantile(drawn, [0.025, 0.975])
    row = one(helping, domain="math")
    assert row.low == pytest.approx(low, abs=0.25 * (high - low))
    assert row.high == pytest.approx(high, abs=0.25 * (high - low))


def test_cut_influence_stands_beside_the_tokens_of_the_same_spans(
    helping: list[BehaviourRow],
) -> None:
    scores, codes = planted(HELP, 0.02)
    kept = (codes == 0) & (scores.query < 3) & np.isfinite(scores.cut)
    cut, sums = (one(helping, domain="math", level=name) for name in ("cut", "tokens of cut"))
    assert cut.n == sums.n == kept.sum() and cut.n_documents == 20
    assert cut.mean == pytest.approx(scores.cut[kept].mean())
    assert sums.mean == pytest.approx(scores.influence[kept].mean())
    assert cut.difference is not None and sums.difference is None


def small(tokens: list[int], documents: list[int], helpful: list[bool]) -> SpanScores:
    n = len(tokens)
    return SpanScores(
        query=np.zeros(n, int),
        document=np.array(documents),
        span=np.arange(n),
        start=10 * np.arange(n),
        tokens=np.array(tokens),
        helpful=np.array(helpful),
        influence=np.arange(1.0, n + 1),
        cut=np.full(n, np.nan),
    )


def test_a_control_is_of_the_same_document_then_a_run_of_it_then_of_another() -> None:
    #           explores          runs      other document, same end, and the other end
    tokens = [8, 9, 30, 20, 11, 4, 100, 99, 99]
    documents = [0, 0, 0, 0, 0, 0, 0, 1, 2]
    scores = small(tokens, documents, [True] * 8 + [False])
    allowed = np.array([False, True, False, True, True, True, False, True, True])
    found = controls(scores, np.array([0, 2, 6]), allowed)
    assert found.first.tolist() == [1, 3, 7] and found.stop.tolist() == [2, 5, 8]
    scaled = found.scaled(scores, np.array([0, 2, 6]), scores.influence)
    assert scaled == pytest.approx([2 * 8 / 9, (4 + 5) * 30 / 31, 8 * 100 / 99])
    alone = controls(scores, np.array([0, 2, 6]), allowed, with_runs=False)
    assert alone.first.tolist() == [1, -1, 7]


def test_no_control_where_nothing_is_as_long() -> None:
    scores = small([40, 3, 3], [0, 0, 1], [True] * 3)
    found = controls(scores, np.array([0]), np.array([False, True, True]))
    assert found.first.tolist() == [-1]
    assert np.isnan(found.scaled(scores, np.array([0]), scores.influence)).all()
    assert controls(scores, np.zeros(0, int), np.zeros(3, bool)).first.tolist() == []


def test_of_equally_long_spans_the_nearest_is_the_control() -> None:
    scores = small([7, 7, 5, 7, 7, 7], [0] * 6, [True] * 6)
    found = controls(scores, np.array([3]), np.array([True, True, True, False, False, True]))
    assert found.first.tolist() in ([1], [5])  # both two spans away


def test_few_documents_have_no_interval() -> None:
    scores = small([5, 5, 5, 5], [0, 1, 2, 3], [True] * 4)
    rows = list(
        behaviour_rows(
            scores, NAMES, np.array([0, 0, 0, -1]), scopes_of({"sums": "math"}, {"sums": [0]}),
            "rules", Resampled(scores.document, 50, 0),
        )
    )  # fmt: skip
    row = one(rows, domain="math")
    assert (row.low, row.high, row.difference_low) == (None, None, None)
    assert row.n_control == 3 and row.mean == 2.0


def standings(rows: list[BehaviourRow], **more: object) -> dict[str, str]:
    claims = exploration_claims(rows, "rules", cut=True, **more)  # type: ignore[arg-type]
    names = {words: name for name, words in CLAIMS.items()}
    return {names[claim.claim]: claim.standing for claim in claims}


def test_every_standing_comes_out_on_planted_data(helping: list[BehaviourRow]) -> None:
    assert set(standings(helping).values()) == {"replicates"}
    harming = rows_of(*planted(-HELP, 0.0))
    assert set(standings(harming).values()) == {"does not"}
    nothing = rows_of(*planted(0.0, 0.0, seed=3))
    assert standings(nothing)["difference"] == "cannot tell"
    assert set(standings(helping, lacking="No token scores.").values()) == {"cannot tell"}


def test_what_any_text_of_the_documents_does_is_not_put_down_to_exploring(
    helping: list[BehaviourRow],
) -> None:
    alike = [replace(row, difference=0.1, difference_low=-0.1, difference_high=0.3)
             for row in helping]  # fmt: skip
    found = standings(alike)
    assert found["math"] == found["code"] == found["difference"] == "cannot tell"
    without = [replace(row, difference=None, difference_low=None, difference_high=None)
               for row in helping]  # fmt: skip
    assert standings(without)["math"] == "cannot tell"


def test_too_few_spans_or_documents_cannot_tell(helping: list[BehaviourRow]) -> None:
    few = [replace(row, n=29, n_control=29) for row in helping]
    assert set(standings(few).values()) == {"cannot tell"}
    few = [replace(row, n_documents=19) for row in helping]
    assert set(standings(few).values()) == {"cannot tell"}
    for claim in exploration_claims(few, "rules", cut=True):
        assert "30 spans of 20 documents are the least" in claim.sentence


def test_what_is_missing_is_said(helping: list[BehaviourRow]) -> None:
    of_math = [row for row in helping if row.domain != "code"]
    said = {claim.claim: claim for claim in exploration_claims(of_math, "rules")}
    assert "[[queries]]" in said[CLAIMS["code"]].sentence
    assert "cut_documents" in said[CLAIMS["cut"]].sentence
    assert said[CLAIMS["math"]].standing == "replicates"


def test_the_corpus_is_believed_before_a_judge_and_a_judge_before_the_rules() -> None:
    assert preferred(["rules", "Judge-1B", "corpus"]) == "corpus"
    assert preferred(["rules", "Judge-1B"]) == "Judge-1B"
    assert preferred(["rules"]) == "rules" and preferred([]) == ""


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (1.23456, "+1.23"), (-0.00123456, "−0.00123"), (12345.6, "+12\u202f300"),
     (3e-7, "+3.00e-07"), (None, "no figure")],
)  # fmt: skip
def test_numbers_have_three_digits(value: float | None, words: str) -> None:
    assert size(value) == words
