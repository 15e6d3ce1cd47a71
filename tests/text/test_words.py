"""Where words, sentences, answers and hidden characters are."""

from __future__ import annotations

import pytest

from attribution_engine.text.answers import answer_places
from attribution_engine.text.hidden import BIDI, HIDDEN, hidden_characters
from attribution_engine.text.words import sentence_cuts, word_starts
from tests.quick import processor_seconds


def words_of(text: str) -> list[str]:
    starts = [*word_starts(text), len(text)]
    return [text[first:end].strip() for first, end in zip(starts, starts[1:])]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's a so-called test.", ["It's", "a", "so-called", "test", "."]),
        ("x=3.5, 1,300 or 2x", ["x", "=", "3.5", ",", "1,300", "or", "2x"]),
        ("\\frac{1}{2}", ["\\frac", "{", "1", "}", "{", "2", "}"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("e\u0301te\u0301 中文", ["e\u0301te\u0301", "中", "文"]),
        ("snake_case(a)", ["snake_case", "(", "a", ")"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_line_end_is_a_word_of_its_own() -> None:
    assert word_starts("a\n\n  b") == [0, 1, 2, 5]


def test_sentences_begin_at_the_text_and_cut_code_and_list_items() -> None:
    text = "First this. Then that.\n\n- One item. " + "And so on it goes here. " * 8
    text += "\n\n```\na = 1\nb = 2\n```\n"
    cuts = sentence_cuts(text)
    assert cuts[0] == 0 and cuts == sorted(set(cuts))
    assert {text.index("Then"), text.index("- One"), text.index("b = 2")} <= set(cuts)
    assert sentence_cuts("") == []


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("the answer is 3.", ["3"], ["3"]),
        ("13, 3.5, 1,300, x3 and 0.3", ["3"], []),
        ("(3) = 3, -3", ["3"], ["3", "3", "3"]),
        ("2 * 5 = 10 and 2  *\n5", ["2 * 5", "2"], ["2 * 5", "2  *\n5"]),
        ("PARIS, paris; comparison", ["Paris"], ["PARIS", "paris"]),
        ("a.c abc [x]", ["a.c", "[x]"], ["a.c", "[x]"]),
        ("anything", ["", "  "], []),
    ],
)
def test_answers_are_whole_words(text: str, wanted: list[str], found: list[str]) -> None:
    places = answer_places(text, wanted)
    assert [text[place.start : place.end] for place in places] == found


def test_an_answer_is_named_as_it_was_asked_for() -> None:
    (place,) = answer_places("it is new\n york", ["New York", "york"])
    assert place.wanted == "New York"


def test_hidden_characters_are_counted_by_name() -> None:
    text = "a\u202eb\u202e\u200b\x00\r\n\tplain é 中 🙂\r"
    assert hidden_characters(text) == [("U+202E", 2), ("U+200B", 1), ("U+0000", 1), ("U+000D", 1)]
    assert hidden_characters("plain text,\r\n\twith tabs") == []
    for character in "\u202a\u202e\u2066\u2069\u200e\u061c":
        assert BIDI.match(character) and HIDDEN.match(character)


def test_long_lines_take_no_longer_than_their_length() -> None:
    text = "x=1+" * 100_000 + "'-" * 50_000

    def work() -> None:
        word_starts(text)
        answer_places(text, ["1+x", "3 * 9", "q"])
        hidden_characters(text)

    assert processor_seconds(work, 5.0) < 5.0
