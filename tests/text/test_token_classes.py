"""Token classes: each kind of text, tokens that split words, and texts of every other sort."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution_engine.text.token_classes import CLASSES, classify, spans_of_class
from attribution_engine.text.word_lists import WordLists
from tests.quick import processor_seconds


def ends_of(text: str) -> list[int]:
    """Tokens as most tokenizers cut them: a word or sign, with the spaces before it."""
    return [match.end() for match in re.finditer(r"\s*(?:[^\W\d]+|\d+|[^\w\s]|_)|\s+$", text)]


def classes(text: str) -> dict[str, list[str]]:
    """The tokens of each class, without the spaces around them."""
    found: dict[str, list[str]] = {}
    start = 0
    ends = ends_of(text)
    for end, name in zip(ends, classify(text, ends), strict=True):
        found.setdefault(name, []).append(text[start:end].strip())
        start = end
    return found


def test_connectives() -> None:
    text = (
        "Wait, the SUM is odd. However\nso-called firsts hold; Therefore on the other hand it's so."
    )
    assert classes(text)["connective"] == [
        *("Wait", "However", "Therefore", "on", "the", "other", "hand", "so"),
    ]


def test_a_word_of_several_tokens() -> None:
    text = " Alternatively, no"
    assert classify(text, [4, 9, 14, 15, 18]) == ["connective"] * 3 + ["other"] * 2


def test_arithmetic() -> None:
    found = classes(
        "So 3 + 4 = 7, 12-5 = 7 and 1,000 / 2.5 is well-known and/or \\frac{1}{2} \u2212 x"
    )
    assert found["operator"][:5] == ["+", "=", "-", "=", "/"]
    assert "\u2212" in found["operator"]
    assert found["number"] == [
        "3",
        "4",
        "7",
        "12",
        "5",
        "7",
        *("1", ",", "000"),
        *("2", ".", "5"),
        "1",
        "2",
    ]


def test_markdown() -> None:
    text = "## Head\n- **bold** and *thin* words\n1. one\n> said\n"
    text += "| a | b |\n|---|---|\nUse `x`.\n---\n"
    spans = [text[a:b] for a, b, name in spans_of_class(text) if name == "markdown"]
    assert spans == [
        *("##", "-", "**", "**", "*", "*", "1.", "> "),
        *("|", "|", "|", "|---|---|", "`", "`", "---"),
    ]


def test_powers_and_products_are_not_emphasis() -> None:
    assert "markdown" not in classes("2**3 and a * b and 3*4*5 and f(x)**2 end")


def test_fenced_code() -> None:
    text = "So:\n```python\ndef f(x):\n    # first we add\n    return x + 12\n```\nHence 3.\n"
    found = classes(text)
    assert found["code"] == ["def", "(", ")", ":", "return", "+"]
    assert found["connective"] == ["So", "first", "Hence"]
    assert found["number"] == ["12", "3"]
    assert found["fence"] == ["`", "`", "`", "python", "`", "`", "`"]


def test_names_in_code_are_not_connectives() -> None:
    assert "connective" not in classes("def check(first):\n    return next(first)\n")


def test_indentation_is_code() -> None:
    text = "def f():\n    return 1\n"
    spans = [text[a:b] for a, b, name in spans_of_class(text) if name == "code"]
    assert spans == ["def", "():", "    return"]


def test_unfenced_code_amid_prose() -> None:
    code = "import math\n\ndef f(a):\n    return (a[0]\n\n"
    text = f"Then write it.\n\n{code}The end, if any, is near.\n"
    found = classes(text)
    assert found["code"] == ["import", "def", "(", ")", ":", "return", "(", "[", "]"]
    assert found["connective"] == ["Then", "if"]


def test_unfinished_and_damaged_code() -> None:
    for tail in ("    return (1,", '    """open', "  odd = [", "      x\n    y\n  z", "    s = 'a"):
        found = classes("```\nif a:\n" + tail)
        assert found["code"][:2] == ["if", ":"]


