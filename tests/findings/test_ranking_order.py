"""The fast order of a ranking against numpy's stable one."""

from __future__ import annotations

import numpy as np
import pytest

from attribution_engine.findings.ranking_order import order_of


@pytest.mark.parametrize("digits", [1, 2, 7])
def test_it_is_that_of_a_stable_sort(digits: int) -> None:
    random = np.random.default_rng(digits)
    values = np.round(random.standard_t(2, 5000), digits).astype(np.float32)
    values[::7] = 0.0
    values[::14] = -0.0
    values[3], values[4] = np.finfo(np.float32).max, np.finfo(np.float32).min
    values[5], values[6] = np.float32(1e-45), np.float32(-1e-45)
    assert np.array_equal(order_of(values), np.argsort(-values, kind="stable"))


def test_none_and_one() -> None:
    assert order_of(np.zeros(0, np.float32)).tolist() == []
    assert order_of(np.ones(1, np.float32)).tolist() == [0]
