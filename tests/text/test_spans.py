"""Steps of texts: each kind, prose full of periods, and texts of every other sort."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution_engine.records import Span
from attribution_engine.text.inline import guarded_and_displayed
from attribution_engine.text.sentences import sentence_starts
from attribution_engine.text.spans import steps
from tests.quick import processor_seconds


def pieces(text: str) -> list[str]:
    return [text[span.start : span.end].strip() for span in steps(text)]


def kinds(text: str) -> list[tuple[str, str]]:
    return [(span.kind, text[span.start : span.end].strip()) for span in steps(text)]


def test_whitespace_belongs_to_the_step_before_it_and_to_the_first() -> None:
    text = "\n  One is odd.  Two is\teven.\n\nSo there \n"
    assert steps(text) == [
        Span(0, 16, "sentence"),
        Span(16, 30, "sentence"),
        Span(30, len(text), "line"),
    ]
    assert text[16:30] == "Two is\teven.\n\n"


def test_a_markdown_answer() -> None:
    text = (
        "## Plan\n\nWe add. Then we divide.\n\n"
        "1. **First** we add:\n   \\[\n   a + b = 7.\n   \\]\n2) Then we divide\n   by two.\n"
        "- so\n* it ends\n\n**Final answer**\n\n| a | b |\n|---|---|\n---\nHence $x=3.$ Done now.\n"
    )
    assert kinds(text) == [
        ("heading", "## Plan"),
        ("sentence", "We add."),
        ("sentence", "Then we divide."),
        ("list item", "1. **First** we add:"),
        ("formula", "\\[\n   a + b = 7.\n   \\]"),
        ("list item", "2) Then we divide"),
        ("sentence", "by two."),
        ("list item", "- so"),
        ("list item", "* it ends"),
        ("heading", "**Final answer**"),
        ("line", "| a | b |"),
        ("line", "|---|---|"),
        ("line", "---"),
        ("sentence", "Hence $x=3.$"),
        ("sentence", "Done now."),
    ]


def test_lines_of_a_trace() -> None:
    text = (
        "<think>\nOkay, so I add.\n3b + 2s = 3.20\nThat gives:\n- b = -0.80\n"
        "x₁ + x₂ = 12 ⇒ x₁x₂ = 16\n\\frac{1}{2} = 0.5\n</think>"
    )
    assert kinds(text) == [
        ("line", "<think>"),
        ("sentence", "Okay, so I add."),
        ("formula", "3b + 2s = 3.20"),
        ("line", "That gives:"),
        ("formula", "- b = -0.80"),
        ("formula", "x₁ + x₂ = 12 ⇒ x₁x₂ = 16"),
        ("formula", "\\frac{1}{2} = 0.5"),
        ("line", "</think>"),
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "It costs 3.14 dollars, i.e. less than e.g. four, cf. Fig. 3 and Eq. (2).",
        "Dr. Moor and Ann J. Smith met George W. Bush of the U.S. Army vs. others.",
        "The value f(x. y) in `a. B` and $x. Y$ and \\(a. B\\) holds.",
        "Here 5! = 120 and n! is even, and so on... and on.",
        "Step 2. Add them.",
        "1. Add them.",
        "No. 5 is alive.",
        "Hmm. That is odd.",
        '"Look at that!" Lily said.',
        "The price is approx. five or ca. 6 dollars.",
        "Is this a number , or are $3 and $5 prices ?",
    ],
)
def test_one_sentence_stays_whole(sentence: str) -> None:
    assert pieces(f"Begin here. {sentence} End there.") == ["Begin here.", sentence, "End there."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("At point A. Then b.", ["At point A.", "Then b."]),
        ("So b = 4. x = 5. Good.", ["So b = 4.", "x = 5.", "Good."]),
        ("It is $3.20. Bill pays $2.00. Why?", ["It is $3.20.", "Bill pays $2.00.", "Why?"]),
        ("We get 5! So it grows.", ["We get 5!", "So it grows."]),
        ('She said "go." He went.', ['She said "go."', "He went."]),
        ("Is it 5? no, it is 6.", ["Is it 5?", "no, it is 6."]),
        ("It is (see above.) **Next** is not.", ["It is (see above.)", "**Next** is not."]),
        ("我们先加起来。然后除以二！好", ["我们先加起来。", "然后除以二！", "好"]),
        ("हम जोड़ते हैं। फिर घटाते हैं।", ["हम जोड़ते हैं।", "फिर घटाते हैं।"]),
        ("No. Then it ends, etc. So be it.", ["No. Then it ends, etc.", "So be it."]),
        ("That is true. ✓", ["That is true. ✓"]),
        ("The sum $x. ends here. But why", ["The sum $x. ends here.", "But why"]),
    ],
)  # fmt: skip
def test_sentences_part(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


def test_wrapped_lines_are_read_as_one_and_ended_lines_are_not() -> None:
    wrapped = (
        "The engine reads every line of this paragraph as\n"
        "one, because an editor has cut them all at the very\nsame width. It ends here."
    )
    assert len(pieces(wrapped)) == 2
    assert len(pieces("apples\npears\nplums")) == 3


def test_a_fenced_block_is_one_step_and_a_long_one_is_cut_at_blank_lines() -> None:
    fence = "```python\nx = 1\n\nprint(x). Then\n```"
    assert kinds(f"We print. So:\n{fence}\nIt is one.") == [
        ("sentence", "We print."),
        ("line", "So:"),
        ("code", fence),
        ("sentence", "It is one."),
    ]
    body = "".join(f"def f{at}(x):\n    y = x\n    return y\n\n" for at in range(9))
    assert [kind for kind, _ in kinds(f"So:\n```\n{body}```\nDone.")] == [
        "line",
        *["code"] * 9,
        "sentence",
    ]
    assert kinds("```\nopen = (1,") == [("code", "```\nopen = (1,")]


def test_a_code_file_is_cut_at_blank_lines_but_not_in_quotations() -> None:
    parts = [
        '"""A module. It adds.\n\nMore of it.\n"""',
        "import math",
        "def f(x):\n    '''Adds.\n\n    Twice.\n    '''\n    y = x\n    return y",
        "def g(x):\n    y = 1\n\n    return y",
    ]
    assert kinds("\n\n".join(parts)) == [("code", part) for part in parts]
    java = "class A {\n  int x;\n}\n\nclass B {\n  int y;\n}\n"
    assert [kind for kind, _ in kinds(java)] == ["code", "code"]


def test_unfenced_code_amid_prose() -> None:
    code = "def f(a):\n    return a. b\n"
    assert kinds(f"Then write it. So.\n\n{code}\nThe end is near. Really so.") == [
        ("sentence", "Then write it."),
        ("sentence", "So."),
        ("code", code.strip()),
        ("sentence", "The end is near."),
        ("sentence", "Really so."),
    ]


def test_drawings_and_displayed_formulas_within_a_line() -> None:
    text = "See [asy]draw. Me;\n\nX;[/asy] We get \\[x. Y\\]. So $$a$$ ends\n"
    text += "\\[ open. Then\nno\n\nIt is."
    assert kinds(text) == [
        ("line", "See"),
        ("code", "[asy]draw. Me;\n\nX;[/asy]"),
        ("line", "We get"),
        ("formula", "\\[x. Y\\]."),
        ("line", "So"),
        ("formula", "$$a$$"),
        ("line", "ends"),
        ("formula", "\\[ open. Then\nno"),
        ("sentence", "It is."),
    ]


def test_prices_are_no_formulas_and_escapes_open_nothing() -> None:
    for text in ("$3 and $5", "\\$a$ b", "a\\\\[4pt]", "$ x $", "`a", "\\) \\("):
        assert guarded_and_displayed(text, 0, len(text)) == ([], [])
    assert guarded_and_displayed("$\\$3$ `a` ``b`c``", 0, 18) == ([(0, 5), (6, 9), (10, 17)], [])


PIECES = st.sampled_from(
    ["```", "\n", "\n\n", "    ", "def f(x):", '"""', "'", "\\[", "\\]", "\\(", "\\)", "$", "$$"]
    + ["# ", "- ", "1. ", "| a |", "**", "So. ", "no? ", "e.g. ", "x = 1", "[asy]", "[/asy]", "`"]
    + ["import a\n", "\r", "\x0c", "\x00", "\ud800", "\u2028", "。", "…", "a" * 50, ";\n", "}\n"]
    + ["\\begin{align}", "\\end{align}", "\x1c", "\u3000", "\u200b", "\\"]
    + ["<think>", "</think>", "<|end_of_thought|>", "====", "---", "\r\n", "~~~"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join)))
