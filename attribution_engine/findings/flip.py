"""A training set in which some groups of documents stand in the place of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

Mode = Literal["resample", "reweight"]
MODES: Final[tuple[Mode, ...]] = ("resample", "reweight")


@dataclass(frozen=True, slots=True)
class SwapDone:
    """What became of a swap.

    Attributes:
        tokens_out, tokens_in: of the documents (times their weights) that left and that came.
        n_out, n_in: documents that left, and additions; n_fresh: additions that were not in the
            set before, the others repeat a document that is; most: times that one of the
            documents that came stands in the set now.
        weight_out, weight_in: of the documents of these groups, if weights were changed.
    """

    tokens_out: float
    tokens_in: float
    n_out: int
    n_in: int
    n_fresh: int
    most: int
    weight_out: float = 1.0
    weight_in: float = 1.0

    @property
    def missed(self) -> float:
        """Share of the tokens that left by which those that came miss them."""
        if not self.tokens_out:
            return 0.0
        return abs(self.tokens_in - self.tokens_out) / self.tokens_out


@dataclass(frozen=True, slots=True)
class Flipped:
    """How often each document stands in the set, and with what weight, before and after.

    Attributes:
        before, copies: [documents] times; weights: [documents] of each of these times.
    """

    before: np.ndarray
    copies: np.ndarray
    weights: np.ndarray
    swaps: tuple[SwapDone, ...]


def base_set(n_tokens: np.ndarray, tokens: int | None, rng: np.random.Generator) -> np.ndarray:
    """[documents] 0 or 1: all of them, or a random part that comes nearest to so many tokens."""
    if tokens is None:
        return np.ones(len(n_tokens), np.int64)
    order = rng.permutation(len(n_tokens))
    found = np.zeros(len(n_tokens), np.int64)
    found[order[: nearest(n_tokens[order], tokens)]] = 1
    return found


def nearest(n_tokens: np.ndarray, wanted: float) -> int:
    """How many of the first documents come nearest to so many tokens."""
    sums = np.concatenate(([0], np.cumsum(n_tokens)))
    return int(np.abs(sums - wanted).argmin())


def flip(
    n_tokens: np.ndarray,
    swaps: Sequence[tuple[np.ndarray, np.ndarray]],
    mode: Mode,
    seed: int,
    amount: float = 1.0,
    tokens: int | None = None,
) -> Flipped:
    """Takes documents out and puts as many tokens of others in.

    Args:
        n_tokens: [documents].
        swaps: (documents that go out, documents to draw from), numbers of documents each.
        mode: "resample" takes documents out and repeats others; "reweight" changes weights.
        amount: share of the tokens of what goes out, 0 to 1.
        tokens: size of the set that is changed; None = all documents. Documents outside of a
            smaller set are drawn first, so that fewer are repeated.
    """
    rng = np.random.default_rng(seed)
    before = base_set(n_tokens, tokens, rng)
    copies, weights = before.copy(), np.ones(len(n_tokens))
    done = []
    for out, pool in swaps:
        leaving = out[before[out] > 0]
        if mode == "reweight":
            done.append(_reweight(n_tokens, leaving, pool, copies, weights, amount))
        else:
            done.append(_resample(n_tokens, leaving, pool, copies, amount, rng))
    copies[weights == 0] = 0
    return Flipped(before, copies, weights, tuple(done))


def _resample(
    n_tokens: np.ndarray,
    leaving: np.ndarray,
    pool: np.ndarray,
    copies: np.ndarray,
    amount: float,
    rng: np.random.Generator,
) -> SwapDone:
    """Fresh documents first, then the whole pool over and over, each time in a new order."""
    order = rng.permutation(leaving)
    wanted = amount * float(n_tokens[leaving].sum())
    gone = order if amount >= 1 else order[: nearest(n_tokens[order], wanted)]
    copies[gone] = 0
    lost = int(n_tokens[gone].sum())
    fresh = rng.permutation(pool[copies[pool] == 0])
    n_fresh, left = _draw(n_tokens, fresh, copies, lost)
    n_in = n_fresh
    if n_fresh == len(fresh) and len(pool) and left > 0:
        rounds = left // max(1, int(n_tokens[pool].sum()))
        copies[pool] += rounds
        left -= rounds * int(n_tokens[pool].sum())
        n_more, left = _draw(n_tokens, rng.permutation(pool), copies, left)
        n_in += rounds * len(pool) + n_more
    most = int(copies[pool].max(initial=0))
    return SwapDone(lost, lost - left, len(gone), n_in, n_fresh, most)


def _draw(
    n_tokens: np.ndarray, order: np.ndarray, copies: np.ndarray, left: int
) -> tuple[int, int]:
    """Adds the first documents that come nearest to the tokens left.

    The last one is exchanged for a later one where that comes nearer still.

    Returns:
        Documents added, and tokens that are left (negative: too many).
    """
    n = nearest(n_tokens[order], left)
    if not n:
        return 0, left
    taken, others = order[:n].copy(), order[n:]
    missing = left - int(n_tokens[taken].sum())
    wanted = int(n_tokens[taken[-1]]) + missing
    if missing and len(others):
        better = others[np.abs(n_tokens[others] - wanted).argmin()]
        if abs(int(n_tokens[better]) - wanted) < abs(missing):
            missing = wanted - int(n_tokens[better])
            taken[-1] = better
    copies[taken] += 1
    return n, missing


def _reweight(
    n_tokens: np.ndarray,
    leaving: np.ndarray,
    pool: np.ndarray,
    copies: np.ndarray,
    weights: np.ndarray,
    amount: float,
) -> SwapDone:
    """Weights of what goes out shrink, those of what comes in grow by as many tokens."""
    staying = pool[copies[pool] > 0]
    all_out, all_in = float(n_tokens[leaving].sum()), float(n_tokens[staying].sum())
    gain = amount * all_out / all_in if all_in else 0.0
    weights[leaving] = 1.0 - amount
    weights[staying] = 1.0 + gain
    return SwapDone(
        amount * all_out, gain * all_in, len(leaving), len(staying), 0,
        int(len(staying) > 0), 1.0 - amount, 1.0 + gain,
    )  # fmt: skip
