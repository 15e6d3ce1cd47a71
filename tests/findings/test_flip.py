"""Which groups a flip swaps, what it makes of the documents, and how near the tokens come."""

from __future__ import annotations

import numpy as np
import pytest

from attribution_engine.findings.flip import flip, nearest
from attribution_engine.findings.flip_plan import FlipGroup, asked_swaps, chosen_swaps


def group(domain: str, difficulty: str, mean: float, n: int = 20, tokens: int = 200) -> FlipGroup:
    return FlipGroup(domain, difficulty, n, tokens, {"s": mean, "t": 0.0}, {"s": 10 * mean})


EASY, HARD = group("math", "easy", 0.1), group("math", "hard", 0.4, tokens=100)
EASY_CODE, HARD_CODE = group("code", "easy", 0.3), group("code", "hard", -0.2)


def test_the_worst_level_goes_out_and_the_best_comes_in() -> None:
    few = group("math", "medium", 9.0, n=3)
    none = group("math", "", -9.0)
    swaps = chosen_swaps([EASY, HARD, few, none, EASY_CODE, HARD_CODE], ["s"])
    assert [(swap.out, swap.into) for swap in swaps] == [
        ((EASY,), (HARD,)),
        ((HARD_CODE,), (EASY_CODE,)),
    ]
    assert chosen_swaps([EASY, EASY_CODE], ["s"]) == []  # one level a domain
    steps = [group("math", f"{at} steps", at - 9.0, n=11) for at in range(2)]
    assert chosen_swaps([EASY, HARD, *steps], ["s"]) == swaps[:1]  # two scales do not mix
    assert chosen_swaps([EASY, HARD], ["t"]) == []  # no level ahead


def test_expected_change_is_that_of_the_documents() -> None:
    (swap,) = chosen_swaps([EASY, HARD], ["s"])
    assert swap.times == 2.0
    # 20 documents of mean 1 go, 20 documents of mean 4 come twice, each weighs 1 of 100.
    assert swap.expected_change("s", 100) == pytest.approx((40 * 4 - 20 * 1) / 100)
    assert swap.expected_change("t", 100) is None


def test_groups_that_are_named_are_swapped_within_their_domains() -> None:
    swaps = asked_swaps([EASY, HARD_CODE], [EASY_CODE, HARD])
    assert [(swap.out, swap.into) for swap in swaps] == [
        ((EASY,), (HARD,)),
        ((HARD_CODE,), (EASY_CODE,)),
    ]
    (swap,) = asked_swaps([EASY], [EASY_CODE])
    assert (swap.out, swap.into) == ((EASY,), (EASY_CODE,))


def lengths(n: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    tokens = np.random.default_rng(1).integers(5, 60, n)
    return tokens, np.arange(0, 200), np.arange(200, 500)


def test_tokens_match_and_nothing_else_changes() -> None:
    tokens, out, pool = lengths()
    found = flip(tokens, [(out, pool)], "resample", seed=0)
    (done,) = found.swaps
    assert done.tokens_out == tokens[out].sum() and done.missed < 0.001
    assert (found.copies[out] == 0).all() and (found.copies[500:] == 1).all()
    assert (found.copies * tokens).sum() == tokens.sum() + done.tokens_in - done.tokens_out
    assert done.n_fresh == 0 and done.n_in == found.copies[pool].sum() - 300
    assert found.copies[pool].max() == done.most == 2  # the pool is not used up


def test_repetition_begins_when_the_pool_is_used_up() -> None:
    tokens, out, _ = lengths()
    pool = np.arange(200, 230)
    (done,) = flip(tokens, [(out, pool)], "resample", seed=0).swaps
    times = flip(tokens, [(out, pool)], "resample", seed=0).copies[pool]
    assert times.max() - times.min() <= 1 and done.most == times.max() > 5


def test_what_a_smaller_set_leaves_is_drawn_first() -> None:
    tokens, out, pool = lengths()
    found = flip(tokens, [(out, pool)], "resample", seed=4, tokens=int(tokens.sum() // 2))
    (done,) = found.swaps
    assert abs((found.before * tokens).sum() - tokens.sum() / 2) < 60
    assert done.n_fresh == done.n_in and found.copies.max() == 1


def test_part_of_a_group_and_seeds() -> None:
    tokens, out, pool = lengths()
    found = flip(tokens, [(out, pool)], "resample", seed=0, amount=0.25)
    assert found.swaps[0].tokens_out == pytest.approx(tokens[out].sum() / 4, abs=60)
    again, other = (flip(tokens, [(out, pool)], "resample", seed, amount=0.25) for seed in (0, 1))
    assert (again.copies == found.copies).all() and (other.copies != found.copies).any()


@pytest.mark.parametrize("amount", [1.0, 0.5])
def test_weights_match_in_tokens(amount: float) -> None:
    tokens, out, pool = lengths()
    found = flip(tokens, [(out, pool)], "reweight", seed=0, amount=amount)
    after = found.copies * found.weights
    assert (after * tokens).sum() == pytest.approx(tokens.sum())
    assert found.copies.max() == 1 and (after[out] == 1 - amount).all()
    assert (found.copies[out] == (0 if amount == 1 else 1)).all()


def test_an_empty_pool_takes_out_only() -> None:
    tokens, out, _ = lengths()
    (done,) = flip(tokens, [(out, np.zeros(0, np.int64))], "resample", seed=0).swaps
    assert done.n_in == 0 and done.missed == 1.0


@pytest.mark.parametrize(("wanted", "n"), [(0, 0), (4, 0), (6, 1), (14, 1), (16, 2), (99, 3)])
def test_nearest(wanted: int, n: int) -> None:
    assert nearest(np.array([10, 10, 10]), wanted) == n
