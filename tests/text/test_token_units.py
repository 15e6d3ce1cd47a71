"""Units of tokens: connectives and fences count whole, however a tokenizer cuts them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution_engine.text.token_classes import CLASSES, classify
from attribution_engine.text.token_units import token_units, within_word, written


def units(text: str, ends: list[int]) -> list[tuple[str, str]]:
    """Text and class of each unit."""
    found = token_units(text, ends)
    return [
        (text[start:end], CLASSES[place])
        for start, end, place in zip(found.starts, found.ends, found.classes, strict=True)
    ]


def test_a_connective_of_several_tokens_counts_once() -> None:
    text = "x Alternatively, on the other hand so so"
    ends = [1, 6, 11, 15, 16, 19, 23, 29, 34, 37, 40]
    assert units(text, ends) == [
        ("x", "other"),
        (" Alternatively", "connective"),
        (",", "other"),
        (" on the other hand", "connective"),
        (" so", "connective"),
        (" so", "connective"),
    ]


def test_a_fence_counts_once() -> None:
    text = "```python\nx\n```"
    assert units(text, [1, 3, 9, 10, 11, 12, 14, 15]) == [
        ("```python", "fence"),
        ("\n", "other"),
        ("x", "other"),
        ("\n", "other"),
        ("```", "fence"),
    ]


def test_pieces_of_a_character_belong_to_it() -> None:
    found = token_units("a😀b", [0, 1, 2, 2, 2, 3])
    assert found.firsts.tolist() == [0, 1, 2, 5]
    assert found.starts.tolist() == [0, 0, 1, 2] and found.ends.tolist() == [0, 1, 2, 3]


def test_how_tokens_are_written() -> None:
    assert written(" Wait ") == "Wait"
    assert written("\n    ") == "⏎␣␣␣␣" and written("") == "∅"
    assert written(" " * 20) == "␣" * 8 + "…"
    assert written("ing", True, False) == "…ing" and len(written("x" * 1000)) == 60
    assert within_word("ab", 1) and not within_word("a1", 1) and not within_word("ab", 2)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.data())
def test_units_tile_the_tokens(text: str, data: st.DataObject) -> None:
    ends = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    found = token_units(text, ends)
    assert (found.firsts[:1] == 0).all() and (np.diff(found.firsts) > 0).all()
    assert len(found.firsts) == len(found.starts) == len(found.ends) == len(found.classes)
    assert (found.starts <= found.ends).all()
    assert found.ends.tolist()[-1:] == ends[-1:]
    assert (found.starts[1:] == found.ends[:-1]).all()
    classes = classify(text, ends)
    assert [CLASSES[place] for place in found.classes] == [classes[at] for at in found.firsts]
