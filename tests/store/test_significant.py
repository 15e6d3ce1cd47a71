"""Influence is kept to six significant digits, and nothing else about it changes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from attribution_engine.store.writer import DIGITS, significant

FLOATS = st.floats(width=32, allow_subnormal=False, min_value=-(2.0**90), max_value=2.0**90)


@given(arrays(np.float32, st.integers(1, 20), elements=FLOATS))
def test_values_move_by_less_than_a_digit_and_keep_sign_and_order(values: np.ndarray) -> None:
    kept = significant(values)
    assert kept.dtype == np.float32
    assert np.all(np.abs(kept - values) <= np.abs(values) * 10.0 ** (1 - DIGITS))
    assert np.array_equal(np.sign(kept), np.sign(values))
    order = np.argsort(values, kind="stable")
    assert np.all(np.diff(kept[order]) >= 0)
    assert np.array_equal(significant(kept), kept)


def test_what_is_not_finite_stays_to_be_found() -> None:
    kept = significant(np.array([np.nan, np.inf, -np.inf, 0.0], dtype=np.float32))
    assert np.isnan(kept[0]) and kept[1] == np.inf and kept[2] == -np.inf and kept[3] == 0.0
