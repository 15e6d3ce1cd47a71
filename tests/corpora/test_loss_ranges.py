"""Which tokens have loss, held against a slow twin that looks at every character."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from attribution_engine.influence.tokens import TokenisedText, tokenised

SETTINGS = {"max_tokens": None, "context": 10_000, "vocabulary": 10_000, "where": ""}


def tokens(offsets: list[tuple[int, int]], **loss: object) -> TokenisedText:
    return tokenised([5] * len(offsets), offsets, [1], **SETTINGS, **loss)  # type: ignore[arg-type]


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=20),
    st.lists(st.integers(1, 5), min_size=2, max_size=8),
)
def test_a_token_has_loss_if_one_of_its_characters_has(
    widths: list[int], borders: list[int]
) -> None:
    ends = [sum(widths[: at + 1]) for at in range(len(widths))]
    offsets = [(end - width, end) for width, end in zip(widths, ends)]
    places = [sum(borders[: at + 1]) - 1 for at in range(len(borders))]
    ranges = tuple(zip(places[::2], places[1::2]))
    characters = {at for start, end in ranges for at in range(start, end)}
    expected = tuple(bool(characters & set(range(*offset))) for offset in offsets)
    if any(expected):
        found = tokens(offsets, loss_from=ranges[0][0], loss_ranges=ranges)
        assert found.has_loss == expected


@given(st.lists(st.integers(1, 4), min_size=1, max_size=20), st.data())
def test_one_range_to_the_end_is_the_same_as_loss_from(
    widths: list[int], data: st.DataObject
) -> None:
    ends = [sum(widths[: at + 1]) for at in range(len(widths))]
    offsets = [(end - width, end) for width, end in zip(widths, ends)]
    start = data.draw(st.integers(0, ends[-1] - 1))
    ranged = tokens(offsets, loss_from=0, loss_ranges=((start, ends[-1]),))
    assert ranged == tokens(offsets, loss_from=start)


def test_all_bytes_of_a_character_go_with_it() -> None:
    # Two answers with one emoji each, a token a byte, as byte-level tokenizers give offsets.
    offsets = [(0, 1), (1, 2), (1, 2), (1, 2), (2, 3), (3, 4), (3, 4), (4, 5)]
    found = tokens(offsets, loss_from=1, loss_ranges=((1, 2), (3, 4)))
    assert found.has_loss == (False, True, True, True, False, True, True, False)


def test_bytes_without_offsets_go_with_the_token_before_them() -> None:
    offsets = [(0, 1), (1, 2), (0, 0), (2, 3), (0, 0), (3, 4)]
    found = tokens(offsets, loss_from=1, loss_ranges=((1, 2), (3, 4)))
    assert found.token_ends == (1, 2, 2, 3, 3, 4)
    assert found.has_loss == (False, True, True, False, False, True)
