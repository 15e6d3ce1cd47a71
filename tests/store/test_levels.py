"""Cells, levels, shades and passages against plain loops, and what they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from attribution_engine.store.document_views import Cells, LevelName
from attribution_engine.store.levels import StoredSpan, passage_of, units_of
from attribution_engine.store.token_scale import (
    SHADES,
    cell_values,
    cells_of,
    clip_of,
    overlapping,
    runs,
    shades_of,
    strongest,
    unit_sums,
)
from tests.store.plain_cells import plain_cells, plain_clip, plain_overlapping, plain_shade

LEVELS: tuple[LevelName, ...] = ("token", "word", "sentence", "step", "behaviour")
ALPHABET = "ab \n\té🙂👩‍👩中3.,(\u202e"
TEXT = (
    "So x = 3.5, hence 2x = 7.  Wait!\n\n- First, check it's so-called.\n\n"
    "```python\ndef f(a):\n    return a + 1\n```\nThe end. 中文字 is here.   "
)
SPANS = [
    StoredSpan(0, 26, "sentence", ""),
    StoredSpan(26, 34, "passage", "verifies"),
    StoredSpan(34, 60, "passage", "verifies"),
    StoredSpan(70, 90, "passage", "backtracks"),
]


def cut(text: str, size: int = 3, upto: int | None = None) -> Cells:
    """Cells of tokens of so many characters."""
    ends = list(range(size, len(text), size)) + [len(text)]
    ends = [end for end in ends if upto is None or end <= upto]
    return cells_of(text, ends, np.full(len(ends), 5, np.uint8))


def random_tokens(random: np.random.Generator) -> tuple[str, list[int]]:
    text = "".join(random.choice(list(ALPHABET), int(random.integers(1, 40))))
    n = int(random.integers(1, 40))
    return text, sorted(random.integers(0, len(text) + 1, n).tolist())


def test_cells_are_those_of_the_plain_loop() -> None:
    random = np.random.default_rng(1)
    n_joined = 0
    for _ in range(400):
        text, ends = random_tokens(random)
        classes = random.integers(0, 6, len(ends)).astype(np.uint8)
        values = random.standard_normal(len(ends))
        cells = cells_of(text, ends, classes)
        twin = plain_cells(text, ends, classes.tolist(), values.tolist())
        assert "".join(cell.text for cell in twin) == cells.text
        pieces = [cells.piece(at, at) for at in range(len(cells))]
        assert pieces == [cell.text for cell in twin]
        assert cells.firsts.tolist() == [cell.position for cell in twin]
        assert cells.counts.tolist() == [cell.n_tokens for cell in twin]
        assert cell_values(cells, values) == pytest.approx([cell.value for cell in twin])
        assert cells.utf16.tolist() == [len(one.encode("utf-16-le")) // 2 for one in pieces]
        assert cells.blank.tolist() == [not one.strip() for one in pieces]
        if cells.text:
            assert cells.classes.tolist() == [cell.token_class for cell in twin]
        n_joined += int((cells.counts > 1).sum())
    assert n_joined > 100, "no token shared a character"


def test_a_document_of_no_tokens_or_no_characters_has_cells() -> None:
    assert len(cells_of("abc", [], np.zeros(0, np.uint8))) == 0
    nothing = cells_of("", [0, 0, 0], np.zeros(3, np.uint8))
    assert nothing.counts.tolist() == [3] and nothing.text == ""
    assert cell_values(nothing, [1.0, 2.0, 4.0]).tolist() == [7.0]
    beyond = cells_of("ab", [1, 9], np.zeros(2, np.uint8))
    assert beyond.text == "ab" and beyond.ends.tolist() == [1, 2]


@pytest.mark.parametrize("level", LEVELS)
def test_units_tile_the_cells_and_their_sums_are_the_whole(level: LevelName) -> None:
    random = np.random.default_rng(2)
    for _ in range(150):
        text, ends = random_tokens(random)
        cells = cells_of(text, ends, np.zeros(len(ends), np.uint8))
        values = random.standard_normal(len(cells))
        edges = sorted(random.integers(0, len(text) + 1, 4).tolist())
        spans = [
            StoredSpan(edges[0], edges[1], "step", "explores"),
            StoredSpan(edges[2], edges[3], "step", ""),
        ]
        units = units_of(cells, level, text, [one for one in spans if one.start < one.end])
        assert units.starts[0] == 0 and (np.diff(units.starts) > 0).all()
        assert units.starts[-1] < len(cells)
        assert unit_sums(values, units.starts).sum() == pytest.approx(math.fsum(values))
        assert not units.names or len(units.names) == len(units.starts)


def pieces_of(cells: Cells, level: LevelName, spans: list[StoredSpan] | None = None) -> list[str]:
    units = units_of(cells, level, TEXT, spans or [])
    ends = [*units.starts[1:].tolist(), len(cells)]
    return [cells.piece(first, end - 1) for first, end in zip(units.starts.tolist(), ends)]


def test_words_are_words_with_the_blanks_before_them() -> None:
    words = pieces_of(cut(TEXT, 1), "word")
    assert words[:10] == ["So", " x", " =", " 3.5", ",", " hence", " 2x", " =", " 7", "."]
    assert "  Wait" in words and words.count("\n") == TEXT.count("\n")
    assert " it's" in words and " so-called" in words and "    return" in words
    assert words[words.index(" 中") :][:3] == [" 中", "文", "字"]
    assert words[-1] == ".   ", "blanks at the very end go with what stands before"


def test_a_word_across_tokens_is_one_unit_and_a_token_across_words_is_not_cut() -> None:
    cells = cells_of("intern ational a.b", [6, 8, 13, 15, 16, 18], np.zeros(6, np.uint8))
    units = units_of(cells, "word", cells.text, [])
    # "intern", " a" + "tiona" + "l ", "a", and ".b", which no border of tokens cuts.
    assert units.starts.tolist() == [0, 1, 4, 5]


def test_sentences_cut_code_by_lines_and_steps_do_not() -> None:
    sentences, steps = pieces_of(cut(TEXT, 1), "sentence"), pieces_of(cut(TEXT, 1), "step")
    assert sentences[0].strip() == "So x = 3.5, hence 2x = 7." == steps[0].strip()
    assert any(one.startswith("    return") for one in sentences)
    assert not any(one.startswith("    return") for one in steps)
    assert len(sentences) > len(steps)
    for many in (sentences, steps):
        assert "".join(many) == TEXT


def test_steps_are_the_stored_ones_and_neighbours_of_one_behaviour_are_one() -> None:
    cells = cut(TEXT, 1)
    steps = units_of(cells, "step", TEXT, SPANS)
    assert steps.by == "store" and steps.starts.tolist() == [0, 26, 34, 60, 70, 90]
    assert steps.names == ("sentence", "verifies", "verifies", "", "backtracks", "")
    behaviours = units_of(cells, "behaviour", TEXT, SPANS)
    assert behaviours.starts.tolist() == [0, 26, 60, 70, 90]
    assert behaviours.names == ("", "verifies", "", "backtracks", "")


def test_a_token_across_a_border_belongs_where_its_last_character_lies() -> None:
    cells = cut(TEXT, 4)
    steps = units_of(cells, "step", TEXT, SPANS)
    # 26 lies in the cell 24–28, 34 in 32–36.
    assert steps.starts.tolist()[:3] == [0, 6, 8]


def test_shades_are_a_square_root_scale() -> None:
    values = np.array([0, 1e-9, 0.25, -0.25, 1, -7])
    assert shades_of(values, 1.0).tolist() == [0, 1, 4, -4, 8, -8]
    assert shades_of(np.array([1.0]), 0.0).tolist() == [0]
    random = np.random.default_rng(3)
    many = random.standard_t(2, 3000) * (random.random(3000) < 0.9)
    clip, n = clip_of(many)
    assert clip == pytest.approx(plain_clip(many.tolist())) and n == np.count_nonzero(many)
    assert shades_of(many, clip).tolist() == [plain_shade(one, clip) for one in many.tolist()]
    assert clip_of(np.zeros(3)) == (0.0, 0) and abs(shades_of(many, clip)).max() == SHADES


def test_the_strongest_have_the_sign_of_their_list() -> None:
    helpful, harmful = strongest(np.array([0.0, 3.0, -1.0, 5.0, -2.0]), 2)
    assert (helpful, harmful) == ((3, 1), (4, 2))
    assert strongest(np.array([0.0, 1.0]), 9) == ((1,), ())


def test_cells_that_overlap_ranges_are_those_of_the_plain_loop() -> None:
    random = np.random.default_rng(4)
    for _ in range(200):
        text, ends = random_tokens(random)
        cells = cells_of(text, ends, np.zeros(len(ends), np.uint8))
        edges = sorted(random.choice(len(text) + 1, min(4, len(text) + 1), replace=False).tolist())
        ranges = list(zip(edges[::2], edges[1::2]))
        pieces = [cells.piece(at, at) for at in range(len(cells))]
        if cells.text:
            assert overlapping(cells, ranges).tolist() == plain_overlapping(pieces, ranges)
    assert runs(np.array([1, 1, 0, 1, 0, 0, 1], bool)) == 3 and runs(np.zeros(0, bool)) == 0


def test_a_passage_is_widened_to_whole_tokens() -> None:
    cells, values = cut(TEXT, 4), np.arange(len(cut(TEXT, 4)), dtype=float)
    found = passage_of(cells, values, 5, 9)
    assert found is not None
    assert (found.start, found.end, found.first, found.last) == (4, 12, 1, 2)
    assert found.n_tokens == 2 and found.value == 3.0
    whole = passage_of(cells, values, 0, 10_000)
    assert whole is not None and whole.value == values.sum() and whole.end == len(TEXT)
    assert passage_of(cells, values, len(TEXT), len(TEXT) + 5) is None
    unscored = passage_of(cells, None, 5, 6)
    assert unscored is not None and unscored.value is None
