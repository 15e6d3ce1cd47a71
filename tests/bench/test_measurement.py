"""Times and memory of a piece of work, and the agreement of two score matrices."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from attribution_engine.bench import measurement
from attribution_engine.bench.agreement import agreement
from attribution_engine.bench.measurement import measure, resident_mb
from attribution_engine.records import InputError

PATIENCE = 120  # seconds in which another thread is given a turn


def test_the_median_and_the_spread_of_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    at, waits = [100.0], iter([0.01, 0.15, 0.05])

    def work() -> None:
        at[0] += next(waits)

    # A clock of its own: how long a machine under load sleeps is nobody's to say.
    monkeypatch.setattr(measurement, "time", SimpleNamespace(perf_counter=lambda: at[0]))
    measured = measure("waiting", work, repeats=3)
    assert (measured.stage, measured.repeats) == ("waiting", 3)
    found = (measured.fastest, measured.seconds, measured.slowest)
    assert found == pytest.approx((0.01, 0.05, 0.15))
    assert measured.spread == pytest.approx((0.15 - 0.01) / 0.05)


def test_the_time_is_that_of_the_work() -> None:
    began = time.perf_counter()
    measured = measure("waiting", lambda: time.sleep(0.02))
    assert 0.02 <= measured.seconds <= time.perf_counter() - began
    assert measured.fastest == measured.seconds == measured.slowest


def test_the_peak_counts_memory_that_is_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    def look() -> float:
        looks.append(resident_mb())
        return looks[-1]

    def work() -> int:
        held = np.ones(10_000_000)  # 80 MB
        seen, until = len(looks), time.monotonic() + PATIENCE
        while len(looks) < seen + 2 and time.monotonic() < until:  # the second began after it
            time.sleep(0.005)
        return int(held[0])

    monkeypatch.setattr(measurement, "resident_mb", look)
    measured = measure("holding", work)
    assert measured.result == 1
    assert 75 < measured.peak_mb - measured.start_mb < 160
    small = measure("nothing", lambda: time.sleep(0.02))
    assert small.peak_mb - small.start_mb < 50


def test_an_error_in_the_work_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        measure("failing", lambda: 1 // 0)


def test_agreement_is_the_mean_over_queries() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(size=(3, 40))
    second = 2.0 * first + 0.5 * rng.normal(size=(3, 40))
    found = agreement(first, second, top=10)
    pairs = list(zip(first, second, strict=True))
    assert found.pearson == pytest.approx(np.mean([pearsonr(a, b)[0] for a, b in pairs]))
    assert found.spearman == pytest.approx(np.mean([spearmanr(a, b)[0] for a, b in pairs]))
    assert found.worst_pearson == pytest.approx(min(pearsonr(a, b)[0] for a, b in pairs))
    assert found.scale == pytest.approx(np.mean([np.polyfit(a, b, 1)[0] for a, b in pairs]))
    both = [set(np.argsort(a)[-10:]) & set(np.argsort(b)[-10:]) for a, b in pairs]
    assert found.overlap == pytest.approx(np.mean([len(shared) / 10 for shared in both]))


def test_agreement_sees_the_sign_and_the_helpful_end() -> None:
    scores = np.arange(30.0)[None]
    turned = agreement(scores, -3.0 * scores)
    assert (turned.pearson, turned.spearman, turned.overlap) == pytest.approx((-1, -1, 0))
    assert turned.scale == pytest.approx(-3.0)


def test_scores_that_do_not_compare_are_refused() -> None:
    with pytest.raises(InputError, match="do not compare"):
        agreement(np.ones((2, 3)), np.ones((3, 2)))
    with pytest.raises(InputError, match="query 1"):
        agreement(np.array([[1.0, 2.0], [1.0, 1.0]]), np.array([[1.0, 2.0], [1.0, 3.0]]))