def test_steps_tile_any_text(text: str) -> None:
    spans = steps(text)
    borders = [border for span in spans for border in (span.start, span.end)]
    assert borders[:1] + borders[-1:] == ([0, len(text)] if text else [])
    assert all(one.end == other.start for one, other in zip(spans, spans[1:], strict=False))
    assert "".join(text[span.start : span.end] for span in spans) == text
    # No step is empty, and none but the first begins with whitespace.
    assert not text.strip() or all(text[span.start : span.end].strip() for span in spans)
    assert not any(text[span.start].isspace() for span in spans[1:])


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_no_sentence_begins_within_an_inline_formula_or_code(text: str) -> None:
    text = text.replace("\n", " ")
    guarded, _ = guarded_and_displayed(text, 0, len(text))
    assert guarded == sorted(guarded)
    for start in sentence_starts(text, 0, len(text), guarded):
        assert not any(first < start < last for first, last in guarded)


def test_marks_of_thought_are_steps_of_their_own() -> None:
    text = "<think>Let me add. It is 5.</think>So it is 5.\nThe tag `<think>` is one. Yes it is."
    assert kinds(text) == [
        ("line", "<think>"),
        ("sentence", "Let me add."),
        ("sentence", "It is 5."),
        ("line", "</think>"),
        ("sentence", "So it is 5."),
        ("sentence", "The tag `<think>` is one."),
        ("sentence", "Yes it is."),
    ]
    assert kinds("It is 5.<|end_of_solution|>") == [
        ("sentence", "It is 5."),
        ("line", "<|end_of_solution|>"),
    ]