def test_other_languages_in_fences() -> None:
    found = classes("```js\nconst f = (a) => { return a; }\n```\n")
    assert {"(", ")", "{", "}", "return"} <= set(found["code"])
    assert "code" not in classes("```text\nreturn (a)\n```\n")


def test_languages_that_fences_name_are_read_by_their_own_lexers() -> None:
    found = classes('```c++\nint n = 3; // so far\nstr s = "if";\n```\n')
    assert found["code"] == ["int", "=", ";", "=", ";"]
    assert found["connective"] == ["so", "if"] and found["number"] == ["3"]
    assert classes("``` {.sql}\nselect a from b\n```\n")["code"] == ["select", "from"]
    # A name nobody knows is read as far as Python's tokenizer goes.
    assert {"(", ")"} <= set(classes("```nolang\ncall (a)\n```\n")["code"])


def test_blanks_before_a_word_are_not_its_class() -> None:
    text = "def f():\n    result = 1\n"
    assert classify(text, [3, 5, 6, 7, 8, 19, 21, 23, 24])[5:7] == ["other", "code"]
    assert classify(text, [8, 13, 19])[1] == "code"  # indentation alone


def test_lists_of_ones_own() -> None:
    words = WordLists(
        (
            ("connectives", "mine", ("by the way",)),
            ("operators", "signs", ("=>",)),
            ("fences", "prose", ("log",)),
        )
    )
    text = "But by the way a => b\n```log\nreturn (a)\n```\n```text\nreturn (a)\n```\n"
    found: dict[str, list[str]] = {}
    start = 0
    for end, name in zip(ends_of(text), classify(text, ends_of(text), words), strict=True):
        found.setdefault(name, []).append(text[start:end].strip())
        start = end
    assert found["connective"] == ["by", "the", "way"]
    assert found["operator"] == ["=", ">"]
    assert found["code"] == ["return", "(", ")"]  # of the second block only


def test_tokens_without_characters_and_ends_beyond_the_text() -> None:
    assert classify("so", [0, 0, 2, 2, 9]) == ["other", "other", "connective", "other", "other"]
    assert classify("", []) == []
    assert classify("", [0]) == ["other"]
    assert spans_of_class("") == []


PIECES = st.sampled_from(
    [
        "```",
        "\n",
        "    ",
        "def f(x):",
        '"""',
        "'",
        "\\",
        "# ",
        "| a |",
        "**",
        "so",
        "12",
        "\t",
        "if x:",
    ]
    + ["import a", "\r", "\x0c", "\x00", "\ud800", "\u2028", "(", "]", "0x", "1_", "-", "$"]
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join)), st.data())
def test_any_text_gives_one_class_a_token(text: str, data: st.DataObject) -> None:
    ends = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=20)))
    names = classify(text, ends)
    assert len(names) == len(ends)
    assert set(names) <= set(CLASSES)
    spans = spans_of_class(text)
    borders = [border for start, end, _ in spans for border in (start, end)]
    assert borders == sorted(borders)
    assert all(start < end <= len(text) for start, end, _ in spans)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_a_character_has_the_class_of_its_span(text: str) -> None:
    expected = ["other"] * len(text)
    for start, end, name in spans_of_class(text):
        expected[start:end] = [name] * (end - start)
    assert classify(text, range(1, len(text) + 1)) == expected


@pytest.mark.parametrize(
    "piece", ["Wait so then 12 + 3 ", "*a ", "(", "'\\", "| ", "on   ", "def f(x): ", "`", "> "]
)
def test_a_long_line_takes_linear_time(piece: str) -> None:
    # A fifth of a million characters; quadratic time would be minutes.
    text = (piece * (200_000 // len(piece) + 1))[:200_000]
    ends = range(4, len(text), 4)
    assert processor_seconds(lambda: classify(text, ends), 6.0) < 6.0  # 0.6 as written