def test_underlined_headings_and_sums_in_columns() -> None:
    text = "Plan\n====\n\nWe add.\n\nThe check\n---\nIt fits. Good.\n\n12 + 34\n-------\n46\n"
    assert kinds(text) == [
        ("heading", "Plan\n===="),
        ("sentence", "We add."),
        ("heading", "The check\n---"),
        ("sentence", "It fits."),
        ("sentence", "Good."),
        ("formula", "12 + 34"),
        ("line", "-------"),
        ("line", "46"),
    ]
    assert kinds("We add.\n---\nIt fits.") == [
        ("sentence", "We add."),
        ("line", "---"),
        ("sentence", "It fits."),
    ]


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("So.\n```python\nx = 1\nwhile x", ("code", "```python\nx = 1\nwhile x")),
        ("So.\n~~~\nlet a. B", ("code", "~~~\nlet a. B")),
        ("So.\n\\[ x = \\frac{1", ("formula", "\\[ x = \\frac{1")),
        ("So.\n$$ x = 1. Th", ("formula", "$$ x = 1. Th")),
        ("So.\n\\begin{align}\na &= 1 \\\\", ("formula", "\\begin{align}\na &= 1 \\\\")),
        ("We add. The sum is $x + y", ("line", "The sum is $x + y")),
        ("We add. We have \\(x = 1", ("line", "We have \\(x = 1")),
        ("First we add. Then we mult", ("line", "Then we mult")),
        ("So.\n1. We add\n2. We mu", ("list item", "2. We mu")),
        ("So.\n## The fin", ("heading", "## The fin")),
        ("<think>We add. We a", ("line", "We a")),
    ],
)
def test_unfinished_texts(text: str, last: tuple[str, str]) -> None:
    assert kinds(text)[-1] == last


def test_line_ends_of_windows_change_no_step() -> None:
    text = (
        "## Plan\n\nWe add. Then we divide.\n\n- so\n- it ends\n\n```python\nx = 1\n\n"
        "print(x). Then\n```\n3b + 2s = 3.20\nThat gives:\n\\[\na = 1.\n\\]\n$$x$$\n| a | b |\n"
        "---\nPlan\n====\n**Done**\nThe engine reads every line of this paragraph as\n"
        "one, because an editor has cut them all.\n<think>\nDone now.\n"
    )
    windows = text.replace("\n", "\r\n")
    assert [(kind, piece.replace("\r\n", "\n")) for kind, piece in kinds(windows)] == kinds(text)
    code = "def f(x):\n    return x\n\n\ndef g(x):\n    '''No.\n\n    Yes.'''\n    return 2\n"
    assert [len(pieces(one)) for one in (code, code.replace("\n", "\r\n"))] == [2, 2]


def test_a_text_of_whitespace_is_one_step() -> None:
    assert steps(" \n\t") == [Span(0, 3, "line")]
    assert steps("") == []


@pytest.mark.parametrize(
    "piece",
    [
        "Ab cd ef. ",
        "$a. $B",
        "`x` ",
        "<think>",
        "`<think> ",
        "\\[ ",
        "\\( ",
        "$$ ",
        ".",
        "```",
        "一。",
    ],
)
def test_a_long_line_takes_linear_time(piece: str) -> None:
    # A quarter of a million characters; quadratic time would be minutes.
    text = (piece * (250_000 // len(piece) + 1))[:250_000]
    assert processor_seconds(lambda: steps(text), 5.0) < 5.0  # 0.5 as written


@pytest.mark.parametrize("piece", ["! ", "hm. Hm. ", "Mr. A. B. Then x. "])
def test_a_million_characters_on_one_line_take_a_second_or_two(piece: str) -> None:
    text = (piece * (1_000_000 // len(piece) + 1))[:1_000_000]
    assert processor_seconds(lambda: steps(text), 10.0) < 10.0  # 0.8 to 1.2 as written


@pytest.mark.parametrize("piece", ["$a$ b\n", "$$a$$\n$b$\n", "- a\n", "```\n", "a\n\n", "'''\n\n"])
def test_many_lines_take_linear_time(piece: str) -> None:
    text = (piece * (150_000 // len(piece) + 1))[:150_000]
    assert processor_seconds(lambda: steps(text), 8.0) < 8.0  # 0.8 as written
